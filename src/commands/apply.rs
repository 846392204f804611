//! Make the environment match, then write its files.

use std::path::PathBuf;

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;

/// Make an environment match its configuration, then write its environment file
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    target: Targets,
    /// Apply exactly the plan that `plan --out FILE` kept
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ApplyArgs) -> Result<(), Failure> {
    let plan = args.plan.as_ref().map(|file| args.target.path(cx, "--plan", file)).transpose()?;
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan_of = |env: &Environment| {
        if plan.is_some() && env.pipelines.contains_key("apply") {
            return Err(Failure::new(
                Kind::Usage,
                "`apply` is a pipeline of the project's own: it takes no `--plan`",
            )
            .help("name the plan in that pipeline"));
        }
        let verb = Verb::Apply { plan: plan.as_ref().map(|file| file.of(env)) };
        planned(cx, env, &verb, part, &options)
    };
    args.target.run(cx, global, "apply", plan_of, runs(cx, part, extra)).await
}
