//! What a root module declares: its variables, outputs and backend, and what its init depends on; all from one reading
//! of each of its files. And how a value reaches a variable unchanged.
//!
//! terraform takes the text of `TF_VAR_name` as it is when the variable is a string, a number, a bool or has no type; for
//! every other type it evaluates the text as an expression. In a `*.tfvars.json` nothing is evaluated, whatever the type.

use std::collections::BTreeSet;
use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::backend::{self, Backend};
use super::root::{self, Needs};

/// What a root module declares.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Variables by name.
    pub(crate) variables: IndexMap<String, Type>,
    /// Those of them that no plan keeps: an apply of a saved plan needs them again.
    pub(crate) ephemeral: BTreeSet<String>,
    /// Names of outputs.
    pub(crate) outputs: BTreeSet<String>,
    /// Those of them that are sensitive; rather one too many.
    pub(crate) sensitive: BTreeSet<String>,
    /// Where the state is; none means on this disk.
    pub(crate) backend: Option<Backend>,
    /// What an init depends on.
    pub(crate) needs: Needs,
    /// A file could not be read as terraform reads it: there may be more.
    pub(crate) is_partial: bool,
}

/// What a variable takes, as far as it matters to how its value is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// No type: text as it is, and nothing but text.
    Untyped,
    /// A string, a number, a bool: text as it is.
    Text,
    /// `any`: an expression.
    Any,
    /// A list, a map, an object: an expression.
    Structure,
}

impl Declared {
    /// Adds what one file of the module declares; files are added in terraform's order.
    pub(crate) fn add(&mut self, name: &str, text: &str) {
        let before = self.backend.take();
        let added = if Path::new(name).extension().is_some_and(|end| end == "json") {
            // An init may depend on any of it.
            self.needs.text.push(text.to_owned());
            self.json(text)
        } else {
            self.hcl(text)
        };
        self.is_partial |= added.is_none();
        // Only an override file may name another backend.
        self.is_partial |= before.is_some() && self.backend.is_some() && !root::is_override(name);
        self.backend = self.backend.take().or(before);
    }

    /// Something may be sensitive: it is declared so, or a file could not be read.
    pub(crate) fn may_be_sensitive(&self) -> bool {
        self.is_partial || !self.sensitive.is_empty()
    }

    fn hcl(&mut self, text: &str) -> Option<()> {
        let Ok(body) = hcl_edit::parser::parse_body(text) else {
            self.needs.text.push(text.to_owned());
            return None;
        };
        self.needs.extend(root::needs(&body, text));
        self.backend = backend::of_body(&body);
        for block in body.blocks() {
            let Some(label) = block.labels.first() else { continue };
            let written = |key: &str| block.body.get_attribute(key).map(|given| given.value.to_string());
            self.declare(block.ident.as_str(), label.as_str(), &written);
        }
        Some(())
    }

    fn json(&mut self, text: &str) -> Option<()> {
        let file: Json = serde_json::from_str(text).ok()?;
        self.backend = backend::of_json(&file);
        for kind in ["variable", "output"] {
            let blocks = file.get(kind).into_iter().flat_map(each).filter_map(Json::as_object).flatten();
            for (name, body) in blocks {
                let written = |key: &str| each(body).find_map(|body| body.get(key).map(text_of));
                self.declare(kind, name, &written);
            }
        }
        Some(())
    }

    /// An override file may say the type again.
    fn declare(&mut self, kind: &str, name: &str, written: &dyn Fn(&str) -> Option<String>) {
        match kind {
            "output" => {
                self.outputs.insert(name.to_owned());
                if written("sensitive").is_some_and(|written| written.trim() != "false") {
                    self.sensitive.insert(name.to_owned());
                }
            }
            "variable" => {
                match written("type") {
                    Some(written) => drop(self.variables.insert(name.to_owned(), Type::of(&written))),
                    None => drop(self.variables.entry(name.to_owned()).or_insert(Type::Untyped)),
                }
                if written("ephemeral").is_some_and(|given| given.trim() == "true") {
                    self.ephemeral.insert(name.to_owned());
                }
            }
            _ => {}
        }
    }

    /// What terraform makes of what it is given for this variable.
    pub(crate) fn type_of(&self, variable: &str) -> Type {
        self.variables.get(variable).copied().unwrap_or(Type::Untyped)
    }
}

/// The names that a file of values sets: `terraform.tfvars`, `x.auto.tfvars.json`. One that cannot be read sets none:
/// terraform says what is wrong with it.
pub(crate) fn set_by(name: &str, text: &str) -> Vec<String> {
    if Path::new(name).extension().is_some_and(|end| end == "json") {
        let names = serde_json::from_str::<serde_json::Map<String, Json>>(text);
        return names.into_iter().flatten().map(|(name, _)| name).collect();
    }
    let Ok(body) = hcl_edit::parser::parse_body(text) else { return Vec::new() };
    body.attributes().map(|attribute| attribute.key.as_str().to_owned()).collect()
}

/// Is this a file of values that terraform reads unasked?
pub(crate) fn is_read_unasked(name: &str) -> bool {
    let name = name.strip_suffix(".json").unwrap_or(name);
    name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
}

fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Blocks of JSON may stand in a list.
fn each(value: &Json) -> impl Iterator<Item = &Json> {
    match value {
        Json::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

impl Type {
    fn of(written: &str) -> Type {
        match written.trim().trim_matches('"') {
            "string" | "number" | "bool" => Type::Text,
            "any" => Type::Any,
            _ => Type::Structure,
        }
    }

    /// The value that a text stands for: where more than a text is taken, JSON of a list or an object is that.
    pub(crate) fn meant(self, text: &str) -> Json {
        match (self, serde_json::from_str::<Json>(text)) {
            (Type::Any | Type::Structure, Ok(inside)) if inside.is_array() || inside.is_object() => inside,
            _ => Json::String(text.to_owned()),
        }
    }

    /// The text that gives a variable of this type this value; see [`Type::needs_file`].
    pub(crate) fn text(self, value: &Json) -> String {
        match (self, value) {
            (Type::Untyped | Type::Text, value) => text_of(value),
            (Type::Any | Type::Structure, value) => expression(value),
        }
    }

    /// No text gives a variable of this type this value.
    pub(crate) fn needs_file(self, value: &Json) -> bool {
        self == Type::Untyped && !value.is_string()
    }
}

/// A value as an expression of terraform that evaluates nothing: JSON without what begins a template.
pub(crate) fn expression(value: &Json) -> String {
    // `$` and `%` stand in texts only.
    let json = value.to_string().replace('$', "\\u0024").replace('%', "\\u0025");
    if !json.contains("\\b") && !json.contains("\\f") {
        return json;
    }
    escapes(&json)
}

/// Short escapes that JSON has and terraform has not, written out. A backslash before them may be one that is escaped.
fn escapes(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '\\' { rest.next() } else { None }) {
            (_, Some('b')) => text.push_str("\\u0008"),
            (_, Some('f')) => text.push_str("\\u000c"),
            (c, next) => {
                text.push(c);
                text.extend(next);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(files: &[(&str, &str)]) -> Declared {
        let mut found = Declared::default();
        for (name, text) in files {
            found.add(name, text);
        }
        found
    }

    #[test]
    fn variables_and_outputs_are_found_with_what_they_take() {
        use Type::{Any, Structure, Text, Untyped};
        let text = r#"
            variable "none" { ephemeral = true }
            variable "text" { type = string }
            variable "old" { type = "number" }
            variable "any" { type = any }
            variable "list" {
              type = list(string) # of zones
            }
            variable "later" {}
            resource "terraform_data" "a" {}
            output "a" { value = "${var.text} <<EOT" }
        "#;
        let json = r#"{"variable":{"j":{"type":"map(string)"},"k":[{"ephemeral":true}]},"output":[{"b":{"value":1}}]}"#;
        let over = r#"variable "later" { type = any }"#;
        let found = declared(&[("main.tf", text), ("x.tf.json", json), ("z_override.tf", over)]);
        let types: Vec<_> = found.variables.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        assert_eq!(
            types,
            [
                ("none", Untyped),
                ("text", Text),
                ("old", Text),
                ("any", Any),
                ("list", Structure),
                ("later", Any),
                ("j", Structure),
                ("k", Untyped)
            ]
        );
        assert_eq!(found.outputs, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!(found.ephemeral, BTreeSet::from(["none".to_owned(), "k".to_owned()]));
        assert!(!found.is_partial);
        assert!(declared(&[("main.tf", "variable {{{")]).is_partial);
    }

    #[test]
    fn outputs_that_are_sensitive_are_known() {
        let hcl = "output \"a\" {\n value = x.sensitive\n}\noutput \"b\" {\n value = x.output\n sensitive = true\n}\n\
                   output \"c\" {\n value = 1\n sensitive = false\n}\n";
        let json = r#"{"output": {"d": {"value": 1, "sensitive": true}, "e": [{"sensitive": "true"}]}}"#;
        let found = declared(&[("main.tf", hcl), ("x.tf.json", json)]);
        assert_eq!(found.sensitive, ["b", "d", "e"].map(str::to_owned).into());
        assert!(!declared(&[("main.tf", "output \"a\" { value = 1 }")]).may_be_sensitive());
        assert!(declared(&[("main.tf", "output {{{ sensitive")]).may_be_sensitive());
    }

    #[test]
    fn the_last_backend_counts_and_one_in_json_is_found_too() {
        let json = r#"{"terraform":[{"backend":{"pg":{"schema_name":"dev"}}}]}"#;
        let found = declared(&[
            ("main.tf", "terraform {\n  backend \"local\" {}\n}\n"),
            ("o_override.tf.json", json),
        ]);
        let backend = found.backend.unwrap();
        assert_eq!((backend.kind.as_str(), backend.get("schema_name")), ("pg", Some("dev")));
        assert!(!found.is_partial);
        let local = "terraform {\n  backend \"local\" {}\n}\n";
        assert!(declared(&[("a.tf", local), ("b.tf", local)]).is_partial, "terraform takes one of them only");
    }

    #[test]
    fn an_init_depends_on_all_of_a_file_that_does_not_parse() {
        assert_eq!(declared(&[("main.tf", "resource {{{")]).needs.text, ["resource {{{"]);
        assert_eq!(declared(&[("main.tf.json", "{}")]).needs.text, ["{}"]);
    }

    #[test]
    fn a_text_stays_a_text_whatever_takes_it() {
        for text in
            ["0012", "null", "true", "${1+1}", "%{if true}x%{endif}", "$${a}", "[1]", "a\"b\\u0024\\b"]
        {
            let value = json!(text);
            assert_eq!(Type::Text.text(&value), text);
            let expression = Type::Any.text(&value);
            assert_eq!(serde_json::from_str::<Json>(&expression).unwrap(), value, "{expression}");
            assert!(expression.starts_with('"') && !expression.contains(['$', '%']), "{expression}");
        }
        assert_eq!(Type::Any.text(&json!("\u{8}\u{c}\\b\0")), "\"\\u0008\\u000c\\\\b\\u0000\"");
    }

    #[test]
    fn a_variable_without_a_type_takes_no_more_than_text_from_the_environment() {
        assert!(Type::Untyped.needs_file(&json!(["a"])) && Type::Untyped.needs_file(&json!(12)));
        assert!(!Type::Untyped.needs_file(&json!("[1]")) && !Type::Any.needs_file(&json!([1])));
        assert_eq!(Type::Untyped.meant("[1]"), json!("[1]"));
    }

    #[test]
    fn files_that_terraform_reads_unasked_are_known_with_what_they_set() {
        let names = ["terraform.tfvars", "terraform.tfvars.json", "a.auto.tfvars", "a.auto.tfvars.json"];
        assert!(names.iter().all(|name| is_read_unasked(name)));
        assert!(
            !["prod.tfvars", "x.terraform.tfvars", "auto.tfvars"].iter().any(|name| is_read_unasked(name))
        );
        assert_eq!(set_by("terraform.tfvars", "# x\na = 1\nb = [\n  \"c = 1\",\n]\n"), ["a", "b"]);
        assert_eq!(set_by("x.auto.tfvars.json", r#"{"a": {"c": 1}}"#), ["a"]);
        assert!(set_by("terraform.tfvars", "a = ").is_empty() && set_by("x.json", "[").is_empty());
    }

    #[test]
    fn a_structure_takes_json() {
        let all: Json = serde_json::from_str(r#"{"a$":["%{x}",1,null,1.50],"b":{"c":true}}"#).unwrap();
        let text = Type::Structure.text(&all);
        assert_eq!(text, r#"{"a\u0024":["\u0025{x}",1,null,1.50],"b":{"c":true}}"#);
        assert_eq!(Type::Structure.text(&Type::Structure.meant(&all.to_string())), text);
        assert_eq!(Type::Any.text(&Type::Any.meant(&all.to_string())), text);
        assert_eq!(Type::Text.text(&all), all.to_string());
        // terraform says that this is no list.
        for text in ["{ a = 1 }", "", "null", "\"x\""] {
            assert_eq!(Type::Structure.text(&Type::Structure.meant(text)), json!(text).to_string());
        }
    }
}
