//! `docker compose`, here or on a host.

use super::StepCx;
use crate::config::model::Compose;
use crate::failure::{Failure, Kind};

/// Does it.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(step: &mut StepCx<'_>, compose: &Compose) -> Result<String, Failure> {
    let _ = compose;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}

/// What a dry run says.
pub fn describe(step: &mut StepCx<'_>, compose: &Compose) -> Result<Vec<String>, Failure> {
    let _ = compose;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}
