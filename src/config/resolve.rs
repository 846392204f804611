//! The merged document as plain JSON for serde: paths rendered and made absolute, what is missing reported.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::called::CALLED;
use crate::config::check::Issue;
use crate::config::node::{Entry, Node, Place, Value};
use crate::config::shape::{FILE, SHAPES, Shape, TableShape};
use crate::config::template::{Rendered, Scope, Template, TemplateError};
use crate::failure::Explain;

/// What paths are rendered with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) root: &'a Path,
    pub(crate) project: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) vars: &'a BTreeMap<OsString, OsString>,
}

impl Setting<'_> {
    /// Text that names nothing but the environment, the project and variables.
    pub(crate) fn render(&self, text: &str) -> Result<String, TemplateError> {
        // What is malformed has been reported before, with its place.
        let template = Template::parse(text).unwrap_or_else(|_| Template::literal(text));
        let scope = Scope {
            environment: self.environment,
            project: self.project,
            outputs: &IndexMap::new(),
            foreign: &IndexMap::new(),
            secrets: &IndexMap::new(),
            values: &IndexMap::new(),
            images: &IndexMap::new(),
            cluster: None,
            vars: self.vars,
            addresses: IndexMap::new(),
            is_dry: false,
        };
        match template.render(&scope)? {
            Rendered::Plain(text) => Ok(text),
            Rendered::Secret(_) => Err(TemplateError::Sensitive { template: text.to_owned() }),
        }
    }

    /// A path as written, made absolute.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, TemplateError> {
        let text = self.render(text)?;
        let path = match (text.strip_prefix("~/"), self.vars.get(OsStr::new("HOME"))) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            (Some(_), None) => return Err(TemplateError::Var { name: "HOME".to_owned(), template: text }),
            (None, _) => self.root.join(text),
        };
        Ok(path.components().filter(|part| *part != Component::CurDir).collect())
    }
}

/// The whole document as JSON, and what is wrong with it.
pub(crate) fn document(root: &Node, setting: Setting<'_>) -> (Json, Vec<Issue>) {
    let mut resolve = Resolve { setting, issues: Vec::new() };
    let json = resolve.table(FILE, &root.place, root, SHAPES.table(FILE), false);
    (json, resolve.issues)
}

struct Resolve<'a> {
    setting: Setting<'a>,
    issues: Vec<Issue>,
}

impl Resolve<'_> {
    fn table(&mut self, name: &str, key: &Place, node: &Node, shape: &TableShape, in_list: bool) -> Json {
        let Some(entries) = node.table() else { return Json::Null };
        // Tables in lists stand in one file and were checked there; a misspelled key was reported there.
        let complete = in_list || shape.has_typo(entries.keys());
        for (missing, field) in shape.fields.iter().filter(|_| !complete) {
            if field.required && !entries.contains_key(*missing) {
                let message = format!("`{name}` needs `{missing}`");
                let help = vec![format!("add `{missing} = …`")];
                self.issues.push(Issue { place: key.clone(), message, help });
            }
        }
        let known = entries.iter().filter_map(|(key, entry)| Some((key, entry, shape_of(shape, key)?)));
        known
            .map(|(key, entry, field)| {
                let raw = (key == "command" && node.says("raw")).then(|| literal(&entry.node));
                let value = raw.as_ref().unwrap_or(&entry.node);
                (key.clone(), self.value(key, &entry.key, value, field, in_list))
            })
            .collect()
    }

    fn value(&mut self, name: &str, key: &Place, node: &Node, shape: &Shape, in_list: bool) -> Json {
        match (shape, &node.value) {
            (Shape::Text(format), Value::Text(text)) if *format == "path" => match self.setting.path(text) {
                Ok(path) => path.to_string_lossy().into(),
                Err(error) => self.failed(node, &error),
            },
            (Shape::Either(shapes), value) => match shapes.iter().find(|shape| shape.takes(value)) {
                Some(shape) => self.value(name, key, node, shape, in_list),
                None => Json::Null,
            },
            (Shape::List(item), Value::List(items)) => {
                items.iter().map(|node| self.value(name, &node.place, node, item, true)).collect()
            }
            (Shape::Tree(_), Value::List(items)) => {
                items.iter().map(|node| self.value(name, &node.place, node, shape, true)).collect()
            }
            (Shape::Table(table), Value::Table(_)) => {
                self.table(name, key, node, SHAPES.table(table), in_list)
            }
            (Shape::Map { values: inner, .. }, Value::Table(table)) => self.map(name, table, inner, in_list),
            (Shape::Tree(_), Value::Table(table)) => self.map(name, table, shape, in_list),
            _ => plain(node),
        }
    }

    fn map(&mut self, parent: &str, table: &IndexMap<String, Entry>, inner: &Shape, in_list: bool) -> Json {
        let entries = table.iter().map(|(name, entry)| {
            (name.clone(), self.value(&format!("{parent}.{name}"), &entry.key, &entry.node, inner, in_list))
        });
        entries.collect()
    }

    fn failed(&mut self, node: &Node, error: &TemplateError) -> Json {
        if !matches!(error, TemplateError::Var { .. }) {
            return Json::Null; // reported by config/check.rs
        }
        let issue = Issue { place: node.place.clone(), message: error.to_string(), help: error.help() };
        self.issues.push(issue);
        Json::Null
    }
}

/// What a key of a table may hold; a copy of a pipeline that is called may stand in any step.
fn shape_of<'a>(table: &'a TableShape, key: &str) -> Option<&'a Shape> {
    if key == CALLED
        && let Shape::Map { values, .. } = &SHAPES.table(FILE).fields["pipelines"].shape
    {
        return Some(values);
    }
    Some(&table.fields.get(key)?.shape)
}

/// The same text as a template that names nothing.
fn literal(node: &Node) -> Node {
    let value = match &node.value {
        Value::Text(text) => Value::Text(Template::literal(text.as_str()).as_str().to_owned()),
        Value::List(items) => Value::List(items.iter().map(literal).collect()),
        other => other.clone(),
    };
    Node { place: node.place.clone(), value }
}

/// A value as it is.
pub(crate) fn plain(node: &Node) -> Json {
    match &node.value {
        Value::Text(text) | Value::Date(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Table(table) => table.iter().map(|(key, entry)| (key.clone(), plain(&entry.node))).collect(),
    }
}
