//! Roles and collections that playbooks want.

use std::sync::Arc;

use super::equip;
use crate::config::environment;
use crate::exec::Container;
use crate::failure::Failure;
use crate::tools::ansible;
use crate::work::values::Known;
use crate::work::{StepCx, child};

/// Installs roles and collections, when the file that names them changed since that went well.
pub(super) async fn install(
    step: &mut StepCx<'_>,
    settings: &environment::Ansible,
    container: Option<&Arc<Container>>,
) -> Result<(), Failure> {
    let Some(requirements) = &settings.requirements else { return Ok(()) };
    let when = crate::config::model::When {
        changed: Some(vec![crate::config::model::FilePath(requirements.clone())]),
        ..Default::default()
    };
    let name = step.name;
    step.name = "ansible requirements";
    let result = async {
        if crate::work::when::unwanted(step, &when)?.is_some() {
            return Ok(());
        }
        step.progress("installs roles and collections");
        let cmd = ansible::install(&settings.dir, requirements, container);
        let cmd = equip(step, settings, cmd, &Known::of(step))?;
        let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
        let why = done.tail.lines().find(|line| line.contains("[WARNING]: - ") || line.contains("ERROR"));
        child::judge(step, &done).map_err(|failure| match why {
            Some(why) if !done.interrupted => failure.context(why.trim().to_owned()),
            _ => failure,
        })?;
        crate::work::when::remember(step, &when)
    }
    .await;
    step.name = name;
    result
}
