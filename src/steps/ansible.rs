//! A playbook with the inventory and secrets of the environment.

use super::StepCx;
use crate::config::model::AnsibleStep;
use crate::failure::{Failure, Kind};

/// Does it.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(step: &mut StepCx<'_>, playbook: &AnsibleStep) -> Result<String, Failure> {
    let _ = playbook;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}

/// What a dry run says.
pub fn describe(step: &mut StepCx<'_>, playbook: &AnsibleStep) -> Result<Vec<String>, Failure> {
    let _ = playbook;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}
