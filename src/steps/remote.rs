//! A command on a host.

use futures_util::future::join_all;

use super::command;
use crate::config::Environment;
use crate::config::model::{CommandTable, Invocation, Remote, Variables};
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Done, Input, Stopping};
use crate::failure::{Failure, Kind};
use crate::hosts::connection::{self, by, judge};
use crate::hosts::host::{self, Machine};
use crate::hosts::login;
use crate::text::{list, plural};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

impl StepKind for Remote {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Host(&self.host.0));
        let dir = self.dir.iter().map(|dir| &dir.0);
        let words = self.run.templates().into_iter();
        words
            .chain(self.env.values())
            .chain(&self.input)
            .chain(dir)
            .for_each(|one| see(Mention::Template(one)));
    }

    fn effect(&self) -> Option<Effect> {
        None
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

/// Runs it, on all machines of the host at once.
pub(crate) async fn run(step: &mut StepCx<'_>, remote: &Remote) -> Result<String, Failure> {
    let known = Known::of(step);
    let machines = host::machines(step, &known, &remote.host.0)?;
    let cmd = build(step, remote, &known)?;
    let logins = connection::open(step, &machines).await?;
    let cmds: Vec<Cmd> = logins.iter().map(|login| by(login, cmd.clone())).collect();
    let step = &*step;
    let many = machines.len() > 1;
    if many && step.frame.ear.is_some() {
        let message =
            format!("`{}` has {} machines, and a value is taken of one", remote.host.0, machines.len());
        return Err(Failure::new(Kind::Config, message).help("name a host that is one machine"));
    }
    let done = join_all(machines.iter().zip(&cmds).map(|(machine, cmd)| one(step, machine, cmd, many))).await;
    let mut failed: Vec<(&str, Failure)> = Vec::new();
    for (machine, done) in machines.iter().zip(done) {
        if let Err(failure) = done.and_then(|done| judge(step, machine, &done)) {
            failed.push((&machine.name, failure));
        }
    }
    let names: Vec<&str> = failed.iter().map(|(name, _)| *name).collect();
    match failed.into_iter().next().map(|(_, failure)| failure) {
        None if many => Ok(plural(machines.len(), "machine")),
        None => Ok(String::new()),
        Some(failure) if names.len() > 1 => {
            let of = machines.len();
            let which = list(&names, "and");
            Err(failure.context(format!("it failed on {} of {of} machines: {which}", names.len())))
        }
        Some(failure) => Err(failure),
    }
}

/// Runs a command that goes to a machine; with several at once, its lines say whose they are.
pub(super) async fn one(
    step: &StepCx<'_>,
    machine: &Machine,
    cmd: &Cmd,
    many: bool,
) -> Result<Done, Failure> {
    if !many {
        return step.run(cmd).await;
    }
    let line = |text: &str| step.line(Level::Normal, format!("{}: {text}", machine.name));
    step.run_with(cmd, &line).await.map_err(|error| step.unanswered(error))
}

/// The command as it would run here: words, folder, variables and input rendered.
fn build(step: &StepCx<'_>, remote: &Remote, known: &Known) -> Result<Cmd, Failure> {
    let mut cmd = command_of(step, known, &remote.run, &remote.env, remote.input.as_ref())?;
    if let Some(dir) = &remote.dir {
        cmd = cmd.dir(known.argument(step, &dir.0)?);
    }
    let host = &remote.host.0;
    let stopping = Stopping {
        waits_for: if matches!(cmd.input, Input::None) {
            format!("what runs on `{host}` is ended")
        } else {
            format!("what runs on `{host}` goes on until it next writes to the closed connection")
        },
        ..Stopping::default()
    };
    Ok(cmd.stopping(stopping))
}

/// The same for a command that is declared like one of this machine. A folder that is not absolute is one of the
/// user's home there.
pub(super) fn of_table(step: &StepCx<'_>, table: &CommandTable, known: &Known) -> Result<Cmd, Failure> {
    let cmd = command_of(step, known, &table.run, &table.env, table.input.as_ref())?;
    Ok(match &table.dir {
        Some(dir) => cmd.dir(dir.0.strip_prefix(&step.env.root).unwrap_or(&dir.0)),
        None => cmd,
    })
}

fn command_of(
    step: &StepCx<'_>,
    known: &Known,
    run: &Invocation,
    env: &Variables,
    input: Option<&Template>,
) -> Result<Cmd, Failure> {
    command::given(step, known, command::program(step, known, run, "run")?, env, input)
}

/// What a dry run says: the call of ssh, without the shared connection that a run has.
pub(crate) fn describe(step: &mut StepCx<'_>, remote: &Remote) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, remote);
    let cmd = build(step, remote, &known)?;
    let reads =
        match (&cmd.input, cmd.env.values().any(|value| matches!(value, crate::exec::Value::Secret(_)))) {
            (Input::None, false) => "",
            (Input::None, true) => " < SECRETS",
            (_, false) => " < INPUT",
            (_, true) => " < SECRETS-AND-INPUT",
        };
    let machines = host::machines(step, &known, &remote.host.0)?;
    let line = |machine: &Machine| format!("{}{reads}", by(&login::shown(step.env, machine), cmd.clone()));
    Ok(machines.iter().map(line).collect())
}
