//! Connect to the backend, install providers and modules.

use super::{Global, target};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::plan::{Verb, pipeline};

/// Connect to the backend, install providers and modules
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    #[command(flatten)]
    target: target::Target,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &InitArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let options = target::options(global, &args.extra.extra);
    engine::run(cx, &env, &pipeline(&env, &Verb::Init), &options).await.map(|_| ())
}
