//! Checks one file against the shapes: every problem it has, each with its place.

use crate::config::called::CALLED;
use crate::config::format;
use crate::config::known::{Known, is_variable, unknown_key_help};
use crate::config::node::{Node, Place, Value};
use crate::config::refused::refused;
use crate::config::resolve::plain;
use crate::config::shape::{FILE, SHAPES, Shape, TableShape};
use crate::config::source::Source;
use crate::config::template::{Name, Template, is_name};
use crate::text;

/// Something wrong at a place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) help: Vec<String>,
}

impl Issue {
    /// With one line on what to do.
    pub(crate) fn new(place: &Place, message: String, help: impl Into<String>) -> Issue {
        Issue { place: place.clone(), message, help: vec![help.into()] }
    }
}

/// Everything wrong with a file. Without `known` (a file that could not be read to its end) nothing is said
/// about names that it refers to.
pub(crate) fn file(files: [&Source; 2], root: &Node, known: Option<&Known>) -> Vec<Issue> {
    let mut check = Check { files, known, issues: Vec::new(), in_list: false, is_raw: false, is_copy: false };
    check.table("", root, SHAPES.table(FILE));
    check.issues
}

/// The same for a pipeline, of which each part may stand in another file.
pub(crate) fn pipeline(files: [&Source; 2], node: &Node, known: Option<&Known>) -> Vec<Issue> {
    let mut check = Check { files, known, issues: Vec::new(), in_list: true, is_raw: false, is_copy: true };
    if let Shape::Map { values, .. } = &SHAPES.table(FILE).fields["pipelines"].shape {
        check.value("pipelines", node, values);
    }
    check.issues
}

struct Check<'a> {
    files: [&'a Source; 2],
    known: Option<&'a Known>,
    issues: Vec<Issue>,
    /// A table in a list is never merged, so what it needs must be in it.
    in_list: bool,
    /// `{{` begins no name here.
    is_raw: bool,
    /// It is made by `config/called.rs`.
    is_copy: bool,
}

impl Check<'_> {
    fn issue(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.issues.push(Issue::new(place, message.into(), help));
    }

    fn table(&mut self, name: &str, node: &Node, shape: &TableShape) {
        let Some(entries) = node.table() else { return };
        self.is_raw = node.says("raw");
        for (key, entry) in entries {
            if let Some(field) = shape.fields.get(key.as_str()) {
                self.value(key, &entry.node, &field.shape);
            } else if !key.starts_with("x-") && (key != CALLED || !self.is_copy) {
                let message = match name {
                    "" => format!("unknown key `{key}`"),
                    name => format!("unknown key `{key}` in `{name}`"),
                };
                self.issue(&entry.key, message, unknown_key_help(key, name, shape));
            }
        }
        self.is_raw = false;
        if self.in_list {
            self.complete(name, node, shape);
        }
    }

    /// What a table must have that no other file can add.
    fn complete(&mut self, name: &str, node: &Node, shape: &TableShape) {
        let Some(entries) = node.table() else { return };
        let given: Vec<_> =
            entries.iter().filter(|(key, _)| shape.exactly_one.contains(&key.as_str())).collect();
        if shape.has_typo(entries.keys()) {
            return; // what seems to be missing is probably there, misspelled
        }
        for (key, field) in &shape.fields {
            if field.required && !entries.contains_key(*key) {
                self.issue(&node.place, format!("`{name}` needs `{key}`"), format!("add `{key} = …`"));
            }
        }
        if !shape.exactly_one.is_empty() && given.is_empty() {
            let kinds = text::list(&shape.exactly_one, "or");
            self.issue(&node.place, format!("`{name}` says nothing to do"), format!("add one of {kinds}"));
        }
        if let [(first, _), rest @ ..] = given.as_slice() {
            for (other, entry) in rest {
                let message = format!("`{other}` beside `{first}`: one of them is enough");
                let help = if name == "step" { "make two steps of them" } else { "remove one of them" };
                self.issue(&entry.key, message, help);
            }
        }
        if !shape.any_of.is_empty() && !shape.any_of.iter().any(|key| entries.contains_key(*key)) {
            let kinds = text::list(&shape.any_of, "or");
            self.issue(&node.place, format!("`{name}` says nothing to do"), format!("add {kinds}"));
        }
    }

    fn value(&mut self, key: &str, node: &Node, shape: &Shape) {
        match (shape, &node.value) {
            (_, Value::Float(number)) if !number.is_finite() => {
                let help = "write a finite number of at most 64 bits, or text";
                self.issue(&node.place, format!("`{key}` is a number that does not fit"), help);
            }
            // Only the environment file takes any number: there it becomes text again.
            (Shape::Number, Value::Float(number))
                if self.written(&node.place) != Some(number.to_string().as_str()) =>
            {
                let written = self.written(&node.place).unwrap_or_default();
                let message = format!("`{written}` is the number {number}, and would be written so");
                self.issue(&node.place, message, format!("put it in quotes: `\"{written}\"`"));
            }
            (Shape::Tree(format) | Shape::Text(format), Value::Text(text)) => {
                self.text(key, node, text, format);
            }
            (Shape::Tree(_), Value::List(items)) => {
                for item in items {
                    self.value(key, item, shape);
                }
            }
            (Shape::Tree(_), Value::Table(table)) => {
                for (key, entry) in table {
                    self.value(key, &entry.node, shape);
                }
            }
            (Shape::Any | Shape::Tree(_), _)
            | (Shape::Boolean, Value::Boolean(_))
            | (Shape::Number, Value::Float(_) | Value::Integer(_)) => {}
            (Shape::Word(words), Value::Text(text)) => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                if !words.contains(&text.as_str()) {
                    let help = match text::nearest(text, &words) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("use {}", text::list(&words, "or")),
                    };
                    self.issue(&node.place, format!("`{key}` cannot be `{text}`"), help);
                }
            }
            (Shape::Integer(least, most), Value::Integer(number)) => {
                if number < least || number > most {
                    let help = match *most {
                        most if most >= i64::from(u32::MAX) => format!("write {least} or more"),
                        most => format!("write a number from {least} to {most}"),
                    };
                    self.issue(&node.place, format!("`{key}` cannot be {number}"), help);
                }
            }
            (Shape::List(item), Value::List(items)) => {
                let before = std::mem::replace(&mut self.in_list, true);
                let name = if item.is_step() { "step" } else { key };
                for node in items {
                    self.value(name, node, item);
                }
                self.in_list = before;
            }
            (Shape::Map { keys, values }, Value::Table(table)) => {
                for (name, entry) in table {
                    if *keys == "variable" && !is_variable(name) {
                        let help = "use letters, digits and `_`, and no digit first";
                        self.issue(&entry.key, format!("`{name}` is not the name of a variable"), help);
                    }
                    if matches!(*keys, "environment" | "json-path" | "priced") {
                        let node = Node { place: entry.key.clone(), value: Value::Text(name.clone()) };
                        self.text(key, &node, name, keys);
                    }
                    if *keys == "name" && !is_name(name) {
                        let help = "use letters, digits, `_` and `-`";
                        self.issue(&entry.key, format!("`{name}` cannot be a name in `{key}`"), help);
                    }
                    self.value(&format!("{key}.{name}"), &entry.node, values);
                }
            }
            (Shape::Table(name), Value::Table(_)) => self.table(key, node, SHAPES.table(name)),
            (Shape::Either(shapes), value) => match shapes.iter().find(|shape| shape.takes(value)) {
                Some(shape) => self.value(key, node, shape),
                None => self.wrong_kind(key, node, shape),
            },
            _ => self.wrong_kind(key, node, shape),
        }
    }

    fn wrong_kind(&mut self, key: &str, node: &Node, shape: &Shape) {
        if let (Shape::Text(format), Value::Integer(number)) = (shape, &node.value)
            && *format == "duration"
        {
            let help = format!("write `{key} = \"{number}s\"`; units are `ms`, `s`, `m`, `h` and `d`");
            return self.issue(&node.place, format!("`{key}` needs a unit"), help);
        }
        let message = format!("`{key}` must be {}, not {}", shape.expected(), node.value.kind());
        let help = match (shape, &node.value) {
            (Shape::Text(_), Value::Integer(_) | Value::Boolean(_) | Value::Float(_)) => {
                format!("put it in quotes: `\"{}\"`", plain(node).to_string().trim_matches('"'))
            }
            (Shape::Boolean, _) => format!("write `{key} = true` or `{key} = false`, without quotes"),
            (Shape::Integer(..) | Shape::Number, Value::Text(_)) => {
                "write the number without quotes".to_owned()
            }
            (Shape::List(_), Value::Text(text)) => format!("write `{key} = [\"{text}\"]`"),
            (Shape::Table(_) | Shape::Map { .. }, _) => format!("write `{key} = {{ … }}`"),
            _ => format!("write {}", shape.expected()),
        };
        self.issue(&node.place, message, help);
    }

    fn text(&mut self, key: &str, node: &Node, text: &str, format: &str) {
        match format {
            // Each call has a copy, which is looked at with what it gives.
            "host" | "image" | "task" | "snapshot" | "route" | "scenario" | "component"
                if text.contains("{{with.") => {}
            "environment" | "host" | "image" | "task" | "snapshot" | "route" | "scenario" | "component" => {
                self.reference(node, text, format);
            }
            "template" | "argument" | "address" | "path" | "given" => self.template(key, node, text, format),
            "secret" if text.contains("{{") => self.template(key, node, text, "template"),
            _ => {
                if let Some((message, help)) = format::wrong(key, text, format) {
                    self.issue(&node.place, message, help);
                }
            }
        }
    }

    fn written(&self, place: &Place) -> Option<&str> {
        self.files[place.file].text.get(place.span.clone())
    }

    fn reference(&mut self, node: &Node, name: &str, what: &str) {
        let Some(known) = self.known else { return };
        let names: Vec<&str> = known.named(what);
        if names.contains(&name) {
            return;
        }
        let help = match text::nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if what == "value" => {
                "declare it in `[values]`, or let a step before `capture` it".to_owned()
            }
            None if what == "environment" => format!("make the folder `environments/{name}`"),
            None if what == "component" => "name it in `components` of a scenario".to_owned(),
            None if names.is_empty() => format!("declare it: `[{what}s.{name}]`"),
            None => format!("use {}, or declare `[{what}s.{name}]`", text::list(&names, "or")),
        };
        self.issue(&node.place, format!("there is no {what} `{name}`"), help);
    }

    fn template(&mut self, key: &str, node: &Node, text: &str, format: &str) {
        if self.is_raw && format == "argument" {
            return;
        }
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(wrong) => {
                let place = self.files[node.place.file].inside(&node.place, text, wrong.span);
                return self.issue(&place, wrong.message, wrong.help);
            }
        };
        for (name, span) in template.spans() {
            let refused = refused(key, format, name, self.known);
            let place = self.files[node.place.file].inside(&node.place, text, span);
            if let Some((message, help)) = refused {
                self.issue(&place, message, help);
            } else if let Name::Cluster(of) = name {
                if let Some((message, help)) = self.known.and_then(|known| known.lacks_of_cluster(of)) {
                    self.issue(&place, message, help);
                }
            } else if let Name::HostAddress(host) = name {
                let node = Node { place, value: Value::Text(host.clone()) };
                self.text(key, &node, host, "host");
            } else if let Name::Foreign(foreign) = name {
                let node = Node { place, value: Value::Text(foreign.environment.clone()) };
                self.reference(&node, &foreign.environment, "environment");
            } else if let Name::Value(value) = name {
                let node = Node { place, value: Value::Text(value.clone()) };
                self.reference(&node, value, "value");
            } else if let Name::Image(image) = name {
                let node = Node { place, value: Value::Text(image.clone()) };
                self.reference(&node, image, "image");
            }
        }
    }
}
