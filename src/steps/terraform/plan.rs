//! A preview of terraform: its text or its JSON lines, and the digest of both.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::disk;
use crate::exec::{Channel, Done};
use crate::failure::Failure;
use crate::steps::terraform::diagnostics;
use crate::steps::terraform::progress::Progress;
use crate::steps::terraform::words::said_already;
use crate::steps::terraform::{equip, failed};
use crate::tools::terraform::Root;
use crate::tools::terraform::digest::{Digest, PlanText};
use crate::tools::terraform::events::{self as events, Event as Told};
use crate::tools::terraform::text::Diagnostics;
use crate::tools::terraform::{flags, saved_plan};
use crate::ui::event::Level;
use crate::work::StepCx;

/// A preview as text.
pub(crate) async fn plan(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    words: &[String],
) -> Result<String, Failure> {
    let cmd = said_already(equip(step, root.plan(out))?).args(words.iter().cloned());
    let files = files(root, out, words);
    begin(&files)?;
    let text = Mutex::new((PlanText::default(), Diagnostics::default()));
    let done = step
        .run_channels(&cmd, &|channel, line| {
            let (plan, found) = &mut *text.lock().unwrap_or_else(PoisonError::into_inner);
            plan.line(line);
            found.line(line);
            match channel {
                Channel::Out => step.report(line),
                Channel::Err => step.line(Level::Important, line),
            }
        })
        .await
        .map_err(|error| step.unanswered(error));
    let done = kept_private(step, &files, done)?;
    let (plan, found) = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.finish().iter().for_each(|found| diagnostics::tell(step, found));
    let digest = plan.digest();
    judged(step, root, &done, digest, words)?;
    Ok(if done.code == 0 { "no changes".into() } else { digest.to_string() })
}

/// A preview as JSON lines on standard output.
pub(crate) async fn plan_json(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    words: &[String],
) -> Result<String, Failure> {
    let cmd = said_already(equip(step, root.plan_json(out))?).args(words.iter().cloned());
    let files = files(root, out, words);
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
    judged(step, root, &done, seen.digest(), words)?;
    Ok(if done.code == 0 { "no changes".into() } else { seen.digest().to_string() })
}

/// What came of a plan, told.
pub(super) fn judged(
    step: &mut StepCx<'_>,
    root: &Root,
    done: &Done,
    digest: Digest,
    words: &[String],
) -> Result<(), Failure> {
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
    if done.code == 2 && flags::asks(words, "detailed-exitcode") {
        step.facts.differences.push("there is something to change".to_owned());
    }
    diagnostics::counted(step, step.facts.digest.unwrap_or_default());
    Ok(())
}

/// The files that this plan is kept in: asked for as `--out`, or after `--`.
fn files(root: &Root, out: Option<&Path>, words: &[String]) -> Vec<PathBuf> {
    let named = flags::values(words, "out").into_iter().map(|file| root.dir.join(file));
    out.map(Path::to_owned).into_iter().chain(named).collect()
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
