//! Format the root module.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Format the root module of an environment
#[derive(Debug, clap::Args)]
pub struct FmtArgs {
    #[command(flatten)]
    target: Targets,
    /// Change nothing; exit with 2 when a file is not formatted
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &FmtArgs) -> Result<(), Failure> {
    let verb = Verb::Fmt { check: args.check };
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| planned(cx, env, &verb, part, &options);
    args.target.run(cx, global, "fmt", plan, runs(cx, part, extra)).await
}
