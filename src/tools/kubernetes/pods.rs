//! Pods that are not ready: why, and whether waiting helps.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::verdict::find;

/// A pod that is not ready, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Its name.
    pub pod: String,
    /// The container that is meant, if one is.
    pub container: Option<String>,
    /// One word of the API: `ImagePullBackOff`.
    pub reason: String,
    /// What the API says besides.
    pub text: String,
    /// How often the container was started again.
    pub restarts: u64,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.pod)?;
        if let Some(container) = &self.container {
            write!(f, " ({container})")?;
        }
        write!(f, ": {}", self.reason)?;
        if self.restarts > 0 {
            write!(
                f,
                ", started again {}",
                crate::text::plural(usize::try_from(self.restarts).unwrap_or(usize::MAX), "time")
            )?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

impl Trouble {
    /// Its container ran and ended: it has a log that says why.
    pub(crate) fn has_run(&self) -> bool {
        self.restarts > 0 || matches!(self.reason.as_str(), "Error" | "CrashLoopBackOff" | "OOMKilled")
    }
}

/// How long something may be so that may get well, before it counts as never.
const PATIENCE: [(&str, Duration); 3] = [
    ("InvalidImageName", Duration::ZERO),
    // What it names may come a moment later.
    ("CreateContainerConfigError", Duration::from_secs(10)),
    ("Unschedulable", Duration::from_secs(60)),
];
/// How often an image is looked for, or a container started, before it counts as never.
const TIMES: u32 = 3;

/// What is said of pods again and again while they are waited for.
#[derive(Debug, Default)]
pub(crate) struct Watched(BTreeMap<(String, String), (u32, Instant)>);

impl Watched {
    /// Another look at them; what will not get well by itself, if something will not.
    pub(crate) fn look(&mut self, troubles: &[Trouble], now: Instant) -> Option<String> {
        let key = |trouble: &Trouble| (trouble.pod.clone(), family(trouble).to_owned());
        self.0.retain(|known, _| troubles.iter().any(|trouble| key(trouble) == *known));
        for trouble in troubles {
            self.0.entry(key(trouble)).or_insert((0, now)).0 += 1;
        }
        let hopeless = |trouble: &&Trouble| {
            let Some((times, since)) = self.0.get(&key(trouble)) else { return false };
            let patience = PATIENCE.iter().find(|(reason, _)| *reason == trouble.reason);
            match trouble.reason.as_str() {
                "CrashLoopBackOff" => trouble.restarts >= u64::from(TIMES),
                "ErrImagePull" | "ImagePullBackOff" => is_missing(&trouble.text) && *times >= TIMES,
                _ => patience.is_some_and(|(_, longest)| now.duration_since(*since) >= *longest),
            }
        };
        troubles.iter().find(hopeless).map(ToString::to_string)
    }
}

/// Two words of the API for one thing, which come in turns.
fn family(trouble: &Trouble) -> &str {
    if trouble.reason == "ErrImagePull" { "ImagePullBackOff" } else { &trouble.reason }
}

fn is_missing(text: &str) -> bool {
    let text = text.to_lowercase();
    ["not found", "manifest unknown", "does not exist"].iter().any(|words| text.contains(words))
}

/// Why a pod is not ready; none if it is, or has ended well.
pub(crate) fn trouble(pod: &Json) -> Option<Trouble> {
    let text = |object: &Json, pointer: &str| {
        object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    let name = text(pod, "/metadata/name");
    let phase = text(pod, "/status/phase");
    let is_ready = find(pod, "Ready").is_some_and(|one| text(one, "/status") == "True");
    if phase == "Succeeded" || (is_ready && phase == "Running") {
        return None;
    }
    let nothing = Trouble {
        pod: name,
        container: None,
        reason: if phase.is_empty() { "Pending".to_owned() } else { phase },
        text: text(pod, "/status/message"),
        restarts: 0,
    };
    if let Some(scheduled) = find(pod, "PodScheduled").filter(|one| text(one, "/status") == "False") {
        return Some(Trouble {
            reason: text(scheduled, "/reason"),
            text: text(scheduled, "/message"),
            ..nothing
        });
    }
    let containers = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let containers =
        containers.iter().flat_map(|list| pod.pointer(list).and_then(Json::as_array).into_iter().flatten());
    let of_container = |one: &Json| {
        let restarts = one.get("restartCount").and_then(Json::as_u64).unwrap_or_default();
        let trouble = |reason: String, text: String| {
            let container = Some(one.pointer("/name").and_then(Json::as_str).unwrap_or_default().to_owned());
            Some(Trouble { container, reason, text, restarts, ..nothing.clone() })
        };
        if let Some(waiting) = one.pointer("/state/waiting") {
            return trouble(text(waiting, "/reason"), text(waiting, "/message"));
        }
        if let Some(ended) = one.pointer("/state/terminated") {
            let code = ended.get("exitCode").and_then(Json::as_i64).unwrap_or_default();
            if code == 0 {
                return None;
            }
            let words = text(ended, "/message");
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            return trouble(text(ended, "/reason"), format!("exit code {code}{words}"));
        }
        let is_ready = one.get("ready").and_then(Json::as_bool).unwrap_or_default();
        let runs = one.pointer("/state/running").is_some();
        (runs && !is_ready)
            .then(|| trouble("NotReady".to_owned(), "it runs, and is not ready".to_owned()))
            .flatten()
    };
    let mut all: Vec<Trouble> = containers.filter_map(of_container).collect();
    // Those that only wait for another one say less.
    all.sort_by_key(|one| {
        matches!(one.reason.as_str(), "PodInitializing" | "ContainerCreating" | "NotReady")
    });
    Some(all.into_iter().next().unwrap_or(nothing))
}

/// The newest warnings about these objects, oldest first, each with how often it came.
pub(crate) fn warnings(events: &[Json], is_ours: impl Fn(&str) -> bool, most: usize) -> Vec<String> {
    let text = |event: &Json, pointer: &str| {
        event.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    let last = |event: &Json| {
        let times =
            ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        times.iter().map(|time| text(event, time)).find(|time| !time.is_empty()).unwrap_or_default()
    };
    let ours =
        |event: &&Json| text(event, "/type") == "Warning" && is_ours(&text(event, "/involvedObject/name"));
    let mut all: Vec<&Json> = events.iter().filter(ours).collect();
    all.sort_by_key(|event| last(event));
    let line = |event: &Json| {
        let count = ["/series/count", "/count"].iter().find_map(|count| event.pointer(count)?.as_u64());
        let times =
            count.filter(|count| *count > 1).map_or(String::new(), |count| format!(" ({count} times)"));
        let object =
            format!("{} {}", text(event, "/involvedObject/kind"), text(event, "/involvedObject/name"));
        format!("{object}: {}: {}{times}", text(event, "/reason"), text(event, "/message").trim())
    };
    all.iter().skip(all.len().saturating_sub(most)).map(|event| line(event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn waiting(reason: &str, message: &str, restarts: u64) -> Json {
        json!({ "metadata": { "name": "web-1" }, "status": { "phase": "Pending", "containerStatuses": [
            { "name": "proxy", "ready": false, "state": { "waiting": { "reason": "ContainerCreating" } } },
            { "name": "main", "ready": false, "restartCount": restarts, "state": { "waiting": { "reason": reason, "message": message } } }
        ] } })
    }

    #[test]
    fn a_pod_says_why_it_is_not_ready() {
        let shown = |pod: &Json| trouble(pod).map(|trouble| trouble.to_string());
        assert_eq!(
            shown(&waiting("CrashLoopBackOff", "back-off 10s", 2)).unwrap(),
            "web-1 (main): CrashLoopBackOff, started again 2 times: back-off 10s"
        );
        let unscheduled = json!({ "metadata": { "name": "web-1" }, "status": { "phase": "Pending", "conditions": [
            { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available" } ] } });
        assert_eq!(shown(&unscheduled).unwrap(), "web-1: Unschedulable: 0/1 nodes are available");
        let ended = json!({ "metadata": { "name": "web-1" }, "status": { "phase": "Failed", "containerStatuses": [
            { "name": "main", "state": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } } ] } });
        assert_eq!(shown(&ended).unwrap(), "web-1 (main): OOMKilled: exit code 137");
        assert!(trouble(&ended).unwrap().has_run());
        let ready = |is: &str| json!({ "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": is }] } });
        assert_eq!(shown(&ready("True")), None);
        assert!(shown(&ready("False")).is_some());
        assert_eq!(shown(&json!({ "status": { "phase": "Succeeded" } })), None);
        assert_eq!(shown(&json!({ "metadata": { "name": "new" } })).unwrap(), "new: Pending");
    }

    #[test]
    fn what_will_not_get_well_ends_the_wait_and_nothing_else_does() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let one = |reason: &str, message: &str, restarts| {
            vec![trouble(&waiting(reason, message, restarts)).unwrap()]
        };
        let mut watched = Watched::default();
        assert!(watched.look(&one("InvalidImageName", "", 0), at(0)).is_some());
        let mut watched = Watched::default();
        assert!(watched.look(&one("CrashLoopBackOff", "", 2), at(0)).is_none());
        assert!(watched.look(&one("CrashLoopBackOff", "", 3), at(9)).unwrap().contains("CrashLoopBackOff"));
        let mut watched = Watched::default();
        assert!(watched.look(&one("ErrImagePull", "a: not found", 0), at(0)).is_none());
        assert!(watched.look(&one("ImagePullBackOff", "a: not found", 0), at(2)).is_none());
        assert!(watched.look(&one("ErrImagePull", "a: not found", 0), at(4)).is_some());
        let mut watched = Watched::default();
        for second in 0..100 {
            assert!(watched.look(&one("ImagePullBackOff", "registry is away", 0), at(second)).is_none());
        }
        let mut watched = Watched::default();
        assert!(watched.look(&one("CreateContainerConfigError", "", 0), at(0)).is_none());
        assert!(watched.look(&[], at(5)).is_none());
        assert!(
            watched.look(&one("CreateContainerConfigError", "", 0), at(12)).is_none(),
            "it was away meanwhile"
        );
        assert!(watched.look(&one("CreateContainerConfigError", "", 0), at(22)).is_some());
        let mut watched = Watched::default();
        assert!(watched.look(&one("Unschedulable", "", 0), at(0)).is_none());
        assert!(watched.look(&one("Unschedulable", "", 0), at(59)).is_none());
        assert!(watched.look(&one("Unschedulable", "", 0), at(60)).is_some());
    }

    #[test]
    fn the_newest_warnings_about_our_objects_are_told() {
        let event = |name: &str, kind: &str, time: &str, count: u64| {
            json!({ "type": kind, "reason": "Failed", "message": format!("at {time}"), "lastTimestamp": time, "count": count,
                    "involvedObject": { "kind": "Pod", "name": name } })
        };
        let all = [
            event("web-1", "Warning", "3", 4),
            event("web-1", "Warning", "1", 1),
            event("web-2", "Warning", "2", 1),
            event("other", "Warning", "9", 1),
            event("web-1", "Normal", "8", 1),
        ];
        let ours = |name: &str| name.starts_with("web");
        assert_eq!(warnings(&all, ours, 2), ["Pod web-2: Failed: at 2", "Pod web-1: Failed: at 3 (4 times)"]);
    }
}
