//! Log in to a machine of an environment, or run one command there.

use clap_complete::engine::ArgValueCandidates;

use super::{Global, complete, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::hosts::host::{self, Machine};
use crate::hosts::{connection, login};
use crate::steps::meet::meet;
use crate::text::list;
use crate::tools::ssh::remote_shell::quote;
use crate::work::needs::Needs;
use crate::work::values::Known;
use crate::work::{Facts, StepCx};

/// Log in to a machine of an environment, or run one command there
///
/// With the address, user, key, jump host and host keys of the environment; the rest is as in `~/.ssh/config`. The exit
/// code of the command is passed on; 255 is also that of ssh itself.
#[derive(Debug, clap::Args)]
pub struct SshArgs {
    #[command(flatten)]
    target: target::Target,
    /// Machine: a host of `[hosts]`, or one of several behind it, as `NAME-1` [default: the only one]
    #[arg(value_name = "HOST", add = ArgValueCandidates::new(complete::hosts))]
    host: Option<String>,
    /// Forget the host key of a machine that was rebuilt: the next login takes the new one on trust
    #[arg(long, conflicts_with = "command")]
    forget_host_key: bool,
    /// A command, after `--`: one word is a line for the shell there, several are its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &SshArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, &env, "ssh", &[], &mut facts);
    let host = the_host(&env, args.host.as_deref())?;
    let needs = Needs::to_log_in(&env, host);
    let known = if global.dry_run {
        Known::named(&step, needs)
    } else {
        meet(&mut step, &needs).await?;
        Known::of(&step)
    };
    let machine = the_machine(&step, &known, host)?;
    if args.forget_host_key {
        return forget(&step, global, &machine).await;
    }
    let line = match args.command.as_slice() {
        [] => None,
        [line] => Some(line.clone()),
        words => Some(words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")),
    };
    let (_, stdin, stdout) = crate::ui::terminals();
    let has_terminal = stdin && stdout;
    if global.dry_run {
        let cmd = login::shown(&env, &machine).log_in(line.as_deref(), has_terminal);
        return cx.ui.data(format!("{cmd}\n").as_bytes());
    }
    let login = connection::login(&mut step, &machine).await?;
    let done = step.run(&login.log_in(line.as_deref(), has_terminal)).await?;
    match u8::try_from(done.code) {
        Ok(0) => Ok(()),
        Ok(255) => Err(Failure::new(
            Kind::Child(255),
            format!("`{}` was not reached, the connection was lost, or the command there ended with 255", machine.name),
        )
        .help(format!(
            "run `infractl ssh {} {} --forget-host-key`, if the host key has changed because the machine was rebuilt",
            env.name, machine.name
        ))),
        Ok(code) => Err(Failure::silent(Kind::Child(code))),
        Err(_) => Err(Failure::silent(Kind::Failed)),
    }
}

/// The host that is meant: the one named, or the only one.
fn the_host<'a>(env: &'a Environment, name: Option<&'a str>) -> Result<&'a str, Failure> {
    let names: Vec<&str> = env.hosts.keys().map(String::as_str).collect();
    match (name, names.as_slice()) {
        (Some(name), _) => Ok(name),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::new(Kind::Config, format!("`{}` has no machine to log in to", env.name))
            .help("add one to `[hosts]`")),
        (None, names) => Err(which(env, names)),
    }
}

/// The machine behind it.
fn the_machine(step: &StepCx<'_>, known: &Known, host: &str) -> Result<Machine, Failure> {
    let machines = host::machines(step, known, host)?;
    let names: Vec<&str> = machines.iter().map(|machine| machine.name.as_str()).collect();
    match names.as_slice() {
        [_] => Ok(machines[0].clone()),
        [] => Err(Failure::new(Kind::Failed, format!("there is no machine behind `{host}` now"))
            .help("look at the output that its `address` names")),
        names => Err(which(step.env, names)),
    }
}

fn which(env: &Environment, names: &[&str]) -> Failure {
    Failure::new(Kind::Usage, format!("which machine? There are {}", list(names, "and")))
        .help(format!("name one: `infractl ssh {} {}`", env.name, names[0]))
}

async fn forget(step: &StepCx<'_>, global: &Global, machine: &Machine) -> Result<(), Failure> {
    let (cx, file) = (step.cx, login::known_hosts(step.env));
    if global.dry_run {
        let file = crate::work::relative(step, &file);
        return cx.ui.data(format!("# forget the host key of {} in {file}\n", machine.name).as_bytes());
    }
    cx.ui.note(if login::forget(step, machine).await? {
        format!("the host key of `{}` is forgotten; the next login takes the new one on trust", machine.name)
    } else {
        format!("no host key of `{}` was known", machine.name)
    });
    Ok(())
}
