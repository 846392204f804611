//! What a file may hold, as a tree made from the schema of the model: checked against, and documented.

use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::model;
use super::node::Value;
use crate::text;

/// What a value may be.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// Anything whose text, at any depth, is of a format.
    Tree(&'static str),
    /// Text of a format, plain if empty.
    Text(&'static str),
    /// One of these words, each with its meaning.
    Word(Vec<(&'static str, &'static str)>),
    /// A whole number between two bounds.
    Integer(i64, i64),
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List(Box<Shape>),
    /// A table with names of the user's own.
    Map { keys: &'static str, values: Box<Shape> },
    /// A table with known keys, by name.
    Table(&'static str),
    /// One of several; no two of them take the same kind of value.
    Either(Vec<Shape>),
}

impl Shape {
    /// Whether a shape is meant for values of this kind.
    pub(crate) fn takes(&self, value: &Value) -> bool {
        match self {
            Shape::Any | Shape::Tree(_) => true,
            Shape::Text(_) | Shape::Word(_) => matches!(value, Value::Text(_)),
            Shape::Integer(..) => matches!(value, Value::Integer(_)),
            Shape::Number => matches!(value, Value::Integer(_) | Value::Float(_)),
            Shape::Boolean => matches!(value, Value::Boolean(_)),
            Shape::List(_) => matches!(value, Value::List(_)),
            Shape::Map { .. } | Shape::Table(_) => matches!(value, Value::Table(_)),
            Shape::Either(shapes) => shapes.iter().any(|shape| shape.takes(value)),
        }
    }

    /// A step of a pipeline, or a line for the shell in its place.
    pub(crate) fn is_step(&self) -> bool {
        match self {
            Shape::Table(name) => *name == "StepEntry",
            Shape::Either(shapes) => shapes.iter().any(Shape::is_step),
            _ => false,
        }
    }

    /// What a value should be, for people.
    pub(crate) fn expected(&self) -> String {
        match self {
            Shape::Any | Shape::Tree(_) => "anything".to_owned(),
            Shape::Text(format) => match *format {
                "duration" => "a duration such as `\"90s\"`",
                "path" => "a path",
                "regex" => "a regular expression",
                "json-path" => "a place in a JSON document such as `\".data.id\"`",
                "version" => "a version such as `\"1.4\"`",
                "version-range" => "a version such as `\"1.11.4\"` or `\">= 1.10\"`",
                "download" => "an address",
                "environment" => "the name of an environment",
                "host" => "the name of a host",
                "image" => "the name of an image",
                "task" => "the name of a task",
                "snapshot" => "the name of a snapshot",
                "route" => "the name of a route",
                "scenario" => "the name of a scenario",
                "component" => "the name of a component",
                "name" => "a name",
                "size" => "an amount such as `\"12GiB\"`",
                "port" => "a port",
                _ => "text",
            }
            .to_owned(),
            Shape::Word(words) => text::list(words.iter().map(|(word, _)| *word), "or"),
            Shape::Integer(..) => "a whole number".to_owned(),
            Shape::Number => "a number".to_owned(),
            Shape::Boolean => "true or false".to_owned(),
            Shape::List(item) => match &**item {
                Shape::Text(format) if matches!(*format, "" | "template" | "argument") => {
                    "a list of text".to_owned()
                }
                Shape::Text(_) => "a list, each item ".to_owned() + &item.expected(),
                item if item.is_step() => "a list of steps".to_owned(),
                Shape::Table(_) => "a list of tables".to_owned(),
                _ => "a list".to_owned(),
            },
            Shape::Map { .. } | Shape::Table(_) => "a table".to_owned(),
            Shape::Either(shapes) => {
                let mut kinds: Vec<String> = Vec::new();
                for kind in shapes.iter().map(Shape::expected) {
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                let last = kinds.pop().unwrap_or_default();
                if kinds.is_empty() { last } else { format!("{} or {last}", kinds.join(", ")) }
            }
        }
    }
}

/// A table with known keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableShape {
    /// What it is for.
    pub(crate) doc: &'static str,
    pub(crate) fields: IndexMap<&'static str, Field>,
    /// Exactly one of these keys must be there.
    pub(crate) exactly_one: Vec<&'static str>,
    /// At least one of these keys must be there.
    pub(crate) any_of: Vec<&'static str>,
}

impl TableShape {
    /// Whether one of these keys seems to be a known key, misspelled.
    pub(crate) fn has_typo<'a>(&self, keys: impl Iterator<Item = &'a String>) -> bool {
        let mut unknown =
            keys.filter(|key| !self.fields.contains_key(key.as_str()) && !key.starts_with("x-"));
        unknown.any(|key| text::nearest(key, self.fields.keys()).is_some())
    }
}

/// A key of a table.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
}

/// Every table by name; the whole file is `File`.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// Those of the schema: a run needs a few of them.
    definitions: IndexMap<&'static str, Definition>,
}

#[derive(Debug, Default)]
struct Definition {
    is_table: bool,
    text: &'static str,
    /// Shapes borrow its texts.
    json: OnceLock<Json>,
    table: OnceLock<TableShape>,
}

impl Definition {
    fn json(&self) -> &Json {
        self.json.get_or_init(|| serde_json::from_str(self.text).unwrap_or_default())
    }
}

/// Name of the table that is the whole file.
pub(crate) const FILE: &str = "File";

/// The shapes of the model, as they are written down beside it: to make its schema takes longer than the rest of a short run.
/// A new key is to be known before they are written again, so a debug build makes it.
pub(crate) static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    if cfg!(debug_assertions) { Shapes::read(written().leak()) } else { Shapes::read(WRITTEN) }
});

/// What `written` says; a test compares.
const WRITTEN: &str = include_str!("shapes.txt");

/// The JSON schema of `defaults.toml` and `environment.toml`.
pub(crate) fn schema() -> Json {
    schemars::schema_for!(model::File).into()
}

/// Every definition of the schema of the model on a line: "table" or "type", its name, its JSON.
#[must_use]
pub fn written() -> String {
    let mut file = schema();
    let definitions = file["$defs"].take();
    let all = [(FILE, &file)].into_iter();
    let all =
        all.chain(definitions.as_object().into_iter().flatten().map(|(name, json)| (name.as_str(), json)));
    let line = |(name, json): (&str, &Json)| {
        let kind = if json.get("properties").is_some() { "table" } else { "type" };
        format!("{kind} {name} {json}\n")
    };
    all.map(line).collect()
}

impl Shapes {
    fn read(text: &'static str) -> Shapes {
        let definition = |line: &'static str| {
            let (kind, rest) = line.split_once(' ')?;
            let (name, text) = rest.split_once(' ')?;
            Some((name, Definition { is_table: kind == "table", text, ..Definition::default() }))
        };
        Shapes { definitions: text.lines().filter_map(definition).collect() }
    }

    /// The table of that name.
    pub(crate) fn table(&'static self, name: &str) -> &'static TableShape {
        let definition = &self.definitions[name];
        definition.table.get_or_init(|| table(definition.json(), self))
    }
}

fn table(schema: &'static Json, all: &'static Shapes) -> TableShape {
    let required = names(&schema["required"]);
    let fields = schema["properties"].as_object().into_iter().flatten().map(|(key, field)| {
        let doc = string(&field["description"]);
        let field = Field { shape: shape(field, all), required: required.contains(&key.as_str()), doc };
        (key.as_str(), field)
    });
    let keys = |rules: &'static Json| {
        rules.as_array().into_iter().flatten().flat_map(|one| names(&one["required"])).collect()
    };
    TableShape {
        doc: string(&schema["description"]),
        fields: fields.collect(),
        exactly_one: keys(&schema["oneOf"]),
        any_of: keys(&schema["anyOf"]),
    }
}

fn shape(schema: &'static Json, all: &'static Shapes) -> Shape {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return match all.definitions.get(name) {
            Some(definition) if definition.is_table => Shape::Table(name),
            Some(definition) => shape(definition.json(), all),
            None => Shape::Any,
        };
    }
    if let Some(words) = words(schema) {
        return Shape::Word(words);
    }
    if let Some(some) = schema["anyOf"].as_array() {
        let mut shapes: Vec<Shape> =
            some.iter().filter(|one| one["type"] != "null").map(|one| shape(one, all)).collect();
        return if shapes.len() == 1 { shapes.remove(0) } else { Shape::Either(shapes) };
    }
    let kind = match &schema["type"] {
        Json::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Json::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("string") => Shape::Text(string(&schema["format"])),
        Some("boolean") => Shape::Boolean,
        Some("integer") => Shape::Integer(
            schema["minimum"].as_i64().unwrap_or(i64::MIN),
            schema["maximum"].as_i64().unwrap_or(i64::MAX),
        ),
        Some("number") => Shape::Number,
        Some("array") => Shape::List(Box::new(shape(&schema["items"], all))),
        Some("object") => Shape::Map {
            keys: string(&schema["propertyNames"]["format"]),
            values: Box::new(shape(&schema["additionalProperties"], all)),
        },
        _ => match schema["format"].as_str() {
            Some(format) => Shape::Tree(format),
            None => Shape::Any,
        },
    }
}

/// The words of an enum, with their meaning where they have one.
fn words(schema: &'static Json) -> Option<Vec<(&'static str, &'static str)>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Json::as_str).map(|word| (word, "")).collect());
    }
    schema["oneOf"]
        .as_array()?
        .iter()
        .map(|one| Some((one["const"].as_str()?, string(&one["description"]))))
        .collect()
}

fn names(list: &'static Json) -> Vec<&'static str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

fn string(value: &'static Json) -> &'static str {
    value.as_str().unwrap_or_default()
}
