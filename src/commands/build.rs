//! Build the images of an environment.

use super::Global;
use super::images::{self, ImagesArgs};
use crate::context::Ctx;
use crate::failure::Failure;

/// Build the images of `[images]`
///
/// Each is tagged with its `tags`, or the git commit, and with the same under the name of the registry, if there is one.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub(super) images: ImagesArgs,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &BuildArgs) -> Result<(), Failure> {
    images::run(cx, global, &args.images, "build").await
}
