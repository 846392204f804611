//! What the end of a task means.

use super::follow::{Followed, Stopped};
use super::following::Following;
use super::wanted::Asked;
use crate::failure::{Failure, Kind};
use crate::text::duration;
use crate::tools::aws::task::{Ended, Task, essential};
use crate::work::StepCx;

/// What came of it.
pub(crate) enum Outcome {
    /// It goes on, and nobody follows it.
    Detached(String),
    /// It ended with this exit code.
    Ended { code: i64, text: String },
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
    match &seen.stopped {
        Some(Stopped::ByUser) => return Err(step.interrupted(format!("task `{name}` was stopped"))),
        Some(Stopped::NotRunning(limit)) => {
            let text = format!("task `{name}` did not run within {} and was stopped", duration(*limit));
            return Err(why(task, &seen.lines, Failure::new(Kind::Failed, text)));
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
            Ok(Outcome::Ended { code: 0, text: format!("{}, exit code 0", following.revision.name) })
        }
        (Ended::Code(code), _) => Ok(Outcome::Ended {
            code,
            text: task.reasons().into_iter().next().unwrap_or_else(|| format!("exit code {code}")),
        }),
        (Ended::Badly(reason), _) => {
            let failure = Failure::new(Kind::Failed, reason).context(format!("task `{name}` failed"));
            Err(why(task, &seen.lines, failure))
        }
    }
}

/// The failure with what AWS says of it. What it means is found out by whoever knows the branches: the task as AWS
/// tells of it (`Task::json`) and the last lines of its log are all that is needed.
fn why(task: &Task, _lines: &[String], failure: Failure) -> Failure {
    let shown = format!("{:#}", failure.error);
    let more = task.reasons().into_iter().filter(|reason| !shown.contains(reason.as_str()));
    more.fold(failure, |failure, reason| failure.help(format!("see what AWS says: {reason}")))
}
