//! TOML on one line.

/// A text in quotes: those of JSON, but for a character that TOML wants escaped as well.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A key, in quotes where it needs them.
pub(crate) fn key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in ["", "plain", "a \"b\" \\c", "two\nlines\tand \r \u{1b}[0m \u{7f} \u{8}", "é ‑ 漢 {{x}}"]
        {
            let table: toml::Table = format!("{} = {}", key(text), quoted(text)).parse().unwrap();
            assert_eq!(table[text].as_str(), Some(text));
            assert!(!quoted(text).contains('\n'));
        }
        assert_eq!([key("a-b_1"), key("a.b"), key("")], ["a-b_1", "\"a.b\"", "\"\""]);
    }
}
