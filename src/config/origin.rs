//! Where every value of an environment comes from.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::chosen::Chosen;
use crate::config::node::{Node, Value};
use crate::config::resolve::plain;
use crate::config::scenarios;
use crate::config::source::{self, Source};
use crate::failure::Problem;
use crate::text;

/// What the files of an environment say, merged, with the place of every value.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) files: Vec<Source>,
    pub(crate) root: Node,
}

/// A value and the place it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Keys joined by dots, such as `terraform.backend.bucket`.
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// File, relative to the root of the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

impl Document {
    /// Every value with the place it comes from, in the order of the files. Lists are one value: a list is
    /// replaced as a whole.
    pub fn origins(&self) -> Vec<Origin> {
        let line_ends: Vec<Vec<usize>> = self.files.iter().map(Source::line_ends).collect();
        let mut found = Vec::new();
        self.collect("", &self.root, &line_ends, &mut found);
        found
    }

    /// The place of one value or table by its dotted key.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.origins().into_iter().find(|origin| {
            origin.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Something wrong with a value, shown where its key stands.
    pub(crate) fn problem_at(&self, keys: &[&str], message: String, help: Vec<String>) -> Problem {
        let entry = keys.split_last().and_then(|(last, above)| self.root.at(above)?.table()?.get(*last));
        match entry {
            Some(entry) => source::problem(&self.files[entry.key.file], &entry.key, message, help),
            None => Problem { message, place: None, help },
        }
    }

    /// Where a value stands: `environments/defaults.toml:7`.
    pub(crate) fn place_of(&self, keys: &[&str]) -> Option<String> {
        let (last, above) = keys.split_last()?;
        let entry = self.root.at(above)?.table()?.get(*last)?;
        Some(self.files[entry.key.file].place(&entry.key))
    }

    /// The merged document as JSON, as written (nothing rendered).
    pub fn to_json(&self) -> Json {
        plain(&self.root)
    }

    /// The variables that a scenario and its components bring, as they are written.
    pub(crate) fn variables_of(&self, chosen: &Chosen) -> IndexMap<String, Json> {
        let mut alone = self.root.clone();
        if let Value::Table(sections) = &mut alone.value {
            sections.shift_remove("terraform");
        }
        scenarios::lay(&mut alone, chosen);
        let vars = alone.at(&["terraform", "vars"]).and_then(Node::table).into_iter().flatten();
        vars.map(|(name, entry)| (name.clone(), plain(&entry.node))).collect()
    }

    fn collect(&self, prefix: &str, node: &Node, line_ends: &[Vec<usize>], found: &mut Vec<Origin>) {
        if let Value::Table(table) = &node.value
            && (!table.is_empty() || prefix.is_empty())
        {
            for (key, entry) in table {
                let key = text::toml::key(key);
                let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                self.collect(&key, &entry.node, line_ends, found);
            }
            return;
        }
        let (file, start) = (node.place.file, node.place.span.start);
        found.push(Origin {
            key: prefix.to_owned(),
            value: toml(&plain(node)),
            file: self.files[file].path.clone(),
            line: line_ends[file].partition_point(|end| *end < start) + 1,
        });
    }
}

/// A value as TOML on one line.
fn toml(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Json::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| format!("{} = {}", text::toml::key(key), toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
