//! Sensitive outputs that are in the state already: masked before terraform says its first line.

use std::path::Path;

use crate::disk;
use crate::exec::Io;
use crate::failure::Failure;
use crate::steps::terraform::equip;
use crate::tools::terraform::root::is_module_file;
use crate::tools::terraform::{self as tool, Output, Root};
use crate::work::{StepCx, values};

/// Masks them. Asks for the state only where the root module declares anything sensitive.
pub(super) async fn mask(step: &mut StepCx<'_>, root: &Root) -> Result<(), Failure> {
    if step.facts.outputs.is_some() || !declares_sensitive(&root.dir) {
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
pub(super) fn sensitive<'a>(step: &StepCx<'_>, outputs: impl Iterator<Item = (&'a String, &'a Output)>) {
    for (name, output) in outputs.filter(|(_, output)| output.sensitive) {
        for text in values::texts(&output.value) {
            values::mask(step, name, &text);
        }
    }
}

fn declares_sensitive(dir: &Path) -> bool {
    let files = dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let mut modules =
        files.filter(|path| path.file_name().is_some_and(|name| is_module_file(&name.to_string_lossy())));
    modules.any(|path| {
        let text = disk::read_lossy_if_there(&path).ok().flatten().unwrap_or_default();
        text.contains("output") && text.contains("sensitive")
    })
}
