//! What infractl calls itself with: hold the shared lock of a run that was killed.

use super::target;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::lock;

/// Hold the shared lock of a run that was killed as long as what it has started lives
#[derive(Debug, clap::Args)]
pub struct KeepLockArgs {
    /// Environment
    environment: String,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, args: &KeepLockArgs) -> Result<(), Failure> {
    let env = target::Target { environment: Some(args.environment.clone()) }.environment(cx)?;
    lock::keep(cx, &env).await
}
