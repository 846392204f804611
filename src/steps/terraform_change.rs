//! An apply or a destroy, with its progress.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::terraform::{equip, failed};
use super::terraform_progress::{Progress, show};
use super::{StepCx, diagnostics};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::Root;
use crate::tools::terraform_events as events;

/// Applies a saved plan, the one kept by this run, or whatever is needed.
pub(super) async fn apply(
    step: &mut StepCx<'_>,
    root: &Root,
    plan: Option<&Path>,
) -> Result<String, Failure> {
    let cmd = match plan.or(step.facts.plan.as_ref().map(|saved| saved.file.as_path())) {
        Some(file) if !file.is_file() => {
            return Err(Failure::new(Kind::Usage, format!("there is no plan `{}`", file.display()))
                .help(format!("run `infractl plan {} --out {}`", step.env.name, file.display())));
        }
        Some(file) => root.apply_plan(file),
        None => root.apply(),
    };
    change(step, root, cmd, "apply").await
}

/// An apply or a destroy, with its progress.
pub(super) async fn change(
    step: &mut StepCx<'_>,
    root: &Root,
    cmd: Cmd,
    verb: &str,
) -> Result<String, Failure> {
    let cmd = equip(step, cmd)?.args(step.extra.iter().cloned());
    let progress = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let told = events::parse(line);
            show(step, &told);
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.take(&told);
            if let Some(text) = progress.text() {
                step.progress(text);
            }
        })
        .await?;
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    // The outputs of before are no longer those of the state, and a plan is good for one time only.
    step.facts.outputs = None;
    step.facts.plan = None;
    if done.interrupted {
        return Err(stopped(step, verb, &progress));
    }
    if done.code != 0 {
        let tail = progress.errors(&done.tail);
        return Err(failed(step, root, verb, done.code, &tail));
    }
    let digest = progress.digest();
    step.facts.digest = Some(digest);
    diagnostics::counted(step, digest);
    Ok(if digest.is_empty() { "no changes".into() } else { digest.to_string() })
}

/// How an interrupted run ended is read from what terraform told, never from its exit code.
fn stopped(step: &StepCx<'_>, verb: &str, progress: &Progress) -> Failure {
    let name = &step.env.name;
    if progress.finished {
        return step
            .interrupted(format!("terraform finished the {verb} of `{name}` before it stopped"))
            .help(format!("run `infractl genenv {name}`: the environment file was not written again"));
    }
    step.interrupted(format!(
        "the {verb} of `{name}` was stopped: {} of {} resources done",
        progress.done, progress.planned
    ))
    .help(format!("run `infractl plan {name}` to see what is left; the environment file is as it was"))
}
