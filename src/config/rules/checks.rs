//! What `[checks]` may leave to infractl.

use crate::config::check::Issue;
use crate::config::model::KNOWN_CHECKS;
use crate::config::node::{Node, Value};
use crate::text::{list, nearest};

/// What says by itself which program looks.
const WATCHES: [&str; 3] = ["promtool", "tests", "amtool"];

/// Rules about `[checks]`: what infractl does not know has to say what to run.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    for (name, check) in root.get("checks").and_then(Node::table).into_iter().flatten() {
        let watches =
            check.node.table().and_then(|table| WATCHES.iter().find(|key| table.contains_key(**key)));
        if let Some(key) = watches {
            if let Some(run) = check.node.table().and_then(|table| table.get("run")) {
                let message = format!("`{key}` says what is run, and so does `run`");
                issues.push(Issue::new(&run.key, message, "write a check of its own for one of them"));
            }
            continue;
        }
        let says_nothing = match &check.node.value {
            Value::Boolean(is_wanted) => *is_wanted,
            Value::Table(table) => !table.contains_key("run"),
            _ => false,
        };
        if !says_nothing || KNOWN_CHECKS.contains(&name.as_str()) {
            continue;
        }
        let message = format!("`{name}` is no check that infractl knows");
        let help = match nearest(name, KNOWN_CHECKS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("say what to run: `{name} = \"…\"`; it knows {}", list(KNOWN_CHECKS, "and")),
        };
        issues.push(Issue::new(&check.key, message, help));
    }
}
