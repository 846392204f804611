//! Run any command of terraform.

use super::part::Part;
use super::planned::{planned, runs};
use super::{Global, several, target};
use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::tools::terraform::subcommand;

/// Run any command of terraform on an environment
///
/// In the folder of its root module, with its workspace, variables and secrets, initialised when needed. One that writes
/// takes the lock of the environment, and asks where the environment is protected. At a terminal it has the terminal;
/// elsewhere what it prints is standard output, masked. Its exit code is passed on. Examples: `infractl tf dev -- state
/// list`, `infractl tf dev -- import ADDRESS ID`, `infractl tf dev -- console`.
#[derive(Debug, clap::Args)]
pub struct TfArgs {
    #[command(flatten)]
    target: target::Target,
    /// The command and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &TfArgs) -> Result<(), Failure> {
    let found = args.target.chosen(cx, Effect::Reads)?;
    if let Some((command, instead)) = subcommand::instead(&found.0.name, &args.command) {
        let message = format!("`{command}` is nothing for `tf`: infractl does more around it");
        return Err(Failure::new(Kind::Usage, message).help(instead));
    }
    let part = Part::default();
    let options = target::options(global, &[]);
    let verb = Verb::Tf { words: args.command.clone() };
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    several::one(global, "tf", &found, plan, runs(cx, &part, &[])).await
}
