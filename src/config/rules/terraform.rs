//! What `[terraform]` says of the state, which is read before any output of another environment is.

use crate::config::check::Issue;
use crate::config::node::{Entry, Node, Value};
use crate::config::template::{Foreign, Name, Template};

/// Rules about `[terraform]`: only its variables name outputs of other environments.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let entries = root.get("terraform").and_then(Node::table).into_iter().flatten();
    for (key, Entry { node, .. }) in entries.filter(|(key, _)| *key != "vars") {
        refuse(key, node, issues);
    }
}

fn refuse(key: &str, node: &Node, issues: &mut Vec<Issue>) {
    match &node.value {
        Value::Text(text) => {
            if let Some(foreign) = foreign(text) {
                let message = format!("`{key}` is needed before `{foreign}` is known");
                let help = "name it in `[terraform] vars`, or in a step";
                issues.push(Issue::new(&node.place, message, help));
            }
        }
        Value::List(items) => items.iter().for_each(|item| refuse(key, item, issues)),
        Value::Table(table) => table.iter().for_each(|(key, entry)| refuse(key, &entry.node, issues)),
        _ => {}
    }
}

fn foreign(text: &str) -> Option<Foreign> {
    let template = Template::parse(text).ok()?;
    template.names().find_map(|name| match name {
        Name::Foreign(foreign) => Some(foreign.clone()),
        _ => None,
    })
}
