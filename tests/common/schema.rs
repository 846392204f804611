//! The words of JSON Schema that the schemas of infractl use.

use serde_json::Value;

/// What is wrong with a value, each with its place. Fields that the schema does not name are wrong too: readers skip them, and
/// whoever prints them is to say so.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut problems = fits(root, schema, value, at);
    if let (Some(object), Some(known)) = (value.as_object(), names(root, schema, value)) {
        let unknown = object.keys().filter(|name| !known.contains(name));
        problems.extend(unknown.map(|name| format!("{at}: `{name}` is not known")));
    }
    problems
}

/// The fields that a schema names; none where any may be there.
fn names<'a>(root: &'a Value, schema: &'a Value, value: &Value) -> Option<Vec<&'a String>> {
    if schema["additionalProperties"].is_object() || schema["additionalProperties"] == true || *schema == true
    {
        return None;
    }
    let mut known: Vec<&String> =
        schema["properties"].as_object().into_iter().flat_map(|all| all.keys()).collect();
    let mut says = schema.get("properties").is_some() || schema["additionalProperties"] == false;
    let target = schema["$ref"].as_str().map(|name| root.pointer(name.trim_start_matches('#')).unwrap());
    let parts = schema["allOf"].as_array().into_iter().flatten().chain(target);
    let fitting = ["oneOf", "anyOf"].into_iter().filter_map(|key| {
        schema[key].as_array()?.iter().find(|choice| fits(root, choice, value, "").is_empty())
    });
    for part in parts.chain(fitting) {
        match names(root, part, value) {
            Some(more) => known.extend(more),
            None => return None,
        }
        says = true;
    }
    says.then_some(known)
}

fn fits(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(name) = schema["$ref"].as_str() {
        problems.extend(fits(root, root.pointer(name.trim_start_matches('#')).unwrap(), value, at));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        problems.extend(fits(root, part, value, at));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array()
            && !choices.iter().any(|choice| fits(root, choice, value, at).is_empty())
        {
            let each = choices.iter().flat_map(|choice| fits(root, choice, value, at)).collect::<Vec<_>>();
            problems.push(format!("{at}: fits none of {key}: {}", each.join("; ")));
        }
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        problems.push(format!("{at}: not {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        problems.push(format!("{at}: none of {}", schema["enum"]));
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    };
    match &schema["type"] {
        Value::String(kind) if !is(kind) => problems.push(format!("{at}: not a {kind}")),
        Value::Array(kinds) if !kinds.iter().any(|kind| is(kind.as_str().unwrap())) => {
            problems.push(format!("{at}: none of {kinds:?}"));
        }
        _ => {}
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                problems.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, value) in object {
            match schema["properties"].get(name) {
                Some(inner) => problems.extend(check(root, inner, value, &format!("{at}/{name}"))),
                None if schema["additionalProperties"].is_object() => {
                    problems.extend(check(
                        root,
                        &schema["additionalProperties"],
                        value,
                        &format!("{at}/{name}"),
                    ));
                }
                None => {}
            }
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        problems.extend(check(root, &schema["items"], value, &format!("{at}/{index}")));
    }
    problems
}
