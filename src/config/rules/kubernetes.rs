//! What steps about a cluster can hold.

use crate::config::check::Issue;
use crate::config::node::Node;
use crate::text;

/// Keys of a step `kubernetes` that mean something beside some deeds only.
const OPTIONS: [(&str, &[&str]); 5] = [
    ("template", &["apply"]),
    ("force-conflicts", &["apply", "kustomize", "secret"]),
    ("data", &["secret"]),
    ("labels", &["secret"]),
    ("type", &["secret"]),
];

/// Keys of a wait that mean something beside some kinds only.
const WAITS: [(&str, &[&str]); 3] =
    [("namespace", &["rollout", "job", "condition"]), ("selector", &["condition"]), ("of", &["condition"])];

/// Rules about the steps `kubernetes` and `argocd`, and about waits on objects.
pub(super) fn rules(step: &Node, issues: &mut Vec<Issue>) {
    if let Some(kubernetes) = step.get("kubernetes") {
        only(kubernetes, &OPTIONS, issues);
        if let (Some(secret), None) = (kubernetes.entry("secret"), kubernetes.get("data")) {
            let message = "a Secret without `data` would be empty".to_owned();
            issues.push(Issue::new(&secret.key, message, "add `data = { KEY = \"{{secret.NAME}}\" }`"));
        }
        for list in ["apply", "delete"] {
            if let Some(entry) = kubernetes.entry(list).filter(|entry| entry.node.list().is_empty()) {
                let message = format!("`{list}` names nothing");
                issues.push(Issue::new(&entry.key, message, "name what is meant"));
            }
        }
    }
    if let Some(argocd) = step.get("argocd")
        && argocd.get("sync").is_none_or(|sync| !is_true(sync))
    {
        let wait = argocd.get("wait").and_then(Node::text);
        if let Some(prune) = argocd.entry("prune") {
            let message = "`prune` belongs to a synchronisation".to_owned();
            issues.push(Issue::new(&prune.key, message, "add `sync = true`, or remove it"));
        }
        if wait == Some("none") && argocd.get("refresh").and_then(Node::text) == Some("none") {
            let message = "this step would do nothing".to_owned();
            issues.push(Issue::new(&argocd.place, message, "add `sync = true`, or let it wait"));
        }
    }
    for wait in ["wait", "unless", "verify"].iter().filter_map(|key| step.get(key)) {
        only(wait, &WAITS, issues);
        if let (Some(condition), None) = (wait.entry("condition"), wait.get("of")) {
            let message = "a condition of what?".to_owned();
            issues.push(Issue::new(&condition.key, message, "add `of = \"KIND/NAME\"`"));
        }
    }
}

fn is_true(node: &Node) -> bool {
    matches!(node.value, crate::config::node::Value::Boolean(true))
}

fn only(table: &Node, options: &[(&str, &[&str])], issues: &mut Vec<Issue>) {
    for (option, beside) in options {
        if let Some(given) = table.entry(option)
            && !beside.iter().any(|kind| table.get(kind).is_some())
        {
            let message =
                format!("`{option}` means nothing here: it belongs beside {}", text::list(*beside, "or"));
            issues.push(Issue::new(&given.key, message, "remove it"));
        }
    }
}
