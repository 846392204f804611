//! The documentation of the configuration, made from the doc comments of the model.

use std::fmt::Write;

use crate::config::shape::{FILE, SHAPES, Shape, TableShape};
use crate::config::unready;
use crate::config::variables::{self, Variable};
use crate::text;

/// The reference of the configuration: every section, key, type, default and example.
pub fn reference_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    let mut done = Vec::new();
    section(&mut out, "the file", FILE, &mut done);
    out.push_str("\n## Variables\n\nVariables of the environment that infractl reads.\n");
    table(&mut out, &variables::ALL);
    out.push_str("\nVariables of others that it honours:\n");
    table(&mut out, &variables::STANDARD);
    out
}

const INTRODUCTION: &str = "<!-- Generated from src/config/model by `infractl docs config`: edit that. -->

# Configuration

`environments/defaults.toml` holds what all environments share, `environments/<name>/environment.toml` what
one of them adds or changes. Tables are merged key by key, everything else is replaced. `infractl env show
<name> --origin` prints the result and where each value comes from. An unknown key is an error; a key that
begins with `x-` is yours.

Text may name values: `{{environment}}`, `{{project}}`, `{{scenario}}`, `{{components}}` (sorted, with commas), `{{output.NAME}}`, `{{secret.NAME}}`, `{{var.NAME}}`
(infractl's own environment), `{{value.NAME}}`, `{{image.NAME}}` (the digest of an image), `{{host.NAME.address}}` and `{{env.NAME.output.OUTPUT}}` (an output of another
environment). Nothing else: no conditions, no loops. `{{{{` stands for a literal `{{`. Where text becomes an argument of a program, a secret is refused, for every user of the
machine could read it. A path may name `environment`, `project`, `scenario`, `components` and `var.NAME` only; it is relative to the
project, and `~/` is the home folder.

A duration is a number with its unit: `500ms`, `90s`, `5m`, `1h30m`, `2d`.
";

fn section(out: &mut String, title: &str, name: &str, done: &mut Vec<String>) {
    if done.iter().any(|done| done == name) {
        return;
    }
    done.push(name.to_owned());
    let shape = SHAPES.table(name);
    // Writing to a string cannot fail.
    let _ = write!(out, "\n## {title}\n\n{}\n", sentence(shape.doc));
    if !shape.exactly_one.is_empty() {
        let _ = write!(out, "\nExactly one of {} must be there.\n", text::list(&shape.exactly_one, "and"));
    }
    let above = title.trim_matches(['[', ']', '`']);
    let above = if title == "the file" { String::new() } else { format!("{above}.") };
    keys(out, &above, shape);
    for (key, field) in &shape.fields {
        let mut tables = Vec::new();
        inner(&field.shape, &format!("{above}{key}"), &mut tables);
        for (path, table) in tables {
            section(out, &format!("`[{path}]`"), &table, done);
        }
    }
}

/// The tables in a shape, with the way to them: `hosts.NAME`, `pipelines.NAME[]`.
fn inner(shape: &Shape, path: &str, tables: &mut Vec<(String, String)>) {
    match shape {
        Shape::Table(name) => tables.push((path.to_owned(), (*name).to_owned())),
        Shape::List(item) => inner(item, &format!("{path}[]"), tables),
        Shape::Map { values, .. } => inner(values, &format!("{path}.NAME"), tables),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| inner(shape, path, tables)),
        _ => {}
    }
}

fn keys(out: &mut String, above: &str, shape: &TableShape) {
    for (key, field) in &shape.fields {
        let must = if field.required { ", required" } else { "" };
        let doc = Doc::read(field.doc);
        let _ = write!(out, "\n- `{key}` ({}{must}): {}", kind(&field.shape), sentence(&doc.text));
        if let Some(default) = doc.default {
            let _ = write!(out, " Default: {default}.");
        }
        if unready::is_key(&format!("{above}{key}")) {
            out.push_str(" Refused until it works.");
        }
        if let Some(example) = doc.example {
            let _ = write!(out, " Example: {example}.");
        }
        for (word, meaning) in words(&field.shape).into_iter().filter(|(_, meaning)| !meaning.is_empty()) {
            let _ = write!(out, "\n  - `{word}`: {meaning}");
        }
    }
    out.push('\n');
}

fn words(shape: &Shape) -> Vec<(&'static str, &'static str)> {
    match shape {
        Shape::Word(words) => words.clone(),
        Shape::Either(shapes) => shapes.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

/// What a value is, in a word or two.
fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Tree("amount") => "decimal number".to_owned(),
        Shape::Any | Shape::Tree(_) => "any value".to_owned(),
        Shape::Text(format) => match *format {
            "duration" | "path" | "regex" | "version" => (*format).to_owned(),
            "version-range" => "version or range".to_owned(),
            "environment" | "host" | "image" | "task" | "snapshot" | "route" | "scenario" | "component" => {
                format!("name of {}", article(format))
            }
            "variable" => "name of a key".to_owned(),
            "secret" => "name of a key, or text".to_owned(),
            "time-zone" => "time zone".to_owned(),
            "clock-time" => "time of the day".to_owned(),
            "moment" => "time".to_owned(),
            "weekdays" => "days of the week".to_owned(),
            "days" => "days".to_owned(),
            _ => "text".to_owned(),
        },
        Shape::Word(_) => "word".to_owned(),
        Shape::Integer(..) => "whole number".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "true or false".to_owned(),
        Shape::List(item) => format!("list: {}", kind(item)),
        Shape::Map { values, .. } => format!("table by name: {}", kind(values)),
        Shape::Table(_) => "table".to_owned(),
        Shape::Either(shapes) => {
            let mut kinds: Vec<String> = shapes.iter().map(kind).collect();
            kinds.dedup();
            kinds.join(if kinds.iter().any(|kind| kind.contains(": ")) { ", or " } else { " or " })
        }
    }
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

/// A doc comment, taken apart.
struct Doc<'a> {
    text: String,
    default: Option<&'a str>,
    example: Option<&'a str>,
}

impl Doc<'_> {
    fn read(doc: &str) -> Doc<'_> {
        let mut read = Doc { text: String::new(), default: None, example: None };
        for paragraph in doc.split("\n\n") {
            if let Some(default) = paragraph.strip_prefix("Default: ") {
                read.default = Some(default);
            } else if let Some(example) = paragraph.strip_prefix("Example: ") {
                read.example = Some(example);
            } else {
                read.text.push_str(paragraph);
                read.text.push(' ');
            }
        }
        read
    }
}

/// On one line, with a full stop.
fn sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() || line.ends_with('.') { line } else { format!("{line}.") }
}

fn table(out: &mut String, variables: &[Variable]) {
    out.push_str("\n| name | meaning | example |\n|---|---|---|\n");
    for variable in variables {
        let _ = writeln!(out, "| `{}` | {} | `{}` |", variable.name, variable.meaning, variable.example);
    }
}
