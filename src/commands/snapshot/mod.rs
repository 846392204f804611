//! Keep copies of databases and volumes, see that they work, and get them back.

mod list;

use clap_complete::engine::ArgValueCandidates;

use super::part::Part;
use super::planned::{planned, runs};
use super::target::{self, Chosen};
use super::{Global, complete, several};
use crate::config::Environment;
use crate::config::model::{SnapshotName, SnapshotStep};
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::snapshots::meant::{Found, found};
use crate::steps::snapshot::Snapshot;
use crate::text::list as listed;
use crate::ui::prompt;
pub(super) use list::Shown;

/// What to do with snapshots.
#[derive(Debug, clap::Subcommand)]
pub enum SnapshotCommand {
    /// Make a snapshot: encrypted for those who read the secrets of the environment, there whole or not at all
    Create(Which),
    /// See what there is: age, size, whether it was verified, and why one is of no use
    List(Looked),
    /// Show what is known of a snapshot
    Show(Looked),
    /// See whether a snapshot works: restore it into a new database, ask that, and remove it
    Verify(Which),
    /// Restore a snapshot: into a new database, or in the place of the one that is there
    Restore(Restore),
    /// Remove snapshots that no rule of `keep` keeps; without `--yes` only say which
    Prune(Which),
}

/// Which snapshots.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Environment [default: as for every verb], and name in `[snapshots]`, or of a copy [default: all of them]
    #[arg(value_name = "[ENV] NAME", num_args = 0..=2, add = ArgValueCandidates::new(complete::with_snapshots))]
    words: Vec<String>,
}

/// Which snapshots are looked at.
#[derive(Debug, clap::Args)]
pub struct Looked {
    #[command(flatten)]
    which: Which,
    /// Print JSON, as `--output json` does
    #[arg(long)]
    json: bool,
}

/// Which snapshot is restored, and where.
#[derive(Debug, clap::Args)]
pub struct Restore {
    #[command(flatten)]
    which: Which,
    /// Put it in the place of what is there, which stays under another name; a snapshot of it is made first. Asks for the
    /// name of the environment, or wants `--confirm NAME`
    #[arg(long)]
    in_place: bool,
    /// Let everything belong to whoever restores it, without the owners and grants that it had
    #[arg(long)]
    no_owner: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, command: &SnapshotCommand) -> Result<(), Failure> {
    let (SnapshotCommand::Create(which)
    | SnapshotCommand::Verify(which)
    | SnapshotCommand::Prune(which)
    | SnapshotCommand::List(Looked { which, .. })
    | SnapshotCommand::Show(Looked { which, .. })
    | SnapshotCommand::Restore(Restore { which, .. })) = command;
    let (env, chosen, name) = wanted(cx, &which.words)?;
    let found = found(&env, name.as_deref())?;
    let json = |looked: &Looked| looked.json || global.output == super::OutputMode::Json;
    let steps: Vec<Snapshot> = match command {
        SnapshotCommand::List(looked) => return list::list(cx, &env, &found, json(looked)).await,
        SnapshotCommand::Show(looked) => return list::show(cx, &env, one(&env, &found)?, json(looked)).await,
        SnapshotCommand::Create(_) => {
            if let Some(copy) = found.iter().find_map(|found| found.copy.as_ref()) {
                return Err(Failure::new(
                    Kind::Usage,
                    format!("`{copy}` is a snapshot that is there already"),
                )
                .help("name an entry of `[snapshots]`"));
            }
            all(&found, |name| SnapshotStep { create: name, ..SnapshotStep::default() })
        }
        SnapshotCommand::Verify(_) => {
            all(&found, |name| SnapshotStep { verify: name, ..SnapshotStep::default() })
        }
        SnapshotCommand::Prune(_) => {
            all(&found, |name| SnapshotStep { prune: name, ..SnapshotStep::default() })
                .into_iter()
                .map(|prune| Snapshot { is_look: !global.yes, ..prune })
                .collect()
        }
        SnapshotCommand::Restore(restore) => {
            let found = vec![one(&env, &found)?.clone()];
            let step = |name| SnapshotStep { restore: name, ..SnapshotStep::default() };
            let steps = all(&found, step).into_iter();
            steps
                .map(|one| Snapshot { in_place: restore.in_place, no_owner: restore.no_owner, ..one })
                .collect()
        }
    };
    let in_place = steps.iter().any(|step| step.in_place);
    if in_place && !global.dry_run {
        confirm(cx, global, &env)?;
    }
    // Whoever gave the name once is not asked for it again.
    let confirmed = Global { confirm: Some(env.name.clone()), ..global.clone() };
    let global = if in_place { &confirmed } else { global };
    let (part, options) = (Part::default(), target::options(global, &[]));
    let verb = Verb::Snapshot(steps);
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    several::one(global, "snapshot", &(env, chosen), plan, runs(cx, &part, &[])).await
}

/// What stands in the place of data is asked about in every environment.
fn confirm(cx: &Ctx, global: &Global, env: &Environment) -> Result<(), Failure> {
    if global.confirm.is_some() {
        return target::must_ask(cx, global, env, "snapshot restore --in-place").map(drop);
    }
    let question = format!("`snapshot restore --in-place` replaces data of `{}`", env.name);
    prompt::confirm_name(&cx.ui, &question, &env.name)
}

fn all(found: &[Found], step: impl Fn(Option<SnapshotName>) -> SnapshotStep) -> Vec<Snapshot> {
    let of = |found: &Found| Snapshot {
        step: step(Some(SnapshotName(found.entry.clone()))),
        copy: found.copy.clone(),
        ..Snapshot::default()
    };
    found.iter().map(of).collect()
}

/// The environment, and the name if one is given: a single word may be either.
pub(super) fn wanted(cx: &Ctx, words: &[String]) -> Result<(Environment, Chosen, Option<String>), Failure> {
    let load = |environment: Option<&String>| {
        target::Target { environment: environment.cloned() }.chosen(cx, Effect::Reads)
    };
    let (environment, name) = match words {
        [environment, name, ..] => (Some(environment), Some(name)),
        [one] if target::project(cx)?.environments.contains(one) => (Some(one), None),
        [one] => match load(None) {
            Ok((env, chosen)) => return Ok((env, chosen, Some(one.clone()))),
            Err(_) => (Some(one), None),
        },
        [] => (None, None),
    };
    let (env, chosen) = load(environment)?;
    Ok((env, chosen, name.cloned()))
}

fn one<'a>(env: &Environment, found: &'a [Found]) -> Result<&'a Found, Failure> {
    match found {
        [one] => Ok(one),
        all => {
            let names: Vec<&str> = all.iter().map(|found| found.entry.as_str()).collect();
            Err(Failure::new(Kind::Usage, format!("which snapshot of `{}`? None was named", env.name))
                .help(format!("name one of {}", listed(names, "or"))))
        }
    }
}
