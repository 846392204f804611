//! A value as text, for people and programs.

use zeroize::Zeroizing;

use crate::sops::{Node, Value};

/// A scalar as it is, without quotes and line end; a list or a map as JSON.
pub(crate) fn text(node: &Node) -> Zeroizing<Vec<u8>> {
    match node {
        Node::Scalar(scalar) => scalar_text(&scalar.value),
        Node::Comment(comment) => comment.text.clone(),
        Node::List(_) | Node::Map(_) => {
            let mut out = Zeroizing::new(Vec::new());
            write(node, &mut out);
            out
        }
    }
}

fn scalar_text(value: &Value) -> Zeroizing<Vec<u8>> {
    match value {
        Value::Str(text) | Value::Bytes(text) => text.clone(),
        Value::Int(number) => number.to_string().into_bytes().into(),
        Value::Unsigned(number) => number.to_string().into_bytes().into(),
        Value::Float(number) => number.to_string().into_bytes().into(),
        Value::Bool(truth) => truth.to_string().into_bytes().into(),
        Value::Time(time) => time.clone().into_bytes().into(),
        Value::Null => Zeroizing::new(Vec::new()),
    }
}

/// Writes JSON straight into the buffer: no copies of values that nobody wipes.
fn write(node: &Node, out: &mut Vec<u8>) {
    match node {
        Node::Scalar(scalar) => match &scalar.value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Int(_) | Value::Unsigned(_) | Value::Bool(_) => {
                out.extend_from_slice(&scalar_text(&scalar.value));
            }
            Value::Float(number) if number.is_finite() => out.extend_from_slice(&scalar_text(&scalar.value)),
            other => quote(&scalar_text(other), out),
        },
        Node::Comment(_) => {}
        Node::List(items) => {
            out.push(b'[');
            let items = items.iter().filter(|item| !matches!(item, Node::Comment(_)));
            for (number, item) in items.enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Node::Map(map) => {
            out.push(b'{');
            for (number, (key, value)) in map.pairs().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                quote(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

fn quote(text: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(text);
    // Writing into a vector cannot fail.
    let _ = serde_json::to_writer(out, &*text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::{Format, NewFile, Plain, key};

    #[test]
    fn scalars_are_bare_and_the_rest_is_json() {
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let source =
            br#"{"s": "a\"b\n", "n": 7, "f": 1.5, "b": true, "z": null, "l": [1, "x", {"k": false}]}"#;
        let new = NewFile::for_recipients([recipient]);
        let plain = Plain::create(source, Format::Json, &new, &mut crate::secrets::fill).unwrap();
        let of = |name: &str| String::from_utf8(text(plain.get(&key(name)).unwrap()).to_vec()).unwrap();
        assert_eq!(["s", "n", "f", "b", "z"].map(of), ["a\"b\n", "7", "1.5", "true", ""]);
        assert_eq!(of("l"), r#"[1,"x",{"k":false}]"#);
    }
}
