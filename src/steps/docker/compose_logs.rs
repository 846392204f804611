//! The services of a compose project, and the containers that have their logs.

use crate::config::model::Compose;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::hosts::host::Machine;
use crate::steps::docker::compose::Wanted;
use crate::steps::docker::compose_program::{ask, program};
use crate::tools::docker::compose as tool;
use crate::work::StepCx;
use crate::work::values::Known;

/// The names of its services; none where compose or its file is not there.
pub(crate) async fn services(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    compose: &Compose,
) -> Result<Vec<String>, Failure> {
    let wanted = Wanted::of(step, compose, &Known::of(step))?;
    let program = program(step, at).await?;
    let question = wanted.equipped(step, at.is_some(), tool::services(program, &wanted.project));
    words(step, at, question).await
}

/// What lists the containers of one of its services, also those that have ended, where they are.
pub(crate) async fn list(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    compose: &Compose,
    service: &str,
) -> Result<Cmd, Failure> {
    let mut wanted = Wanted::of(step, compose, &Known::of(step))?;
    wanted.project.services = vec![service.to_owned()];
    let program = program(step, at).await?;
    Ok(wanted.equipped(step, at.is_some(), tool::containers(program, &wanted.project)))
}

/// The words that a question is answered with; none where it fails.
pub(crate) async fn words(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    question: Cmd,
) -> Result<Vec<String>, Failure> {
    let done = ask(step, at, question).await?.filter(|done| done.code == 0);
    let text = done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}
