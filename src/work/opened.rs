//! The secrets of a run, opened when the first step needs them.

use secrecy::ExposeSecret as _;

use super::{StepCx, values};
use crate::failure::Failure;
use crate::secrets;

/// Decrypts once per run. Everything that is printed from now on is masked.
pub(crate) async fn secrets(step: &mut StepCx<'_>) -> Result<(), Failure> {
    if step.facts.secrets.is_some() {
        return Ok(());
    }
    let opened =
        secrets::open(step.cx.runner.as_ref(), &step.cx.vars.0, step.env, step.cx.ui.mode.no_input).await?;
    for (name, value) in opened.iter() {
        values::mask(step, name, value.expose_secret());
    }
    for remark in opened.remarks() {
        step.cx.ui.warn_once(remark);
    }
    step.facts.secrets = Some(opened);
    Ok(())
}
