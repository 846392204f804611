//! Show what a deploy would change, and change nothing.

use super::deploy::{PlaybookArgs, limited};
use super::part::Part;
use super::planned::{Planned, go};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::many::Ended;

/// Show what a deploy would change, and change nothing
///
/// The pipeline `check` of the project; else environment file, inventory, the playbook of `[ansible]` with
/// `--check --diff`, and task definitions of ECS against what AWS has.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    target: Targets,
    /// Exit with 2 when something would change, or a file is stale
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    playbooks: PlaybookArgs,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &CheckArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| limited(cx, env, "check", &args.playbooks, part, &options);
    let work = async |global: &Global, env: &Environment, planned: Planned| {
        let ended = go(cx, global, env, &planned, part, extra).await?;
        Ok(Ended { difference: args.exit_code && ended.difference, ..ended })
    };
    args.target.run(cx, global, "check", plan, work).await
}
