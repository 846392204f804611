//! What `[maintenance]` needs, and what means nothing to its kind.

use super::calls::steps;
use crate::config::check::Issue;
use crate::config::node::Node;
use crate::text;

/// Options that mean something to some kinds only.
const OPTIONS: [(&str, &[&str]); 13] = [
    ("text", &["caddy", "alb"]),
    ("file", &["caddy", "alb"]),
    ("retry-after", &["caddy"]),
    ("admin", &["caddy"]),
    ("server", &["caddy"]),
    ("hosts", &["caddy"]),
    ("allow", &["caddy"]),
    ("listener", &["alb"]),
    ("priority", &["alb"]),
    ("region", &["alb"]),
    ("on", &["command"]),
    ("off", &["command"]),
    ("state", &["command"]),
];

/// What a kind cannot do without.
const NEEDS: [(&str, &[&str]); 2] = [("alb", &["listener"]), ("command", &["on", "off", "state"])];

/// Rules about `[maintenance]`.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let Some(entry) = root.entry("maintenance") else { return undeclared(root, issues) };
    let node = &entry.node;
    let Some(kind) = node.get("kind").and_then(Node::text) else { return };
    for (option, kinds) in OPTIONS {
        if let Some(given) = node.entry(option).filter(|_| !kinds.contains(&kind)) {
            let message =
                format!("`{option}` means nothing to `{kind}`: it belongs to {}", text::list(kinds, "or"));
            issues.push(Issue::new(&given.key, message, "remove it"));
        }
    }
    for needed in NEEDS.iter().filter(|(of, _)| *of == kind).flat_map(|(_, needed)| *needed) {
        if node.get(needed).is_none() {
            let message = format!("`{kind}` needs `{needed}`");
            issues.push(Issue::new(&entry.key, message, format!("add `{needed} = …`")));
        }
    }
    if let (Some(_), Some(file)) = (node.get("text"), node.entry("file")) {
        let message = "`file` beside `text`: one of them is enough".to_owned();
        issues.push(Issue::new(&file.key, message, "remove one of them"));
    }
}

/// Steps that show a page which nobody has declared.
fn undeclared(root: &Node, issues: &mut Vec<Issue>) {
    for section in ["pipelines", "hooks"] {
        for (_, entry) in root.get(section).and_then(Node::table).into_iter().flatten() {
            for step in steps(&entry.node).into_iter().filter_map(|step| step.entry("maintenance")) {
                let help = "declare what shows it: `[maintenance]` with `kind`";
                issues.push(Issue::new(&step.key, "there is no maintenance page".to_owned(), help));
            }
        }
    }
}
