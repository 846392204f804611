//! Stops, starts and shows machines and databases, through the provider.

use super::StepCx;
use crate::failure::{Failure, Kind};

/// What is done with the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pause them.
    Stop,
    /// Go on.
    Start,
    /// Show them.
    State,
}

/// Does it.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let _ = action;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}

/// What a dry run says.
pub fn describe(step: &mut StepCx<'_>, action: &Action) -> Result<Vec<String>, Failure> {
    let _ = action;
    Err(Failure::new(Kind::Bug, format!("`{}` is not built yet", step.name)))
}
