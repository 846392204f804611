//! A place in a JSON document: `.a.b[0]`, and nothing else of the language of jq.

use serde_json::Value as Json;

/// A place in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    /// Counted from the end when negative.
    Item(i64),
}

impl JsonPath {
    /// Reads one; else why it is none.
    pub(crate) fn parse(text: &str) -> Result<JsonPath, String> {
        if text == "." {
            return Ok(JsonPath(Vec::new()));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        if !text.starts_with('.') {
            return Err("it begins with no `.`".to_owned());
        }
        while !rest.is_empty() {
            let (part, after) = part(rest)?;
            parts.push(part);
            rest = after;
        }
        Ok(JsonPath(parts))
    }

    /// The same for jq, whatever its keys are.
    pub(crate) fn for_jq(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Key(key) => format!("[{}]", Json::from(key.as_str())),
            Part::Item(number) => format!("[{number}]"),
        });
        format!(".{}", parts.collect::<String>())
    }

    /// What is there.
    pub(crate) fn find<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(document, |at, part| match part {
            Part::Key(key) => at.as_object()?.get(key),
            Part::Item(number) => {
                let items = at.as_array()?;
                let number = usize::try_from(*number)
                    .ok()
                    .or_else(|| items.len().checked_sub(usize::try_from(number.unsigned_abs()).ok()?))?;
                items.get(number)
            }
        })
    }
}

/// The first part of a text, and the rest of it.
fn part(text: &str) -> Result<(Part, &str), String> {
    if let Some(inside) = text.strip_prefix("[\"").or_else(|| text.strip_prefix(".[\"")) {
        let (key, rest) =
            inside.split_once("\"]").ok_or_else(|| format!("`{text}` is not closed by `\"]`"))?;
        return Ok((Part::Key(key.to_owned()), rest));
    }
    if let Some(inside) = text.strip_prefix('[').or_else(|| text.strip_prefix(".[")) {
        let (number, rest) =
            inside.split_once(']').ok_or_else(|| format!("`{text}` is not closed by `]`"))?;
        let number = number.parse().map_err(|_| format!("`{number}` is no number of an item"))?;
        return Ok((Part::Item(number), rest));
    }
    let inside = text.strip_prefix('.').ok_or_else(|| format!("`{text}` does not begin with `.` or `[`"))?;
    let end = inside.find(['.', '[']).unwrap_or(inside.len());
    let (key, rest) = inside.split_at(end);
    if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '$')) {
        return Err(format!("`{key}` is no key; others are written `[\"like this\"]`"));
    }
    Ok((Part::Key(key.to_owned()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_value_or_to_none() {
        let document = serde_json::json!({"a": {"b": [1, {"c-d": null}], "x.y": 7}, "": 1});
        let find = |path: &str| JsonPath::parse(path).unwrap().find(&document).map(ToString::to_string);
        assert_eq!(find(".a.b[0]").as_deref(), Some("1"));
        assert_eq!(find(".a.b[-1].c-d").as_deref(), Some("null"));
        assert_eq!(find(".a[\"x.y\"]").as_deref(), Some("7"));
        assert_eq!(find(".[\"a\"].b.[0]").as_deref(), Some("1"));
        assert_eq!(find("."), Some(document.to_string()));
        for none in [".a.b[2]", ".a.b[-3]", ".b", ".a.b.c", ".a[0]", ".a.b[0].x"] {
            assert_eq!(find(none), None, "{none}");
        }
    }

    #[test]
    fn jq_reads_it_whatever_its_keys_are() {
        let jq = |path: &str| JsonPath::parse(path).unwrap().for_jq();
        assert_eq!(jq(".a.c-d[0][\"x y\"]"), ".[\"a\"][\"c-d\"][0][\"x y\"]");
        assert_eq!(jq("."), ".");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for wrong in ["", "a", "..", ".a.", ".a b", ".a[", ".a[x]", ".a[\"b]", ".a|.b", ".a[]", ".a]", "$.a"]
        {
            assert!(JsonPath::parse(wrong).is_err(), "{wrong}");
        }
    }
}
