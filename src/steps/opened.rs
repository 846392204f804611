//! The secrets of a run, opened when the first step needs them.

use secrecy::ExposeSecret as _;

use crate::config::template::Rendered;
use crate::failure::Failure;
use crate::secrets;
use crate::steps::source;
use crate::work::{StepCx, values};

/// Decrypts once per run, and reads those that are in no file. Everything that is printed from now on is masked.
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
    // infractl's own call: what the step may see does not limit it.
    let limited = step.frame.secrets.take();
    let read = Box::pin(from_elsewhere(step)).await;
    step.frame.secrets = limited;
    if read.is_err() {
        step.facts.secrets = None;
    }
    read
}

async fn from_elsewhere(step: &mut StepCx<'_>) -> Result<(), Failure> {
    let env = step.env;
    for (name, from) in &env.secrets.from {
        let from = crate::config::model::ValueFrom { secret: true, ..from.clone() };
        if let Rendered::Secret(value) = source::read(step, name, &from).await?
            && let Some(secrets) = &mut step.facts.secrets
        {
            secrets.give(name, value);
        }
    }
    Ok(())
}
