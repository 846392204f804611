//! What `[maintenance]` needs, and what means nothing to its kind.

use super::calls::steps;
use super::kinds;
use crate::config::check::Issue;
use crate::config::node::Node;

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
    kinds::rules(entry, kind, &OPTIONS, &NEEDS, issues);
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
