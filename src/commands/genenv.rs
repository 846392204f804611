//! Write the environment file again, or say whether it is stale.

use super::part::{Part, Steps};
use super::planned::{Planned, go, planned};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::files::env_file::is_stale;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::Verb;
use crate::steps::files::env_file;
use crate::steps::meet::{self, meet};
use crate::work::needs::Needs;
use crate::work::{StepCx, relative};

/// Write the environment file again, or say whether it is stale
#[derive(Debug, clap::Args)]
pub struct GenenvArgs {
    #[command(flatten)]
    target: Targets,
    /// Write nothing; exit with 2 when the file is stale or missing
    #[arg(long, conflicts_with_all = ["print", "diff", "from", "only", "skip", "resume"])]
    check: bool,
    /// Write nothing; print the file on standard output, secrets in clear (the script is `pipeline ENV genenv
    /// --print`)
    #[arg(long, conflicts_with_all = ["diff", "from", "only", "skip", "resume"])]
    print: bool,
    /// Write nothing; show which keys differ, sensitive values masked
    #[arg(long, conflicts_with_all = ["from", "only", "skip", "resume"])]
    diff: bool,
    #[command(flatten)]
    steps: Steps,
}

impl GenenvArgs {
    /// The file is written, not only looked at.
    pub(super) fn writes(&self) -> bool {
        !(self.check || self.print || self.diff)
    }
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &GenenvArgs) -> Result<(), Failure> {
    if args.print {
        args.target
            .one_only("--print", "name one environment, or write the files: `infractl genenv --all`")?;
    }
    let part = Part { steps: args.steps.clone(), print: false };
    let options = target::options(global, &[]);
    // Looking takes what is built in: it compares with what `genenv` itself would write.
    let verb = if args.writes() { Verb::named("genenv") } else { Verb::Genenv };
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    let work = async |global: &Global, env: &Environment, planned: Planned| {
        if args.writes() {
            return go(cx, global, env, &planned, &part, &[]).await;
        }
        one(cx, global, args, env, &planned).await.map(|()| Ended::default())
    };
    args.target.run(cx, global, "genenv", plan, work).await
}

async fn one(
    cx: &Ctx,
    global: &Global,
    args: &GenenvArgs,
    env: &Environment,
    planned: &Planned,
) -> Result<(), Failure> {
    let options = target::options(global, &[]);
    let mut facts = engine::run(cx, env, &planned.selected, &options).await?;
    if global.dry_run {
        return Ok(());
    }
    let mut step = StepCx::new(cx, env, "genenv", &[], &mut facts);
    meet(&mut step, &Needs::foreign(env, &["env-file"])).await?;
    meet::values(&mut step, &Needs::of(env, &env_file::EnvFileStep::Write, None)).await?;
    let file = env_file::content(&step)?;
    let new = file.render()?;
    if args.print {
        return cx.ui.data(new.as_bytes());
    }
    let path = &env.env_file.path;
    let shown = relative(&step, path);
    let old = disk::read_lossy_if_there(path)?;
    if args.diff {
        let changes = file.diff(old.as_deref().unwrap_or_default());
        for change in &changes {
            let whose = if args.target.are_several() { format!("{}: ", env.name) } else { String::new() };
            cx.ui.page(&format!("{whose}{change}\n"))?;
        }
        if changes.is_empty() {
            cx.ui.note(format!("{shown} is up to date"));
        }
        return Ok(());
    }
    let stale = |why: &str| {
        Failure::new(Kind::Difference, format!("{shown} {why}"))
            .help(format!("run `infractl genenv {}`", env.name))
    };
    match old {
        None => Err(stale("is missing")),
        Some(old) if is_stale(&old, &new) => Err(stale("is stale")),
        Some(_) => {
            cx.ui.note(format!("{shown} is up to date"));
            Ok(())
        }
    }
}
