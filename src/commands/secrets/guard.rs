//! Watches over a plain text while it is edited.

use std::path::PathBuf;

use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::edit;

/// Removes a folder when the process that made it dies
#[derive(Debug, clap::Args)]
pub struct GuardArgs {
    /// The folder
    folder: PathBuf,
    /// The process that made it
    owner: i32,
}

/// Watches.
pub(crate) fn run(cx: &Ctx, args: &GuardArgs) -> Result<(), Failure> {
    cx.ui.data(b"ready\n")?;
    edit::guard(&args.folder, args.owner);
    Ok(())
}
