//! What `[cluster]` needs, and what means nothing to its kind.

use super::kinds;
use crate::config::check::Issue;
use crate::config::cluster::PortMapping;
use crate::config::node::{Entry, Node};

/// Options that mean something to some kinds only.
const OPTIONS: [(&str, &[&str]); 15] = [
    ("name", &["k3d", "kind"]),
    ("context", &["k3s", "existing"]),
    ("servers", &["k3d", "kind"]),
    ("agents", &["k3d", "kind"]),
    ("image", &["k3d", "kind"]),
    ("ports", &["k3d", "kind"]),
    ("api-port", &["k3d", "kind"]),
    ("disable", &["k3d"]),
    ("memory", &["k3d"]),
    ("gpus", &["k3d"]),
    ("args", &["k3d", "kind"]),
    ("config", &["k3d", "kind"]),
    ("merge-kubeconfig", &["k3d", "kind", "k3s"]),
    ("managed", &["k3s"]),
    ("wait", &["k3d", "kind", "k3s", "existing"]),
];

/// What the program's own file says in their place.
const CONFIGURED: [&str; 7] = ["servers", "agents", "image", "ports", "api-port", "disable", "registry"];

/// Longest name of a cluster: that of a machine in it is made of it, and the network knows 63 letters.
const LONGEST: [(&str, usize); 2] = [("k3d", 32), ("kind", 50)];

/// Rules about `[cluster]`.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let Some(entry) = root.entry("cluster") else { return };
    let node = &entry.node;
    let Some(kind) = node.get("kind").and_then(Node::text) else { return };
    kinds::rules(entry, kind, &OPTIONS, &[("existing", &["context"])], issues);
    if node.get("config").is_some() {
        for key in CONFIGURED {
            let Some(given) = node.entry(key) else { continue };
            let message = format!("`{key}` beside `config`: the file says it");
            issues.push(Issue::new(&given.key, message, "remove one of them"));
        }
    }
    if let Some(name) = node.get("name")
        && let Some(text) = name.text()
        && let Some(why) = unfit(text, kind)
    {
        issues.push(Issue::new(&name.place, format!("`{text}` cannot be the name of a cluster"), why));
    }
    if let Some(context) = node.get("context")
        && context.text().is_some_and(|text| text.is_empty() || text.contains("{{"))
    {
        let message = "`context` is the name of a context as it stands".to_owned();
        issues.push(Issue::new(&context.place, message, "list them: `kubectl config get-contexts -o name`"));
    }
    for port in node.get("ports").map(Node::list).unwrap_or_default() {
        if let Some(text) = port.text()
            && PortMapping::parse(text).is_none()
        {
            let help = "write `[ADDRESS:]PORT:PORT`, and `/udp` behind it if it is not `tcp`";
            issues.push(Issue::new(
                &port.place,
                format!("`{text}` is no port of this machine and one of the cluster"),
                help,
            ));
        }
    }
    if let Some(registry) = node.entry("registry") {
        self::registry(registry, kind, issues);
    }
}

fn registry(entry: &Entry, kind: &str, issues: &mut Vec<Issue>) {
    let (needed, unknown): (_, &[&str]) = match kind {
        "k3d" | "kind" => ("port", &[]),
        _ => ("name", &["port", "image"]),
    };
    if entry.node.table().is_some() && entry.node.get(needed).is_none() {
        let message = format!("the registry of `{kind}` needs `{needed}`");
        issues.push(Issue::new(&entry.key, message, format!("add `{needed} = …`")));
    }
    for option in unknown.iter().filter_map(|option| entry.node.entry(option)) {
        let message = format!("nothing makes the registry of `{kind}`");
        issues.push(Issue::new(&option.key, message, "remove it"));
    }
}

/// Why a cluster cannot have this name.
fn unfit(name: &str, kind: &str) -> Option<String> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let longest = LONGEST.iter().find(|(of, _)| *of == kind).map_or(usize::MAX, |(_, longest)| *longest);
    if !name.starts_with(is_fit) || !name.ends_with(is_fit) || !name.chars().all(|c| is_fit(c) || c == '-') {
        return Some("use small letters, digits and `-`, and a letter or digit first and last".to_owned());
    }
    (name.len() > longest).then(|| format!("`{kind}` takes {longest} letters"))
}
