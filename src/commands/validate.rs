//! Check configuration and root module.

use super::part::Part;
use super::planned::{Planned, go, planned};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::plan::Verb;

/// Check configuration and root module of an environment, and do what `[checks]` says
///
/// `--only checks` does these alone: they need neither a key nor an init.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    part: Part,
}

/// Runs it: the configuration is checked by loading it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ValidateArgs) -> Result<(), Failure> {
    let part = &args.part;
    let options = target::options(global, &[]);
    let plan = |env: &Environment| planned(cx, env, &Verb::Validate, part, &options);
    let work = async |global: &Global, env: &Environment, planned: Planned| {
        let ended = go(cx, global, env, &planned, part, &[]).await?;
        if !part.print && !global.dry_run && part.steps.selection().is_all() {
            cx.ui.note(format!("`{}` is valid", env.name));
        }
        Ok(ended)
    };
    args.target.run(cx, global, "validate", plan, work).await
}
