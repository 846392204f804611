//! Removes a release; one that is not there is removed already.

use super::call::{Call, judged};
use crate::config::model::{Argument, Helm};
use crate::failure::Failure;
use crate::tools::helm as tool;
use crate::work::StepCx;
use crate::work::values::Known;

/// Removes it, and waits until what it was made of is gone.
pub(super) async fn run(step: &mut StepCx<'_>, helm: &Helm, _: &Argument) -> Result<String, Failure> {
    let known = Known::of(step);
    let call = Call::new(step, helm, &known)?;
    let major = call.major(step, helm).await?;
    if call.status(step).await?.is_none() {
        return Ok(format!("there is no release `{}`", call.release));
    }
    let cmd = tool::uninstall(&call.place, major, &call.release, call.timeout).dir(&step.env.root);
    let done = step.run(&cmd).await?;
    let what = format!("`helm uninstall {}` of `{}`", call.release, step.env.name);
    judged(step, &done, &what)?;
    Ok(format!("removed `{}`", call.release))
}
