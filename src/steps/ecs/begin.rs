//! Starts a task once, whatever happens to the answer.

use super::find::again;
use super::record::{self, Started};
use super::wanted::{Asked, Wanted, main};
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::service::{is_no_cluster, no_cluster};
use crate::steps::aws::{Reader, change, why};
use crate::tools::aws::definition::Revision;
use crate::tools::aws::stopped;
use crate::tools::aws::task::{self, Task};
use crate::work::StepCx;

/// The task: a new one, or the one that a run which was killed has left.
pub(super) async fn begun(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    reader: &Reader,
    wanted: &Wanted,
    revision: &Revision,
) -> Result<Task, Failure> {
    let main = main(revision.definition(), wanted.container.as_deref(), asked.name)?;
    let mut input = wanted.run_task(&revision.name, &main);
    let same = input.to_string();
    if let Some(task) = orphan(step, asked, reader, &same).await? {
        return Ok(task);
    }
    let mut started = Started::new(step, &wanted.cluster, &same);
    started.keep(step.env, asked.name)?;
    input["clientToken"] = started.token.as_str().into();
    input["startedBy"] = started.started_by.as_str().into();
    step.progress("starting");
    let failed = format!("task `{}` was not started", asked.name);
    let explained = |words: &str, failure: Failure| {
        let told = stopped::Stopped::refused(reader.region(), &wanted.cluster, words);
        why(step, &asked.task.diagnose, &told, failure)
    };
    let answer = match change(step, &ECS, reader.region(), "RunTask", &input).await {
        Ok(answer) => answer,
        Err(wrong @ Wrong::Refused(_)) if !wrong.is_passing() => {
            started.forget(step.env, asked.name);
            if is_no_cluster(&wrong) {
                return Err(no_cluster(reader, &wanted.cluster).context(failed));
            }
            let failure = wrong.failure(&failed);
            return Err(explained(&format!("{:#}", failure.error), failure));
        }
        Err(wrong) => {
            // The answer may be lost, and the task there all the same.
            return match again(step, reader, &started).await {
                Ok(Some(task)) => Ok(known(step, asked, &mut started, task)?),
                Ok(None) => {
                    started.forget(step.env, asked.name);
                    Err(wrong.failure(&failed))
                }
                Err(_) => Err(wrong.failure(&format!(
                    "nobody knows whether task `{}` was started: `infractl run {} {} --attach` looks again",
                    asked.name, step.env.name, asked.name
                ))),
            };
        }
    };
    let (tasks, failures) = task::read(&answer);
    if let Some(task) = tasks.into_iter().next() {
        return known(step, asked, &mut started, task);
    }
    started.forget(step.env, asked.name);
    let words = if failures.is_empty() { "AWS gives no reason".to_owned() } else { failures.join(", ") };
    Err(explained(&words, Failure::new(Kind::Failed, words.clone()).context(failed)))
}

fn known(step: &StepCx<'_>, asked: &Asked<'_>, started: &mut Started, task: Task) -> Result<Task, Failure> {
    started.arn = Some(task.arn().to_owned());
    started.keep(step.env, asked.name)?;
    Ok(task)
}

/// A task that asks for the same, of a run that was killed: it is followed, not started twice.
async fn orphan(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    reader: &Reader,
    same: &str,
) -> Result<Option<Task>, Failure> {
    for started in record::all(step.env, asked.name) {
        if !started.is_orphan() {
            continue;
        }
        let found = again(step, reader, &started).await.map_err(|failure| {
            let file = crate::work::relative(step, &started.file(step.env, asked.name));
            failure.help(format!("if it runs no more, remove `{file}`: then nobody looks for it"))
        })?;
        let goes_on = found.filter(|task| !task.is_over());
        match goes_on {
            Some(task) if started.input == same => {
                let mine = Started { pid: std::process::id(), arn: Some(task.arn().to_owned()), ..started };
                mine.keep(step.env, asked.name)?;
                step.cx.ui.warn(format!(
                    "the run that started task {} at {} was killed, and the task goes on: it is followed, no second one is started",
                    task.id(),
                    mine.at
                ));
                return Ok(Some(task));
            }
            Some(task) => step.cx.ui.warn(format!(
                "task {} of a run that was killed goes on, with another definition or command: `infractl run {} {} --attach {}` follows it",
                task.id(), step.env.name, asked.name, task.id()
            )),
            None => started.forget(step.env, asked.name),
        }
    }
    Ok(None)
}
