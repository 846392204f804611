//! Write the ansible inventory again, or say whether it is stale.

use super::part::Part;
use super::planned::{Planned, go, planned};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::files::inventory::diff;
use crate::pipeline::Pipeline;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::Verb;
use crate::steps::files::inventory::{self, InventoryStep};
use crate::steps::meet::meet;
use crate::work::needs::Needs;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// Write the ansible inventory again, or say whether it is stale
#[derive(Debug, clap::Args)]
pub struct InventoryArgs {
    #[command(flatten)]
    target: Targets,
    /// Write nothing; exit with 2 when the file is stale or missing
    #[arg(long, conflicts_with_all = ["print", "diff"])]
    check: bool,
    /// Write nothing; print the inventory on standard output
    #[arg(long, conflicts_with = "diff")]
    print: bool,
    /// Write nothing; show which lines differ
    #[arg(long)]
    diff: bool,
}

impl InventoryArgs {
    /// The file is written, not only looked at.
    pub(super) fn writes(&self) -> bool {
        !(self.check || self.print || self.diff)
    }
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &InventoryArgs) -> Result<(), Failure> {
    if args.print {
        args.target
            .one_only("--print", "name one environment, or write the files: `infractl inventory --all`")?;
    }
    let part = Part::default();
    let options = target::options(global, &[]);
    // Looking takes the outputs alone.
    let verb = if args.writes() { Verb::named("inventory") } else { Verb::Genenv };
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    let work = async |global: &Global, env: &Environment, planned: Planned| {
        if args.writes() {
            return go(cx, global, env, &planned, &part, &[]).await;
        }
        one(cx, global, args, env, planned.selected).await.map(|()| Ended::default())
    };
    args.target.run(cx, global, "inventory", plan, work).await
}

async fn one(
    cx: &Ctx,
    global: &Global,
    args: &InventoryArgs,
    env: &Environment,
    mut steps: Pipeline,
) -> Result<(), Failure> {
    let options = target::options(global, &[]);
    "inventory".clone_into(&mut steps.verb);
    let mut facts = engine::run(cx, env, &steps, &options).await?;
    if global.dry_run {
        return Ok(());
    }
    let mut step = StepCx::new(cx, env, "inventory", &[], &mut facts);
    meet(&mut step, &Needs::of(env, &InventoryStep::Compare, None)).await?;
    let path = &inventory::declared(&step)?.path;
    let new = inventory::content(&step, &Known::of(&step))?.render()?;
    if args.print {
        return cx.ui.data(new.as_bytes());
    }
    let shown = relative(&step, path);
    let old = disk::read_text_if_there(path)?;
    if args.diff {
        let changes = diff(old.as_deref().unwrap_or_default(), &new);
        for change in &changes {
            let whose = if args.target.are_several() { format!("{}: ", env.name) } else { String::new() };
            cx.ui.page(&format!("{whose}{}\n", cx.masks.mask(change)))?;
        }
        if changes.is_empty() {
            cx.ui.note(format!("{shown} is up to date"));
        }
        return Ok(());
    }
    let why = match old {
        None => "missing",
        Some(old) if old != new => "stale",
        Some(_) => {
            cx.ui.note(format!("{shown} is up to date"));
            return Ok(());
        }
    };
    Err(Failure::new(Kind::Difference, format!("{shown} is {why}"))
        .help(format!("run `infractl inventory {}`", env.name)))
}
