//! Make the bucket of a state.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;
use crate::steps::bootstrap::Bootstrap;

/// Make the bucket of a state, try it out, and print the backend that fits it
///
/// At AWS and at stores that are compatible with S3: makes it if it is not there, turns on versions and encryption, and
/// closes it. Then it writes and reads, sees whether versions are kept, and whether of several writers exactly one gets
/// through, which is what a lock needs. What the store cannot do is said. Twice is harmless. See `infractl help bootstrap.md`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  infractl bootstrap dev --bucket shop-dev-tfstate --region eu-west-3 --write\n  \
                        infractl bootstrap test"
)]
pub struct BootstrapArgs {
    #[command(flatten)]
    target: Targets,
    /// Name of the bucket [default: that of the backend]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Address of the store, `https://…` [default: that of the backend or AWS_ENDPOINT_URL_S3, else AWS]
    #[arg(long, value_name = "ADDRESS")]
    endpoint: Option<String>,
    /// Region [default: that of the backend or AWS_REGION]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Write `backend.tf` into the root module, if it declares no backend, instead of printing it
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Makes it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &BootstrapArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let (bucket, endpoint, region) = (args.bucket.clone(), args.endpoint.clone(), args.region.clone());
    let verb = Verb::Bootstrap(Bootstrap { bucket, endpoint, region, write: args.write });
    let plan = |env: &Environment| planned(cx, env, &verb, part, &options);
    args.target.run(cx, global, "bootstrap", plan, runs(cx, part, extra)).await
}
