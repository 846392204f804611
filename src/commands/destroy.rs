//! Take the environment down, then remove its files.

use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{Verb, pipeline};

/// Take an environment down, then remove its environment file
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &DestroyArgs) -> Result<(), Failure> {
    let options = target::options(global, &args.extra.extra);
    let work = async |global: &Global, env: &Environment| {
        let ask = !global.dry_run && target::must_ask(cx, env, "destroy", global.confirm.as_deref())?;
        let facts = engine::run(cx, env, &pipeline(env, &Verb::Destroy { ask }), &options).await?;
        Ok(Ended { digest: facts.digest, difference: false })
    };
    args.target.run(cx, global, "destroy", Effect::Destroys, work).await
}
