//! Whether an object is what it should be: judged from what the API says of it, never from what was true before a change.

use serde_json::Value as Json;

/// What an object came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be: a few words.
    Good(String),
    /// Not yet.
    NotYet(String),
    /// It will not get there by itself.
    Never(String),
}

use Verdict::{Good, Never, NotYet};

fn number(object: &Json, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Json::as_u64).unwrap_or_default()
}

fn text<'j>(object: &'j Json, pointer: &str) -> &'j str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// The condition of this type, whatever its case.
pub(super) fn find<'j>(object: &'j Json, name: &str) -> Option<&'j Json> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    all.iter().find(|one| text(one, "/type").eq_ignore_ascii_case(name))
}

/// Why a condition is as it is, in its own words.
pub(super) fn words(condition: &Json) -> String {
    match (text(condition, "/reason"), text(condition, "/message").trim()) {
        ("", "") => "it does not say why".to_owned(),
        (one, "") | ("", one) => one.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

/// Its controller has seen the last change.
fn is_seen(object: &Json) -> bool {
    let seen = object.pointer("/status/observedGeneration").and_then(Json::as_u64);
    seen.is_some_and(|seen| seen >= number(object, "/metadata/generation"))
}

/// Whether a Deployment, StatefulSet or DaemonSet runs as it was last written, everywhere.
pub(crate) fn rollout(object: &Json) -> Verdict {
    if !is_seen(object) {
        return NotYet("its controller has not seen the last change yet".to_owned());
    }
    match text(object, "/kind") {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "DaemonSet" => {
            let wanted = number(object, "/status/desiredNumberScheduled");
            let updated = if text(object, "/spec/updateStrategy/type") == "OnDelete" {
                wanted
            } else {
                number(object, "/status/updatedNumberScheduled")
            };
            counted(wanted, updated, number(object, "/status/numberAvailable"))
        }
        kind => Never(format!("a {kind} has no rollout: that is for Deployment, StatefulSet and DaemonSet")),
    }
}

fn deployment(object: &Json) -> Verdict {
    if let Some(progress) = find(object, "Progressing")
        && text(progress, "/status") == "False"
        && text(progress, "/reason") == "ProgressDeadlineExceeded"
    {
        return Never(words(progress));
    }
    if let Some(failure) = find(object, "ReplicaFailure").filter(|one| text(one, "/status") == "True") {
        let words = words(failure);
        return if words.contains("exceeded quota") { Never(words) } else { NotYet(words) };
    }
    let wanted = object.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1);
    let (updated, all) = (number(object, "/status/updatedReplicas"), number(object, "/status/replicas"));
    if updated >= wanted && all > updated {
        return NotYet(format!("{} of the old kind still to be ended", all - updated));
    }
    match counted(wanted, updated, number(object, "/status/availableReplicas")) {
        NotYet(text) if object.pointer("/spec/paused") == Some(&Json::Bool(true)) => {
            NotYet(format!("{text}; it is paused: `kubectl rollout resume` lets it go on"))
        }
        verdict => verdict,
    }
}

fn stateful_set(object: &Json) -> Verdict {
    let wanted = object.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1);
    let ready = number(object, "/status/readyReplicas");
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return counted(wanted, wanted, ready);
    }
    let first = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = match (text(object, "/status/currentRevision"), text(object, "/status/updateRevision")) {
        // Only what is newer than the last revision is counted.
        (current, update) if current == update => wanted,
        _ => number(object, "/status/updatedReplicas"),
    };
    counted(wanted, (updated + first).min(wanted), ready)
}

fn counted(wanted: u64, updated: u64, available: u64) -> Verdict {
    if updated < wanted {
        return NotYet(format!("{updated} of {wanted} updated"));
    }
    if available < wanted {
        return NotYet(format!("{available} of {wanted} available"));
    }
    Good(format!("{wanted} of {wanted} available"))
}

/// Whether a Job has ended, and how.
pub(crate) fn job(object: &Json) -> Verdict {
    let is = |name: &str| find(object, name).filter(|one| text(one, "/status") == "True");
    if let Some(failed) = is("Failed") {
        return Never(words(failed));
    }
    if is("Complete").is_some() {
        return Good("it has ended well".to_owned());
    }
    let (active, done, failed) = (
        number(object, "/status/active"),
        number(object, "/status/succeeded"),
        number(object, "/status/failed"),
    );
    let suspended = if is("Suspended").is_some() { "; it is suspended" } else { "" };
    NotYet(format!("{active} running, {done} ended well, {failed} failed{suspended}"))
}

/// Whether a condition has a status, as `NAME` or `NAME=STATUS`; one from before the last change does not count.
pub(crate) fn condition(object: &Json, wanted: &str) -> Verdict {
    let (name, wanted) = wanted.split_once('=').unwrap_or((wanted, "True"));
    let Some(found) = find(object, name) else {
        return NotYet(format!("it has no condition `{name}` yet"));
    };
    let seen = [found.get("observedGeneration"), object.pointer("/status/observedGeneration")];
    let seen = seen.into_iter().flatten().find_map(Json::as_u64);
    if seen.is_some_and(|seen| seen < number(object, "/metadata/generation")) {
        return NotYet(format!("`{name}` is older than the last change"));
    }
    let status = text(found, "/status");
    if status.eq_ignore_ascii_case(wanted) {
        return Good(format!("{name} is {status}"));
    }
    NotYet(format!("{name} is {status} ({})", words(found)))
}

/// The pods of a workload, as a selector of labels.
pub(crate) fn selector(object: &Json) -> Option<String> {
    let selector = object.pointer("/spec/selector")?;
    let labels = selector.get("matchLabels").and_then(Json::as_object).into_iter().flatten();
    let mut all: Vec<String> =
        labels.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
    for one in selector.get("matchExpressions").and_then(Json::as_array).into_iter().flatten() {
        let key = text(one, "/key");
        let values = one.get("values").and_then(Json::as_array).into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Json::as_str).collect();
        all.push(match text(one, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    (!all.is_empty()).then(|| all.join(","))
}

/// The label that only pods of the newest kind have; none when nobody can tell. `sets` are the ReplicaSets beside them.
pub(crate) fn newest(object: &Json, sets: &[Json]) -> Option<(&'static str, String)> {
    match text(object, "/kind") {
        "Deployment" => {
            let revision = "/metadata/annotations/deployment.kubernetes.io~1revision";
            let wanted = text(object, revision);
            let set = sets.iter().find(|set| !wanted.is_empty() && text(set, revision) == wanted)?;
            Some(("pod-template-hash", text(set, "/metadata/labels/pod-template-hash").to_owned()))
        }
        "StatefulSet" => {
            let revision = text(object, "/status/updateRevision");
            (!revision.is_empty()).then(|| ("controller-revision-hash", revision.to_owned()))
        }
        "DaemonSet" => {
            let generation = text(object, "/metadata/annotations/deprecated.daemonset.template.generation");
            (!generation.is_empty()).then(|| ("pod-template-generation", generation.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(more: &Json) -> Json {
        let mut one = json!({
            "kind": "Deployment", "metadata": { "generation": 3 }, "spec": { "replicas": 2 },
            "status": { "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 }
        });
        for (name, value) in more.as_object().unwrap() {
            *one.pointer_mut(name).unwrap() = value.clone();
        }
        one
    }

    #[test]
    fn a_rollout_is_judged_only_when_its_change_was_seen() {
        assert_eq!(rollout(&deployment(&json!({}))), Good("2 of 2 available".into()));
        let cases = [
            (json!({ "/metadata/generation": 4 }), "its controller has not seen the last change yet"),
            (json!({ "/status": {} }), "its controller has not seen the last change yet"),
            (json!({ "/status/updatedReplicas": 1 }), "1 of 2 updated"),
            (json!({ "/status/availableReplicas": 1 }), "1 of 2 available"),
            (json!({ "/status/replicas": 3 }), "1 of the old kind still to be ended"),
        ];
        for (change, text) in cases {
            assert_eq!(rollout(&deployment(&change)), NotYet(text.into()));
        }
        let mut one = deployment(&json!({ "/status/availableReplicas": 0 }));
        one["status"]["conditions"] = json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too long" }]);
        assert_eq!(rollout(&one), Never("ProgressDeadlineExceeded: too long".into()));
        one["metadata"]["generation"] = json!(4);
        assert!(matches!(rollout(&one), NotYet(_)), "that was the change before");
        one = deployment(&json!({ "/status/availableReplicas": 0 }));
        one["status"]["conditions"] = json!([{ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "pods is forbidden: exceeded quota: few" }]);
        assert!(matches!(rollout(&one), Never(text) if text.contains("exceeded quota")));
        one["status"]["conditions"][0]["message"] = json!("webhook is away");
        assert!(matches!(rollout(&one), NotYet(text) if text.contains("webhook")));
        one = deployment(&json!({ "/status/updatedReplicas": 0 }));
        one["spec"]["paused"] = json!(true);
        assert!(matches!(rollout(&one), NotYet(text) if text.contains("paused")));
        assert!(matches!(rollout(&deployment(&json!({ "/spec/replicas": 0 }))), NotYet(_) | Good(_)));
        one["kind"] = json!("Service");
        assert!(matches!(rollout(&one), Never(_)));
    }

    #[test]
    fn sets_count_their_own_way() {
        let mut set = json!({
            "kind": "StatefulSet", "metadata": { "generation": 1 }, "spec": { "replicas": 3 },
            "status": { "observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b" }
        });
        assert_eq!(rollout(&set), NotYet("1 of 3 updated".into()));
        set["spec"]["updateStrategy"] = json!({ "rollingUpdate": { "partition": 2 } });
        assert_eq!(rollout(&set), Good("3 of 3 available".into()), "only those above the partition");
        set["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
        set["status"]["readyReplicas"] = json!(2);
        assert_eq!(rollout(&set), NotYet("2 of 3 available".into()));
        let daemons = json!({
            "kind": "DaemonSet", "metadata": { "generation": 2 },
            "status": { "observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1 }
        });
        assert_eq!(rollout(&daemons), NotYet("1 of 2 available".into()));
    }

    #[test]
    fn a_job_ends_either_way() {
        let job_of = |conditions: Json| {
            job(&json!({ "kind": "Job", "status": { "active": 1, "conditions": conditions } }))
        };
        assert_eq!(job_of(json!([])), NotYet("1 running, 0 ended well, 0 failed".into()));
        assert!(matches!(job_of(json!([{ "type": "Complete", "status": "True" }])), Good(_)));
        let failed = json!([{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit" }]);
        assert_eq!(
            job_of(failed),
            Never("BackoffLimitExceeded: Job has reached the specified backoff limit".into())
        );
        assert!(matches!(job_of(json!([{ "type": "Failed", "status": "False" }])), NotYet(_)));
        assert!(
            matches!(job_of(json!([{ "type": "Suspended", "status": "True" }])), NotYet(text) if text.contains("suspended"))
        );
    }

    #[test]
    fn a_condition_from_before_the_change_does_not_count() {
        let one = |generation: u64, seen: Json, status: &str| {
            json!({ "metadata": { "generation": generation }, "status": { "observedGeneration": seen, "conditions": [
                { "type": "Ready", "status": status, "reason": "Issued", "message": "it is there" } ] } })
        };
        assert_eq!(condition(&one(2, json!(2), "True"), "Ready"), Good("Ready is True".into()));
        assert_eq!(
            condition(&one(3, json!(2), "True"), "ready"),
            NotYet("`ready` is older than the last change".into())
        );
        assert_eq!(
            condition(&one(3, Json::Null, "True"), "Ready"),
            Good("Ready is True".into()),
            "it does not say"
        );
        assert_eq!(
            condition(&one(2, json!(2), "False"), "Ready"),
            NotYet("Ready is False (Issued: it is there)".into())
        );
        assert!(matches!(condition(&one(2, json!(2), "False"), "Ready=false"), Good(_)));
        assert_eq!(condition(&json!({}), "Ready"), NotYet("it has no condition `Ready` yet".into()));
        let mut own = one(3, Json::Null, "True");
        own["status"]["conditions"][0]["observedGeneration"] = json!(2);
        assert!(matches!(condition(&own, "Ready"), NotYet(_)));
    }

    #[test]
    fn pods_of_a_workload_are_selected_and_old_ones_told_apart() {
        let one = json!({ "kind": "Deployment", "metadata": { "annotations": { "deployment.kubernetes.io/revision": "2" } },
            "spec": { "selector": { "matchLabels": { "app": "web" }, "matchExpressions": [
                { "key": "tier", "operator": "In", "values": ["a", "b"] }, { "key": "old", "operator": "DoesNotExist" } ] } } });
        assert_eq!(selector(&one).unwrap(), "app=web,tier in (a,b),!old");
        assert_eq!(selector(&json!({})), None);
        let set = |revision: &str, hash: &str| json!({ "metadata": { "annotations": { "deployment.kubernetes.io/revision": revision }, "labels": { "pod-template-hash": hash } } });
        let sets = [set("1", "old"), set("2", "new")];
        assert_eq!(newest(&one, &sets), Some(("pod-template-hash", "new".into())));
        assert_eq!(newest(&one, &sets[..1]), None);
    }
}
