//! What the end of a task means.

use super::follow::{Followed, Stopped};
use super::following::Following;
use super::wanted::Asked;
use crate::failure::{Failure, Kind};
use crate::steps::aws::{crashes, why};
use crate::text::duration;
use crate::tools::aws::stopped;
use crate::tools::aws::task::{Ended, essential};
use crate::work::StepCx;

/// What came of it.
pub(crate) enum Outcome {
    /// It goes on, and nobody follows it.
    Detached(String),
    /// It ended well.
    Done(String),
    /// It ended with this exit code, and what that means.
    Code(i64, Failure),
}

/// The exit code, or why there is none that is the task's own.
pub(super) fn judged(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    following: &Following<'_>,
    seen: &Followed,
) -> Result<Outcome, Failure> {
    let (task, name) = (&following.task, asked.name);
    // AWS forgets it within an hour: the log of the run keeps it.
    step.line(crate::ui::event::Level::Detail, format!("task {}", task.json()));
    for (container, digest) in task.digests() {
        step.line(crate::ui::event::Level::Detail, format!("{container} was {digest}"));
    }
    let explained = |failure: Failure| {
        let told = stopped::Stopped::of(task.json(), following.revision.definition(), &seen.lines);
        why(step, &asked.task.diagnose, &told, failure)
    };
    match &seen.stopped {
        Some(Stopped::ByUser) => return Err(step.interrupted(format!("task `{name}` was stopped"))),
        Some(Stopped::NotRunning(limit)) => {
            // That it was stopped from here is no reason: what held it up is.
            let last = seen.before.as_ref().unwrap_or(task);
            let (status, limit) = (last.status(), duration(*limit));
            let mut json = last.json().clone();
            json["stoppedReason"] = format!("still {status} after {limit}").into();
            let told = stopped::Stopped::of(&json, following.revision.definition(), &seen.lines);
            let text =
                format!("task `{name}` did not run within {limit}: it was still {status} and was stopped");
            return Err(why(step, &asked.task.diagnose, &told, Failure::new(Kind::Failed, text)));
        }
        Some(Stopped::TooLong(limit)) => {
            let text = format!("task `{name}` took longer than {} and was stopped", duration(*limit));
            return Err(Failure::new(Kind::Failed, text)
                .help("give the task a longer `timeout`, if that was expected"));
        }
        None => {}
    }
    let essential = essential(following.revision.definition());
    for (container, code) in task.limping(&following.main) {
        if !essential.contains(&container) {
            step.cx.ui.warn(format!("`{container}` of task `{name}` ended with {code}"));
        }
    }
    match (task.ended(&following.main, &essential), &seen.bad) {
        (Ended::Code(0), Some(line)) => Err(Failure::new(Kind::Failed, line.clone())
            .context(format!("task `{name}` ended with 0, but printed what `fails-on` names"))),
        (Ended::Code(0), None) => {
            crashes::forget(step);
            Ok(Outcome::Done(format!("{}, exit code 0", following.revision.name)))
        }
        (Ended::Code(code), _) => {
            let text = format!("task `{name}` of `{}` ended with exit code {code}", step.env.name);
            Ok(Outcome::Code(code, explained(Failure::new(Kind::Failed, text))))
        }
        (Ended::Badly(reason), _) => {
            let text = format!("task `{name}` of `{}` failed", step.env.name);
            Err(explained(Failure::new(Kind::Failed, reason).context(text)))
        }
    }
}
