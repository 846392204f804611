//! The names in the texts of a value.

use crate::config::node::{Node, Place, Value};
use crate::config::template::{Name, Template};

/// Every name in the texts of a value.
pub(super) fn each_name(node: &Node, see: &mut dyn FnMut(&Place, &Name)) {
    match &node.value {
        Value::Text(text) => {
            for name in Template::parse(text).unwrap_or_default().names() {
                see(&node.place, name);
            }
        }
        Value::List(items) => items.iter().for_each(|item| each_name(item, see)),
        Value::Table(_) if node.says("raw") => {}
        Value::Table(table) => table.values().for_each(|entry| each_name(&entry.node, see)),
        _ => {}
    }
}
