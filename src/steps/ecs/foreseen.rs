//! What a step would change in AWS, for dry runs: they print commands, and this beside them where AWS can be asked.

use std::time::Duration;

use super::register::compared;
use super::service;
use crate::config::model::Ecs;
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::work::StepCx;
use crate::work::needs::Needs;

/// A dry run waits no longer.
const LIMIT: Duration = Duration::from_secs(15);

/// How the definition would differ, or why that is not known; as lines.
pub(crate) async fn foreseen(step: &mut StepCx<'_>, ecs: &Ecs) -> Vec<String> {
    let unknown = |why: &str| vec![format!("what would change in its definition is not known: {why}")];
    match tokio::time::timeout(LIMIT, Box::pin(differences(step, ecs))).await {
        Ok(Ok(lines)) => lines,
        Ok(Err(failure)) => unknown(&format!("{:#}", failure.error).replace('\n', " ")),
        Err(_) => unknown("AWS does not answer"),
    }
}

async fn differences(step: &mut StepCx<'_>, ecs: &Ecs) -> Result<Vec<String>, Failure> {
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
