//! The dotenv store: one `KEY=VALUE` per line, nothing trimmed, quoted or expanded.

use memchr::memmem;

use super::tree::{Comment, Entry, Map, Node, Text, Value, show};
use super::{Format, SopsError, scalar};

/// The keys that hold metadata start so.
pub(super) const PREFIX: &[u8] = b"sops_";

/// Reads every line; metadata lines are not told apart.
pub(super) fn parse(bytes: &[u8]) -> Result<Map, SopsError> {
    let mut entries = Vec::new();
    for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
        match line.first() {
            None => {}
            Some(b'#') => entries.push(Entry::Comment(Comment::new(&line[1..]))),
            Some(_) => {
                let Some(equals) = memchr::memchr(b'=', line) else {
                    return Err(SopsError::Unreadable {
                        format: Format::Dotenv,
                        line: number + 1,
                        reason: "it is neither KEY=VALUE nor a comment".to_owned(),
                    });
                };
                entries.push(Entry::Pair(line[..equals].to_vec(), Node::from(unescape(&line[equals + 1..]))));
            }
        }
    }
    Ok(Map(entries))
}

fn unescape(value: &[u8]) -> Value {
    let mut out = Text::new(Vec::with_capacity(value.len()));
    let mut from = 0;
    for at in memmem::find_iter(value, b"\\n") {
        out.extend_from_slice(&value[from..at]);
        out.push(b'\n');
        from = at + 2;
    }
    out.extend_from_slice(&value[from..]);
    Value::Str(out)
}

/// Writes the document; it ends in a newline unless it is empty.
///
/// # Errors
/// [`SopsError::NotRepresentable`] for lists, maps, and keys or comments that cannot be read back.
pub(super) fn emit(map: &Map) -> Result<Text, SopsError> {
    let refuse =
        |key: &[u8], reason| SopsError::NotRepresentable { key: show(key), format: Format::Dotenv, reason };
    let mut out = Text::new(Vec::new());
    for entry in &map.0 {
        match entry {
            Entry::Comment(comment) => {
                if comment.text.contains(&b'\n') {
                    return Err(refuse(b"a comment", "it has more than one line"));
                }
                out.push(b'#');
                out.extend_from_slice(&comment.text);
            }
            Entry::Pair(key, node) => {
                check_key(key).map_err(|reason| refuse(key, reason))?;
                let Some(value) = node.value() else {
                    return Err(refuse(key, "it is a list or a map, and dotenv is flat"));
                };
                out.extend_from_slice(key);
                out.push(b'=');
                let text = scalar::display(value);
                if memchr::memchr(b'\n', &text).is_some() {
                    for (number, line) in text.split(|&b| b == b'\n').enumerate() {
                        if number > 0 {
                            out.extend_from_slice(b"\\n");
                        }
                        out.extend_from_slice(line);
                    }
                } else {
                    out.extend_from_slice(&text);
                }
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}

/// What would make the line unreadable; sops writes such lines and cannot read them back.
pub(super) fn check_key(key: &[u8]) -> Result<(), &'static str> {
    if key.contains(&b'=') {
        return Err("the key holds an equals sign");
    }
    if key.contains(&b'\n') {
        return Err("the key holds a newline");
    }
    if key.first() == Some(&b'#') {
        return Err("the key starts with #, which makes the line a comment");
    }
    Ok(())
}
