//! `[ttl]` and `[window]`: what their keys mean together, and with the rest of the environment.

use crate::config::check::Issue;
use crate::config::node::{Node, Place, Value};

/// Rules about both.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    if let Some(ttl) = root.entry("ttl") {
        let action = ttl.node.get("action").and_then(Node::text).unwrap_or("stop");
        if action != "none" {
            ttl_rules(root, (&ttl.key, &ttl.node), action, issues);
        }
    }
    let Some(window) = root.get("window") else { return };
    if let (Some(from), Some(to)) = (window.get("from"), window.get("to"))
        && from.text().is_some()
        && from.text() == to.text()
    {
        let help = "leave both out for the whole day, or write another time";
        issues.push(Issue::new(&to.place, "this window is never open".to_owned(), help));
    }
}

fn ttl_rules(root: &Node, (key, ttl): (&Place, &Node), action: &str, issues: &mut Vec<Issue>) {
    let is_protected = |node: &Node| matches!(node.value, Value::Boolean(true));
    if root.get("protected").is_some_and(is_protected) {
        let message = "a protected environment has no `[ttl]`: nothing takes it down by itself".to_owned();
        let help =
            "remove one of both, or write `action = \"none\"` where `[ttl]` comes from `defaults.toml`";
        issues.push(Issue::new(key, message, help));
    }
    if ttl.get("after").is_none() && ttl.get("until").is_none() {
        let message = "`[ttl]` does not say when".to_owned();
        issues.push(Issue::new(key, message, "add `after = \"8h\"` or `until = \"18:00\"`"));
    }
    if action == "stop" && root.get("power").is_none() && root.at(&["pipelines", "stop"]).is_none() {
        let message = "`[ttl]` would stop it, and nothing says how: there is no `[power]`".to_owned();
        let help = "add `[power]` or a pipeline `stop`, or write `action = \"destroy\"`";
        issues.push(Issue::new(ttl.get("action").map_or(key, |action| &action.place), message, help));
    }
}
