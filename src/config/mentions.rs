//! What the files of an environment mention: outputs by name, variables of the root module; each with its place.

use crate::config::called;
use crate::config::node::{Entry, Node, Place, Value};
use crate::config::origin::Document;
use crate::config::source;
use crate::config::template::{Name, Template};
use crate::failure::Problem;

/// A name in the files of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// The name.
    pub(crate) name: String,
    place: Place,
}

impl Document {
    /// Outputs that a section needs: all that its texts name, but those that may be missing.
    pub(crate) fn outputs_of(&self, section: &str) -> Vec<Mention> {
        let mut found = Vec::new();
        if let Some(node) = self.root.get(section) {
            self.collect_outputs(node, section == "env-file", &mut found);
        }
        found
    }

    /// The first place where any section but that of outputs by hand names this output.
    pub(crate) fn first_output(&self, name: &str) -> Option<Mention> {
        let sections = self.root.table()?.keys().filter(|section| *section != "outputs");
        sections.flat_map(|section| self.outputs_of(section)).find(|mention| mention.name == name)
    }

    /// The first `with` name of a pipeline, which only a call can give.
    pub(crate) fn parameter_of(&self, pipeline: &str) -> Option<String> {
        called::parameters(self.root.at(&["pipelines", pipeline])?).into_iter().next()
    }

    /// What is wrong with a value, at the first place where a step names it; one of this pipeline, if there is one.
    pub(crate) fn value_problem(
        &self,
        pipeline: &str,
        name: &str,
        message: String,
        help: String,
    ) -> Option<Problem> {
        let sections = ["pipelines", "hooks", "terraform", "env-file"];
        let all = sections.iter().filter_map(|section| self.root.get(section));
        let all = self.root.at(&["pipelines", pipeline]).into_iter().chain(all);
        self.name_problem(all, &format!("value.{name}"), message, help)
    }

    /// What is wrong with an image, at the first place that names it in a template.
    pub(crate) fn image_problem(&self, name: &str, message: String, help: String) -> Option<Problem> {
        self.name_problem([&self.root], &format!("image.{name}"), message, help)
    }

    fn name_problem<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a Node>,
        whole: &str,
        message: String,
        help: String,
    ) -> Option<Problem> {
        let place = nodes.into_iter().find_map(|node| self.place_of_name(node, whole))?;
        Some(source::problem(&self.files[place.file], &place, message, vec![help]))
    }

    fn place_of_name(&self, node: &Node, whole: &str) -> Option<Place> {
        match &node.value {
            Value::Text(text) => {
                let template = Template::parse(text).ok()?;
                let (_, span) = template.spans().find(|(name, _)| name.to_string() == whole)?;
                Some(self.files[node.place.file].inside(&node.place, text, span))
            }
            Value::List(items) => items.iter().find_map(|item| self.place_of_name(item, whole)),
            Value::Table(table) => table.values().find_map(|entry| self.place_of_name(&entry.node, whole)),
            _ => None,
        }
    }

    /// The keys of a table such as `terraform.vars`.
    pub(crate) fn keys_of(&self, table: &[&str]) -> Vec<Mention> {
        let entries = self.root.at(table).and_then(Node::table).into_iter().flatten();
        entries.map(|(name, entry)| Mention { name: name.clone(), place: entry.key.clone() }).collect()
    }

    /// The steps of a pipeline or a hook, by the way to it.
    pub(crate) fn steps(&self, way: &[&str]) -> &[Node] {
        let Some(node) = self.root.at(way) else { return &[] };
        // With an effect for all of them it is a table.
        node.get("steps").unwrap_or(node).list()
    }

    /// What is wrong with a key, at its place; `above` is the whole document if nothing is given.
    pub(crate) fn key_problem(
        &self,
        above: Option<&Node>,
        keys: &[&str],
        why: &str,
        help: &str,
    ) -> Option<Problem> {
        let (last, before) = keys.split_last()?;
        let place = &above.unwrap_or(&self.root).at(before)?.table()?.get(*last)?.key;
        Some(source::problem(&self.files[place.file], place, why.to_owned(), vec![help.to_owned()]))
    }

    /// What is wrong with one of a list of texts, at its place.
    pub(crate) fn item_problem(
        &self,
        list: &[&str],
        item: &str,
        message: String,
        help: Vec<String>,
    ) -> Problem {
        let items = self.root.at(list).map(Node::list).unwrap_or_default();
        match items.iter().find(|node| node.text() == Some(item)) {
            Some(node) => source::problem(&self.files[node.place.file], &node.place, message, help),
            None => Problem { message, place: None, help },
        }
    }

    /// What is wrong with a name, at its place.
    pub(crate) fn problem(&self, mention: &Mention, message: String, help: Vec<String>) -> Problem {
        source::problem(&self.files[mention.place.file], &mention.place, message, help)
    }

    fn collect_outputs(&self, node: &Node, has_sources: bool, found: &mut Vec<Mention>) {
        match &node.value {
            Value::Text(text) => {
                let template = Template::parse(text).unwrap_or_default();
                for (name, span) in template.spans() {
                    if let Name::Output(name) = name {
                        let place = self.files[node.place.file].inside(&node.place, text, span);
                        found.push(Mention { name: name.clone(), place });
                    }
                }
            }
            Value::List(items) => {
                for item in items {
                    self.collect_outputs(item, has_sources, found);
                }
            }
            Value::Table(table) => {
                for (key, Entry { node: value, .. }) in table {
                    match value.text().filter(|_| has_sources && key == "output") {
                        Some(_) if may_be_missing(node) => {}
                        Some(name) => {
                            found.push(Mention { name: name.to_owned(), place: value.place.clone() });
                        }
                        None => self.collect_outputs(value, has_sources, found),
                    }
                }
            }
            _ => {}
        }
    }
}

/// A value of the environment file that has something else to say, or nothing.
fn may_be_missing(source: &Node) -> bool {
    source.get("default").is_some()
        || matches!(source.get("optional"), Some(Node { value: Value::Boolean(true), .. }))
}
