//! Questions to docker and compose, here or on a host; and which compose there is.

use std::time::Duration;

use crate::exec::{Cmd, Done, RunError};
use crate::failure::{Failure, Kind};
use crate::hosts::connection;
use crate::hosts::host::Machine;
use crate::text::duration;
use crate::tools::docker::compose::{self as tool, Program};
use crate::ui::event::Level;
use crate::work::StepCx;

/// The same command where the machine is.
pub(crate) async fn placed(step: &mut StepCx<'_>, at: Option<&Machine>, cmd: Cmd) -> Result<Cmd, Failure> {
    match at {
        Some(machine) => connection::on(step, machine, cmd).await,
        None => Ok(cmd),
    }
}

/// How long a question may take, where nothing else is said.
const ASK: Duration = Duration::from_secs(60);

/// Runs a command that only asks; none when there is no such program. The time limit of the step is heard.
pub(crate) async fn ask(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    cmd: Cmd,
) -> Result<Option<Done>, Failure> {
    let program = cmd.program.clone();
    let mut cmd = placed(step, at, cmd).await?;
    let limit = cmd.timeout.unwrap_or(ASK);
    cmd.timeout = Some(step.left().map_or(limit, |left| left.min(limit)));
    cmd.grace = Some(Duration::from_secs(1));
    step.line(Level::Detail, format!("$ {cmd}"));
    match step.cx.runner.run(&cmd, &|_, _| ()).await {
        Ok(done) if done.interrupted => Err(step.interrupted(format!("`{}` was stopped", step.name))),
        Ok(done) if at.is_some() && done.code == 127 => Ok(None),
        Ok(done) => match at.and_then(|machine| connection::lost(step, machine, &done)) {
            Some(lost) => Err(lost),
            None => Ok(Some(done)),
        },
        Err(RunError::NotFound { program: missing }) if missing == program => Ok(None),
        Err(RunError::Cancelled { .. }) => Err(step.interrupted(format!("`{}` was stopped", step.name))),
        Err(RunError::TimedOut { .. }) if step.left().is_some_and(|left| left.is_zero()) => {
            Err(StepCx::too_late(format!("`{}` gave no answer in the time of `{}`", cmd.program, step.name)))
        }
        Err(RunError::TimedOut { after, .. }) => {
            let message = format!("`{}` gave no answer within {}", cmd.program, duration(after));
            Err(Failure::new(Kind::Failed, message).help("look whether the engine answers: `docker info`"))
        }
        Err(error) => Err(Failure::from(error)),
    }
}

/// Which compose there is. It is asked once in a run: each time three programs start.
pub(crate) async fn program(step: &mut StepCx<'_>, at: Option<&Machine>) -> Result<Program, Failure> {
    let machine = at.map_or_else(String::new, |machine| machine.name.clone());
    if let Some(known) = step.facts.compose.get(&machine) {
        return Ok(*known);
    }
    let found = find(step, at).await?;
    step.facts.compose.insert(machine, found);
    Ok(found)
}

async fn find(step: &mut StepCx<'_>, at: Option<&Machine>) -> Result<Program, Failure> {
    let place = at.map_or_else(|| "on this machine".to_owned(), |machine| format!("on {}", machine.name));
    let Some(plugin) = ask(step, at, Program::Plugin.version()).await? else {
        return Err(missing(&place));
    };
    if plugin.code == 0 && tool::numbers(&plugin.stdout).is_some() {
        return Ok(Program::Plugin);
    }
    let alone = ask(step, at, Program::Standalone.version()).await?;
    let version = alone.as_ref().filter(|done| done.code == 0).and_then(|done| tool::numbers(&done.stdout));
    match version {
        Some(version @ (1, _)) if version < tool::OLDEST => {
            let (major, minor) = tool::OLDEST;
            let message = format!("docker-compose {}.{} {place} is too old", version.0, version.1);
            Err(Failure::new(Kind::Tool, message)
                .help(format!("install {major}.{minor} or newer, better the plugin `docker compose`")))
        }
        Some((1, _)) => Ok(Program::One),
        Some(_) => Ok(Program::Standalone),
        None => Err(Failure::new(Kind::Tool, format!("docker is there {place}, its plugin `compose` is not"))
            .help("install the package `docker-compose-plugin` (docker's own), `docker-compose-v2` (Ubuntu) or `docker-compose` (Debian)")),
    }
}

/// There is no docker.
pub(crate) fn missing(place: &str) -> Failure {
    let failure = Failure::new(Kind::Tool, format!("docker is not installed {place}, or not on PATH"));
    crate::tools::install_help("docker").into_iter().fold(failure, Failure::help)
}
