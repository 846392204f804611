//! Where the files of an environment name outputs of other environments.

use crate::config::node::{Node, Place, Value};
use crate::config::origin::Document;
use crate::config::source::{self, Source};
use crate::config::template::{Foreign, Name, Template};
use crate::failure::Problem;

/// An output of another environment, and where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) foreign: Foreign,
    pub(crate) place: Place,
}

impl Document {
    /// Outputs of other environments that the texts below these keys name; all of them for no key.
    pub(crate) fn foreign_below(&self, keys: &[&str]) -> Vec<Named> {
        let files: Vec<_> = self.files.iter().collect();
        self.root.at(keys).map(|node| below(node, &files)).unwrap_or_default()
    }

    /// What is wrong with an output of another environment, at the first place that names it.
    pub(crate) fn foreign_problem(&self, foreign: &Foreign, message: String, help: Vec<String>) -> Problem {
        let all = self.foreign_below(&[]);
        match all.into_iter().find(|named| named.foreign == *foreign) {
            Some(Named { place, .. }) => source::problem(&self.files[place.file], &place, message, help),
            None => Problem { message, place: None, help },
        }
    }
}

/// Those that the texts below a node name, in order.
pub(super) fn below(node: &Node, files: &[&Source]) -> Vec<Named> {
    let mut found = Vec::new();
    collect(node, files, &mut found);
    found
}

fn collect(node: &Node, files: &[&Source], found: &mut Vec<Named>) {
    match &node.value {
        Value::Text(text) => {
            for (name, span) in Template::parse(text).unwrap_or_default().spans() {
                if let Name::Foreign(foreign) = name {
                    let place = files[node.place.file].inside(&node.place, text, span);
                    found.push(Named { foreign: foreign.clone(), place });
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, files, found)),
        Value::Table(table) => {
            let entries = table.iter().filter(|(key, _)| !key.starts_with("x-"));
            entries.for_each(|(_, entry)| collect(&entry.node, files, found));
        }
        _ => {}
    }
}
