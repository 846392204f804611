//! Report on what was done.

mod audit;
mod form;
mod rows;

use super::Global;
use crate::context::Ctx;
use crate::failure::Failure;
pub(super) use form::Document;

/// Report on what was done
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

/// What is reported on.
#[derive(Debug, clap::Subcommand)]
enum ReportCommand {
    /// Report who did what, when and how it ended, and whether the records of it are whole
    Audit(audit::AuditArgs),
}

/// Does it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ReportArgs) -> Result<(), Failure> {
    match &args.command {
        ReportCommand::Audit(args) => audit::run(cx, global, args).await,
    }
}
