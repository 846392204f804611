//! How the containers of a compose project stand: waits until they are healthy, tells what ails those that are not.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::hosts::host::Machine;
use crate::steps::docker::compose_program::{ask, missing, placed};
use crate::text::{duration, list as listed, plural};
use crate::tools::docker;
use crate::tools::docker::containers::{self as tool, Container, Standing};
use crate::tools::docker::watched::{Watched, some_need_time};
use crate::work::StepCx;
use crate::work::schedule::pause;

/// How long services may take to be healthy when the step has no `timeout`.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(500);
/// A question about a container that failed may take so long.
const ASK: Duration = Duration::from_secs(20);
/// More containers are not told about.
const MOST: usize = 3;

/// Which containers are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Those that will not get better by themselves.
    Failed,
    /// Those that are not good yet as well.
    NotYet,
}

/// Waits until all containers that `list` names are healthy; one without a health check must go on running, one
/// that ends with 0 has done its work. The text says how many there are.
pub(crate) async fn healthy(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    list: &Cmd,
    title: &str,
) -> Result<String, Failure> {
    let limit = step.frame.limit.unwrap_or_else(|| Instant::now() + TIMEOUT);
    let timeout = if step.frame.limit.is_some() { step.frame.timeout } else { TIMEOUT };
    let mut watched = Watched::default();
    let mut last = Vec::new();
    loop {
        let all = match look_again(step, at, list, &last).await {
            // The time was over while it was asked: what was seen last is the answer.
            Err(_) if !last.is_empty() && is_over(step) => last,
            // Nothing was seen yet: how they stand is worth one more question.
            Err(_) if is_over(step) => at_last(step, at, list).await.map_err(|failure| {
                failure
                    .context(format!("{title}: its containers were not ready within {}", duration(timeout)))
                    .help("give the step a longer `timeout`, if that was expected")
            })?,
            other => other?,
        };
        if all.is_empty() {
            return Err(Failure::new(Kind::Failed, format!("{title} started no container"))
                .help("check `services` and `profiles`"));
        }
        // The engine is slow to tell.
        let asks = watched.is_empty() && some_need_time(&all) && !is_over(step);
        let clock = if asks { clock(step, at).await? } else { None };
        let now = (step.cx.now)();
        watched.look(&all, clock, now);
        let of = |wanted: Standing| -> Vec<&Container> {
            all.iter().filter(|one| watched.standing(one, now) == wanted).collect()
        };
        let failed = of(Standing::Failed);
        if !failed.is_empty() {
            let names = failed.iter().map(|one| format!("`{}` {}", one.service, verb(one)));
            let names = names.collect::<Vec<_>>().join(", ");
            let ids: Vec<String> = failed.iter().map(|one| one.id.clone()).collect();
            return Err(told(step, at, &all, &ids).await.context(format!("{title}: {names}")));
        }
        let waited_for = of(Standing::NotYet);
        if waited_for.is_empty() {
            return Ok(summary(&all));
        }
        let names = waited_for.iter().map(|one| format!("{} ({})", one.service, one.state()));
        let names = names.collect::<Vec<_>>().join(", ");
        let good = all.len() - waited_for.len();
        step.progress(format!("{good} of {} ready, waiting for {names}", all.len()));
        if Instant::now() + LOOK >= limit {
            let names = listed(waited_for.iter().map(|one| &one.service), "and");
            let ids: Vec<String> = waited_for.iter().map(|one| one.id.clone()).collect();
            let heading = format!("{title}: {names} not healthy within {}", duration(timeout));
            return Err(told(step, at, &all, &ids)
                .await
                .context(heading)
                .help("give the step a longer `timeout`, if that was expected"));
        }
        if !pause(LOOK, &step.cx.interrupts).await {
            return Err(step.interrupted(format!("stopped waiting for {title}")));
        }
        last = all;
    }
}

fn is_over(step: &StepCx<'_>) -> bool {
    step.left().is_some_and(|left| left.is_zero())
}

/// A look that the time of the step does not limit.
async fn at_last(step: &mut StepCx<'_>, at: Option<&Machine>, list: &Cmd) -> Result<Vec<Container>, Failure> {
    let limit = step.frame.limit.take();
    let all = look(step, at, list).await;
    step.frame.limit = limit;
    all
}

fn verb(one: &Container) -> String {
    match one.state() {
        state if state.starts_with("ended") || state.starts_with("was") => state,
        state => format!("is {state}"),
    }
}

fn summary(all: &[Container]) -> String {
    let healthy = all.iter().filter(|one| one.health.is_some()).count();
    let ended = all.iter().filter(|one| one.status == "exited").count();
    let mut parts = Vec::new();
    for (count, word) in [(healthy, "healthy"), (all.len() - healthy - ended, "running"), (ended, "done")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    format!("{}: {}", plural(all.len(), "container"), parts.join(", "))
}

/// How the containers that were seen last stand now: they are asked for by their ids. All of them anew when none was seen
/// yet, and when one of them is gone.
async fn look_again(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    list: &Cmd,
    last: &[Container],
) -> Result<Vec<Container>, Failure> {
    let ids: Vec<String> = last.iter().map(|one| one.id.clone()).collect();
    if !ids.is_empty()
        && let Some(done) = ask(step, at, docker::inspect(&ids).timeout(Some(ASK))).await?
        && done.code == 0
    {
        return read(&done);
    }
    look(step, at, list).await
}

/// How the containers that are listed now stand.
async fn look(step: &mut StepCx<'_>, at: Option<&Machine>, list: &Cmd) -> Result<Vec<Container>, Failure> {
    let done = answer(step, at, list.clone()).await?;
    let text = String::from_utf8_lossy(&done.stdout);
    let ids: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    read(&answer(step, at, docker::inspect(&ids)).await?)
}

fn read(done: &Done) -> Result<Vec<Container>, Failure> {
    tool::containers(&done.stdout).map_err(|error| {
        Failure::new(Kind::Failed, error.to_string()).context("docker gave no list of containers")
    })
}

/// What the clock of the engine says, if it says it.
async fn clock(step: &mut StepCx<'_>, at: Option<&Machine>) -> Result<Option<Timestamp>, Failure> {
    let done = ask(step, at, docker::clock().timeout(Some(ASK))).await?;
    Ok(done.and_then(|done| String::from_utf8_lossy(&done.stdout).trim().parse().ok()))
}

async fn answer(step: &mut StepCx<'_>, at: Option<&Machine>, cmd: Cmd) -> Result<Done, Failure> {
    let shown = cmd.to_string();
    let cmd = cmd.timeout(Some(ASK));
    let done = ask(step, at, cmd).await?.ok_or_else(|| missing("where the containers are"))?;
    if done.code == 0 {
        return Ok(done);
    }
    let said = done.tail.lines().last().unwrap_or_default().to_owned();
    let failure = Failure::new(Kind::Failed, said);
    let failure = match docker::advice(&done.tail) {
        Some((what, help)) => failure.context(what).help(help),
        None => failure,
    };
    Err(failure.context(format!("`{shown}` ended with exit code {}", done.code)))
}

/// What ails the containers that `list` names; none when nothing does, or when nobody knows.
pub(crate) async fn trouble(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    list: &Cmd,
    which: Trouble,
) -> Option<String> {
    let all = look(step, at, list).await.ok()?;
    let is_in_trouble = |one: &&Container| match one.standing(one.restarts) {
        Standing::Failed => true,
        Standing::NotYet => which == Trouble::NotYet || one.status == "restarting",
        _ => false,
    };
    let ids: Vec<String> = all.iter().filter(is_in_trouble).map(|one| one.id.clone()).collect();
    if ids.is_empty() {
        return None;
    }
    Some(report(step, at, &all, &ids).await)
}

async fn told(step: &mut StepCx<'_>, at: Option<&Machine>, all: &[Container], ids: &[String]) -> Failure {
    // Why it failed is asked for also when the time of the step is over.
    let limit = step.frame.limit.take();
    let report = report(step, at, all, ids).await;
    step.frame.limit = limit;
    Failure::new(Kind::Failed, report)
}

/// State, last check and last lines of each.
async fn report(step: &mut StepCx<'_>, at: Option<&Machine>, all: &[Container], ids: &[String]) -> String {
    let mut parts = Vec::new();
    for one in all.iter().filter(|one| ids.contains(&one.id)).take(MOST) {
        let mut text = one.trouble();
        let lines = last_lines(step, at, &one.id).await;
        if lines.is_empty() {
            text.push_str("\n  it said nothing");
        } else {
            text.push_str("\n  its last lines:");
            for line in lines {
                text.push_str(&format!("\n    {line}"));
            }
        }
        parts.push(text);
    }
    if ids.len() > MOST {
        parts.push(format!("and {} more", ids.len() - MOST));
    }
    parts.join("\n")
}

async fn last_lines(step: &mut StepCx<'_>, at: Option<&Machine>, id: &str) -> Vec<String> {
    // Its time may be over: these questions have their own.
    let Ok(cmd) = placed(step, at, docker::last_lines(id).timeout(Some(ASK))).await else {
        return Vec::new();
    };
    match step.cx.runner.run(&cmd, &|_, _| ()).await {
        Ok(done) => done.tail.lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}
