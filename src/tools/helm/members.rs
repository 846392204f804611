//! What of a namespace belongs to a release, and how it stands. Helm writes the release on everything that it makes; what
//! controllers make of that has an owner.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::text::{list, plural};
use crate::tools::kubernetes::pods::{Trouble, trouble};
use crate::tools::kubernetes::verdict::{self, Verdict};

/// The kinds that are looked at, in the words of kubectl.
pub(crate) const KINDS: &str = "deployments,statefulsets,daemonsets,replicasets,jobs,pods";

/// How the members of a release stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How many pods there are, but for those of Jobs.
    pub pods: usize,
    /// Pods that are not ready, but for those of Jobs.
    pub troubles: Vec<Trouble>,
    /// Pods of Jobs that are not well.
    pub job_troubles: Vec<Trouble>,
    /// Workloads that are not as they should be.
    pub open: Vec<String>,
    /// Jobs that have failed.
    pub failed_jobs: Vec<String>,
    /// Jobs that have not ended.
    pub open_jobs: Vec<String>,
    /// The names of all, for events.
    pub names: BTreeSet<String>,
}

/// Reads the list of `kubectl get`.
pub(crate) fn standing(list: &Json, release: &str, namespace: &str) -> Standing {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all = members(items, release, namespace);
    let mut standing = Standing::default();
    for object in all {
        let name = object.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default();
        standing.names.insert(name.to_owned());
        // It is on its way out: what follows it counts.
        if !object["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        match object["kind"].as_str() {
            Some("Pod") if has_owner(object, "Job") => standing.job_troubles.extend(trouble(object)),
            Some("Pod") => {
                standing.pods += 1;
                standing.troubles.extend(trouble(object));
            }
            Some("Job") => match verdict::job(object) {
                Verdict::Good(_) => {}
                Verdict::NotYet(_) => standing.open_jobs.push(name.to_owned()),
                Verdict::Never(why) => standing.failed_jobs.push(format!("Job {name}: {why}")),
            },
            Some(kind @ ("Deployment" | "StatefulSet" | "DaemonSet")) => match verdict::rollout(object) {
                Verdict::Good(_) => {}
                Verdict::NotYet(why) | Verdict::Never(why) => {
                    standing.open.push(format!("{kind} {name}: {why}"));
                }
            },
            _ => {}
        }
    }
    standing
}

impl Standing {
    /// Whether all of it is ready; Jobs count where they are waited for.
    pub(crate) fn is_ready(&self, jobs: bool) -> bool {
        self.troubles.is_empty() && self.open.is_empty() && (!jobs || self.open_jobs.is_empty())
    }

    /// What is not ready, in a few words.
    pub(crate) fn shown(&self) -> String {
        let ready = self.pods - self.troubles.len().min(self.pods);
        let pods = format!("{ready} of {} ready", plural(self.pods, "pod"));
        match (self.troubles.first(), self.open.first(), self.open_jobs.as_slice()) {
            (Some(trouble), ..) => format!("{pods}; {trouble}"),
            (None, Some(open), _) => format!("{pods}; {open}"),
            (None, None, []) => pods,
            (None, None, jobs) => format!("{pods}; Jobs under way: {}", list(jobs, "and")),
        }
    }
}

fn members<'j>(items: &'j [Json], release: &str, namespace: &str) -> Vec<&'j Json> {
    let mut found: Vec<&Json> = items.iter().filter(|object| is_named(object, release, namespace)).collect();
    // Owners of owners: Deployment, ReplicaSet, Pod.
    loop {
        let known: BTreeSet<&str> =
            found.iter().filter_map(|object| object["metadata"]["uid"].as_str()).collect();
        let is_owned = |object: &&Json| {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            !known.contains(uid)
                && owners(object).any(|owner| owner["uid"].as_str().is_some_and(|uid| known.contains(uid)))
        };
        let more: Vec<&Json> = items.iter().filter(is_owned).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// What says the release itself; the label is what charts write on what hooks and other controllers make.
fn is_named(object: &Json, release: &str, namespace: &str) -> bool {
    let note = |name: &str| object["metadata"]["annotations"][name].as_str();
    let label = object["metadata"]["labels"]["app.kubernetes.io/instance"].as_str();
    let is_noted = note("meta.helm.sh/release-name") == Some(release)
        && note("meta.helm.sh/release-namespace") == Some(namespace);
    is_noted || label == Some(release)
}

fn owners(object: &Json) -> impl Iterator<Item = &Json> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

fn has_owner(object: &Json, kind: &str) -> bool {
    owners(object).any(|owner| owner["kind"] == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(kind: &str, name: &str, by: &str, rest: &Json) -> Json {
        let mut object = json!({ "kind": kind, "metadata": { "name": name, "uid": name, "ownerReferences": [
            { "kind": if by == "load" { "Job" } else { "ReplicaSet" }, "uid": by }] } });
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    }

    fn namespace() -> Json {
        let ready = json!({ "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } });
        let waits = json!({ "status": { "phase": "Pending", "containerStatuses": [{ "name": "app", "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } } }] } });
        let made = json!({ "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "data" });
        json!({ "items": [
            { "kind": "Deployment", "metadata": { "name": "web", "uid": "web", "generation": 1, "annotations": made },
              "spec": { "replicas": 1 }, "status": { "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1 } },
            { "kind": "Job", "metadata": { "name": "load", "uid": "load", "labels": { "app.kubernetes.io/instance": "web" } },
              "status": { "conditions": [{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded" }] } },
            owned("ReplicaSet", "web-1", "web", &json!({})),
            owned("Pod", "web-1-a", "web-1", &ready),
            owned("Pod", "web-1-b", "web-1", &waits),
            owned("Pod", "load-x", "load", &waits),
            owned("Pod", "other-1", "other", &waits),
            { "kind": "Deployment", "metadata": { "name": "web", "uid": "x", "annotations": { "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "else" } } },
        ]})
    }

    #[test]
    fn what_a_release_made_and_what_that_made_belong_to_it() {
        let standing = standing(&namespace(), "web", "data");
        assert_eq!(standing.pods, 2);
        assert_eq!(standing.troubles.iter().map(|one| one.pod.as_str()).collect::<Vec<_>>(), ["web-1-b"]);
        assert_eq!(standing.job_troubles.iter().map(|one| one.pod.as_str()).collect::<Vec<_>>(), ["load-x"]);
        assert!(standing.failed_jobs[0].starts_with("Job load: "), "{standing:?}");
        assert!(!standing.is_ready(false) && standing.shown().starts_with("1 of 2 pods ready; web-1-b"));
    }
}
