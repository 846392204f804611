//! The JSON Schema of the files, for editors: draft 07, which all of them know, with a description and an example for every key,
//! and no format that is ours alone. The form is that of SchemaStore
//! (<https://github.com/SchemaStore/schemastore/blob/master/CONTRIBUTING.md>).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::config::shape;

type Entries = Map<String, Json>;

/// The JSON Schema of `defaults.toml` and `environment.toml`.
pub fn schema() -> Json {
    let mut schema = shape::schema();
    let reached = reached(&schema);
    let definitions = schema["$defs"].take();
    let mut tables = Entries::new();
    for (name, definition) in definitions.as_object().into_iter().flatten() {
        let mut definition = definition.clone();
        examples(&mut definition, &definitions);
        if reached.get(name) != Some(&Reached::Whole) {
            for_parts(&mut definition);
        }
        tables.insert(name.clone(), definition);
    }
    examples(&mut schema, &definitions);
    for_parts(&mut schema);
    let mut all = Entries::new();
    all.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    all.insert("$id".to_owned(), "https://json.schemastore.org/infractl.json".into());
    all.insert(
        "title".to_owned(),
        "infractl: environments/defaults.toml and environments/<name>/environment.toml".into(),
    );
    let entries = schema.as_object_mut().into_iter().flat_map(std::mem::take);
    all.extend(entries.filter(|(key, _)| key != "$schema" && key != "$defs" && key != "title"));
    all.insert("definitions".to_owned(), Json::Object(tables));
    let mut all = Json::Object(all);
    each(&mut all, &mut |entries| {
        pattern(entries);
        without_null(entries);
        reference(entries);
        if entries.contains_key("properties") {
            // Keys that begin with `x-` are the user's own in every table.
            entries.insert("patternProperties".to_owned(), json!({ "^x-": true }));
        }
        // What is required is to be declared beside it: the strict mode of ajv, which SchemaStore asks with.
        if let (1, Some(keys)) = (entries.len(), entries.get("required").and_then(Json::as_array)) {
            let known = keys.iter().filter_map(Json::as_str).map(|key| (key.to_owned(), Json::Bool(true)));
            let known: Entries = known.collect();
            entries.insert("properties".to_owned(), known.into());
        }
    });
    all
}

/// Calls `see` with every schema in a schema, those inside of it first.
fn each(schema: &mut Json, see: &mut dyn FnMut(&mut Entries)) {
    let Json::Object(entries) = schema else { return };
    for (key, inner) in &mut *entries {
        match (key.as_str(), inner) {
            ("properties" | "definitions", Json::Object(inner)) => {
                inner.values_mut().for_each(|inner| each(inner, see));
            }
            ("anyOf" | "oneOf", Json::Array(inner)) => inner.iter_mut().for_each(|inner| each(inner, see)),
            ("items" | "additionalProperties" | "propertyNames", inner) => each(inner, see),
            _ => {}
        }
    }
    see(entries);
}

/// How a table is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// Only in lists, which are replaced as a whole: it has all that it needs.
    Whole,
    /// It may be merged: what it needs may stand in the other file.
    InParts,
}

/// How each definition is reached.
fn reached(schema: &Json) -> BTreeMap<String, Reached> {
    fn walk(schema: &Json, all: &Json, how: Reached, found: &mut BTreeMap<String, Reached>) {
        match schema {
            Json::Object(entries) => {
                let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
                if let Some(name) = name
                    && found.get(name).is_none_or(|before| *before != how && how == Reached::InParts)
                {
                    found.insert(name.to_owned(), how);
                    walk(&all[name], all, how, found);
                }
                for (key, inner) in entries.iter().filter(|(key, _)| *key != "$defs") {
                    walk(inner, all, if key == "items" { Reached::Whole } else { how }, found);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| walk(item, all, how, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    walk(schema, &schema["$defs"], Reached::InParts, &mut found);
    found
}

/// An editor sees one file: what stands in the other one it cannot miss.
fn for_parts(table: &mut Json) {
    let Json::Object(entries) = table else { return };
    entries.remove("required");
    for rule in ["oneOf", "anyOf"] {
        let is_rule = |one: &Json| one.as_object().is_some_and(|one| one.keys().all(|key| key == "required"));
        if entries.get(rule).and_then(Json::as_array).is_some_and(|all| all.iter().all(is_rule)) {
            entries.remove(rule);
        }
    }
}

/// Gives every key of a table its examples.
fn examples(table: &mut Json, definitions: &Json) {
    let fields = table.get_mut("properties").and_then(Json::as_object_mut);
    for (key, field) in fields.into_iter().flatten() {
        let examples = examples_of(key, field, definitions);
        field["examples"] = examples.into();
    }
}

/// Those that the model gives, in a doc comment or by an attribute; else what its kind says.
fn examples_of(key: &str, field: &Json, definitions: &Json) -> Vec<Json> {
    if let Some(given) = field["examples"].as_array() {
        return given.clone();
    }
    let doc = field["description"].as_str().unwrap_or_default();
    let paragraph = |name: &str| doc.split("\n\n").find_map(|paragraph| paragraph.strip_prefix(name));
    if let Some(examples) = paragraph("Example: ") {
        let all = examples.trim_matches('`').split("`, `");
        return all.filter_map(|example| written(key, example)).collect();
    }
    let meant = meant(field, definitions);
    let words: Vec<Json> = (meant["oneOf"].as_array().into_iter().flatten())
        .filter_map(|word| word.get("const").cloned())
        .collect();
    if !words.is_empty() {
        return words;
    }
    if kinds(meant).any(|kind| kind == "boolean") {
        return vec![true.into()];
    }
    if let Some(fields) = meant["properties"].as_object() {
        // The first key that has one: a table that could be there.
        let mut inner = fields.iter().map(|(key, field)| (key, examples_of(key, field, definitions)));
        let first = inner.find_map(|(key, mut examples)| Some((key, examples.drain(..).next()?)));
        return first.map(|(key, example)| json!({ key.as_str(): example })).into_iter().collect();
    }
    let default = paragraph("Default: ").map(|default| default.trim_matches('`'));
    let is_text = kinds(meant).any(|kind| kind == "string");
    let default = default.and_then(|text| {
        written(key, &format!("{key} = {text}")).or_else(|| is_text.then(|| Json::from(text)))
    });
    default.into_iter().collect()
}

/// The value of a key in an example: `key = value`, or a table on one line that has the key at any depth.
fn written(key: &str, example: &str) -> Option<Json> {
    fn find(key: &str, value: &Json) -> Option<Json> {
        match value {
            Json::Object(entries) => {
                entries.get(key).cloned().or_else(|| entries.values().find_map(|value| find(key, value)))
            }
            Json::Array(items) => items.iter().find_map(|item| find(key, item)),
            _ => None,
        }
    }
    let text = if example.starts_with('{') { format!("x = {example}") } else { example.to_owned() };
    let table: toml::Table = toml::from_str(&text).ok()?;
    find(key, &serde_json::to_value(table).ok()?)
}

/// What a field means behind references and `null`.
fn meant<'a>(field: &'a Json, definitions: &'a Json) -> &'a Json {
    if let Some(name) = field["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return meant(&definitions[name], definitions);
    }
    let mut some = field["anyOf"].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
    match (some.next(), some.next()) {
        (Some(one), None) => meant(one, definitions),
        _ => field,
    }
}

fn kinds(schema: &Json) -> impl Iterator<Item = &str> {
    let several = schema["type"].as_array().into_iter().flatten().filter_map(Json::as_str);
    schema["type"].as_str().into_iter().chain(several)
}

/// TOML has no `null`.
fn without_null(entries: &mut Entries) {
    if let Some(Json::Array(kinds)) = entries.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            entries.insert("type".to_owned(), kind);
        }
    }
    if let Some(Json::Array(some)) = entries.get_mut("anyOf") {
        some.retain(|one| one["type"] != "null");
        if let [Json::Object(one)] = some.as_mut_slice() {
            let one = std::mem::take(one);
            entries.remove("anyOf");
            for (key, value) in one {
                entries.entry(key).or_insert(value);
            }
        }
    }
    if entries.get("default") == Some(&Json::Null) {
        entries.remove("default");
    }
}

/// Draft 07 looks at nothing beside a `$ref`.
fn reference(entries: &mut Entries) {
    let Some(Json::String(path)) = entries.remove("$ref") else { return };
    let reference = json!({ "$ref": path.replacen("#/$defs/", "#/definitions/", 1) });
    if entries.is_empty() {
        entries.extend(reference.as_object().cloned().into_iter().flatten());
    } else {
        entries.insert("allOf".to_owned(), json!([reference]));
    }
}

/// What an editor can see of a format: JSON Schema does not know ours by their names.
fn pattern(entries: &mut Entries) {
    let format = entries.remove("format");
    let pattern = match format.as_ref().and_then(Json::as_str) {
        Some("duration") => r"^\s*([0-9]+\s*(ms|s|sec|m|min|h|d)\s*)+$",
        Some("mode") => "^0[0-7]{3}$",
        Some("priced") => r"^[A-Za-z0-9_-]+(\[[^=\]]+=.*\])?$",
        Some("clock-time") => "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
        Some("moment") => "^[0-9]{2}:[0-9]{2}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}T.+",
        Some("weekdays") => {
            r"^\s*(mon|tue|wed|thu|fri|sat|sun)(\s*[,-]\s*(mon|tue|wed|thu|fri|sat|sun))*\s*$"
        }
        Some("date") => "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        Some("days") => r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\s*/\s*[0-9]{4}-[0-9]{2}-[0-9]{2})?$",
        Some("version") => r"^[0-9]+(\.[0-9]+){0,2}([-+].*)?$",
        Some("version-range") => {
            r"^\s*(~>|>=|<=|[>=<~^])?\s*v?[0-9]+(\.[0-9]+){0,2}([-+][0-9A-Za-z.+-]+)?\s*(,\s*(~>|>=|<=|[>=<~^])?\s*v?[0-9]+(\.[0-9]+){0,2}([-+][0-9A-Za-z.+-]+)?\s*)*$"
        }
        Some("size") => {
            r"^\s*[0-9]+(\.[0-9]{1,9})?\s*([kKmMgGtT][iI]?[bB]|[kKmMgGtT][iI]|[bB]|[bB][yY][tT][eE][sS])$"
        }
        Some("port") => r"^\s*0*[1-9][0-9]{0,4}\s*$",
        Some("download") => "^https?://[^/@\\s]+/[^\\s]+",
        Some("variable") => "^[A-Za-z_][A-Za-z0-9_]*$",
        Some("secret") => r"^[A-Za-z_][A-Za-z0-9_]*$|\{\{",
        Some("name") => r"^[^\s!-,./:-@\[-^`{-~]+$",
        Some("argument" | "address") => {
            let secret = r"(^|[^{])(\{\{\{\{)*\{\{\s*secret\.";
            entries.insert("not".to_owned(), json!({ "type": "string", "pattern": secret }));
            return;
        }
        _ => return,
    };
    entries.insert("pattern".to_owned(), pattern.into());
    entries.entry("type").or_insert_with(|| "string".into());
}
