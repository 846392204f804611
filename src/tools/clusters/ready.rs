//! Whether a cluster can be used: what its API says of itself, of its machines and of what pods need.

use serde_json::Value as Json;

use super::{at, owned};
use crate::config::Cluster;
use crate::exec::{Cmd, Io};
use crate::tools::kubernetes;

/// A question takes at most so long.
const ANSWER: &str = "--request-timeout=10s";

fn ask(cluster: &Cluster, words: &[&str]) -> Cmd {
    kubernetes::kubectl(cluster).arg(ANSWER).args(words.iter().copied()).io(Io::Capture)
}

/// What its API says of itself: `ok`, or an error.
pub(crate) fn api(cluster: &Cluster) -> Cmd {
    ask(cluster, &["get", "--raw", "/readyz"])
}

/// Its machines.
pub(crate) fn machines(cluster: &Cluster) -> Cmd {
    ask(cluster, &["get", "nodes", "--output", "json"])
}

/// The account that pods have: without it they are refused.
pub(crate) fn account(cluster: &Cluster) -> Cmd {
    let words =
        ["get", "serviceaccounts", "--namespace", "default", "--field-selector", "metadata.name=default"];
    ask(cluster, &[&words[..], &["--output", "json"]].concat())
}

/// What answers for names in it.
pub(crate) fn names(cluster: &Cluster) -> Cmd {
    let words = ["get", "deployments", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns"];
    ask(cluster, &[&words[..], &["--output", "json"]].concat())
}

/// The pods that its machines bring.
pub(crate) fn pods(cluster: &Cluster) -> Cmd {
    ask(cluster, &["get", "pods", "--namespace", "kube-system", "--output", "json"])
}

/// What has happened in it.
pub(crate) fn events(cluster: &Cluster) -> Cmd {
    ask(
        cluster,
        &["get", "events", "--all-namespaces", "--field-selector", "type=Warning", "--output", "json"],
    )
}

fn items(json: &Json) -> impl Iterator<Item = &Json> {
    json["items"].as_array().into_iter().flatten()
}

fn condition<'a>(item: &'a Json, kind: &str) -> Option<&'a Json> {
    at(item, &["status", "conditions"]).as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn is_true(item: &Json, kind: &str) -> bool {
    condition(item, kind).is_some_and(|condition| condition["status"] == "True")
}

fn name(item: &Json) -> &str {
    at(item, &["metadata", "name"]).as_str().unwrap_or("?")
}

/// What is missing of its machines.
pub(crate) fn of_machines(json: &Json) -> Option<String> {
    let all: Vec<&Json> = items(json).collect();
    let waiting: Vec<String> = all
        .iter()
        .filter(|node| !is_true(node, "Ready"))
        .map(|node| {
            let why = condition(node, "Ready")
                .and_then(|condition| condition["message"].as_str())
                .unwrap_or_default();
            match why.lines().next().unwrap_or_default() {
                "" => name(node).to_owned(),
                why => format!("{} ({why})", name(node)),
            }
        })
        .collect();
    match (all.len(), waiting.as_slice()) {
        (0, _) => Some("no machine has joined".to_owned()),
        (_, []) => None,
        (all, waiting) => {
            Some(format!("{} of {all} machines ready, not {}", all - waiting.len(), waiting.join(", ")))
        }
    }
}

/// What is missing of the account that pods have.
pub(crate) fn of_account(json: &Json) -> Option<String> {
    items(json).next().is_none().then(|| "the service account `default` is not there".to_owned())
}

/// What is missing of what answers for names; `is_wanted` if there has to be something.
pub(crate) fn of_names(json: &Json, is_wanted: bool) -> Option<String> {
    let all: Vec<&Json> = items(json).collect();
    if all.is_empty() {
        return is_wanted.then(|| "CoreDNS is not there".to_owned());
    }
    let waiting = all.into_iter().find(|one| !is_true(one, "Available"))?;
    Some(format!("{} is not available", name(waiting)))
}

/// How many reasons and events are told.
const MOST: usize = 5;

/// Why pods do not run, a line for each.
pub(crate) fn reasons(json: &Json) -> Vec<String> {
    let why = |pod: &Json| {
        let states = at(pod, &["status", "containerStatuses"]).as_array().into_iter().flatten();
        let waiting = states.filter_map(|state| {
            let waiting = at(state, &["state", "waiting"]);
            let reason = owned(&waiting["reason"])?;
            Some(waiting["message"].as_str().map_or(reason.clone(), |message| format!("{reason}: {message}")))
        });
        let unscheduled = || condition(pod, "PodScheduled").filter(|one| one["status"] == "False");
        waiting.into_iter().next().or_else(|| owned(&unscheduled()?["message"]))
    };
    items(json).filter_map(|pod| Some(format!("pod {}: {}", name(pod), why(pod)?))).take(MOST).collect()
}

/// What happened last, a line for each, the newest last.
pub(crate) fn last_events(json: &Json) -> Vec<String> {
    let when = |event: &Json| {
        let times =
            [&event["lastTimestamp"], &event["eventTime"], at(event, &["metadata", "creationTimestamp"])];
        times.into_iter().find_map(|time| time.as_str()).unwrap_or_default().to_owned()
    };
    let mut all: Vec<&Json> = items(json).collect();
    all.sort_by_key(|event| when(event));
    let from = all.len().saturating_sub(MOST);
    let told = all[from..].iter().map(|event| {
        let of = |key: &str| at(event, &["involvedObject", key]).as_str().unwrap_or("?").to_lowercase();
        let text = |key: &str| event[key].as_str().unwrap_or_default().lines().next().unwrap_or_default();
        format!("{} {}: {}: {}", of("kind"), of("name"), text("reason"), text("message"))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(items: &[Json]) -> Json {
        json!({ "items": items })
    }

    fn node(name: &str, ready: Option<&str>) -> Json {
        let conditions: Vec<Json> = ready
            .map(|status| json!({ "type": "Ready", "status": status, "message": "container network is not ready" }))
            .into_iter()
            .collect();
        json!({ "metadata": { "name": name }, "status": { "conditions": conditions } })
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(of_machines(&list(&[])).unwrap(), "no machine has joined");
        assert_eq!(of_machines(&list(&[node("a", Some("True"))])), None);
        assert_eq!(
            of_machines(&list(&[node("a", Some("True")), node("b", Some("False")), node("c", None)]))
                .unwrap(),
            "1 of 3 machines ready, not b (container network is not ready), c"
        );
        assert!(of_account(&list(&[])).is_some());
        assert_eq!(of_account(&list(&[json!({})])), None);
        assert_eq!(of_names(&list(&[]), false), None);
        assert_eq!(of_names(&list(&[]), true).unwrap(), "CoreDNS is not there");
        let dns = |status: &str| json!({ "metadata": { "name": "coredns" }, "status": { "conditions": [{ "type": "Available", "status": status }] } });
        assert_eq!(of_names(&list(&[dns("True")]), true), None);
        assert_eq!(of_names(&list(&[dns("False")]), false).unwrap(), "coredns is not available");
    }

    #[test]
    fn reasons_and_the_newest_events_are_told() {
        let pods = list(&[
            json!({ "metadata": { "name": "coredns-1" }, "status": { "containerStatuses": [
                { "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no such host" } } }] } }),
            json!({ "metadata": { "name": "x" }, "status": { "conditions": [
                { "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available" }] } }),
            json!({ "metadata": { "name": "fine" }, "status": { "containerStatuses": [{ "state": { "running": {} } }] } }),
        ]);
        assert_eq!(
            reasons(&pods),
            ["pod coredns-1: ImagePullBackOff: no such host", "pod x: 0/1 nodes are available"]
        );
        let event = |at: u32| {
            json!({ "lastTimestamp": format!("2026-01-01T00:00:0{at}Z"), "reason": "Failed", "message": format!("{at}\nmore"),
                    "involvedObject": { "kind": "Pod", "name": "p" } })
        };
        let all = [7, 1, 5, 3, 2, 4, 6].map(event);
        let told = last_events(&list(&all));
        assert_eq!(told.len(), 5);
        assert_eq!((told[0].as_str(), told[4].as_str()), ("pod p: Failed: 3", "pod p: Failed: 7"));
    }
}
