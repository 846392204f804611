//! Variables that must not be set, in services of compose: compose itself says what they get.

use crate::exec::Cmd;
use crate::failure::Failure;
use crate::hosts::host::Machine;
use crate::steps::docker::compose_program::ask;
use crate::steps::docker::ended::judge;
use crate::tools::docker::compose as tool;
use crate::work::StepCx;

/// Refuses services that get one. `question` is what compose is asked; none where it cannot say.
pub(super) async fn check(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    task: Option<&str>,
    question: Option<Cmd>,
) -> Result<(), Failure> {
    if !step.env.has_absent(task) {
        return Ok(());
    }
    let Some(question) = question else {
        step.cx.ui.warn_once(
            "docker-compose 1 does not say which variables its services get: `absent` is not checked there",
        );
        return Ok(());
    };
    let Some(done) = ask(step, at, question).await? else { return Ok(()) };
    judge(step, &done, "`compose config`")?;
    for (service, names) in tool::variables(&done.stdout) {
        let by = format!("the service `{service}` of compose");
        step.env.check_absent(task, names.iter().map(String::as_str), &by)?;
    }
    Ok(())
}
