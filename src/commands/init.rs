//! Connect to the backend, install providers and modules.

use super::several::{Effect, Targets};
use super::{Global, pipeline, target};
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
    pub(super) part: pipeline::Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &InitArgs) -> Result<(), Failure> {
    let work = async |global: &Global, env: &Environment| {
        pipeline::go(cx, global, env, &Verb::Init, &args.part, &args.extra.extra).await
    };
    args.target.run(cx, global, "init", Effect::Changes, work).await
}
