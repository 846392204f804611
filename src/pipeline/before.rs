//! What is said or looked at before anything of a pipeline is done.

use super::scenario::starts;
use super::{Pipeline, What};
use crate::config::Environment;
use crate::context::Ctx;
use crate::exec::RunError;
use crate::failure::Failure;
use crate::steps::Work;
use crate::toolbox::{self, look::Looker};
use crate::tools::install_help;

/// What cannot be done is said before anything is.
pub(super) fn refuse(pipeline: &Pipeline) -> Result<(), Failure> {
    for leaf in pipeline.leaves() {
        if let Work::Refused(refused) = leaf.work {
            return Err(refused.failure());
        }
    }
    Ok(())
}

/// An error if a program is not there that the project asks for or terraform's steps start, or is of another version.
pub(super) async fn programs(cx: &Ctx, env: &Environment, pipeline: &Pipeline) -> Result<(), Failure> {
    toolbox::check::check(cx, env, &starts(env, pipeline)).await?;
    match missing(cx, env, pipeline) {
        Some(program) => {
            let failure = Failure::from(RunError::NotFound { program: program.to_owned() });
            Err(install_help(program).into_iter().fold(failure, Failure::help))
        }
        None => Ok(()),
    }
}

/// The program of terraform, when a step that is done in any case starts it and it is not there.
fn missing<'a>(cx: &Ctx, env: &'a Environment, pipeline: &Pipeline) -> Option<&'a str> {
    let program = &env.terraform.as_ref().filter(|terraform| terraform.image.is_none())?.program;
    let is_sure = pipeline
        .steps
        .iter()
        .any(|step| step.rules.when.is_none() && matches!(step.what, What::Work(Work::Terraform(_))));
    (is_sure && Looker::new(cx, env).place_of(program).is_none()).then_some(program)
}

/// Its first step looks at everything that it would stop at: one more reason is told beside them.
pub(super) fn looks_first(pipeline: &Pipeline) -> bool {
    pipeline.leaves().first().is_some_and(|leaf| matches!(leaf.work, Work::Prepare(_)))
}
