//! Check configuration and root module.

use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{Verb, pipeline};

/// Check configuration and root module of an environment
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    target: Targets,
}

/// Runs it: the configuration is checked by loading it.
pub async fn run(cx: &Ctx, global: &Global, args: &ValidateArgs) -> Result<(), Failure> {
    let options = target::options(global, &[]);
    let work = async |_: &Global, env: &Environment| {
        engine::run(cx, env, &pipeline(env, &Verb::Validate), &options).await?;
        cx.ui.note(format!("`{}` is valid", env.name));
        Ok(Ended::default())
    };
    args.target.run(cx, global, "validate", Effect::Reads, work).await
}
