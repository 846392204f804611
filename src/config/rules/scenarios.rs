//! Scenarios and components: one of them is the default, none is part of itself, and names mean what they seem to.

use crate::config::check::Issue;
use crate::config::node::{Node, Place, Value};
use crate::config::scenarios::{self, DEFAULT};
use crate::text;

/// Rules about them, before one of the scenarios is laid over the document.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let tables = root.get("scenarios").and_then(Node::table).into_iter().flatten();
    for (name, entry) in tables.clone() {
        match (name.as_str(), &entry.node.value) {
            (DEFAULT, Value::Table(_)) => {
                let message = "`default` names one of the scenarios, and cannot be one".to_owned();
                issues.push(Issue::new(&entry.key, message, "give the scenario another name"));
            }
            (name, Value::Text(_)) if name != DEFAULT => {
                let message = format!("the scenario `{name}` must be a table");
                issues.push(Issue::new(&entry.node.place, message, format!("write `{name} = {{ … }}`")));
            }
            _ => {}
        }
    }
    if let (Some(entry), Some(first)) = (root.entry("scenarios"), scenarios::names(root).next())
        && entry.node.get(DEFAULT).is_none()
    {
        let message = "`scenarios` needs `default`: the one of runs that name none".to_owned();
        issues.push(Issue::new(&entry.key, message, format!("add `default = \"{first}\"`")));
    }
    circles(root, issues);
    misspelled(root, issues);
    twice(root, issues);
    let components = root.get("components").and_then(Node::table).into_iter().flatten();
    let needs = tables.chain(components).filter_map(|(_, entry)| entry.node.get("needs"));
    for needs in root.get("needs").into_iter().chain(needs) {
        let is_none = |node: &Node| match &node.value {
            Value::Integer(number) => *number <= 0,
            Value::Float(number) => *number <= 0.0,
            _ => false,
        };
        if let Some(cpu) = needs.get("cpu").filter(|node| is_none(node)) {
            let help = "write how many: `cpu = 4`, `cpu = 0.5`";
            issues.push(Issue::new(&cpu.place, "`cpu` must be more than 0".to_owned(), help));
        }
    }
}

/// A scenario that is part of itself, told once with the way that leads back.
fn circles(root: &Node, issues: &mut Vec<Issue>) {
    let mut told: Vec<String> = Vec::new();
    for name in scenarios::names(root) {
        if told.iter().any(|known| known == name) {
            continue;
        }
        if let Some((way, place)) = back(root, name, name, &mut vec![name.to_owned()]) {
            let message = format!("a scenario cannot be part of itself: {}", way.join(" → "));
            issues.push(Issue::new(&place, message, "leave one of them out"));
            told.extend(way);
        }
    }
}

/// The way from a scenario back to where it began, and the place of its last step.
fn back(root: &Node, goal: &str, at: &str, way: &mut Vec<String>) -> Option<(Vec<String>, Place)> {
    for (place, next) in scenarios::texts(root, at, "include") {
        if next == goal {
            way.push(next.to_owned());
            return Some((way.clone(), place.clone()));
        }
        if !way.iter().any(|known| known == next) {
            way.push(next.to_owned());
            if let Some(found) = back(root, goal, next, way) {
                return Some(found);
            }
            way.pop();
        }
    }
    None
}

/// A component may be without a table of its own; but one that is nearly called like a table that nobody uses has a typo.
fn misspelled(root: &Node, issues: &mut Vec<Issue>) {
    let declared = root.get("components").and_then(Node::table);
    let used: Vec<(&Place, &str)> =
        scenarios::names(root).flat_map(|name| scenarios::texts(root, name, "components")).collect();
    let idle = declared.into_iter().flat_map(|table| table.keys());
    let idle: Vec<&String> = idle.filter(|name| !used.iter().any(|(_, used)| used == name)).collect();
    for (place, name) in used.iter().filter(|(_, name)| declared.is_none_or(|all| !all.contains_key(*name))) {
        if let Some(near) = text::nearest(name, &idle) {
            let message = format!("`{name}` is not declared, and the component `{near}` is in no scenario");
            issues.push(Issue::new(place, message, format!("did you mean `{near}`?")));
        }
    }
}

/// The list of components has one place to come from.
fn twice(root: &Node, issues: &mut Vec<Issue>) {
    let Some(wanted) = root.at(&["terraform", "components-var"]) else { return };
    let Some(name) = wanted.text() else { return };
    let of = |section: &'static str| root.get(section).and_then(Node::table).into_iter().flatten();
    let tables = ["terraform"].iter().filter_map(|section| root.get(section));
    let tables = tables.chain(of("scenarios").chain(of("components")).map(|(_, entry)| &entry.node));
    for given in tables.filter_map(|table| table.get("vars")?.entry(name)) {
        let message = format!("`{name}` gets the components already: `components-var` names it");
        issues.push(Issue::new(&given.key, message, "leave one of them out"));
    }
}
