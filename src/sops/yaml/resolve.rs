//! What a plain scalar means to go-yaml v3: neither YAML 1.1 nor 1.2 (`resolve.go`).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::{ScalarStyle, Tag};
use regex::Regex;

use crate::sops::scalar::{marshal_time, parse_float, parse_int};
use crate::sops::tree::Value;

#[expect(clippy::unwrap_used, reason = "constant patterns, covered by the tests")]
static FLOAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").unwrap());
#[expect(clippy::unwrap_used, reason = "constant patterns, covered by the tests")]
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})?)?$",
    )
    .unwrap()
});

/// The value of a scalar; quoted ones are text. `Err` when it is not what its tag says.
pub(super) fn scalar(
    value: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    source: &str,
) -> Result<Value, &'static str> {
    let unquoted = matches!(style, ScalarStyle::Plain);
    // `!` alone says nothing.
    let tag = tag.filter(|tag| tag.original() != "!");
    let name = tag.and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
    let typed = match name.as_deref() {
        Some("str" | "merge") => return Ok(Value::text(value)),
        Some("binary") => {
            let compact: String = value.split_whitespace().collect();
            let bytes = STANDARD.decode(compact).map_err(|_| "!!binary and no base64")?;
            return Ok(Value::text(bytes));
        }
        Some("int" | "float" | "bool" | "null" | "timestamp") => plain(value),
        _ if tag.is_some() || !unquoted => return Ok(Value::text(value)),
        _ if source.is_empty() => return Ok(Value::Null),
        _ => return Ok(plain(value)),
    };
    match (name.as_deref(), typed) {
        #[expect(clippy::cast_precision_loss, reason = "as go-yaml does")]
        (Some("float"), Value::Int(number)) => Ok(Value::Float(number as f64)),
        (Some("float"), typed @ Value::Float(_))
        | (Some("int"), typed @ (Value::Int(_) | Value::Unsigned(_)))
        | (Some("bool"), typed @ Value::Bool(_))
        | (Some("null"), typed @ Value::Null)
        | (Some("timestamp"), typed @ Value::Time(_)) => Ok(typed),
        _ => Err("a value is not what its tag says"),
    }
}

/// The typed value of an unquoted scalar.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'+' | b'-' | b'0'..=b'9' => number(text),
        b'.' if text.len() > 1 && !text.contains('_') => match parse_float(text) {
            Some(number) => Value::Float(number),
            None => Value::text(text),
        },
        _ => Value::text(text),
    }
}

fn number(text: &str) -> Value {
    if let Some(time) = time(text) {
        return Value::Time(time);
    }
    let digits = text.replace('_', "");
    if let Some(number) = parse_int(&digits) {
        if let Ok(number) = i64::try_from(number) {
            return Value::Int(number);
        }
        if let (Ok(number), false) = (u64::try_from(number), digits.starts_with('+')) {
            return Value::Unsigned(number);
        }
    }
    if FLOAT.is_match(&digits)
        && let Some(number) = parse_float(&digits)
    {
        return Value::Float(number);
    }
    Value::text(text)
}

fn time(text: &str) -> Option<String> {
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let parts = TIME.captures(text)?;
    let part = |at: usize| parts.get(at).map_or("", |part| part.as_str());
    let (separator, zone) = (part(4), part(9));
    if matches!(separator, "T" | "t") && zone.is_empty() || separator == " " && !zone.is_empty() {
        return None;
    }
    let two = |at: usize| format!("{:0>2}", part(at));
    let dot = if part(8).is_empty() { "" } else { "." };
    let zone = if zone.is_empty() { "Z" } else { zone };
    marshal_time(&format!(
        "{}-{}-{}T{}:{}:{}{dot}{}{zone}",
        part(1),
        two(2),
        two(3),
        two(5),
        two(6),
        two(7),
        part(8)
    ))
}

/// True when the text unquoted would not be read as text, here or by YAML 1.1.
pub(super) fn needs_quotes(text: &str) -> bool {
    const OLD_BOOLS: [&str; 16] =
        ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    !matches!(plain(text), Value::Str(_)) || OLD_BOOLS.contains(&text) || text == "<<" || is_base_60(text)
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = text.split_once(':') else { return false };
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let sixtieth = |text: &str| matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && digits(fraction)
        && rest.split(':').all(sixtieth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_types_of_go_yaml() {
        let time = |text: &str| Value::Time(text.to_owned());
        for (text, value) in [
            ("0755", Value::Int(493)),
            ("0o17", Value::Int(15)),
            ("0x1F", Value::Int(31)),
            ("1_000", Value::Int(1000)),
            ("-7", Value::Int(-7)),
            ("9223372036854775808", Value::Unsigned(9_223_372_036_854_775_808)),
            ("1e3", Value::Float(1e3)),
            (".5", Value::Float(0.5)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("True", Value::Bool(true)),
            ("~", Value::Null),
            ("NULL", Value::Null),
            ("2001-12-14", time("2001-12-14T00:00:00Z")),
            ("2001-1-4 1:2:3.50", time("2001-01-04T01:02:03.5Z")),
            ("2001-12-14t21:59:43.10-05:00", time("2001-12-14T21:59:43.1-05:00")),
        ] {
            assert!(plain(text) == value, "{text}");
        }
        for text in [
            "yes",
            "no",
            "on",
            "1:30",
            "2001-13-01",
            "2001-12-14T21:59:43",
            "tRUE",
            "nULL",
            ".",
            "-",
            "+x",
            "1.2.3",
            "0x",
        ] {
            assert!(plain(text) == Value::text(text), "{text}");
        }
    }
}
