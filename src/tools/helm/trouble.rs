//! What the errors of helm mean, and what to do.

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advice {
    /// Why helm failed.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// How the pods of the release are says more.
    pub is_of_pods: bool,
}

/// Texts of helm 3 and 4, in small letters; those that say more come first.
#[rustfmt::skip]
const KNOWN: &[(&[&str], &str, &str, bool)] = &[
    (&["another operation (install/upgrade/rollback) is in progress"],
     "another helm is at this release, or one that died left it locked",
     "wait for it, or let a release that was left behind be repaired: `repair = true`", false),
    (&["cannot re-use a name that is still in use", "cannot reuse a name that is still in use"],
     "a release of this name is there already",
     "look at it with `helm list --all`; choose another name, or remove it by `{ helm = { uninstall = \"…\" } }`", false),
    (&["has no deployed releases"],
     "no revision of this release was ever deployed",
     "remove it by `{ helm = { uninstall = \"…\" } }`, then install it anew", false),
    (&["cluster unreachable"],
     "the cluster does not answer",
     "see that it runs and that `[cluster]` names the right kubeconfig and context", false),
    (&["missing in charts/ directory", "an error occurred while checking for chart dependencies"],
     "charts that this one depends on are not in its folder `charts`",
     "run `helm dependency build` in its folder, as a step before this one or once, and commit what it makes", false),
    (&["not found in https://", "not found in http://", "no chart version found", "no chart name found"],
     "the repository has no chart of this name and version",
     "correct `chart`, `version` or `repo`", false),
    (&["is not a valid chart repository", "cannot be reached"],
     "the repository of the chart does not answer as one",
     "correct `repo`; `oci://…` is written as `chart` alone", false),
    (&["failed to download", "could not download"],
     "the chart cannot be had",
     "correct `chart`, `version` or `repo`, and see that their server answers", false),
    (&["unauthorized", "authentication required", "401", "failed to authorize", "denied:"],
     "the registry of the chart does not let us have it",
     "write `login = true` with `[registry]`, or log in with `helm registry login`", false),
    (&["manifest unknown", "name unknown", "failed to perform \"fetchreference\""],
     "the registry has no such chart",
     "correct `chart` or `version`", false),
    (&["chart.yaml file is missing", "path \"", "no such file or directory"],
     "there is no chart at this place",
     "correct `chart`: a folder of the project has a file Chart.yaml, a name needs `repo`", false),
    (&["failed to parse"],
     "a file of values is no YAML",
     "correct the file that helm names", false),
    (&["values don't meet the specifications of the schema"],
     "the chart does not take these values",
     "correct `values` and `set`: the chart's own values.schema.json says what it takes", false),
    (&["cannot be imported into the current release", "invalid ownership metadata"],
     "something of that name is there that helm did not make, or another release did",
     "remove it, or give the release another name or namespace", false),
    (&["no matches for kind", "ensure crds are installed first"],
     "the cluster does not know a kind of resource that the chart has",
     "install what brings it (its CRDs) in a step before this one", false),
    (&["field is immutable", "updates to statefulset spec for fields other than", "forbidden: updates to"],
     "the chart changes something that Kubernetes never changes on what is there",
     "remove that resource, or uninstall the release, then run this again; data of its volumes may be lost", false),
    (&["exceeded quota"],
     "the quota of the namespace is used up",
     "ask for less in `values`, or raise the quota", false),
    (&["is forbidden: user", "cannot list resource", "cannot create resource", "cannot get resource", "cannot patch resource"],
     "whoever the kubeconfig logs in as may not do this",
     "allow it by a Role or ClusterRole, or name another context", false),
    (&["chart requires kubeversion"],
     "the chart is not for a Kubernetes of this version",
     "choose another `version` of the chart", false),
    (&["apply failed with", "conflict occurred while applying"],
     "something else than helm owns fields that the chart has",
     "take these fields out of `values`, or stop what changes them", false),
    (&["namespaces \"", "create: failed to create: namespaces"],
     "there is no such namespace",
     "leave `create-namespace` at `true`, or make it in a step before", false),
    (&["backofflimitexceeded", "hooks failed", "job failed", "deadlineexceeded"],
     "a Job of the chart failed",
     "see what its pods said", true),
    (&["context deadline exceeded", "timed out waiting for the condition", "timeout waiting for"],
     "the release was not ready in time",
     "see what its pods say; give helm more time by `timeout`, if that was expected", true),
    (&["unknown flag"],
     "this helm is too old",
     "install helm 3.13 or newer", false),
    (&["execution error at", "parse error at", "error calling", "yaml parse error on"],
     "the chart cannot be rendered with these values",
     "correct `values` and `set`, or the template that helm names", false),
];

/// What an error of helm means, by what it said last.
pub(crate) fn advice(tail: &str) -> Option<Advice> {
    let said = tail.to_lowercase();
    let found = KNOWN.iter().find(|(texts, ..)| texts.iter().any(|text| said.contains(text)));
    found.map(|&(_, why, help, is_of_pods)| Advice { why, help, is_of_pods })
}

/// Whether another helm is at the release, or left it so.
pub(crate) fn is_busy(tail: &str) -> bool {
    tail.contains("another operation (install/upgrade/rollback) is in progress")
}

/// The line that says most: helm begins it with `Error: `.
pub(crate) fn line(tail: &str) -> Option<&str> {
    let mut lines = tail.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let last = lines.clone().next()?;
    let line = lines.find(|line| line.starts_with("Error: ")).unwrap_or(last);
    Some(line.trim_start_matches("Error: "))
}
