//! Format the root module.

use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{Verb, pipeline};

/// Format the root module of an environment
#[derive(Debug, clap::Args)]
pub struct FmtArgs {
    #[command(flatten)]
    target: Targets,
    /// Change nothing; exit with 2 when a file is not formatted
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &FmtArgs) -> Result<(), Failure> {
    let options = target::options(global, &args.extra.extra);
    let verb = Verb::Fmt { check: args.check };
    let work = async |_: &Global, env: &Environment| {
        engine::run(cx, env, &pipeline(env, &verb), &options).await.map(|_| Ended::default())
    };
    args.target.run(cx, global, "fmt", Effect::Reads, work).await
}
