//! A value out of a text: all of it, a line, what a pattern finds, a place of a JSON document. Pure.

use regex::RegexBuilder;
use serde_json::Value as Json;

use crate::config::model::{Capture, ValueFrom};
use crate::text::{JsonPath, last_line};
use crate::work::values::text;

/// More bytes no value has.
const LONGEST: usize = 64 * 1024;

/// What is taken of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick<'a> {
    /// All of it, without one line end at its end.
    All,
    /// A line, from 1.
    Line(u32),
    /// The first group of a pattern, or all that it matches.
    Match(&'a str),
    /// A place of a JSON document.
    Json(&'a JsonPath),
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoValue {
    /// It is not there.
    #[error("{0}")]
    NotFound(String),
    /// Something is there that cannot be one.
    #[error("{0}")]
    Unfit(String),
}

impl<'a> Pick<'a> {
    /// What the source of a value says.
    pub(crate) fn of_source(source: &'a ValueFrom) -> Self {
        Pick::of(
            source.line,
            source.r#match.as_ref().map(|pattern| pattern.0.as_str()),
            source.json.as_ref().map(|path| &path.0),
        )
    }

    /// What a capture says.
    pub(crate) fn of_capture(capture: &'a Capture) -> Self {
        let pattern = capture.r#match.as_ref().or(capture.log.as_ref());
        Pick::of(
            capture.line,
            pattern.map(|pattern| pattern.0.as_str()),
            capture.json.as_ref().map(|path| &path.0),
        )
    }

    fn of(line: Option<u32>, pattern: Option<&'a str>, json: Option<&'a JsonPath>) -> Self {
        match (line, pattern, json) {
            (Some(line), ..) => Pick::Line(line),
            (_, Some(pattern), _) => Pick::Match(pattern),
            (.., Some(path)) => Pick::Json(path),
            _ => Pick::All,
        }
    }

    /// The value.
    pub(crate) fn from(self, source: &str) -> Result<String, NoValue> {
        let not_found = |what: String| NoValue::NotFound(what);
        let found = match self {
            Pick::All => without_line_end(source).to_owned(),
            Pick::Line(number) => {
                let line = source.lines().nth(usize::try_from(number).unwrap_or(usize::MAX) - 1);
                line.ok_or_else(|| not_found(format!("there is no line {number}")))?.to_owned()
            }
            Pick::Match(pattern) => {
                // One that is wrong was refused when the file was read.
                let pattern_read = RegexBuilder::new(pattern).multi_line(true).build();
                let captures = pattern_read.ok().and_then(|read| {
                    let found = read.captures(source)?;
                    found.get(1).or_else(|| found.get(0)).map(|found| found.as_str().to_owned())
                });
                captures.ok_or_else(|| not_found(format!("nothing matches `{pattern}`")))?
            }
            Pick::Json(path) => {
                let document: Json = serde_json::from_str(source)
                    .map_err(|error| NoValue::Unfit(format!("it is not JSON: {error}")))?;
                match path.find(&document) {
                    None | Some(Json::Null) => {
                        return Err(not_found(format!("there is nothing at `{}`", path.for_jq())));
                    }
                    Some(value) => text(value),
                }
            }
        };
        fit(found)
    }
}

/// A text that can be a value.
pub(crate) fn fit(found: String) -> Result<String, NoValue> {
    if found.is_empty() {
        return Err(NoValue::NotFound("it is empty".to_owned()));
    }
    if found.len() > LONGEST {
        return Err(NoValue::Unfit(format!("it has {} bytes, and a value has 64 KiB at most", found.len())));
    }
    if found.contains('\0') {
        return Err(NoValue::Unfit("it holds a NUL".to_owned()));
    }
    if found.contains(char::REPLACEMENT_CHARACTER) {
        return Err(NoValue::Unfit("it is not UTF-8".to_owned()));
    }
    Ok(found)
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// The beginning of what was searched, for people.
pub(crate) fn beginning(source: &str) -> Vec<String> {
    let cut = |line: &str| line.chars().take(200).collect::<String>();
    let lines: Vec<String> = source.lines().take(5).map(cut).collect();
    if last_line(source).is_empty() { vec!["(nothing)".to_owned()] } else { lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(path: &str, source: &str) -> Result<String, String> {
        Pick::Json(&JsonPath::parse(path).unwrap()).from(source).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_taken_of_a_text() {
        assert_eq!(Pick::All.from("a\nb\n\n"), Ok("a\nb\n".to_owned()));
        assert_eq!(Pick::All.from("a\r\n"), Ok("a".to_owned()));
        assert_eq!(Pick::Line(2).from("a\nb\r\nc"), Ok("b".to_owned()));
        assert_eq!(Pick::Match("^version ([0-9]+)$").from("x\nversion 12\n"), Ok("12".to_owned()));
        assert_eq!(Pick::Match("v[0-9]").from("x v1 v2"), Ok("v1".to_owned()));
        assert_eq!(json(".a[1]", r#"{"a":[1,{"b":"x"}]}"#), Ok(r#"{"b":"x"}"#.to_owned()));
        assert_eq!(
            json(".n", r#"{"n":12345678901234567890123.0}"#),
            Ok("12345678901234567890123.0".to_owned())
        );
        assert_eq!(json(".t", r#"{"t":"a\nb"}"#), Ok("a\nb".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_cannot_be_one() {
        let not_found = |pick: Pick<'_>, text: &str| matches!(pick.from(text), Err(NoValue::NotFound(_)));
        assert!(not_found(Pick::All, "") && not_found(Pick::All, "\n"));
        assert!(not_found(Pick::Line(3), "a\nb\n") && not_found(Pick::Match("x(y)?z"), "abc"));
        assert_eq!(json(".a", r#"{"a":null}"#), Err("there is nothing at `.[\"a\"]`".to_owned()));
        assert!(json(".a", "<html>").unwrap_err().starts_with("it is not JSON"));
        let unfit = |text: &str| match Pick::All.from(text) {
            Err(NoValue::Unfit(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(unfit(&"x".repeat(70_000)), "it has 70000 bytes, and a value has 64 KiB at most");
        assert_eq!(unfit("a\0b"), "it holds a NUL");
        assert_eq!(unfit(&String::from_utf8_lossy(b"a\xff")), "it is not UTF-8");
        let long = "x".repeat(5_000_000);
        assert_eq!(json(".a", &format!(r#"{{"b":"{long}","a":1}}"#)), Ok("1".to_owned()));
    }
}
