//! Start machines and databases again.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Start the machines and databases of an environment again
///
/// Databases first. Each is started in the way it was stopped: a shelved machine is unshelved, a suspended one resumed.
/// Waits until all run. `--only databases` starts nothing but databases.
#[derive(Debug, clap::Args)]
pub struct StartArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &StartArgs) -> Result<(), Failure> {
    let options = target::options(global, &[]);
    let plan = |env: &Environment| planned(cx, env, &Verb::named("start"), &args.part, &options);
    args.target.run(cx, global, "start", plan, runs(cx, &args.part, &[])).await
}
