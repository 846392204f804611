//! What an environment says of its root module, its scenarios and its secrets, and nothing else: for a look at all environments.

use std::ffi::OsStr;
use std::sync::Arc;

use crate::config::chosen::{AND, Chosen, Up};
use crate::config::environment::Environment;
use crate::config::node::{Node, Value};
use crate::config::origin::Document;
use crate::config::project::Project;
use crate::config::resolve::{self, Setting};
use crate::config::scenarios::{self, Asked};
use crate::config::source;
use crate::config::variables::SCENARIO;
use crate::failure::Failure;

const SECTIONS: [&str; 4] = ["terraform", "secrets", "scenarios", "components"];

impl Project {
    /// The environment with these sections only; none when its files are wrong, which it says itself when it is used.
    pub(crate) fn outline(&self, name: &str) -> Option<Environment> {
        let own = source::read(&self.root, &format!("environments/{name}/environment.toml"), 1);
        if !self.defaults.problems.is_empty() || !own.problems.is_empty() {
            return None;
        }
        let mut root = part(&self.defaults.root);
        root.merge(part(&own.root));
        let scenario = self.scenario(&root, name, Asked::Nothing).ok()?;
        if let Some(scenario) = &scenario {
            scenarios::lay(&mut root, scenario);
        }
        let setting = Setting {
            root: &self.root,
            project: &self.name,
            environment: name,
            vars: &self.vars,
            scenario: scenario.as_ref(),
        };
        let (json, _) = resolve::document(&root, setting);
        let file = serde_json::from_value(json).ok()?;
        let document = Document { files: vec![self.defaults.source.clone(), own.source], root };
        Environment::new(file, setting, Arc::new(document)).ok()
    }
}

impl Project {
    /// The scenario of an environment whose files say this.
    pub(super) fn scenario(
        &self,
        document: &Node,
        environment: &str,
        asked: Asked<'_>,
    ) -> Result<Option<Chosen>, Failure> {
        let is_open = matches!(asked, Asked::Nothing | Asked::Named([]));
        if document.get("scenarios").is_none() && is_open {
            return Ok(None);
        }
        let text = |name: &str| self.vars.get(OsStr::new(name)).and_then(|value| value.to_str());
        // What a run hands on is meant for the environment that it runs on.
        let is_meant = text("INFRACTL_ENV").is_none_or(|name| name.is_empty() || name == environment);
        let handed = text(SCENARIO.name).filter(|text| is_meant && !text.is_empty());
        let handed: Vec<String> =
            handed.into_iter().flat_map(|text| text.split(AND)).map(str::to_owned).collect();
        let asked = if is_open { Asked::Handed(&handed) } else { asked };
        scenarios::choose(document, environment, asked, Up::read(&self.root, environment).as_ref())
    }
}

fn part(root: &Node) -> Node {
    let entries = root.table().into_iter().flatten();
    let kept = entries.filter(|(key, _)| SECTIONS.contains(&key.as_str()));
    let table = kept.map(|(key, entry)| (key.clone(), entry.clone())).collect();
    Node { place: root.place.clone(), value: Value::Table(table) }
}
