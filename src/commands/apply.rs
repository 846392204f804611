//! Make the environment match, then write its files.

use std::path::PathBuf;

use super::{Global, pipeline, target};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;

/// Make an environment match its configuration, then write its environment file
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    target: target::Target,
    /// Apply exactly the plan that `plan --out FILE` kept
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    part: pipeline::Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &ApplyArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let verb = Verb::Apply { plan: args.plan.as_ref().map(|file| cx.dir.join(file)), ask: false };
    if args.plan.is_some() && env.pipelines.contains_key("apply") {
        return Err(Failure::new(Kind::Usage, "`apply` is a pipeline of the project's own: it takes no `--plan`")
            .help("name the plan in that pipeline"));
    }
    pipeline::go(cx, global, &env, &verb, &args.part, &args.extra.extra).await.map(|_| ())
}
