//! Make a project of what a repository has.

mod make;
mod told;

use super::Global;
use crate::context::Ctx;
use crate::failure::Failure;
pub(super) use told::Proposed;

/// Make a project of what a repository has
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    command: ImportCommand,
}

/// What is read.
#[derive(Debug, clap::Subcommand)]
enum ImportCommand {
    /// Read a Makefile and the scripts it calls, and propose environments and pipelines
    Make(make::MakeArgs),
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &ImportArgs) -> Result<(), Failure> {
    match &args.command {
        ImportCommand::Make(args) => make::run(cx, global, args),
    }
}
