//! Make the environment match, then write its files.

use std::path::PathBuf;

use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{Verb, pipeline};

/// Make an environment match its configuration, then write its environment file
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    target: Targets,
    /// Apply exactly the plan that `plan --out FILE` kept
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &ApplyArgs) -> Result<(), Failure> {
    let plan = args.plan.as_ref().map(|file| args.target.path(cx, "--plan", file)).transpose()?;
    let options = target::options(global, &args.extra.extra);
    let work = async |global: &Global, env: &Environment| {
        let ask = !global.dry_run && target::must_ask(cx, env, "apply", global.confirm.as_deref())?;
        let verb = Verb::Apply { plan: plan.as_ref().map(|file| file.of(env)), ask };
        let facts = engine::run(cx, env, &pipeline(env, &verb), &options).await?;
        Ok(Ended { digest: facts.digest, difference: false })
    };
    args.target.run(cx, global, "apply", Effect::Guarded, work).await
}
