//! Values: where they may be named, where they come from, and that nobody asks for one before it is there.

use std::collections::BTreeMap;

use super::calls::steps;
use super::comes_back;
use super::names::each_name;
use crate::config::check::Issue;
use crate::config::node::{Entry, Node, Place};
use crate::config::template::Name;
use crate::text;

/// Rules about `[values]`, `[secrets] from` and `capture`.
pub(super) fn rules(root: &Node, environment: &str, issues: &mut Vec<Issue>) {
    sources(root, issues);
    for key in [
        &["terraform"][..],
        &["outputs"],
        &["lock"],
        &["safety"],
        &["drift"],
        &["release"],
        &["snapshots"],
        &["routes"],
        &["registry"],
    ] {
        too_early(root.at(key), key[0] == "terraform", issues);
    }
    for section in ["pipelines", "hooks"] {
        for (_, entry) in root.get(section).and_then(Node::table).into_iter().flatten() {
            for step in steps(&entry.node) {
                captures(root, step, issues);
            }
        }
    }
    for (name, _) in root.get("pipelines").and_then(Node::table).into_iter().flatten() {
        let mut way = Way { root, environment, captured: BTreeMap::new(), used: BTreeMap::new(), issues };
        way.pipeline(name, &mut Vec::new());
    }
}

/// Where a value comes from.
const SOURCES: [&str; 4] = ["file", "command", "http", "route"];

fn sources(root: &Node, issues: &mut Vec<Issue>) {
    let values = root.get("values").and_then(Node::table);
    let inside = |name: &str| -> Vec<&str> {
        let source = values.and_then(|values| values.get(name));
        let named = source.map(|entry| names(&entry.node)).unwrap_or_default();
        named
            .into_iter()
            .filter_map(|name| values?.get_key_value(name.as_str()))
            .map(|(name, _)| name.as_str())
            .collect()
    };
    for (name, entry) in values.into_iter().flatten() {
        source(name, &entry.key, &entry.node, issues);
        if comes_back(name, inside) {
            let message = format!("the value `{name}` would be read with itself");
            issues.push(Issue::new(&entry.key, message, "remove one of these names"));
        }
    }
    for (name, entry) in root.at(&["secrets", "from"]).and_then(Node::table).into_iter().flatten() {
        source(name, &entry.key, &entry.node, issues);
        if let Some(route) = entry.node.entry("route") {
            let message = "a secret is no side of a route".to_owned();
            issues.push(Issue::new(&route.key, message, "write it under `[values]`"));
        }
        each_name(&entry.node, &mut |place, name| {
            let is_late = matches!(
                name,
                Name::Output(_) | Name::Foreign(_) | Name::HostAddress(_) | Name::Value(_) | Name::Image(_)
            );
            if is_late {
                let message = format!("a secret is needed before `{name}` is known");
                let help = "use `secret.NAME` of a file, `environment`, `project` and `var.NAME` only";
                issues.push(Issue::new(place, message, help));
            }
        });
    }
}

fn source(name: &str, key: &Place, node: &Node, issues: &mut Vec<Issue>) {
    one_of(node, &SOURCES, issues);
    if !SOURCES.iter().any(|source| node.get(source).is_some()) {
        let help = format!("add {}", text::list(SOURCES, "or"));
        issues.push(Issue::new(key, format!("nothing says where `{name}` comes from"), help));
    }
    one_of(node, &["line", "match", "json"], issues);
    for (option, beside) in [("raw", "command"), ("headers", "http"), ("ca", "http"), ("side", "route")] {
        if let (Some(option_at), None) = (node.entry(option), node.get(beside)) {
            let message = format!("`{option}` means nothing here: it belongs beside `{beside}`");
            issues.push(Issue::new(&option_at.key, message, "remove it"));
        }
    }
    if let (Some(route), None) = (node.entry("route"), node.get("side")) {
        let help = "add `side = \"idle\"` or `side = \"live\"`";
        issues.push(Issue::new(&route.key, "which side of the route is meant?".to_owned(), help));
    }
    not_interactive(node, issues);
}

fn not_interactive(node: &Node, issues: &mut Vec<Issue>) {
    let Some(command) = node.get("command") else { return };
    let Some(table) = command.table() else { return };
    if let Some(entry) = table.get("interactive").filter(|_| command.says("interactive")) {
        let message =
            "what owns the terminal says nothing to infractl: no value can be taken of it".to_owned();
        issues.push(Issue::new(&entry.key, message, "remove `interactive`"));
    }
}

fn one_of(node: &Node, keys: &[&str], issues: &mut Vec<Issue>) {
    let Some(table) = node.table() else { return };
    let given: Vec<(&String, &Entry)> =
        table.iter().filter(|(key, _)| keys.contains(&key.as_str())).collect();
    if let [(first, _), rest @ ..] = given.as_slice() {
        for (other, entry) in rest {
            let message = format!("`{other}` beside `{first}`: one of them is enough");
            issues.push(Issue::new(&entry.key, message, "remove one of them"));
        }
    }
}

/// Steps that say something of which a value can be taken.
const TELLING: [&str; 8] = ["command", "remote", "docker", "compose", "ansible", "ecs", "http", "publish"];

fn captures(root: &Node, step: &Node, issues: &mut Vec<Issue>) {
    let Some(captures) = step.get("capture").and_then(Node::table) else { return };
    let tells = TELLING.iter().any(|kind| step.get(kind).is_some());
    for (name, entry) in captures {
        one_of(&entry.node, &["line", "match", "json", "header", "log", "file"], issues);
        if let Some(value) = root.get("values").and_then(Node::table).and_then(|values| values.get(name)) {
            let message = format!("`{name}` is a value of `[values]` already");
            issues.push(Issue::new(&entry.key, message, "give one of them another name"));
            issues.push(Issue::new(
                &value.key,
                format!("`{name}` is captured by a step as well"),
                "give one of them another name",
            ));
        }
        if let Some(header) = entry.node.table().and_then(|table| table.get("header"))
            && step.get("http").is_none()
        {
            let message = "`header` means nothing here: it belongs to a step `http`".to_owned();
            issues.push(Issue::new(&header.key, message, "remove it"));
        } else if !tells && entry.node.get("file").is_none() {
            let message = "this step says nothing of which a value could be taken".to_owned();
            issues.push(Issue::new(
                &entry.key,
                message,
                format!("take it of a file, or of {}", text::list(TELLING, "or")),
            ));
        }
    }
    not_interactive(step, issues);
}

/// What is rendered before any value is read.
fn too_early(node: Option<&Node>, is_terraform: bool, issues: &mut Vec<Issue>) {
    let Some(table) = node.and_then(Node::table) else { return };
    for (key, entry) in table {
        if is_terraform && matches!(key.as_str(), "vars" | "env") {
            continue;
        }
        each_name(&entry.node, &mut |place, name| {
            if matches!(name, Name::Value(_) | Name::Image(_)) {
                let message = format!("`{key}` is needed before `{name}` is known");
                issues.push(Issue::new(place, message, "use `environment`, `project` and `var.NAME`"));
            }
        });
    }
}

/// A pipeline from its first step to its last, through those that it calls.
struct Way<'a> {
    root: &'a Node,
    environment: &'a str,
    captured: BTreeMap<String, (Place, Vec<(String, String)>)>,
    used: BTreeMap<String, Place>,
    issues: &'a mut Vec<Issue>,
}

impl<'a> Way<'a> {
    fn pipeline(&mut self, name: &'a str, above: &mut Vec<&'a str>) {
        // What comes back to where it began is refused elsewhere.
        if above.contains(&name) {
            return;
        }
        above.push(name);
        let hook = |when: &str| self.root.at(&["hooks", &format!("{when}-{name}")]);
        let (before, after) = (hook("before"), hook("after"));
        for list in [before, self.root.at(&["pipelines", name]), after].into_iter().flatten() {
            self.steps(list, above);
        }
        above.pop();
    }

    fn steps(&mut self, list: &'a Node, above: &mut Vec<&'a str>) {
        let list = list.get("steps").unwrap_or(list);
        if list.text().is_some() {
            self.uses(list);
        }
        for step in list.list() {
            if !self.is_elsewhere(step) {
                self.step(step, above);
            }
        }
    }

    fn step(&mut self, step: &'a Node, above: &mut Vec<&'a str>) {
        let Some(table) = step.table() else { return self.uses(step) };
        for (key, entry) in table {
            if !matches!(key.as_str(), "verify" | "on-failure" | "capture") {
                self.uses(&entry.node);
            }
        }
        if let Some(called) = step.get("do").and_then(Node::text) {
            self.pipeline(called, above);
        }
        if let Some(on_failure) = step.get("on-failure") {
            self.steps(on_failure, above);
        }
        for (name, entry) in step.get("capture").and_then(Node::table).into_iter().flatten() {
            self.capture(name, &entry.key, only_when(step));
        }
        if let Some(verify) = step.get("verify") {
            self.uses(verify);
        }
    }

    fn uses(&mut self, node: &Node) {
        let (captured, used) = (&self.captured, &mut self.used);
        each_name(node, &mut |place, name| {
            if let Name::Value(name) = name
                && !captured.contains_key(name)
            {
                used.entry(name.clone()).or_insert_with(|| place.clone());
            }
        });
    }

    fn capture(&mut self, name: &str, place: &Place, when: Vec<(String, String)>) {
        if let Some(used) = self.used.get(name) {
            let message = format!("`{{{{value.{name}}}}}` is used before a step captures it");
            self.issues.push(Issue::new(used, message, "put the step that captures it first"));
            let message = format!("`{name}` is captured here, after a step has used it");
            self.issues.push(Issue::new(place, message, "put this step first"));
        }
        match self.captured.get(name) {
            // A pipeline that is called twice captures its values twice.
            Some((first, other)) if first != place && !exclude_each_other(other, &when) => {
                for (place, which) in [(first, "first"), (place, "again")] {
                    let message = format!("`{name}` is captured by two steps: {which} here");
                    let help =
                        "give one of them another name, or conditions (`when`) that exclude each other";
                    self.issues.push(Issue::new(place, message, help));
                }
            }
            Some(_) => {}
            None => drop(self.captured.insert(name.to_owned(), (place.clone(), when))),
        }
    }

    fn is_elsewhere(&self, step: &Node) -> bool {
        let named = |key: &str| {
            let patterns = step.at(&["when", key]).map(Node::list)?;
            let mut patterns = patterns.iter().filter_map(Node::text);
            Some(patterns.any(|pattern| text::matches(pattern, self.environment)))
        };
        named("environment") == Some(false) || named("not-environment") == Some(true)
    }
}

/// `exists` and `missing` of a step's conditions.
fn only_when(step: &Node) -> Vec<(String, String)> {
    let condition = |key: &str| Some((key.to_owned(), step.at(&["when", key])?.text()?.to_owned()));
    ["exists", "missing"].into_iter().filter_map(condition).collect()
}

fn exclude_each_other(one: &[(String, String)], other: &[(String, String)]) -> bool {
    one.iter().any(|(key, path)| other.iter().any(|(other, same)| key != other && path == same))
}

/// The values that are named in it.
fn names(node: &Node) -> Vec<String> {
    let mut all = Vec::new();
    each_name(node, &mut |_, name| {
        if let Name::Value(name) = name {
            all.push(name.clone());
        }
    });
    all
}
