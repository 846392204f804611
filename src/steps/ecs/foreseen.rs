//! What a step would change in AWS, for dry runs: they print commands, and this beside them where AWS can be asked.

use super::register::compared;
use super::service;
use crate::config::model::Ecs;
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::work::StepCx;
use crate::work::needs::Needs;

/// How the definition would differ.
pub(crate) async fn foreseen(step: &mut StepCx<'_>, ecs: &Ecs) -> Result<Vec<String>, Failure> {
    opened(step).await?;
    if ecs.service.is_some() {
        return match ecs.of_service(step)? {
            Some(task) => service::compared(step, ecs, task).await,
            None => Ok(Vec::new()),
        };
    }
    let (name, task) = ecs.found(step)?;
    compared(step, &ecs.asked(name, task, &[])).await
}

/// Opens what who asks AWS may be among.
pub(crate) async fn opened(step: &mut StepCx<'_>) -> Result<(), Failure> {
    let has_secrets = !step.env.secrets.files.is_empty() || !step.env.secrets.from.is_empty();
    meet(step, &Needs { secrets: has_secrets, ..Needs::default() }).await
}
