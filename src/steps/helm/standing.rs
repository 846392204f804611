//! Looks at what a release is made of, while helm waits and after it.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::call::Call;
use crate::exec::{Cmd, Io};
use crate::failure::Failure;
use crate::tools::helm::members::{KINDS, Standing, standing};
use crate::tools::kubernetes;
use crate::tools::kubernetes::pods::Watched;
use crate::work::StepCx;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(2);
/// How long one look may take.
const ANSWER: Duration = Duration::from_secs(20);

/// What came of waiting for a release.
pub(super) enum Waited {
    /// All of it is ready.
    Ready(Standing),
    /// It will not get ready, or its time is over: why.
    Not(Standing, String),
    /// Nobody can tell: kubectl says nothing that can be read.
    Unknown,
}

/// Something of kubectl about the namespace of a release.
pub(super) fn kubectl(call: &Call<'_>, args: &[&str]) -> Cmd {
    let cmd = kubernetes::kubectl(call.place.cluster).args(["--namespace", &call.place.namespace]);
    cmd.args(args.iter().copied()).io(Io::Capture).timeout(Some(ANSWER))
}

/// How the release stands now; none when kubectl says nothing that can be read. The history knows nothing of it.
pub(super) async fn look(step: &StepCx<'_>, call: &Call<'_>) -> Option<Standing> {
    let list = json(step, &kubectl(call, &["get", KINDS, "--output", "json"])).await?;
    Some(standing(&list, &call.release, &call.place.namespace))
}

/// What a question to kubectl is answered.
pub(super) async fn json(step: &StepCx<'_>, cmd: &Cmd) -> Option<Json> {
    let done = step.cx.runner.run(cmd, &|_, _| ()).await.ok()?;
    serde_json::from_slice(&done.stdout).ok()
}

/// Says how the release stands while something else goes on.
pub(super) async fn watched<T>(step: &StepCx<'_>, call: &Call<'_>, work: impl Future<Output = T>) -> T {
    let watch = async {
        loop {
            tokio::time::sleep(EVERY * 2).await;
            if let Some(standing) = look(step, call).await {
                step.progress(standing.shown());
            }
        }
    };
    tokio::select! {
        biased;
        result = work => result,
        never = watch => never,
    }
}

/// Waits until every pod is ready, and every Job complete where they count.
pub(super) async fn wait(step: &StepCx<'_>, call: &Call<'_>, jobs: bool) -> Result<Waited, Failure> {
    let end = Instant::now() + step.left().map_or(call.timeout, |left| left.mul_f64(0.9).min(call.timeout));
    let mut watched = Watched::default();
    let mut silent = 0;
    loop {
        if step.cx.interrupts.is_pressed() {
            return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
        }
        let Some(standing) = look(step, call).await else {
            silent += 1;
            if silent == 3 || Instant::now() >= end {
                return Ok(Waited::Unknown);
            }
            tokio::time::sleep(EVERY).await;
            continue;
        };
        if let (true, Some(failed)) = (jobs, standing.failed_jobs.first()) {
            let why = failed.clone();
            return Ok(Waited::Not(standing, why));
        }
        if standing.is_ready(jobs) {
            return Ok(Waited::Ready(standing));
        }
        if let Some(why) = watched.look(&standing.troubles, Instant::now()) {
            return Ok(Waited::Not(standing, why));
        }
        if Instant::now() >= end {
            let why = standing.shown();
            return Ok(Waited::Not(standing, why));
        }
        step.progress(standing.shown());
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = step.cx.interrupts.pressed() => {}
        }
    }
}
