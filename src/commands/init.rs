//! Connect to the backend, install providers and modules.

use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{Verb, pipeline};

/// Connect to the backend, install providers and modules
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &InitArgs) -> Result<(), Failure> {
    let options = target::options(global, &args.extra.extra);
    let work = async |_: &Global, env: &Environment| {
        engine::run(cx, env, &pipeline(env, &Verb::Init), &options).await.map(|_| Ended::default())
    };
    args.target.run(cx, global, "init", Effect::Changes, work).await
}
