//! What an entry of `[routes]` needs, and what means nothing to its kind.

use super::kinds;
use crate::config::check::Issue;
use crate::config::node::{Entry, Node};

/// Options that mean something to some kinds only.
const OPTIONS: [(&str, &[&str]); 12] = [
    ("admin", &["caddy"]),
    ("id", &["caddy"]),
    ("listener", &["alb"]),
    ("rule", &["alb"]),
    ("region", &["alb"]),
    ("zone", &["route53"]),
    ("record", &["route53"]),
    ("type", &["route53"]),
    ("get", &["command"]),
    ("set", &["command"]),
    ("blue", &["caddy", "alb", "route53"]),
    ("green", &["caddy", "alb", "route53"]),
];

/// What a kind cannot do without.
const NEEDS: [(&str, &[&str]); 4] = [
    ("caddy", &["blue", "green"]),
    ("alb", &["blue", "green"]),
    ("route53", &["zone", "record", "blue", "green"]),
    ("command", &["get", "set"]),
];

/// Rules about `[routes]`.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    for (_, entry) in root.get("routes").and_then(Node::table).into_iter().flatten() {
        route(entry, issues);
    }
}

fn route(entry: &Entry, issues: &mut Vec<Issue>) {
    let node = &entry.node;
    let Some(kind) = node.get("kind").and_then(Node::text) else { return };
    kinds::rules(entry, kind, &OPTIONS, &NEEDS, issues);
    if kind == "alb" {
        match (node.get("listener"), node.entry("rule")) {
            (None, None) => {
                let help = "add `listener = …`, or `rule = …`";
                issues.push(Issue::new(&entry.key, "`alb` needs `listener` or `rule`".to_owned(), help));
            }
            (Some(_), Some(rule)) => {
                let message = "`rule` beside `listener`: one of them is enough".to_owned();
                issues.push(Issue::new(&rule.key, message, "remove one of them"));
            }
            _ => {}
        }
    }
    if let (Some(blue), Some(green)) = (node.get("blue"), node.get("green"))
        && let (Some(one), Some(other)) = (blue.text(), green.text())
        && one == other
    {
        let message = "`blue` and `green` are the same".to_owned();
        issues.push(Issue::new(&green.place, message, "name two sides"));
    }
}
