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
use crate::steps::terraform::{How, Reviewed};

/// Make an environment match its configuration, then write its environment file
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    target: Targets,
    /// Apply exactly the plan that `plan --out FILE` kept
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Plan anew, and apply that if it means what the plan in FILE does; exit with 2 when it does not
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    verify: Option<PathBuf>,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ApplyArgs) -> Result<(), Failure> {
    let plan = args.plan.as_ref().map(|file| (file, "--plan", How::Exactly));
    let given = plan.or(args.verify.as_ref().map(|file| (file, "--verify", How::Verified)));
    let plan = match given {
        Some((file, flag, how)) => Some((args.target.path(cx, flag, file)?, how)),
        None => None,
    };
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan_of = |env: &Environment| {
        let verb =
            Verb::Apply { plan: plan.as_ref().map(|(file, how)| Reviewed { file: file.of(env), how: *how }) };
        let planned = planned(cx, env, &verb, part, &options)?;
        if plan.is_some() && !planned.applies_saved_plan() {
            let message =
                "`apply` is a pipeline of the project's own that applies no plan: it takes no `--plan`";
            return Err(Failure::new(Kind::Usage, message)
                .help("do the built-in verb in it: `apply = [ …, { do = \"apply\" }, … ]`"));
        }
        Ok(planned)
    };
    args.target.run(cx, global, "apply", plan_of, runs(cx, part, extra)).await
}
