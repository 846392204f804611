//! Say what changed behind terraform's back.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Say what changed behind terraform's back, and change nothing
///
/// By address, with what of it changed. Exit code 2 when something did.
#[derive(Debug, clap::Args)]
pub struct DriftArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DriftArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| planned(cx, env, &Verb::Drift, part, &options);
    args.target.run(cx, global, "drift", plan, runs(cx, part, extra)).await
}
