//! Make the environment match, then write its files.

use std::path::PathBuf;

use super::{Global, target};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::plan::{Verb, pipeline};

/// Make an environment match its configuration, then write its environment file
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    target: target::Target,
    /// Apply exactly the plan that `plan --out FILE` kept
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &ApplyArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let ask = !global.dry_run && target::must_ask(cx, &env, "apply", global.confirm.as_deref())?;
    let verb = Verb::Apply { plan: args.plan.as_ref().map(|file| cx.dir.join(file)), ask };
    let options = target::options(global, &args.extra.extra);
    engine::run(cx, &env, &pipeline(&env, &verb), &options).await.map(|_| ())
}
