//! Names: those a file may refer to, and what a name may look like.

use std::collections::BTreeSet;

use crate::config::cluster::NAMES;
use crate::config::node::{Node, Value};
use crate::config::shape::{FILE, SHAPES, Shape, TableShape};
use crate::config::template::{Name, Template};
use crate::text;

/// Names that a file may refer to.
#[derive(Debug, Default)]
pub(crate) struct Known {
    environments: Vec<String>,
    hosts: BTreeSet<String>,
    images: BTreeSet<String>,
    tasks: BTreeSet<String>,
    snapshots: BTreeSet<String>,
    routes: BTreeSet<String>,
    sensitive_outputs: BTreeSet<String>,
    values: BTreeSet<String>,
    secret_values: BTreeSet<String>,
    cluster: Vec<&'static str>,
}

impl Known {
    /// Names that a merged document declares.
    pub(crate) fn of(document: &Node, environments: &[String]) -> Known {
        let names = |section| match document.get(section).and_then(Node::table) {
            Some(table) => table.keys().cloned().collect(),
            None => BTreeSet::new(),
        };
        let (values, secret_values) = values(document);
        Known {
            environments: environments.to_vec(),
            hosts: names("hosts"),
            images: names("images"),
            tasks: names("tasks"),
            snapshots: names("snapshots"),
            routes: names("routes"),
            sensitive_outputs: sensitive_outputs(document),
            values,
            secret_values,
            cluster: cluster(document),
        }
    }

    /// Whether it is an output given by hand that names a secret.
    pub(crate) fn is_sensitive(&self, output: &str) -> bool {
        self.sensitive_outputs.contains(output)
    }

    /// Whether it is a value that is said to be secret.
    pub(crate) fn is_secret_value(&self, value: &str) -> bool {
        self.secret_values.contains(value)
    }

    /// Why the cluster has nothing of this name; none if it has.
    pub(crate) fn lacks_of_cluster(&self, name: &str) -> Option<(&'static str, &'static str)> {
        match self.cluster.contains(&name) {
            true => None,
            false if self.cluster.is_empty() => {
                Some(("there is no cluster", "declare it: `[cluster]` with `kind`"))
            }
            false => Some(("the cluster has no registry", "declare it: `[cluster.registry]`")),
        }
    }

    /// The names of one sort.
    pub(crate) fn named(&self, what: &str) -> Vec<&str> {
        let names = match what {
            "environment" => return self.environments.iter().map(String::as_str).collect(),
            "host" => &self.hosts,
            "image" => &self.images,
            "task" => &self.tasks,
            "value" => &self.values,
            "route" => &self.routes,
            _ => &self.snapshots,
        };
        names.iter().map(String::as_str).collect()
    }
}

/// What can be named of the cluster.
fn cluster(document: &Node) -> Vec<&'static str> {
    let Some(cluster) = document.get("cluster") else { return Vec::new() };
    let has_registry = cluster.get("registry").is_some();
    NAMES.into_iter().filter(|name| has_registry || !name.starts_with("registry")).collect()
}

/// The names of values: all, and the secret ones.
fn values(document: &Node) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut found = (BTreeSet::new(), BTreeSet::new());
    if let Some(values) = document.get("values") {
        named(values, &mut found);
    }
    for section in ["pipelines", "hooks"] {
        document.get(section).into_iter().for_each(|section| captured(section, &mut found));
    }
    found
}

fn captured(node: &Node, found: &mut (BTreeSet<String>, BTreeSet<String>)) {
    node.list().iter().for_each(|item| captured(item, found));
    for (key, entry) in node.table().into_iter().flatten() {
        if key == "capture" { named(&entry.node, found) } else { captured(&entry.node, found) }
    }
}

fn named(values: &Node, found: &mut (BTreeSet<String>, BTreeSet<String>)) {
    for (name, entry) in values.table().into_iter().flatten() {
        found.0.insert(name.clone());
        if entry.node.says("secret") {
            found.1.insert(name.clone());
        }
    }
}

fn sensitive_outputs(document: &Node) -> BTreeSet<String> {
    let outputs = document.get("outputs").and_then(Node::table).into_iter().flatten();
    outputs.filter(|(_, entry)| names_secret(&entry.node)).map(|(name, _)| name.clone()).collect()
}

fn names_secret(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => Template::parse(text)
            .is_ok_and(|template| template.names().any(|name| matches!(name, Name::Secret(_)))),
        Value::List(items) => items.iter().any(names_secret),
        Value::Table(table) => table.values().any(|entry| names_secret(&entry.node)),
        _ => false,
    }
}

/// Whether it can be the name of a variable of an environment.
pub(crate) fn is_variable(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(first) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The three numbers of a version; what is left out is 0.
pub(crate) fn version(written: &str) -> Option<semver::Version> {
    let dots = written.split(['-', '+']).next().unwrap_or(written).matches('.').count();
    match dots {
        0 => semver::Version::parse(&format!("{written}.0.0")),
        1 => semver::Version::parse(&format!("{written}.0")),
        _ => semver::Version::parse(written),
    }
    .ok()
}

/// What to do about a key that a table does not know.
pub(crate) fn unknown_key_help(key: &str, name: &str, shape: &TableShape) -> String {
    if let Some(near) = text::nearest(key, shape.fields.keys()) {
        return format!("did you mean `{near}`?");
    }
    let file = SHAPES.table(FILE);
    if !name.is_empty() && file.fields.contains_key(key) {
        return format!(
            "write `{key}` above the first `[table]` of the file, where it belongs to the environment"
        );
    }
    if name.is_empty() {
        let home = file.fields.iter().find_map(|(section, field)| match &field.shape {
            Shape::Table(table) if SHAPES.table(table).fields.contains_key(key) => Some(section),
            _ => None,
        });
        if let Some(section) = home {
            return format!("write it under `[{section}]`");
        }
    }
    format!("use {}, or begin it with `x-` if it is for you alone", text::list(shape.fields.keys(), "or"))
}
