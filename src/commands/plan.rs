//! Preview what an apply would change.

use std::path::PathBuf;

use super::{Global, target};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::engine;
use crate::pipeline::plan::{Verb, pipeline};

/// Preview what an apply would change
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    target: target::Target,
    /// Exit with 2 when there is something to change
    #[arg(long)]
    detailed_exitcode: bool,
    /// Keep the plan in FILE (mode 0600: it holds secrets), for `apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print terraform's JSON lines on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub async fn run(cx: &Ctx, global: &Global, args: &PlanArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    // The tool works in the folder of the root module; the user meant the folder he is in.
    let out = args.out.as_ref().map(|file| cx.dir.join(file));
    let verb = Verb::Plan { out, json: args.json };
    let options = target::options(global, &args.extra.extra);
    let facts = engine::run(cx, &env, &pipeline(&env, &verb), &options).await?;
    let changes = facts.digest.is_some_and(|digest| !digest.is_empty() || digest.outputs);
    if args.detailed_exitcode && changes { Err(Failure::silent(Kind::Difference)) } else { Ok(()) }
}
