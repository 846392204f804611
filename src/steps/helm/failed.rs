//! Why a release is not what it should be: told before anything is taken back, for with it goes what shows the reason.

use super::call::Call;
use super::standing::{json, kubectl, look};
use crate::tools::helm::members::Standing;
use crate::tools::kubernetes::pods::{Trouble, warnings};
use crate::work::StepCx;

/// So many pods are told, and so many warnings.
const PODS: usize = 5;
const WARNINGS: usize = 5;
/// So many last lines of a log.
const LINES: &str = "8";

/// Tells how the release stands: its pods that are not ready, Jobs that failed, the last warnings, the ends of logs. The
/// text is the reason that says most.
pub(super) async fn evidence(
    step: &StepCx<'_>,
    call: &Call<'_>,
    standing: Option<Standing>,
) -> Option<String> {
    let standing = match standing {
        Some(standing) => standing,
        None => look(step, call).await?,
    };
    let troubles: Vec<&Trouble> = standing.troubles.iter().chain(&standing.job_troubles).collect();
    for trouble in troubles.iter().take(PODS) {
        step.say(&format!("pod {trouble}"));
    }
    if troubles.len() > PODS {
        step.say(&format!("and {} more pods are not ready", troubles.len() - PODS));
    }
    for line in standing.failed_jobs.iter().chain(&standing.open) {
        step.say(line);
    }
    let events = ["get", "events", "--field-selector", "type=Warning", "--output", "json"];
    if let Some(events) = json(step, &kubectl(call, &events)).await {
        let events = events["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for line in warnings(events, |name| standing.names.contains(name), WARNINGS) {
            step.say(&format!("event {line}"));
        }
    }
    if let Some(trouble) = troubles.iter().find(|trouble| trouble.has_run()) {
        log(step, call, trouble).await;
    }
    let reason = troubles.first().map(|trouble| format!("pod {trouble}"));
    standing.failed_jobs.first().cloned().or(reason).or_else(|| standing.open.first().cloned())
}

/// The last lines of a container that has run: those of its last life, where it began another.
async fn log(step: &StepCx<'_>, call: &Call<'_>, trouble: &Trouble) {
    let container = trouble.container.as_deref().unwrap_or_default();
    for previous in [trouble.restarts > 0, false] {
        let mut args = vec!["logs", &trouble.pod, "--tail", LINES];
        if !container.is_empty() {
            args.extend(["--container", container]);
        }
        if previous {
            args.push("--previous");
        }
        let Ok(done) = step.cx.runner.run(&kubectl(call, &args), &|_, _| ()).await else { return };
        let text = String::from_utf8_lossy(&done.stdout);
        if done.code != 0 || text.trim().is_empty() {
            continue;
        }
        for line in text.lines() {
            step.say(&format!("{} | {}", trouble.pod, crate::text::plain(line)));
        }
        return;
    }
}
