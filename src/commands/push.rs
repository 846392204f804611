//! Push the images of an environment.

use super::Global;
use super::images::{self, ImagesArgs};
use crate::context::Ctx;
use crate::failure::Failure;

/// Push the images of `[images]` to the registry
///
/// With all their tags, after a login that is gone with the step; the digest that the registry has then is shown and
/// has to be that of what was pushed. They are built before, by `build`.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    #[command(flatten)]
    pub(super) images: ImagesArgs,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &PushArgs) -> Result<(), Failure> {
    images::run(cx, global, &args.images, "push", None).await
}
