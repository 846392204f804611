//! Build the images of an environment.

use super::Global;
use super::images::{self, ImagesArgs};
use crate::context::Ctx;
use crate::failure::Failure;

/// Build the images of `[images]`
///
/// Several at once, each with its name before its lines; one that fails ends none of the others. Each is tagged with its
/// `tags`, or the git commit (with `-dirty` after it when something is in no commit), and with the same under the name of
/// the registry, if there is one. A commit that the registry has is not built again.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub(super) images: ImagesArgs,
    /// Platform to build for, as `linux/amd64`, whatever the images say
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &BuildArgs) -> Result<(), Failure> {
    images::run(cx, global, &args.images, "build", args.platform.as_deref()).await
}
