//! Installs a release or brings it up to date: looked at first, compared, done, looked at again.

use std::time::Duration;

use super::call::{Call, judged, judged_by};
use super::failed::evidence;
use super::repair::{Left, repair};
use super::standing::{Waited, wait, watched};
use crate::config::model::Helm;
use crate::exec::Done;
use crate::failure::{Failure, Kind};
use crate::text::{self, plural};
use crate::tools::helm::release::{Release, last_deployed, listed_chart};
use crate::tools::helm::trouble;
use crate::tools::helm::{self as tool, Major, Wanted, compare};
use crate::work::StepCx;
use crate::work::values::Known;

/// Does it; the text says what is there now.
pub(super) async fn run(step: &mut StepCx<'_>, helm: &Helm) -> Result<String, Failure> {
    let known = Known::of(step);
    let mut call = Call::new(step, helm, &known)?;
    let wanted = call.wanted(step, helm, &known)?;
    let major = call.major(step, helm).await?;
    if helm.login {
        call.log_in(step, &known).await?;
    }
    let mut release = call.status(step).await?;
    if let Some((there, pending)) = release.as_ref().and_then(|release| Some((release, release.pending()?))) {
        repair(step, &call, major, helm, (there, pending, Left::BySomebody)).await?;
        release = call.status(step).await?;
    }
    let title = title(&call);
    if let Some(there) = release.as_ref().filter(|release| release.status == "deployed")
        && differences(step, &call, &wanted, there).await?.is_empty()
    {
        let stands = stands(step, &call, helm).await.map_err(|failure| failure.context(title))?;
        return Ok(format!("already there, revision {}{stands}", there.revision));
    }
    let cmd = tool::upgrade(&call.place, major, &wanted).dir(&step.env.root);
    let result = if helm.waits() { watched(step, &call, step.run(&cmd)).await } else { step.run(&cmd).await };
    let done = match result {
        Ok(done) if done.code == 0 && !done.interrupted => done,
        result => return Err(given_up(step, &call, (major, helm), result).await.context(title)),
    };
    let revision =
        Release::parse(&done.stdout).map_or_else(String::new, |one| format!("revision {}", one.revision));
    match stands(step, &call, helm).await {
        Ok(stands) => Ok(format!("{revision}{stands}")),
        Err(failure) => {
            let failure = taken_back(step, &call, (major, helm), failure).await;
            Err(failure.context(title))
        }
    }
}

fn title(call: &Call<'_>) -> String {
    let (release, namespace) = (&call.release, &call.place.namespace);
    format!("the release `{release}` in the namespace `{namespace}` is not as it should be")
}

/// What an upgrade would change.
pub(super) async fn differences(
    step: &StepCx<'_>,
    call: &Call<'_>,
    wanted: &Wanted,
    there: &Release,
) -> Result<Vec<String>, Failure> {
    let done = call.ask(step, tool::preview(&call.place, wanted)).await?;
    judged(step, &done, &format!("`helm upgrade --dry-run` of `{}`", call.release))?;
    let Some(would) = Release::parse(&done.stdout) else {
        return Err(Failure::new(Kind::Failed, "helm says nothing of the upgrade that can be read"));
    };
    let mut is = there.clone();
    if is.chart.is_none() {
        let listed = call.ask(step, tool::list(&call.place, &call.release)).await?;
        is.chart = listed_chart(&listed.stdout);
    }
    Ok(compare::differences(&is, &would))
}

/// How the release stands after helm has had its say: `, 3 pods ready`.
async fn stands(step: &StepCx<'_>, call: &Call<'_>, helm: &Helm) -> Result<String, Failure> {
    if !helm.waits() {
        return Ok(String::new());
    }
    match wait(step, call, helm.wait_for_jobs).await? {
        Waited::Ready(standing) if standing.pods == 0 => Ok(String::new()),
        Waited::Ready(standing) => Ok(format!(", {} ready", plural(standing.pods, "pod"))),
        Waited::Not(standing, why) => {
            evidence(step, call, Some(standing)).await;
            Err(Failure::new(Kind::Failed, why).context("it is not ready, whatever helm says"))
        }
        Waited::Unknown => {
            step.cx.ui.warn("kubectl says nothing of the pods of the release: only helm has looked at them");
            Ok(String::new())
        }
    }
}

/// Helm has failed: what its pods say, what is left, what that means.
async fn given_up(
    step: &StepCx<'_>,
    call: &Call<'_>,
    (major, helm): (Major, &Helm),
    result: Result<Done, Failure>,
) -> Failure {
    let tail = result.as_ref().map(|done| done.tail.clone()).unwrap_or_default();
    let was_stopped = step.cx.interrupts.is_pressed();
    let is_busy = trouble::is_busy(&tail);
    // What helm refuses before it changes anything has no pods.
    let is_of_pods = trouble::advice(&tail).is_none_or(|advice| advice.is_of_pods);
    let has_reason = is_of_pods && !is_busy && !was_stopped;
    let reason = if has_reason { evidence(step, call, None).await } else { None };
    let failure = match result {
        Err(failure) => match reason {
            Some(reason) => failure.context(reason),
            None => failure,
        },
        Ok(done) => match judged_by(step, &done, "`helm upgrade --install`", reason) {
            Err(failure) => failure,
            Ok(()) => Failure::new(Kind::Bug, "helm did well, and was given up"),
        },
    };
    if was_stopped {
        return failure
            .help(format!("run this again: helm has marked the release `{}` as failed", call.release));
    }
    if is_busy {
        return failure;
    }
    let Ok(Some(left)) = tokio::time::timeout(Duration::from_secs(20), left(call, step)).await else {
        return failure;
    };
    if let Some(pending) = left.pending() {
        return match repair(step, call, major, helm, (&left, pending, Left::ByUs)).await {
            Ok(()) => failure.help("run this again: the release was repaired"),
            Err(other) => other.help.into_iter().fold(failure, Failure::help),
        };
    }
    taken_back(step, call, (major, helm), failure).await
}

/// The release as it is after helm has ended, whatever is left of the step's own time.
async fn left(call: &Call<'_>, step: &StepCx<'_>) -> Option<Release> {
    let cmd =
        tool::status(&call.place, &call.release).dir(&step.env.root).timeout(Some(Duration::from_secs(15)));
    let done = step.cx.runner.run(&cmd, &|_, _| ()).await.ok()?;
    Release::parse(&done.stdout)
}

/// Goes back to what was deployed before, when that was asked for; what showed the reason has been told.
async fn taken_back(
    step: &StepCx<'_>,
    call: &Call<'_>,
    (major, helm): (Major, &Helm),
    failure: Failure,
) -> Failure {
    if !helm.rollback_on_failure {
        return failure;
    }
    let now = left(call, step).await;
    let history = tool::history(&call.place, &call.release).dir(&step.env.root);
    let history = step.cx.runner.run(&history.timeout(Some(Duration::from_secs(15))), &|_, _| ()).await;
    let Some((now, history)) = now.zip(history.ok()) else {
        return failure.help("go back by hand: helm does not answer any more");
    };
    // A revision that is deployed and not ready is not what is gone back to.
    let back = last_deployed(&before(&history.stdout, now.revision));
    let (cmd, what) = match back {
        Some(revision) => (
            tool::rollback(&call.place, &call.release, revision, call.timeout),
            format!("went back to revision {revision}"),
        ),
        None => (
            tool::uninstall(&call.place, major, &call.release, call.timeout),
            "removed it: no revision before was deployed".to_owned(),
        ),
    };
    step.say(&format!("`{}` goes back: {what}", call.release));
    // The time of the step may be over; what it began is taken back all the same.
    let cmd = cmd.dir(&step.env.root).timeout(Some(call.timeout + Duration::from_secs(30)));
    let line = |_, text: &str| step.say(text);
    match step.cx.runner.run(&cmd, &line).await {
        Ok(done) if done.code == 0 => failure.help(format!("look at what is told above: infractl {what}")),
        Ok(done) => failure.help(format!(
            "go back by hand, `helm {}` ended with exit code {}: {}",
            if back.is_some() { "rollback" } else { "uninstall" },
            done.code,
            text::last_line(&done.tail)
        )),
        Err(error) => failure.help(format!("go back by hand: {error}")),
    }
}

/// A history without its last revision.
fn before(history: &[u8], last: u64) -> Vec<u8> {
    let all: Vec<serde_json::Value> = serde_json::from_slice(history).unwrap_or_default();
    let all: Vec<_> = all.into_iter().filter(|one| one["revision"].as_u64() != Some(last)).collect();
    serde_json::to_vec(&all).unwrap_or_default()
}
