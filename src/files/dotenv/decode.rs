//! Reads back what [`super::encode`] wrote.

use super::{Dialect, key_trouble};

/// What [`decode`] found in a file.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Keys and values, in the order of the file.
    pub entries: Vec<(String, String)>,
    /// The numbers of the lines, from 1, that infractl would not have written.
    pub odd_lines: Vec<usize>,
}

/// Reads back a file that infractl wrote in this dialect. It is no reader for the files of others.
pub(crate) fn decode(dialect: Dialect, text: &str) -> Decoded {
    let mut decoded = Decoded::default();
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let mut after = &rest[line.len()..];
        if !line.is_empty() && !line.starts_with('#') {
            match entry(dialect, rest) {
                Some((key, value, end)) => {
                    decoded.entries.push((key.to_owned(), value));
                    after = end;
                }
                None => decoded.odd_lines.push(text[..text.len() - rest.len()].matches('\n').count() + 1),
            }
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    decoded
}

/// Key, value, and what follows them: a line end or nothing.
fn entry(dialect: Dialect, text: &str) -> Option<(&str, String, &str)> {
    let (key, text) = text.split_once('=')?;
    let quote = text.chars().next().filter(|c| dialect != Dialect::Docker && "'\"".contains(*c));
    let (value, after) = if let Some(quote) = quote {
        unquoted(dialect, quote, &text[1..])?
    } else {
        let line = text.split_once('\n').map_or(text, |(line, _)| line);
        (line.to_owned(), &text[line.len()..])
    };
    let whole = after.is_empty() || after.starts_with('\n');
    (whole && key_trouble(dialect, key).is_none()).then_some((key, value, after))
}

fn unquoted(dialect: Dialect, quote: char, text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let at = rest.find([quote, '\\'])?;
        value.push_str(&rest[..at]);
        let (special, after) = rest[at..].split_at(1);
        rest = after;
        match (dialect, special) {
            (Dialect::Compose, "\\") if quote == '"' => {
                let escaped = rest.chars().next()?;
                value.push(if escaped == 'r' { '\r' } else { escaped });
                rest = &rest[escaped.len_utf8()..];
            }
            (_, "\\") => value.push('\\'),
            (Dialect::Shell, _) if rest.starts_with(r"\''") => {
                value.push(quote);
                rest = &rest[3..];
            }
            _ => return Some((value, rest)),
        }
    }
}
