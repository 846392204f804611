//! Verbs over the images of an environment: which of them, of which environments.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::{Images, Verb};
use crate::text::{list, nearest};

/// Which images, of which environments.
#[derive(Debug, clap::Args)]
pub(super) struct ImagesArgs {
    #[command(flatten)]
    target: Targets,
    /// Image of `[images]` [default: all]
    #[arg(value_name = "IMAGE")]
    image: Option<String>,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Does a verb to them; `platform` is that to build for.
pub(super) async fn run(
    cx: &Ctx,
    global: &Global,
    args: &ImagesArgs,
    verb: &'static str,
    platform: Option<&str>,
) -> Result<(), Failure> {
    let extra = &args.extra.extra;
    let options = target::options(global, extra);
    let plan = |env: &Environment| {
        if let Some(image) = args.image.as_ref().filter(|image| !env.images.contains_key(*image)) {
            return Err(unknown(env, image));
        }
        let part = Images { only: args.image.clone(), platform: platform.map(str::to_owned) };
        planned(cx, env, &Verb::Images { name: verb.to_owned(), part }, &args.part, &options)
    };
    args.target.run(cx, global, verb, plan, runs(cx, &args.part, extra)).await
}

fn unknown(env: &Environment, name: &str) -> Failure {
    let failure = Failure::new(Kind::Usage, format!("`{}` has no image `{name}`", env.name));
    match nearest(name, env.images.keys()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("its images are {}", list(env.images.keys(), "and"))),
    }
}
