//! Run a local command with the secrets and variables of an environment.

use std::collections::BTreeSet;

use super::{Global, target};
use crate::config::template::Name;
use crate::context::Ctx;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::steps::meet::{self, meet};
use crate::steps::{opened, terraform};
use crate::toolbox;
use crate::work::needs::Needs;
use crate::work::{Facts, StepCx};

/// Run a local command with the secrets and variables of an environment
///
/// The command gets each secret as a variable of its own name and as `TF_VAR_<lower case>`, and the variables of
/// `[terraform] vars`. It owns the terminal, so what it prints is not masked. Its exit code is passed on.
#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    #[command(flatten)]
    target: target::Target,
    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ExecArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, &env, "exec", &[], &mut facts);
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::new(Kind::Usage, "no command was given"));
    };
    let cmd = Cmd::new(program).args(rest.iter().cloned()).io(Io::Attach).env("INFRACTL_ENV", &env.name);
    if global.dry_run {
        return cx.ui.data(format!("{cmd}\n").as_bytes());
    }
    toolbox::check::check(cx, &env, std::slice::from_ref(program)).await?;
    opened::secrets(&mut step).await?;
    meet(&mut step, &Needs::foreign(&env, &["terraform", "vars"])).await?;
    let (mut values, mut images) = (Vec::new(), BTreeSet::new());
    for name in terraform::names(&env) {
        match name {
            Name::Value(name) => values.push(name),
            Name::Image(name) => drop(images.insert(name)),
            _ => {}
        }
    }
    // A command may well be what builds them.
    step.facts.look_up_images(&env, &images);
    meet::values(&mut step, &Needs::of_values(&env, &values)).await?;
    let cmd = terraform::equip_any(&step, cmd)?;
    let done = step.run(&cmd).await?;
    match u8::try_from(done.code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::silent(Kind::Child(code))),
        Err(_) => Err(Failure::silent(Kind::Failed)),
    }
}
