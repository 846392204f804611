//! What an environment says of its root module and its secrets, and nothing else: for a look at all environments.

use std::sync::Arc;

use crate::config::environment::Environment;
use crate::config::node::{Node, Value};
use crate::config::origin::Document;
use crate::config::project::Project;
use crate::config::resolve::{self, Setting};
use crate::config::source;

const SECTIONS: [&str; 2] = ["terraform", "secrets"];

impl Project {
    /// The environment with these sections only; none when its files are wrong, which it says itself when it is used.
    pub(crate) fn outline(&self, name: &str) -> Option<Environment> {
        let own = source::read(&self.root, &format!("environments/{name}/environment.toml"), 1);
        if !self.defaults.problems.is_empty() || !own.problems.is_empty() {
            return None;
        }
        let mut root = part(&self.defaults.root);
        root.merge(part(&own.root));
        let setting = Setting { root: &self.root, project: &self.name, environment: name, vars: &self.vars };
        let (json, _) = resolve::document(&root, setting);
        let file = serde_json::from_value(json).ok()?;
        let document = Document { files: vec![self.defaults.source.clone(), own.source], root };
        Environment::new(file, setting, Arc::new(document)).ok()
    }
}

fn part(root: &Node) -> Node {
    let entries = root.table().into_iter().flatten();
    let kept = entries.filter(|(key, _)| SECTIONS.contains(&key.as_str()));
    let table = kept.map(|(key, entry)| (key.clone(), entry.clone())).collect();
    Node { place: root.place.clone(), value: Value::Table(table) }
}
