//! Attributes of a file of HCL.

use toml::Value;

/// The value of a text.
pub(super) fn scalar(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        text => text.into(),
    }
}

/// The attributes of a file of HCL; none when one is no text, number or truth.
pub(super) fn attributes(text: &str) -> Option<Vec<(String, Value)>> {
    use hcl_edit::expr::Expression;
    let body: hcl_edit::structure::Body = hcl_edit::parser::parse_body(text).ok()?;
    body.attributes()
        .map(|attribute| {
            let value: Value = match &attribute.value {
                Expression::String(text) => text.as_str().into(),
                Expression::Bool(is) => (*is.value()).into(),
                Expression::Number(number) => number.value().as_i64()?.into(),
                _ => return None,
            };
            Some((attribute.key.as_str().to_owned(), value))
        })
        .collect()
}
