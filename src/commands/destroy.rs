//! Take the environment down, then remove its files.

use super::several::{Effect, Targets};
use super::{Global, pipeline, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Take an environment down, then remove its environment file
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: pipeline::Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DestroyArgs) -> Result<(), Failure> {
    let work = async |global: &Global, env: &Environment| {
        let verb = Verb::Destroy { ask: false };
        pipeline::go(cx, global, env, &verb, &args.part, &args.extra.extra).await
    };
    args.target.run(cx, global, "destroy", Effect::Destroys, work).await
}
