//! A preview of terraform: its text or its JSON lines, and the digest of both.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::disk;
use crate::exec::Done;
use crate::failure::Failure;
use crate::steps::terraform::diagnostics;
use crate::steps::terraform::progress::Progress;
use crate::steps::terraform::{equip, failed};
use crate::tools::terraform::Root;
use crate::tools::terraform::digest::{Digest, PlanText};
use crate::tools::terraform::events::{self as events, Event as Told};
use crate::tools::terraform::saved_plan;
use crate::tools::terraform::text::Diagnostics;
use crate::ui::event::Level;
use crate::work::{SavedPlan, StepCx};

/// A preview as text; with `keep` it is kept for the `Apply` of this run.
pub(crate) async fn plan(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    keep: bool,
    destroy: bool,
) -> Result<String, Failure> {
    let kept = if keep { Some(private_plan()?) } else { None };
    let file = kept.as_ref().map(|saved| saved.file.as_path()).or(out);
    let mut cmd = equip(step, root.plan(file))?.args(step.extra.iter().cloned());
    if destroy {
        cmd = cmd.arg("-destroy");
    }
    let files = files(step, root, out);
    begin(&files)?;
    let text = Mutex::new((PlanText::default(), Diagnostics::default()));
    let done = step
        .run_with(&cmd, &|line| {
            let (plan, found) = &mut *text.lock().unwrap_or_else(PoisonError::into_inner);
            plan.line(line);
            found.line(line);
            step.line(Level::Normal, line);
        })
        .await
        .map_err(|error| step.unanswered(error));
    let done = kept_private(step, &files, done)?;
    let (plan, found) = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.finish().iter().for_each(|found| diagnostics::tell(step, found));
    let digest = plan.digest();
    planned(step, root, &done, digest)?;
    step.facts.plan = kept;
    Ok(if done.code == 0 { "no changes".into() } else { digest.to_string() })
}

/// A preview as JSON lines on standard output.
pub(crate) async fn plan_json(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
) -> Result<String, Failure> {
    let cmd = equip(step, root.plan_json(out))?.args(step.extra.iter().cloned());
    let files = files(step, root, out);
    begin(&files)?;
    let seen = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let masked = step.cx.masks.mask(line);
            let _ = step.cx.ui.data(format!("{masked}\n").as_bytes());
            let told = events::parse(line);
            if let Told::Diagnostic(found) = &told {
                diagnostics::tell(step, found);
            }
            seen.lock().unwrap_or_else(PoisonError::into_inner).take(&told);
        })
        .await
        .map_err(|error| step.unanswered(error));
    let done = kept_private(step, &files, done)?;
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let done = Done { tail: seen.errors(&done.tail), ..done };
    planned(step, root, &done, seen.digest())?;
    Ok(if done.code == 0 { "no changes".into() } else { seen.digest().to_string() })
}

fn planned(step: &mut StepCx<'_>, root: &Root, done: &Done, digest: Digest) -> Result<(), Failure> {
    if done.interrupted {
        return Err(
            step.interrupted(format!("the plan of `{}` was stopped; nothing was changed", step.env.name))
        );
    }
    match done.code {
        0 => step.facts.digest = Some(Digest::default()),
        2 => step.facts.digest = Some(Digest { outputs: digest.outputs || digest.is_empty(), ..digest }),
        code => return Err(failed(step, root, "plan", code, &done.tail)),
    }
    diagnostics::counted(step, step.facts.digest.unwrap_or_default());
    Ok(())
}

/// The files that this plan is kept in: asked for as `--out`, or after `--`.
fn files(step: &StepCx<'_>, root: &Root, out: Option<&Path>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = out.map(Path::to_owned).into_iter().collect();
    let mut words = step.extra.iter();
    while let Some(word) = words.next() {
        let Some(rest) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
        let named = match rest.split_once('=') {
            Some(("out", file)) => Some(file),
            None if rest == "out" => words.next().map(String::as_str),
            _ => None,
        };
        files.extend(named.map(|file| root.dir.join(file)));
    }
    files
}

/// A saved plan holds the values of variables in clear text: nobody else may read it, at no time.
fn begin(files: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        if file.is_file() {
            disk::set_mode(file, 0o600)?;
        } else if !file.exists() {
            disk::write(file, b"", 0o600)?;
        }
    }
    Ok(())
}

/// Says in the files whose plan it is, and removes those that stayed empty.
fn kept_private(step: &StepCx<'_>, files: &[PathBuf], done: Result<Done, Failure>) -> Result<Done, Failure> {
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = disk::read(file)?;
        if bytes.is_empty() {
            disk::remove(file)?;
        } else if let Some(marked) = saved_plan::marked(bytes, &owner(step)) {
            disk::write(file, &marked, 0o600)?;
        }
    }
    done
}

/// Whose plans those of this environment are.
pub(crate) fn owner(step: &StepCx<'_>) -> String {
    format!("{}/{}", step.env.project, step.env.name)
}

/// A place for a plan of this run: private, in memory where the system has such a place.
fn private_plan() -> Result<SavedPlan, Failure> {
    let dir = crate::disk::PrivateDir::new()?;
    Ok(SavedPlan { file: dir.path().join("infractl.tfplan"), dir })
}
