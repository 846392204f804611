//! The provider `command`: commands of the project.

use crate::config::model::CommandLine;
use crate::config::model::Power;
use crate::exec::Io;
use crate::failure::{Failure, Kind};
use crate::steps::command;
use crate::tools::power::Goal;
use crate::work::StepCx;
use crate::work::child;
use crate::work::values::Known;

fn line(power: &Power, goal: Goal) -> Result<&CommandLine, Failure> {
    let (name, line) = if goal == Goal::On { ("start", &power.start) } else { ("stop", &power.stop) };
    line.as_ref().ok_or_else(|| Failure::new(Kind::Config, format!("`[power]` has no `{name}`")))
}

/// Runs the one that stops or starts. Only its exit code can tell what came of it.
pub(super) async fn run(step: &mut StepCx<'_>, power: &Power, goal: Goal) -> Result<String, Failure> {
    let table = line(power, goal)?.clone().into_table();
    command::run(step, &table).await?;
    Ok(format!("{} by its own command", goal.done()))
}

/// What a dry run says.
pub(super) fn describe(step: &StepCx<'_>, power: &Power, goal: Goal) -> Result<Vec<String>, Failure> {
    command::describe(step, &line(power, goal)?.clone().into_table())
}

/// What the command for the state prints.
pub(super) async fn state(step: &StepCx<'_>, power: &Power) -> Result<Vec<String>, Failure> {
    let Some(line) = &power.state else {
        return Err(Failure::new(Kind::Config, "the provider `command` has no command for the state")
            .help("add `state = \"…\"` to `[power]`"));
    };
    let cmd = command::build(step, &line.clone().into_table(), &Known::of(step))?.io(Io::Capture);
    let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
    child::judge(step, &done)?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    Ok(step.cx.masks.mask(&text).lines().map(str::to_owned).collect())
}

/// What a dry run of `state` says.
pub(super) fn describe_state(step: &StepCx<'_>, power: &Power) -> Result<Vec<String>, Failure> {
    match &power.state {
        Some(line) => command::describe(step, &line.clone().into_table()),
        None => Ok(Vec::new()),
    }
}
