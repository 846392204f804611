//! The place of a value in a file, as people type it.

use super::error::SecretsError;
use crate::sops::PathStep;

/// A path: `NAME` is the key of that name, `["a"]["b"][0]` goes down into maps and lists as in sops.
pub(crate) fn parse(text: &str) -> Result<Vec<PathStep>, SecretsError> {
    if text.is_empty() {
        return Err(SecretsError::Usage {
            message: "the name of a secret is empty".to_owned(),
            help: "write `NAME`, or `[\"map\"][\"key\"][0]` for what is inside of maps and lists".to_owned(),
        });
    }
    if !text.starts_with("[\"") {
        return Ok(vec![PathStep::Key(text.as_bytes().to_vec())]);
    }
    let wrong = || SecretsError::Usage {
        message: format!("`{text}` is not the place of a value"),
        help: "write `NAME`, or `[\"map\"][\"key\"][0]` for what is inside of maps and lists".to_owned(),
    };
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(wrong)?;
        let mut values = serde_json::Deserializer::from_str(inner).into_iter::<serde_json::Value>();
        let value = values.next().and_then(Result::ok).ok_or_else(wrong)?;
        rest = inner[values.byte_offset()..].trim_start().strip_prefix(']').ok_or_else(wrong)?;
        steps.push(match value {
            serde_json::Value::String(key) => PathStep::Key(key.into_bytes()),
            serde_json::Value::Number(number) => {
                let index = number.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(wrong)?;
                PathStep::Index(index)
            }
            _ => return Err(wrong()),
        });
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> PathStep {
        PathStep::Key(name.as_bytes().to_vec())
    }

    #[test]
    fn names_and_paths() {
        assert_eq!(parse("A.B").unwrap(), [key("A.B")]);
        assert_eq!(parse(r#"["a"]["b]"][0]"#).unwrap(), [key("a"), key("b]"), PathStep::Index(0)]);
        for wrong in [r#"["a""#, r#"["a"]x"#, r#"["a"][-1]"#, r#"["a"][1.5]"#, r#"["a"][null]"#] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
