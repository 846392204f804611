//! One shared connection per machine and run, by the system's `ssh`: opened at the first use, closed at the end of the
//! run.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use indexmap::IndexMap;
use secrecy::{ExposeSecret as _, SecretString};

use crate::exec::{BoxFuture, Cmd, Done, Input, InputPart, RunError};
use crate::failure::{Failure, Kind};
use crate::hosts::host::Machine;
use crate::hosts::login::{self, quietly};
use crate::text::{last_line, list, plain};
use crate::tools::ssh::Login;
use crate::tools::ssh::remote_shell;
use crate::tools::ssh::trouble::{self, Trouble};
use crate::work::StepCx;
use crate::work::child;

/// What a connection is known by: a machine that was rebuilt elsewhere is another one.
fn key(machine: &Machine) -> String {
    format!("{} {}", machine.name, machine.address)
}

/// How to log in to this machine, with the socket of its shared connection, whether that is open or not.
pub(crate) fn login<'a>(
    step: &'a mut StepCx<'_>,
    machine: &'a Machine,
) -> BoxFuture<'a, Result<Login, Failure>> {
    Box::pin(async move {
        if let Some(login) = step.facts.connections.logins.get(&key(machine)) {
            return Ok(login.clone());
        }
        let jump = match &machine.jump {
            Some(jump) => Some(login(step, jump).await?),
            None => None,
        };
        let mut login = login::make(step, machine, jump).await?;
        let folder = step.facts.connections.folder(step.cx)?;
        let logins = &mut step.facts.connections.logins;
        login.socket = Some(folder.join(format!("{}.ssh", logins.len())));
        logins.insert(key(machine), login.clone());
        Ok(login)
    })
}

/// Options for a program that starts ssh itself, as words (`-o`, `NAME=VALUE`): which keys are offered and trusted,
/// and the way there. User and port are not among them. The agents of keys from secrets run as long as the run.
pub(crate) async fn options(step: &mut StepCx<'_>, machine: &Machine) -> Result<Vec<String>, Failure> {
    Ok(login(step, machine).await?.options())
}

/// A machine that was not reached, and why: one on the way, or the one that was meant.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) machine: Machine,
    pub(crate) trouble: Trouble,
}

/// What came of opening a connection.
type Opened = (Login, Result<(), Fault>);

/// Opens the connections that are not open, all at once.
pub(crate) async fn open(step: &mut StepCx<'_>, machines: &[Machine]) -> Result<Vec<Login>, Failure> {
    let mut logins = Vec::new();
    let mut faults: Vec<Fault> = Vec::new();
    for (login, result) in try_open(step, machines, None).await? {
        logins.push(login);
        faults.extend(result.err());
    }
    let Some(first) = faults.first() else { return Ok(logins) };
    if step.cx.interrupts.is_pressed() {
        return Err(step.interrupted(format!("stopped before `{}` was reached", first.machine.name)));
    }
    let failure = unreachable(step, first);
    if faults.len() == 1 {
        return Err(failure);
    }
    let names: std::collections::BTreeSet<&str> =
        faults.iter().map(|fault| fault.machine.name.as_str()).collect();
    Err(failure.context(format!("{} cannot be reached", list(&names, "and"))))
}

/// The same; what each came to. `within` is how long one may take.
pub(crate) fn try_open<'a>(
    step: &'a mut StepCx<'_>,
    machines: &'a [Machine],
    within: Option<Duration>,
) -> BoxFuture<'a, Result<Vec<Opened>, Failure>> {
    Box::pin(async move {
        let mut jumps: IndexMap<String, Machine> = IndexMap::new();
        for jump in machines.iter().filter_map(|machine| machine.jump.as_deref()) {
            jumps.insert(key(jump), jump.clone());
        }
        let mut closed: IndexMap<String, Fault> = IndexMap::new();
        if !jumps.is_empty() {
            let all: Vec<Machine> = jumps.values().cloned().collect();
            for (name, (_, result)) in jumps.keys().zip(try_open(step, &all, within).await?) {
                closed.extend(result.err().map(|fault| (name.clone(), fault)));
            }
        }
        let mut logins = Vec::new();
        for machine in machines {
            logins.push(login(step, machine).await?);
        }
        let step = &*step;
        let opening = machines.iter().zip(&logins).map(async |(machine, login)| {
            if let Some(fault) = machine.jump.as_deref().and_then(|jump| closed.get(&key(jump))) {
                return Ok(Err(fault.clone()));
            }
            let result = open_one(step, login, within).await?;
            Ok(result.map_err(|trouble| Fault { machine: machine.clone(), trouble }))
        });
        let results: Vec<Result<_, Failure>> = join_all(opening).await;
        logins.iter().cloned().zip(results).map(|(login, result)| Ok((login, result?))).collect()
    })
}

async fn open_one(
    step: &StepCx<'_>,
    login: &Login,
    within: Option<Duration>,
) -> Result<Result<(), Trouble>, Failure> {
    if login.socket.as_deref().is_some_and(is_open) {
        return Ok(Ok(()));
    }
    let mut cmd = login.open(within);
    // The time to connect does not count what comes after: keys, and the login itself.
    if let Some(within) = within {
        cmd = cmd.timeout(Some(within + Duration::from_secs(1)));
    }
    match step.quietly(&cmd).await {
        Ok(done) if done.code == 0 => Ok(Ok(())),
        Ok(done) => Ok(Err(trouble::read(&done.tail))),
        Err(RunError::TimedOut { .. }) if within.is_some() => Ok(Err(Trouble::TimedOut)),
        Err(error) => Err(step.unanswered(error)),
    }
}

/// Whether somebody listens at the socket.
fn is_open(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

/// Ends the connection to a machine, if there is one: it may be gone without having been told so.
pub(crate) fn close<'a>(
    step: &'a mut StepCx<'_>,
    machine: &'a Machine,
) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        if let Some(login) = step.facts.connections.logins.get(&key(machine)).cloned()
            && login.socket.as_deref().is_some_and(is_open)
        {
            quietly(step, &login.close()).await?;
        }
        match &machine.jump {
            Some(jump) => close(step, jump).await,
            None => Ok(()),
        }
    })
}

/// The failure of not having reached a machine.
fn unreachable(step: &StepCx<'_>, fault: &Fault) -> Failure {
    let Fault { machine, trouble } = fault;
    let place = match &machine.user {
        Some(user) => format!("{user}@{}", machine.address),
        None => machine.address.clone(),
    };
    let failure = Failure::new(Kind::Failed, trouble.text())
        .context(format!("`{}` ({place}) cannot be reached by ssh", machine.name));
    trouble.help(&step.env.name, &machine.name).into_iter().fold(failure, Failure::help)
}

/// A command of this machine, changed so that it runs on that one: its arguments, folder and plain variables go
/// along, its secret variables and its input travel by standard input. The connection is opened if it is not yet.
///
/// When it ends with 255, [`lost`] says whose code that is.
pub(crate) async fn on(step: &mut StepCx<'_>, machine: &Machine, cmd: Cmd) -> Result<Cmd, Failure> {
    let logins = open(step, std::slice::from_ref(machine)).await?;
    let Some(login) = logins.first() else {
        return Err(Failure::new(Kind::Bug, format!("no login was made for `{}`", machine.name)));
    };
    Ok(by(login, cmd))
}

/// The same with a login; nothing is opened.
pub(crate) fn by(login: &Login, cmd: Cmd) -> Cmd {
    let dir = cmd.dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    let (line, secrets) = remote_shell::line(&cmd, dir.as_deref());
    let input = match (secrets, cmd.input) {
        // The command there ends when this does: with us, or with the connection.
        (secrets, Input::None | Input::Own) => Input::Held(secrets.unwrap_or_default()),
        (None, input) => input,
        (Some(secrets), Input::Secret(text) | Input::Held(text)) => {
            Input::Secret(SecretString::from([secrets.expose_secret(), text.expose_secret()].concat()))
        }
        (Some(secrets), Input::Parts(parts)) => {
            // by copy: what was shared may be read elsewhere
            let first = InputPart::Bytes(secrets.expose_secret().as_bytes().to_vec());
            let rest = parts.iter().map(|part| match part {
                InputPart::Bytes(bytes) => InputPart::Bytes(bytes.clone()),
                InputPart::File(path, length) => InputPart::File(path.clone(), *length),
                InputPart::Supply(supply) => InputPart::Supply(supply.clone()),
            });
            Input::Parts([first].into_iter().chain(rest).collect())
        }
    };
    let ssh = login.run(line);
    Cmd { program: ssh.program, args: ssh.args, env: ssh.env, unset: ssh.unset, dir: None, input, ..cmd }
}

/// Whether the code 255 of a remote command is ssh's own: then why. A command may end with 255 itself.
pub(crate) fn lost(step: &StepCx<'_>, machine: &Machine, done: &Done) -> Option<Failure> {
    if done.code != 255 || done.interrupted {
        return None;
    }
    let login = step.facts.connections.logins.get(&key(machine))?;
    // As long as the shared connection stands, ssh had nothing to complain about.
    if login.socket.as_deref().is_some_and(is_open) {
        return None;
    }
    let why = match trouble::read(&done.tail) {
        Trouble::Other(_) => Trouble::Closed,
        trouble => trouble,
    };
    let failure = Failure::new(Kind::Failed, why.text())
        .context(format!("the connection to `{}` was lost while `{}` ran there", machine.name, step.name));
    Some(failure.help("check what the command has done there before you run it again"))
}

/// Success, or why not: what [`child::judge`] says, for a command on that machine.
pub(crate) fn judge(step: &StepCx<'_>, machine: &Machine, done: &Done) -> Result<(), Failure> {
    if let Some(failure) = lost(step, machine, done) {
        return Err(failure);
    }
    if done.interrupted || done.code == 0 {
        return child::judge(step, done);
    }
    let heading = format!(
        "`{}` of `{}` ended on `{}` with exit code {}",
        step.name, step.env.name, machine.name, done.code
    );
    let sudo = ["a password is required", "a terminal is required", "no askpass program"];
    let failure = match last_line(&plain(&remote_shell::said(&done.tail))) {
        "" => Failure::new(Kind::Failed, heading),
        line => Failure::new(Kind::Failed, line).context(heading),
    };
    Err(if done.tail.contains("sudo: ") && sudo.iter().any(|text| done.tail.contains(text)) {
        failure.help("let this user use sudo without a password there (NOPASSWD), or log in as another")
    } else {
        failure
    })
}
