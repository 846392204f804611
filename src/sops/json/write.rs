//! Prints JSON as Go's encoder does, indented with tabs.

use crate::sops::tree::{Map, Node, Text, Value, show};
use crate::sops::{Format, SopsError, scalar};

/// Writes the object with tab indentation and a final newline. Comments have no place in JSON.
///
/// # Errors
/// [`SopsError::NotRepresentable`] for numbers JSON lacks and for text that is not UTF-8.
pub(in crate::sops) fn emit(map: &Map) -> Result<Text, SopsError> {
    let mut out = Text::new(Vec::new());
    object(map, 0, &mut out)?;
    out.push(b'\n');
    Ok(out)
}

fn line(depth: usize, out: &mut Text) {
    out.push(b'\n');
    let end = out.len() + depth;
    out.resize(end, b'\t');
}

fn object(map: &Map, depth: usize, out: &mut Text) -> Result<(), SopsError> {
    out.push(b'{');
    let mut first = true;
    for (key, node) in map.pairs() {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        line(depth + 1, out);
        string(key, key, out)?;
        out.extend_from_slice(b": ");
        value(key, node, depth + 1, out)?;
    }
    if !first {
        line(depth, out);
    }
    out.push(b'}');
    Ok(())
}

fn value(key: &[u8], node: &Node, depth: usize, out: &mut Text) -> Result<(), SopsError> {
    match node {
        Node::Comment(_) => {}
        Node::Map(map) => object(map, depth, out)?,
        Node::List(items) => {
            out.push(b'[');
            let mut first = true;
            for item in items.iter().filter(|item| !matches!(item, Node::Comment(_))) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                line(depth + 1, out);
                value(key, item, depth + 1, out)?;
            }
            if !first {
                line(depth, out);
            }
            out.push(b']');
        }
        Node::Scalar(leaf) => match &leaf.value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Unsigned(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => {
                let text =
                    scalar::json_float(*number).ok_or_else(|| refuse(key, "JSON has no such number"))?;
                out.extend_from_slice(text.as_bytes());
            }
            Value::Time(time) => string(key, time.as_bytes(), out)?,
            Value::Str(text) | Value::Bytes(text) => string(key, text, out)?,
        },
    }
    Ok(())
}

fn refuse(key: &[u8], reason: &'static str) -> SopsError {
    SopsError::NotRepresentable { key: show(key), format: Format::Json, reason }
}

/// As Go's encoder with HTML escaping.
fn string(key: &[u8], text: &[u8], out: &mut Text) -> Result<(), SopsError> {
    let text = std::str::from_utf8(text).map_err(|_| refuse(key, "its text is not UTF-8"))?;
    out.push(b'"');
    let mut buffer = [0; 4];
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            _ => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    out.push(b'"');
    Ok(())
}
