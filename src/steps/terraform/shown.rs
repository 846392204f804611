//! What terraform says of a saved plan, for programs.

use std::path::Path;

use crate::failure::{Failure, Kind};
use crate::steps::terraform::{equip, failed};
use crate::tools::terraform::Root;
use crate::work::StepCx;

/// Reads something of a plan from what terraform says of it.
pub(super) async fn read<T>(
    step: &StepCx<'_>,
    root: &Root,
    plan: &Path,
    parse: impl Fn(&[u8]) -> Result<T, serde_json::Error>,
) -> Result<T, Failure> {
    let done = step.run(&equip(step, root.show_json(plan))?).await?;
    if done.code != 0 {
        return Err(failed(step, root, "show", done.code, &done.tail));
    }
    // The text around the error may hold secrets: never shown.
    parse(&done.stdout)
        .map_err(|_| Failure::new(Kind::Failed, "what terraform says of the plan could not be read"))
}
