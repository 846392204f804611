//! Settings and pipelines as TOML, the way somebody would write it.

use indexmap::IndexMap;
use toml::{Table, Value};

use super::marks;
use crate::text::toml::{key as key_of, quoted};

/// Tables whose tables have names of their own.
const NAMED: [&str; 2] = ["hosts", "images"];

/// A file of the configuration: tables by name, pipelines by name.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub settings: Table,
    pub pipelines: IndexMap<String, Vec<Table>>,
}

impl Document {
    /// Sets a key, and makes the tables on the way to it.
    pub(super) fn set(&mut self, path: &[String], value: Value) {
        let Some((last, above)) = path.split_last() else { return };
        let mut table = &mut self.settings;
        for name in above {
            let inner = table.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        table.insert(last.clone(), value);
    }

    /// Nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.pipelines.is_empty()
    }

    /// Its text.
    pub(super) fn text(&self, comment: &str) -> String {
        let mut text = format!("# {comment}\n");
        for (key, value) in self.settings.iter().filter(|(_, value)| !value.is_table()) {
            text.push_str(&format!("{} = {}\n", key_of(key), inline(value)));
        }
        for (section, value) in &self.settings {
            let Value::Table(table) = value else { continue };
            if NAMED.contains(&section.as_str()) {
                for (key, inner) in table.iter().filter_map(|(key, inner)| Some((key, inner.as_table()?))) {
                    section_text(&mut text, &format!("{section}.{}", key_of(key)), inner);
                }
            } else {
                section_text(&mut text, section, table);
            }
        }
        if !self.pipelines.is_empty() {
            text.push_str("\n[pipelines]\n");
        }
        for (pipeline, steps) in &self.pipelines {
            text.push_str(&format!("{} = [\n", key_of(pipeline)));
            for step in steps {
                text.push_str(&format!("  {},\n", inline(&Value::Table(step.clone()))));
            }
            text.push_str("]\n");
        }
        text
    }
}

fn section_text(text: &mut String, title: &str, table: &Table) {
    let is_long = |value: &Value| value.as_table().is_some_and(|table| table.len() > 2);
    let (long, short): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| is_long(value));
    if !short.is_empty() || long.is_empty() {
        text.push_str(&format!("\n[{title}]\n"));
    }
    for (key, value) in short {
        text.push_str(&format!("{} = {}\n", key_of(key), inline(value)));
    }
    for (key, value) in long {
        let Some(inner) = value.as_table() else { continue };
        text.push_str(&format!("\n[{title}.{}]\n", key_of(key)));
        for (key, value) in inner {
            text.push_str(&format!("{} = {}\n", key_of(key), inline(value)));
        }
    }
}

/// A value on one line; its marks are names of templates.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(&marks::template(text)),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let fields: Vec<String> =
                table.iter().map(|(key, value)| format!("{} = {}", key_of(key), inline(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}
