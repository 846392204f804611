//! Sensitive outputs that are in the state already: masked before terraform says its first line.

use crate::exec::Io;
use crate::failure::Failure;
use crate::steps::terraform::{equip, state};
use crate::tools::terraform::{self as tool, Output, Root};
use crate::work::{StepCx, root_module, values};

/// Masks them. Asks for the state only where the root module declares anything sensitive.
pub(super) async fn mask(step: &mut StepCx<'_>, root: &Root) -> Result<(), Failure> {
    if step.facts.outputs.is_some() || !root_module::of(step).declared.may_be_sensitive() {
        return Ok(());
    }
    if let Some(state) = state::directly(step, root).await? {
        sensitive(step, state.outputs.iter());
        return Ok(());
    }
    let done = step.quietly(&equip(step, root.state_pull())?.io(Io::Capture)).await;
    let done = done.map_err(|error| step.unanswered(error))?;
    // What is wrong with the state, terraform says better when it is asked for more.
    if let Ok(state) = tool::parse_state(&done.stdout) {
        sensitive(step, state.outputs.iter());
    }
    Ok(())
}

/// Masks the sensitive ones of these.
pub(crate) fn sensitive<'a>(step: &StepCx<'_>, outputs: impl Iterator<Item = (&'a String, &'a Output)>) {
    for (name, output) in outputs.filter(|(_, output)| output.sensitive) {
        for text in values::texts(&output.value) {
            values::mask(step, name, &text);
        }
    }
}
