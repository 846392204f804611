//! A command on a host.

use super::StepCx;
use crate::config::model::Remote;
use crate::failure::{Failure, Kind};

/// Does it.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(step: &mut StepCx<'_>, remote: &Remote) -> Result<String, Failure> {
    let _ = remote;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}

/// What a dry run says.
pub fn describe(step: &mut StepCx<'_>, remote: &Remote) -> Result<Vec<String>, Failure> {
    let _ = remote;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}
