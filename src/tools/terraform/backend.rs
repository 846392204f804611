//! Where a root module keeps its state: what its `backend` block says.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use indexmap::IndexMap;
use serde_json::Value as Json;

/// A backend: its type and its settings as text, nested ones joined by dots (`endpoints.s3`).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    /// `s3`, `pg`, `local` …
    pub kind: String,
    /// Settings by name.
    pub settings: IndexMap<String, String>,
}

/// The backend that one file of a module declares.
pub(crate) fn backend(name: &str, text: &str) -> Option<Backend> {
    if name.rsplit_once('.').is_some_and(|(_, end)| end == "json") {
        return of_json(&serde_json::from_str(text).ok()?);
    }
    let body: Body = hcl_edit::parser::parse_body(text).ok()?;
    let settings = body.blocks().filter(|block| block.ident.as_str() == "terraform");
    let mut inner = settings.flat_map(|block| block.body.blocks());
    inner.find(|block| block.ident.as_str() == "backend").map(of_block)
}

fn of_block(block: &Block) -> Backend {
    let mut backend = Backend {
        kind: block.labels.first().map_or("", |label| label.as_str()).to_owned(),
        settings: IndexMap::new(),
    };
    for attribute in block.body.attributes() {
        add(&mut backend.settings, attribute.key.as_str(), &attribute.value);
    }
    for inner in block.body.blocks() {
        for attribute in inner.body.attributes() {
            add(
                &mut backend.settings,
                &format!("{}.{}", inner.ident.as_str(), attribute.key.as_str()),
                &attribute.value,
            );
        }
    }
    backend
}

fn add(settings: &mut IndexMap<String, String>, key: &str, value: &Expression) {
    let text = match value {
        Expression::String(text) => text.to_string(),
        Expression::Bool(value) => value.to_string(),
        Expression::Number(number) => number.to_string(),
        Expression::Object(fields) => {
            for (name, value) in fields {
                let name = match name {
                    hcl_edit::expr::ObjectKey::Ident(name) => name.as_str().to_owned(),
                    hcl_edit::expr::ObjectKey::Expression(name) => {
                        name.as_str().unwrap_or_default().to_owned()
                    }
                };
                add(settings, &format!("{key}.{name}"), value.expr());
            }
            return;
        }
        _ => return,
    };
    settings.insert(key.to_owned(), text);
}

fn of_json(file: &Json) -> Option<Backend> {
    let block = |value: &Json| match value {
        Json::Array(items) => items.first().cloned(),
        other => Some(other.clone()),
    };
    let declared = block(block(file.get("terraform")?)?.get("backend")?)?;
    let (kind, settings) = declared.as_object()?.iter().next()?;
    let mut backend = Backend { kind: kind.clone(), settings: IndexMap::new() };
    for (key, value) in block(settings)?.as_object()? {
        backend.set(key, value);
    }
    Some(backend)
}

impl Backend {
    /// Sets one as `-backend-config` does: a table is taken apart.
    pub(crate) fn set(&mut self, key: &str, value: &Json) {
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    self.set(&format!("{key}.{name}"), value);
                }
            }
            Json::String(text) => drop(self.settings.insert(key.to_owned(), text.clone())),
            Json::Null | Json::Array(_) => {}
            other => drop(self.settings.insert(key.to_owned(), other.to_string())),
        }
    }

    /// A setting that is there and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_found_with_its_settings() {
        let text = r#"
            terraform {
              required_version = ">= 1.5"
              backend "s3" {
                bucket         = "state"
                use_path_style = true
                endpoints      = { s3 = "http://127.0.0.1:9000" }
              }
            }
        "#;
        let found = backend("main.tf", text).unwrap();
        assert_eq!(found.kind, "s3");
        assert_eq!(found.get("bucket"), Some("state"));
        assert_eq!(found.get("use_path_style"), Some("true"));
        assert_eq!(found.get("endpoints.s3"), Some("http://127.0.0.1:9000"));
        assert_eq!(backend("main.tf", "resource \"x\" \"y\" {}"), None);
    }

    #[test]
    fn a_backend_in_json_is_found_too() {
        let found =
            backend("main.tf.json", r#"{"terraform":[{"backend":{"pg":{"schema_name":"dev"}}}]}"#).unwrap();
        assert_eq!((found.kind.as_str(), found.get("schema_name")), ("pg", Some("dev")));
    }
}
