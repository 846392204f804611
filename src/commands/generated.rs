//! Files that are generated into the project: how they differ from what is there, and writing them.

use std::path::Path;

use super::Global;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::files::inventory::diff;

/// Shows how the text that is there would change.
pub(super) fn show_difference(cx: &Ctx, old: &str, new: &str) -> Result<(), Failure> {
    for line in diff(old, new) {
        cx.ui.page(&format!("{line}\n"))?;
    }
    Ok(())
}

/// Writes it, and says so.
pub(super) fn write(cx: &Ctx, global: &Global, path: &Path, shown: &str, text: &str) -> Result<(), Failure> {
    if global.dry_run {
        cx.ui.note(format!("would write {shown}"));
        return Ok(());
    }
    disk::write(path, text.as_bytes(), 0o644)?;
    cx.ui.note(format!("wrote {shown}: look at it, and commit it"));
    Ok(())
}
