//! What is told when a wait for an object of Kubernetes was in vain: pods, warnings, the end of a log.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use crate::steps::kubectl::{json, kubectl, try_look};
use crate::tools::kubernetes::pods::{Trouble, warnings};
use crate::work::StepCx;

/// What the last look found wrong.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its pods that are not ready.
    pub troubles: Vec<Trouble>,
}

/// So many warnings and lines of a log are shown in the end.
const WARNINGS: usize = 5;
const LINES: &str = "--tail=20";
/// So many pods are told of.
const PODS: usize = 10;
/// How long the end may take to explain.
const EXPLAIN: Duration = Duration::from_secs(15);

impl Seen {
    /// Says in the end what the pods, the warnings and the log of a container that crashed say.
    pub(super) async fn explain(&self, step: &mut StepCx<'_>) {
        let limit = step.frame.limit.replace(Instant::now() + EXPLAIN);
        for trouble in self.troubles.iter().take(PODS) {
            step.say(&format!("not ready: {trouble}"));
        }
        if let Some(events) = events(step, &self.namespace).await {
            let pods = |name: &str| name == self.name || name.starts_with(&format!("{}-", self.name));
            for line in warnings(&events, pods, WARNINGS) {
                step.say(&format!("warning: {line}"));
            }
        }
        if let Some(crashed) = self.troubles.iter().find(|trouble| trouble.has_run()) {
            log(step, &self.namespace, crashed).await;
        }
        step.frame.limit = limit;
    }
}

/// A text in an object; empty if there is none.
pub(super) fn text_of<'j>(object: &'j Json, pointer: &str) -> &'j str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// The warnings of a namespace.
pub(super) async fn events(step: &StepCx<'_>, namespace: &str) -> Option<Vec<Json>> {
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    let words = ["get", "events", "-o", "json", "--field-selector", "type=Warning", "--namespace", namespace];
    let done = try_look(step, &kubectl(step).ok()?.args(words)).await.ok()?;
    Some(json(&done).ok()??["items"].as_array()?.clone())
}

/// The end of what a container said before it crashed.
async fn log(step: &StepCx<'_>, namespace: &str, crashed: &Trouble) {
    let Some(container) = &crashed.container else { return };
    for before in [&["--previous"][..], &[]] {
        let Ok(cmd) = kubectl(step) else { return };
        let cmd = cmd.args(["logs", &crashed.pod, "--container", container, LINES, "--namespace", namespace]);
        let Ok(done) = try_look(step, &cmd.args(before.iter().copied())).await else { continue };
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        if text.trim().is_empty() {
            continue;
        }
        step.say(&format!("the end of the log of {} ({container}):", crashed.pod));
        text.lines().for_each(|line| step.say(line));
        return;
    }
}
