//! Follows a task to its end: phases on one live line, its log as it comes, limits, and whoever presses Ctrl-C.

use std::time::{Duration, Instant};

use serde_json::json;

use super::following::{Following, OnLog};
use super::log::Logs;
use super::record;
use super::wanted::Asked;
use crate::config::model::OnInterrupt;
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::change;
use crate::text::duration;
use crate::tools::aws::task::{self, Task};
use crate::ui::prompt;
use crate::work::StepCx;

/// How long a task may take when it does not say.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// How long it may take to run.
const START: Duration = Duration::from_secs(10 * 60);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(5 * 60);

/// What was seen on the way.
pub(super) struct Followed {
    /// Last lines of the log.
    pub lines: Vec<String>,
    /// A line that `fails-on` names.
    pub bad: Option<String>,
    /// Why it was stopped from here.
    pub stopped: Option<Stopped>,
    /// How it was when it had not begun in time.
    pub before: Option<Task>,
}

/// Why a task was stopped from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stopped {
    ByUser,
    NotRunning(Duration),
    TooLong(Duration),
}

/// How soon it is looked at again.
fn every(since_start: Option<Duration>) -> Duration {
    Duration::from_secs(match since_start {
        None => 1,
        Some(ran) if ran < Duration::from_secs(60) => 1,
        Some(ran) if ran < Duration::from_secs(600) => 3,
        Some(_) => 10,
    })
}

pub(super) async fn follow(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    following: &mut Following<'_>,
    line: OnLog<'_>,
) -> Result<Followed, Failure> {
    let mut logs = Logs::of(step, following, asked.task.fails_on.as_ref().map(|pattern| pattern.0.as_str()));
    let mut limits = Limits::of(asked);
    let (mut phase, mut before) = (String::new(), None);
    let mut presses = step.cx.interrupts.watch();
    let mut answered = following.presses;
    loop {
        look(step, following).await.map_err(|failure| left(step, asked, following, failure))?;
        let now = following.task.status().to_owned();
        if now != phase {
            step.progress(now.to_lowercase());
            step.say(&format!("task {}", now.to_lowercase()));
            phase = now;
        }
        if following.task.has_run() {
            limits.ran.get_or_insert_with(Instant::now);
            logs.read(step, line).await;
        }
        if following.task.is_over() {
            break;
        }
        if limits.stopped.is_none()
            && let Some(why) = limits.over(step)
        {
            before = Some(following.task.clone());
            stop(step, asked, following, &why).await?;
            limits.stop(why);
        }
        if limits.stop_since.is_some_and(|since| since.elapsed() > STOP) {
            let text = format!("task {} does not stop", following.task.id());
            return Err(left(step, asked, following, Failure::new(Kind::Failed, text)));
        }
        let pause = every(limits.ran.map(|ran| ran.elapsed()));
        let is_new = |seen: &crate::exec::Seen| seen.presses > answered;
        let is_pressed =
            tokio::time::timeout(pause, presses.wait_for(is_new)).await.is_ok_and(|seen| seen.is_ok());
        if is_pressed {
            answered = step.cx.interrupts.seen().presses;
            match pressed(step, asked, limits.stopped.is_some()) {
                OnInterrupt::Stop => {
                    stop(step, asked, following, &Stopped::ByUser).await?;
                    limits.stop(Stopped::ByUser);
                }
                OnInterrupt::Leave => {
                    let failure =
                        step.interrupted(format!("task `{}` goes on, and nobody follows it", asked.name));
                    return Err(left(step, asked, following, failure));
                }
                // They want to go on: these presses end nothing.
                OnInterrupt::Ask => {
                    let presses = step.cx.interrupts.seen().presses;
                    step.cx.interrupts.theirs(presses - following.presses);
                    following.presses = presses;
                    answered = presses;
                }
            }
        }
    }
    logs.end(step, line, following.task.has_run()).await;
    let lines = logs.tail.lines();
    Ok(Followed { lines, bad: logs.bad, stopped: limits.stopped, before })
}

struct Limits {
    start: Duration,
    whole: Duration,
    since: Instant,
    ran: Option<Instant>,
    stopped: Option<Stopped>,
    stop_since: Option<Instant>,
}

impl Limits {
    fn of(asked: &Asked<'_>) -> Limits {
        let or =
            |period: Option<crate::config::model::Period>, usual| period.map_or(usual, |period| period.0);
        Limits {
            start: or(asked.task.start_timeout, START),
            whole: or(asked.task.timeout, TIMEOUT),
            since: Instant::now(),
            ran: None,
            stopped: None,
            stop_since: None,
        }
    }

    /// Why it must end now, if it must.
    fn over(&self, step: &StepCx<'_>) -> Option<Stopped> {
        match self.ran {
            None if self.since.elapsed() > self.start => Some(Stopped::NotRunning(self.start)),
            Some(ran) if ran.elapsed() > self.whole => Some(Stopped::TooLong(self.whole)),
            _ if step.left().is_some_and(|left| left.is_zero()) => Some(Stopped::TooLong(step.frame.timeout)),
            _ => None,
        }
    }

    fn stop(&mut self, why: Stopped) {
        self.stopped.get_or_insert(why);
        self.stop_since.get_or_insert_with(Instant::now);
    }
}

/// Takes a fresh look at it. What passes is waited out: the task goes on meanwhile.
async fn look(step: &StepCx<'_>, following: &mut Following<'_>) -> Result<(), Failure> {
    let body = json!({ "cluster": following.cluster, "tasks": [following.task.arn()] });
    match following.reader.ask(step, &ECS, "DescribeTasks", &body).await {
        Ok(answer) => match task::read(&answer) {
            (mut tasks, _) if !tasks.is_empty() => {
                following.task = tasks.remove(0);
                Ok(())
            }
            (_, failures) => Err(Failure::new(Kind::Failed, failures.join(", "))
                .context(format!("AWS does not know task {} any more", following.task.id()))
                .help("check `cluster` and `region`; AWS forgets a task an hour after its end")),
        },
        Err(wrong) if wrong.is_passing() => {
            step.say(&format!("AWS does not answer ({}): asked again", words(&wrong)));
            Ok(())
        }
        Err(wrong) => Err(wrong.failure("nobody knows how the task is")),
    }
}

fn words(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Unreached(answer) => answer.text.clone(),
        wrong => wrong.code().to_owned(),
    }
}

/// What is to be done when somebody has pressed Ctrl-C; to go on is the answer `ask`.
fn pressed(step: &StepCx<'_>, asked: &Asked<'_>, is_stopping: bool) -> OnInterrupt {
    let is_term = step.cx.interrupts.seen().last == Some(crate::exec::Press::Term);
    match asked.task.on_interrupt.unwrap_or_default() {
        _ if is_stopping => OnInterrupt::Leave,
        OnInterrupt::Ask if step.cx.ui.mode.can_ask && !is_term => {
            step.cx.interrupts.heard();
            let ways = ["stop the task", "leave it running", "go on following it"].map(str::to_owned);
            match prompt::pick(&step.cx.ui, &format!("Task `{}` runs in AWS", asked.name), &ways).as_deref() {
                Ok("stop the task") => OnInterrupt::Stop,
                Ok("go on following it") => OnInterrupt::Ask,
                _ => OnInterrupt::Leave,
            }
        }
        OnInterrupt::Ask => OnInterrupt::Leave,
        said => said,
    }
}

async fn stop(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    following: &Following<'_>,
    why: &Stopped,
) -> Result<(), Failure> {
    let reason = match why {
        Stopped::ByUser => "infractl: interrupted".to_owned(),
        Stopped::NotRunning(limit) => format!("infractl: it did not run within {}", duration(*limit)),
        Stopped::TooLong(limit) => format!("infractl: it took longer than {}", duration(*limit)),
    };
    step.say(&format!("stopping {}", following.task.id()));
    let input = json!({ "cluster": following.cluster, "task": following.task.arn(), "reason": reason });
    let stopped = change(step, &ECS, following.reader.region(), "StopTask", &input).await;
    stopped.map(|_| ()).map_err(|wrong| {
        let failed = format!("task {} was not stopped", following.task.id());
        left(step, asked, following, wrong.failure(&failed))
    })
}

/// The task goes on without us: how it is found again.
fn left(step: &StepCx<'_>, asked: &Asked<'_>, following: &Following<'_>, failure: Failure) -> Failure {
    for started in record::all(step.env, asked.name) {
        if started.arn.as_deref() == Some(following.task.arn()) {
            let _ = record::Started { is_left: true, ..started }.keep(step.env, asked.name);
        }
    }
    let (env, name, id) = (&step.env.name, asked.name, following.task.id());
    failure.help(format!("follow it again: `infractl run {env} {name} --attach {id}`")).help(format!(
        "stop it: `aws ecs stop-task --region {} --cluster {} --task {id}`",
        following.reader.region(),
        following.cluster
    ))
}
