//! Values as ansible reads them: Python literals in an ini inventory, YAML in everything else.
//!
//! An ini inventory is read line by line, its values by Python's `literal_eval`; what that refuses is plain text. So
//! a text stands there bare only where that is known to leave it alone, else in quotes with escapes that Python and
//! YAML share.

use std::net::IpAddr;

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

/// A value of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, with every digit it has.
    Number(Number),
    /// A text.
    Text {
        /// The text.
        text: String,
        /// It was written by hand: `{{` in it is a template of ansible's.
        is_template: bool,
    },
    /// A list.
    List(Vec<Value>),
    /// Values by name.
    Map(IndexMap<String, Value>),
}

/// Variables by name.
pub type Variables = IndexMap<String, Value>;

/// Why a value cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Ansible would take a part of it for a template, and ini has no way to say that it is none.
    #[error("its value holds `{{{{`, `{{%` or `{{#`, which ansible would take for a template")]
    Template,
    /// Python reads it as infinite.
    #[error("its value is a number that is too large for ansible")]
    Number,
}

impl Value {
    /// A text that means nothing but itself.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text { text: text.into(), is_template: false }
    }

    /// A value that was not written by hand: no text in it is a template.
    pub fn data(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Boolean(*truth),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(text) => Value::text(text),
            Json::Array(items) => Value::List(items.iter().map(Value::data).collect()),
            Json::Object(fields) => {
                Value::Map(fields.iter().map(|(key, value)| (key.clone(), Value::data(value))).collect())
            }
        }
    }

    /// As a Python literal, or bare where Python leaves it alone. It has no single quote and no line break in it.
    pub fn python(&self) -> Result<String, Unfit> {
        match self {
            Value::Text { text, is_template: false } if holds_template(text) => Err(Unfit::Template),
            Value::Text { text, .. } if is_bare(text) => Ok(text.clone()),
            other => other.literal(&PYTHON),
        }
    }

    /// As YAML on one line.
    pub fn yaml(&self) -> Result<String, Unfit> {
        self.literal(&YAML)
    }

    fn literal(&self, language: &Language) -> Result<String, Unfit> {
        Ok(match self {
            Value::Null => language.null.to_owned(),
            Value::Boolean(true) => language.yes.to_owned(),
            Value::Boolean(false) => language.no.to_owned(),
            Value::Number(number) => number_text(number)?,
            Value::Text { text, is_template } if !is_template && holds_template(text) => {
                let unsafe_tag = language.unsafe_tag.ok_or(Unfit::Template)?;
                format!("{unsafe_tag} {}", quoted(text))
            }
            Value::Text { text, .. } => quoted(text),
            Value::List(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| item.literal(language)).collect::<Result<_, _>>()?;
                format!("[{}]", items.join(", "))
            }
            Value::Map(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| {
                        // YAML wants to be told of a long key.
                        let mark = if key.len() > 100 { language.key_mark } else { "" };
                        Ok(format!("{mark}{}: {}", quoted(key), value.literal(language)?))
                    })
                    .collect::<Result<_, _>>()?;
                format!("{{{}}}", fields.join(", "))
            }
        })
    }
}

/// What differs between the two.
struct Language {
    null: &'static str,
    yes: &'static str,
    no: &'static str,
    key_mark: &'static str,
    /// Says that a text is no template, where that can be said.
    unsafe_tag: Option<&'static str>,
}

const PYTHON: Language = Language { null: "None", yes: "True", no: "False", key_mark: "", unsafe_tag: None };
const YAML: Language =
    Language { null: "null", yes: "true", no: "false", key_mark: "? ", unsafe_tag: Some("!unsafe") };

/// Whether ansible would look for a template in a text.
pub fn holds_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|opening| text.contains(opening))
}

/// A number that Python and YAML 1.1 both take for one: `1e5` would be text in YAML.
fn number_text(number: &Number) -> Result<String, Unfit> {
    let text = number.to_string().to_lowercase();
    let Some((digits, exponent)) = text.split_once('e') else {
        // Python refuses to read whole numbers with more digits than these.
        return if text.len() > 4000 { Err(Unfit::Number) } else { Ok(text) };
    };
    if !text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(Unfit::Number);
    }
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['+', '-']) { "" } else { "+" };
    Ok(format!("{digits}{point}e{sign}{exponent}"))
}

/// Text that `literal_eval` cannot read as anything, so that ansible takes it as it is.
fn is_bare(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_./@:-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let is_constant = ["True", "False", "None"].contains(&text);
    text.len() <= 200
        && ((begins && text.chars().all(is_word) && !is_constant) || text.parse::<IpAddr>().is_ok())
}

/// In double quotes, with escapes that Python and YAML read the same. No single quote is left in it, so that it can
/// be put into single quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' if c != '\'' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => {
                let code = u32::from(c);
                quoted.push_str(&match code {
                    0..0x100 => format!("\\x{code:02x}"),
                    0x100..0x1_0000 => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                });
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::data(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_text_is_bare_only_where_python_leaves_it_alone() {
        for bare in ["debian", "10.0.0.1", "fe80::1", "/usr/bin/python3", "a-b", "auto", "user@host", "_x"] {
            assert_eq!(Value::text(bare).python().unwrap(), bare);
        }
        let long = "a-".repeat(500);
        for other in
            ["", "None", "True", "10", "1.5", "1_000", "0x1f", "1e5", "2j", "...", "a b", "a#b", "a=b", &long]
        {
            assert_eq!(Value::text(other).python().unwrap(), format!("\"{other}\""));
        }
    }

    #[test]
    fn values_keep_their_type() {
        let value = json(r#"[1, 1.50, 1e5, -2E3, true, null, "it's", {"a b": []}]"#);
        assert_eq!(
            value.python().unwrap(),
            r#"[1, 1.50, 1.0e+5, -2.0e+3, True, None, "it\x27s", {"a b": []}]"#
        );
        assert_eq!(
            value.yaml().unwrap(),
            r#"[1, 1.50, 1.0e+5, -2.0e+3, true, null, "it\x27s", {"a b": []}]"#
        );
        assert_eq!(json("1e999").yaml(), Err(Unfit::Number));
    }

    #[test]
    fn what_looks_like_a_template_and_is_none_is_marked_or_refused() {
        let value = json(r#"["{{ lookup('pipe', 'id') }}"]"#);
        assert_eq!(value.python(), Err(Unfit::Template));
        assert_eq!(value.yaml().unwrap(), r#"[!unsafe "{{ lookup(\x27pipe\x27, \x27id\x27) }}"]"#);
        let template = Value::Text { text: "{{ inventory_hostname }}".into(), is_template: true };
        assert_eq!(template.python().unwrap(), r#""{{ inventory_hostname }}""#);
    }

    #[test]
    fn what_could_end_a_line_is_escaped() {
        assert_eq!(
            quoted("a\r\n\u{85}\u{2028}é\u{7f}\u{1f600}\0"),
            r#""a\x0d\n\x85\u2028é\x7f\U0001f600\x00""#
        );
    }
}
