//! Pipelines that are called with values: in the place of each such `do` stands a copy of what it calls, with what the
//! call gives where `{{with.NAME}}` was.

use indexmap::IndexMap;

use crate::config::node::{Entry, Node, Value};
use crate::config::template::{Name, Template};

/// The key of a step under which its copy stands. No file can have it: it is not known to `config/check.rs`.
pub(crate) const CALLED: &str = "called";

/// The document with the copies; none when nothing is called so.
pub(crate) fn expanded(root: &Node) -> Option<Node> {
    let has_calls = ["pipelines", "hooks"].iter().filter_map(|section| root.get(section)).any(calls);
    has_calls.then(|| {
        let mut copy = root.clone();
        for section in ["pipelines", "hooks"] {
            let Some(table) = entry(&mut copy, section).and_then(|entry| entries(&mut entry.node)) else {
                continue;
            };
            for (name, entry) in table {
                expand(root, &mut entry.node, &[name]);
            }
        }
        copy
    })
}

/// The `with` names of a pipeline, in order: what a call has to give.
pub(crate) fn parameters(pipeline: &Node) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    texts(pipeline, &mut |text| {
        for name in Template::parse(text).iter().flat_map(Template::names) {
            if let Name::With(name) = name
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
    });
    names
}

fn calls(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(calls),
        Value::Table(table) => {
            (table.contains_key("do") && table.contains_key("with"))
                || table.values().any(|entry| calls(&entry.node))
        }
        _ => false,
    }
}

fn expand(root: &Node, node: &mut Node, above: &[&str]) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| expand(root, item, above)),
        Value::Table(table) => {
            let with = table.get("with").and_then(|with| with.node.table()).cloned();
            let verb =
                table.get("do").and_then(|verb| Some((verb.key.clone(), verb.node.text()?.to_owned())));
            table.values_mut().for_each(|entry| expand(root, &mut entry.node, above));
            if let (Some(with), Some((key, verb))) = (with, verb)
                // What comes back to where it began is refused elsewhere.
                && !above.contains(&verb.as_str())
                && let Some(called) = root.at(&["pipelines", &verb])
            {
                let mut called = called.clone();
                fill(&mut called, &with);
                let above: Vec<&str> = above.iter().copied().chain([verb.as_str()]).collect();
                expand(root, &mut called, &above);
                table.insert(CALLED.to_owned(), Entry { key, node: called });
            }
        }
        _ => {}
    }
}

/// Puts what is given in the place of its names. A text that got something stands where that stands.
fn fill(node: &mut Node, with: &IndexMap<String, Entry>) {
    match &mut node.value {
        Value::Text(text) => {
            let Ok(template) = Template::parse(text) else { return };
            let given = |name: &str| with.get(name)?.node.text().map(str::to_owned);
            let Some(filled) = template.filled(given) else { return };
            let place = template.names().find_map(|name| match name {
                Name::With(name) => with.get(name).map(|entry| entry.node.place.clone()),
                _ => None,
            });
            *text = filled;
            node.place = place.unwrap_or_else(|| node.place.clone());
        }
        Value::List(items) => items.iter_mut().for_each(|item| fill(item, with)),
        Value::Table(table) => table.values_mut().for_each(|entry| fill(&mut entry.node, with)),
        _ => {}
    }
}

/// Every copy in a document, those in copies included.
pub(crate) fn copies(node: &Node, see: &mut dyn FnMut(&Node)) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| copies(item, see)),
        Value::Table(table) => {
            for (key, entry) in table {
                if key == CALLED {
                    see(&entry.node);
                }
                copies(&entry.node, see);
            }
        }
        _ => {}
    }
}

fn texts(node: &Node, see: &mut dyn FnMut(&str)) {
    match &node.value {
        Value::Text(text) => see(text),
        Value::List(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Table(table) => table.values().for_each(|entry| texts(&entry.node, see)),
        _ => {}
    }
}

fn entries(node: &mut Node) -> Option<&mut IndexMap<String, Entry>> {
    match &mut node.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

fn entry<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Entry> {
    entries(node)?.get_mut(key)
}
