//! The ansible inventory: made from the outputs and `[hosts]`, written, compared, removed.

use super::StepCx;
use crate::failure::{Failure, Kind};

/// What is done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write it, if its content changed.
    Write,
    /// Remove it.
    Remove,
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
