//! Take the environment down, then remove its files.

use super::{Global, target};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::plan::{Verb, pipeline};

/// Take an environment down, then remove its environment file
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    target: target::Target,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &DestroyArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let ask = !global.dry_run && target::must_ask(cx, &env, "destroy", global.confirm.as_deref())?;
    let options = target::options(global, &args.extra.extra);
    engine::run(cx, &env, &pipeline(&env, &Verb::Destroy { ask }), &options).await.map(|_| ())
}
