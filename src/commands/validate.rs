//! Check configuration and root module.

use super::{Global, target};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::plan::{Verb, pipeline};

/// Check configuration and root module of an environment
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    target: target::Target,
}

/// Runs it: the configuration is checked by loading it.
pub async fn run(cx: &Ctx, global: &Global, args: &ValidateArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let options = target::options(global, &[]);
    engine::run(cx, &env, &pipeline(&env, &Verb::Validate), &options).await?;
    cx.ui.note(format!("`{}` is valid", env.name));
    Ok(())
}
