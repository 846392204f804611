//! YAML as these files need it: maps in their order, lists, text that no reader takes for anything else. Pure.

/// A value of a YAML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// Text; in quotes where it could be read as something else, as a block where it has several lines.
    Text(String),
    /// A number, or `true` or `false`: written as it is.
    Bare(String),
    /// Text with a comment behind it.
    Noted(String, &'static str),
    /// A list.
    List(Vec<Yaml>),
    /// A map in its order.
    Map(Map),
}

/// Entries of a map, in their order.
pub(super) type Map = Vec<(String, Yaml)>;

/// An entry of a map.
pub(super) fn entry(key: &str, value: impl Into<Yaml>) -> (String, Yaml) {
    (key.to_owned(), value.into())
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Yaml {
        Yaml::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Yaml {
        Yaml::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(flag: bool) -> Yaml {
        Yaml::Bare(flag.to_string())
    }
}

impl From<u16> for Yaml {
    fn from(number: u16) -> Yaml {
        Yaml::Bare(number.to_string())
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Yaml {
        Yaml::Map(map)
    }
}

impl From<Vec<Yaml>> for Yaml {
    fn from(items: Vec<Yaml>) -> Yaml {
        Yaml::List(items)
    }
}

impl From<Vec<String>> for Yaml {
    fn from(items: Vec<String>) -> Yaml {
        Yaml::List(items.into_iter().map(Yaml::Text).collect())
    }
}

/// The file: each entry of the map after an empty line.
pub(super) fn file(map: &[(String, Yaml)]) -> String {
    let mut out = String::new();
    for (key, value) in map {
        out.push('\n');
        pair(&mut out, key, value, 0);
    }
    out
}

/// `key: value`, with what is below it.
fn pair(out: &mut String, key: &str, value: &Yaml, depth: usize) {
    out.push_str(&text(key));
    out.push(':');
    match value {
        Yaml::Map(map) if !map.is_empty() => {
            out.push('\n');
            for (key, value) in map {
                indent(out, depth + 1);
                pair(out, key, value, depth + 1);
            }
        }
        Yaml::List(items) if !items.is_empty() => {
            out.push('\n');
            for value in items {
                indent(out, depth + 1);
                item(out, value, depth + 1);
            }
        }
        scalar => {
            out.push(' ');
            out.push_str(&written(scalar, depth + 1));
            out.push('\n');
        }
    }
}

/// `- value`; a map begins on the same line.
fn item(out: &mut String, value: &Yaml, depth: usize) {
    out.push_str("- ");
    match value {
        Yaml::Map(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    indent(out, depth + 1);
                }
                pair(out, key, value, depth + 1);
            }
        }
        scalar => {
            out.push_str(&written(scalar, depth + 1));
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

fn written(value: &Yaml, depth: usize) -> String {
    match value {
        Yaml::Text(lines) if lines.contains('\n') => {
            let margin = "  ".repeat(depth);
            let lines: Vec<String> =
                lines.trim_end().lines().map(|line| format!("\n{margin}{line}")).collect();
            format!("|{}", lines.concat())
        }
        Yaml::Text(plain) => text(plain),
        Yaml::Bare(bare) => bare.clone(),
        Yaml::Noted(plain, note) => format!("{} # {note}", text(plain)),
        Yaml::List(items) => {
            format!("[{}]", items.iter().map(|item| written(item, depth)).collect::<Vec<_>>().join(", "))
        }
        Yaml::Map(map) => {
            let pairs = map.iter().map(|(key, value)| format!("{}: {}", text(key), written(value, depth)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text on one line: plain where every reader takes it for text, else as JSON has it, which YAML reads too.
fn text(text: &str) -> String {
    const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/'));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-/@".contains(c);
    let is_number = text.starts_with('.') && text[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_number = is_number && !text.contains(['/', '-']);
    let is_word = WORDS.contains(&text.to_lowercase().as_str());
    if begins && text.chars().all(is_plain) && !text.ends_with(' ') && !is_word && !is_number {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_yaml_reads_otherwise_are_in_quotes() {
        for name in
            ["on", "No", "Y", "1e3", "0x1f", "12:30", "1.10", "~", "null", ".inf", ".5", "a: b", "a #b", ""]
        {
            assert_eq!(text(name), format!("\"{name}\""), "{name}");
        }
        for name in [
            "dev",
            "prod-eu.1",
            "e1",
            "infractl apply dev",
            "/srv",
            ".gitlab/ci.yml",
            "actions/checkout@de0f",
        ] {
            assert_eq!(text(name), name);
        }
        assert_eq!(text("say \"it\"\t\\"), r#""say \"it\"\t\\""#);
    }

    #[test]
    fn maps_lists_and_blocks_stand_where_they_belong() {
        let map = [
            entry("on", vec![entry("push", vec![entry("branches", vec![Yaml::from("main")])])]),
            entry(
                "steps",
                vec![
                    Yaml::from(vec![
                        entry("uses", Yaml::Noted("a/b@c".to_owned(), "v1")),
                        entry("with", vec![entry("depth", 0_u16)]),
                    ]),
                    Yaml::from(vec![entry("run", "one\n  two\n")]),
                ],
            ),
            entry("permissions", Map::new()),
        ];
        let expected = "\n\"on\":\n  push:\n    branches:\n      - main\n\nsteps:\n  - uses: a/b@c # v1\n    with:\n      depth: 0\n  - run: |\n      one\n        two\n\npermissions: {}\n";
        assert_eq!(file(&map), expected);
    }
}
