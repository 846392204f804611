//! Stop or destroy what is over, as its `[ttl]` says.

mod held;
pub(crate) mod told;
pub(crate) mod look;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;

use super::part::Part;
use super::planned::{self, Planned, planned};
use super::{Global, several, target};
use crate::config::model::{Ttl, TtlAction};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::graph::{self, Direction};
use crate::pipeline::many::{self, Ended, Many};
use crate::pipeline::plan::Verb;
use crate::ui::event::Event;
use look::{Is, Look};
pub(super) use told::Left;

/// Stop or destroy the environments whose time is over, as their `[ttl]` says
///
/// By the same pipelines as by hand, with their locks; `[ttl]` is the word for it, so nobody is asked. Left alone, and told:
/// what infractl has not brought up, what another run works on, what an environment that stays depends on. Protected
/// environments have no `[ttl]`. One that fails does not keep the others, and the exit code is 1.
#[derive(Debug, clap::Args)]
pub struct ExpireArgs {
    /// Environment to look at
    #[arg(
        value_name = "ENV",
        required_unless_present_any = ["all", "cron"],
        add = ArgValueCandidates::new(target::environments)
    )]
    environment: Option<String>,
    /// Look at all environments of the project
    #[arg(long, conflicts_with = "environment")]
    all: bool,
    /// Print a line for crontab that does it every quarter of an hour, and do nothing
    #[arg(long, conflicts_with_all = ["environment", "all"])]
    cron: bool,
}

/// A lock that is there for longer after the end is one that was left behind: somebody has to look.
const BUSY: Duration = Duration::from_secs(24 * 3600);

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ExpireArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    if args.cron {
        return cron(cx, &project);
    }
    if let Some(name) = &args.environment {
        project.known(name)?;
    }
    let mut all = look::all(cx, &project).await;
    let now = (cx.now)();
    held::hold(&project, &mut all, now);
    let is_asked = |look: &Look| args.environment.as_ref().is_none_or(|name| *name == look.name);
    all.retain(is_asked);
    if let (Some(name), [Look { is: Is::Endless, .. }]) = (&args.environment, all.as_slice()) {
        return Err(Failure::new(Kind::Usage, format!("`{name}` has no end: there is no `[ttl]`"))
            .help(format!("write one into environments/{name}/environment.toml: `[ttl] after = \"8h\"`")));
    }
    if global.dry_run {
        told::show(cx, global, &all, now)?;
    } else {
        told::tell(cx, &all, now);
    }
    let mut has_failed = false;
    for look in &mut all {
        if let Some(failure) = look.wrong() {
            cx.ui.failure(&failure);
            cx.ui.warn(format!("`{}` was not looked at", look.name));
            has_failed = true;
        }
    }
    if !global.dry_run {
        let due: Vec<Look> = all.into_iter().filter(Look::is_due).collect();
        has_failed |= !due.is_empty() && !take_down(cx, global, &project, due, now).await?;
    }
    if has_failed { Err(Failure::silent(Kind::Failed)) } else { Ok(()) }
}

/// Does it, what others depend on last; false if one has failed.
async fn take_down(
    cx: &Ctx,
    global: &Global,
    project: &Project,
    due: Vec<Look>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let ends: HashMap<String, Timestamp> =
        due.iter().filter_map(|look| Some((look.name.clone(), look.over_since()?))).collect();
    let mut is_well = true;
    let (mut environments, mut plans) = (Vec::new(), HashMap::new());
    for look in due {
        let Some(env) = look.env else { continue };
        match plan(cx, global, &env) {
            Ok(planned) => {
                plans.insert(env.name.clone(), planned);
                environments.push(env);
            }
            Err(failure) => {
                cx.ui.failure(&failure);
                cx.ui.warn(format!("`{}` is over, and was not taken down", env.name));
                is_well = false;
            }
        }
    }
    let selected: Vec<String> = environments.iter().map(|env| env.name.clone()).collect();
    if selected.is_empty() {
        return Ok(is_well);
    }
    cx.ui.event(None, Event::Environments { names: selected.clone() });
    let extra = several::between(project, &environments)?;
    let own = environments.iter().map(|env| (env.name.clone(), env.depends_on.clone()));
    let (names, depends): (Vec<String>, Vec<Vec<String>>) = own.chain(extra).unzip();
    let graph = graph::graph(&names, &depends, environments.len(), Direction::Down)?;
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let many = Many {
        verb: "expire",
        environments: &environments,
        graph: &graph,
        jobs,
        keep_going: true,
        shows: environments.len() > 1,
    };
    // `[ttl]` is the word for it.
    let confirmed = Global { confirm: Some(selected.join(",")), ..global.clone() };
    let plans = RefCell::new(plans);
    let ended = many::run(cx, &many, async |env: &Environment| {
        let planned = plans.borrow_mut().remove(&env.name);
        let Some(planned) = planned else { return Ok(Ended::default()) };
        let ended = Box::pin(planned::go(cx, &confirmed, env, &planned, &Part::default(), &[])).await;
        match ended {
            Err(failure) if failure.kind == Kind::Busy => {
                later(cx, env, failure, ends.get(&env.name).copied(), now)
            }
            ended => ended,
        }
    })
    .await;
    match ended {
        Ok(()) => Ok(is_well),
        Err(failure) if failure.kind == Kind::Failed => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The verb that `[ttl]` says, as it would be run by hand.
fn plan(cx: &Ctx, global: &Global, env: &Environment) -> Result<Planned, Failure> {
    let action = env.ttl.as_ref().and_then(Ttl::action).unwrap_or_default();
    let verb = if action == TtlAction::Destroy { Verb::Destroy } else { Verb::Stop { shelve: false } };
    let mut planned = planned(cx, env, &verb, &Part::default(), &target::options(global, &[]))?;
    if let Some(meant) = &mut planned.options.meant {
        meant.is_due = true;
    }
    Ok(planned)
}

/// Somebody works on it: the next `expire` comes back to it, unless it is in the way for too long.
fn later(
    cx: &Ctx,
    env: &Environment,
    failure: Failure,
    over: Option<Timestamp>,
    now: Timestamp,
) -> Result<Ended, Failure> {
    let name = &env.name;
    let since = over.and_then(|over| Duration::try_from(now.duration_since(over)).ok());
    if since.is_some_and(|since| since > BUSY) {
        return Err(failure
            .context(format!("`{name}` is over for more than a day, and cannot be taken down"))
            .help(format!("see who holds its lock: `infractl unlock {name} --dry-run`")));
    }
    cx.ui.event(Some(name), Event::Note(format!("{name}: later: {:#}", failure.error)));
    Ok(Ended::default())
}

/// The line for crontab.
fn cron(cx: &Ctx, project: &Project) -> Result<(), Failure> {
    let folder = project.root.to_string_lossy().into_owned();
    // `%` ends a line of crontab.
    let folder = shell_words::quote(&folder).replace('%', "\\%");
    cx.ui.data(format!("*/15 * * * * infractl -C {folder} expire --all --no-input --quiet\n").as_bytes())?;
    cx.ui.note("cron mails what is printed, which is nothing but warnings and failures; its PATH has to have infractl and the programs that it starts");
    cx.ui.note("with `[lock] shared` it may be any machine; without, the checkout that applies");
    Ok(())
}
