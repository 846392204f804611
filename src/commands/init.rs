//! Connect to the backend, install providers and modules.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Connect to the backend, install providers and modules
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &InitArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| planned(cx, env, &Verb::Init, part, &options);
    args.target.run(cx, global, "init", plan, runs(cx, part, extra)).await
}
