//! Builds, pushes, pulls, runs and stops images with the docker program.

use super::StepCx;
use crate::config::model::Docker;
use crate::failure::{Failure, Kind};

/// Does it.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(step: &mut StepCx<'_>, docker: &Docker) -> Result<String, Failure> {
    let _ = docker;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}

/// What a dry run says.
pub fn describe(step: &mut StepCx<'_>, docker: &Docker) -> Result<Vec<String>, Failure> {
    let _ = docker;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}
