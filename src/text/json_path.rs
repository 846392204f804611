//! The way to a value in a JSON document: `.a.b[0]`, `."a key".b`; `.` is all of it. Nothing more: who needs more pipes
//! the document through `jq`.

use serde_json::Value as Json;

/// The way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Item(usize),
}

impl JsonPath {
    /// The way that a text means; none when it means none.
    pub(crate) fn parse(text: &str) -> Option<JsonPath> {
        let mut parts = Vec::new();
        let mut rest = text;
        if !rest.starts_with(['.', '[']) {
            return None;
        }
        if rest == "." {
            return Some(JsonPath(parts));
        }
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(".\"").or_else(|| rest.strip_prefix("[\"")) {
                let is_item = rest.starts_with('[');
                let (key, after) = after.split_once('"')?;
                parts.push(Part::Key(key.to_owned()));
                rest = if is_item { after.strip_prefix(']')? } else { after };
            } else if let Some(after) = rest.strip_prefix('[').or_else(|| rest.strip_prefix(".[")) {
                let (number, after) = after.split_once(']')?;
                let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                parts.push(Part::Item(number.parse().ok().filter(|_| is_number)?));
                rest = after;
            } else {
                let after = rest.strip_prefix('.')?;
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let key = &after[..end];
                if key.is_empty() || key.contains(['"', ']', '|', '(', ')', '*', ' ', '?']) {
                    return None;
                }
                parts.push(Part::Key(key.to_owned()));
                rest = &after[end..];
            }
        }
        Some(JsonPath(parts))
    }

    /// The value there; none when there is none.
    pub(crate) fn find<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(document, |value, part| match part {
            Part::Key(key) => value.get(key.as_str()),
            Part::Item(number) => value.get(number),
        })
    }

    /// The same for `jq`.
    pub(crate) fn for_jq(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Key(key) => format!("[{}]", Json::from(key.as_str())),
            Part::Item(number) => format!("[{number}]"),
        });
        format!(".{}", parts.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<String> {
        let document =
            serde_json::json!({ "a": { "b": [1, "two"], "x y": true, "k-1": null }, "1": { "2": "deep" } });
        Some(JsonPath::parse(path)?.find(&document)?.to_string())
    }

    #[test]
    fn a_way_leads_to_its_value() {
        for (path, value) in [
            (".a.b[0]", "1"),
            (".a.b[1]", "\"two\""),
            (".a.\"x y\"", "true"),
            (".a[\"x y\"]", "true"),
            (".a.k-1", "null"),
            (".1.2", "\"deep\""),
            ("[\"1\"]", "{\"2\":\"deep\"}"),
        ] {
            assert_eq!(found(path).as_deref(), Some(value), "{path}");
        }
        assert!(found(".").unwrap().starts_with("{\"a\""));
        for path in [".a.c", ".a.b[2]", ".a.b.c", ".a[0]", ".1[2]"] {
            assert!(JsonPath::parse(path).is_some(), "{path}");
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(JsonPath::parse(".a.b[0]").unwrap().for_jq(), ".[\"a\"][\"b\"][0]");
    }

    #[test]
    fn what_is_no_way_is_none() {
        for text in [
            "", "a", "a.b", "..", ".a.", ".a[", ".a[]", ".a[-1]", ".a[+1]", ".a[x]", ".a | .b", ".\"a",
            "[\"a\"", ".a[\"b\"",
        ] {
            assert_eq!(JsonPath::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[.a\\[\\]\"0é ]{0,20}") {
            let _ = JsonPath::parse(&text);
        }
    }
}
