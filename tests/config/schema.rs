//! The schema and the reference agree with what loads.

use serde_json::Value as Json;

use super::Sandbox;
use super::mistakes::{self, Seen};

/// The part of JSON schema that our schema uses.
fn valid(value: &Json, schema: &Json, root: &Json) -> Result<(), String> {
    if schema == &Json::Bool(true) {
        return Ok(());
    }
    if let Some(path) = schema["$ref"].as_str() {
        return valid(value, &root["definitions"][path.strip_prefix("#/definitions/").unwrap()], root);
    }
    schema["allOf"].as_array().into_iter().flatten().try_for_each(|one| valid(value, one, root))?;
    let any =
        |some: &Json| some.as_array().unwrap().iter().filter(|one| valid(value, one, root).is_ok()).count();
    if !schema["anyOf"].is_null() && any(&schema["anyOf"]) == 0 {
        return Err(format!("{value} is none of {}", schema["anyOf"]));
    }
    if !schema["oneOf"].is_null() && any(&schema["oneOf"]) != 1 {
        return Err(format!("{value} is not exactly one of {}", schema["oneOf"]));
    }
    if !schema["const"].is_null() && &schema["const"] != value {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Json::String(kind) => vec![kind],
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => vec![],
    };
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let fits = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    if !kinds.is_empty() && !fits {
        return Err(format!("{value} is not {kinds:?}"));
    }
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    if let Some(number) = value.as_f64()
        && (least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most))
    {
        return Err(format!("{value} is not between {least:?} and {most:?}"));
    }
    let fits = |text: &str, schema: &Json| {
        schema["pattern"].as_str().is_none_or(|pattern| regex::Regex::new(pattern).unwrap().is_match(text))
    };
    if let Json::String(text) = value
        && (!fits(text, schema) || (!schema["not"].is_null() && fits(text, &schema["not"])))
    {
        return Err(format!("{value} is not of the form of {schema}"));
    }
    if let Json::Array(items) = value
        && !schema["items"].is_null()
    {
        items.iter().try_for_each(|item| valid(item, &schema["items"], root))?;
    }
    let Json::Object(entries) = value else { return Ok(()) };
    for key in schema["required"].as_array().into_iter().flatten() {
        if !entries.contains_key(key.as_str().unwrap()) {
            return Err(format!("{value} has no {key}"));
        }
    }
    for (key, value) in entries {
        if !schema["propertyNames"].is_null()
            && !key.starts_with("x-")
            && !fits(key, &schema["propertyNames"])
        {
            return Err(format!("{key} cannot be a name"));
        }
        if !schema["properties"][key].is_null() {
            valid(value, &schema["properties"][key], root)?;
        } else if key.starts_with("x-") {
        } else if schema["additionalProperties"] == Json::Bool(false) {
            return Err(format!("unknown key {key}"));
        } else if schema["additionalProperties"].is_object() {
            valid(value, &schema["additionalProperties"], root)?;
        }
    }
    Ok(())
}

fn check(text: &str) -> Result<(), String> {
    let schema = infractl::testing::config::schema();
    valid(&serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap(), &schema, &schema)
}

#[test]
fn the_schema_takes_the_example_of_the_contract() {
    check(include_str!("defaults.toml")).unwrap();
    check(include_str!("prod.toml")).unwrap();
    check("x-mine = 1\n[hosts.a]\naddress = \"a\"\nx-rack = 3\n").unwrap();
}

#[test]
fn the_schema_refuses_mistakes_of_shape_and_infractl_all() {
    for (text, seen) in mistakes::ALL {
        match seen {
            Seen::Shape => assert!(check(text).is_err(), "{text}"),
            Seen::Never(why) => check(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}, but {why}")),
        }
        assert!(super::dev(text).load("dev").is_err(), "{text}");
    }
}

/// Every schema in a schema.
fn each<'a>(schema: &'a Json, see: &mut dyn FnMut(&'a Json)) {
    see(schema);
    for (key, inner) in schema.as_object().into_iter().flatten() {
        match key.as_str() {
            "properties" | "definitions" | "patternProperties" => {
                inner.as_object().unwrap().values().for_each(|inner| each(inner, see));
            }
            "anyOf" | "oneOf" | "allOf" => {
                inner.as_array().unwrap().iter().for_each(|inner| each(inner, see));
            }
            "items" | "additionalProperties" | "propertyNames" | "not" => each(inner, see),
            _ => {}
        }
    }
}

/// What SchemaStore takes: draft 07 and nothing else.
#[test]
fn the_schema_has_the_form_that_every_editor_knows() {
    let schema = infractl::testing::config::schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["$id"], "https://json.schemastore.org/infractl.json");
    let known = [
        "$schema",
        "$id",
        "$ref",
        "title",
        "description",
        "type",
        "properties",
        "definitions",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
        "items",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "const",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "default",
        "examples",
    ];
    each(&schema, &mut |inner| {
        let Some(entries) = inner.as_object() else { return };
        for key in entries.keys() {
            assert!(known.contains(&key.as_str()), "{key}: {inner}");
        }
        assert!(!entries.contains_key("$ref") || entries.len() == 1, "nothing counts beside `$ref`: {inner}");
        assert!(inner["type"] != "null" && !inner["type"].is_array(), "{inner}");
    });
}

#[test]
fn every_key_of_the_schema_has_a_description_and_examples_that_fit() {
    let schema = infractl::testing::config::schema();
    let mut seen = 0;
    let mut wrong = Vec::new();
    each(&schema, &mut |table| {
        let fields = table["properties"].as_object().into_iter().flatten();
        for (key, field) in fields.filter(|(_, field)| field.is_object()) {
            seen += 1;
            if field["description"].as_str().is_none_or(|text| text.len() < 4) {
                wrong.push(format!("{key} has no description: {field}"));
            }
            let examples = field["examples"].as_array().map(Vec::as_slice).unwrap_or_default();
            if examples.is_empty() {
                wrong.push(format!("{key} has no example: {field}"));
            }
            for example in examples {
                wrong.extend(
                    valid(example, field, &schema).err().map(|why| format!("{key} = {example}: {why}")),
                );
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 500, "{seen}");
}

#[test]
fn the_schema_takes_what_loads() {
    for text in [
        "[pipelines]\na = [{ command = \"x {{{{ secret.A }}\", timeout = \"1h 30m\" }]",
        "[pipelines]\na = { effect = \"reads\", steps = [{ command = \"x\" }] }",
        "[hosts.\"żółć-1_a\"]\naddress = \"{{output.secret}}\"",
        "[terraform]\nvars = { a = \"{{secret.A}}\", b = [1, { c = \"{{secret.A}}\" }] }\nbackend = { n = 1, l = [\"a\"] }",
    ] {
        check(text).unwrap();
        super::dev(text).load("dev").unwrap();
    }
}

#[test]
fn the_reference_names_every_section_and_variable() {
    let reference = infractl::testing::config::reference_markdown();
    for heading in ["[project]", "[terraform]", "[env-file.sections[]]", "[hosts.NAME]", "[pipelines.NAME[]]"]
    {
        assert!(reference.contains(&format!("## `{heading}`")), "{heading}\n{reference}");
    }
    for text in ["`lock-timeout` (duration)", "Default: `false`.", "INFRACTL_ENV", "`shelve`"] {
        assert!(reference.contains(text), "{text}");
    }
    assert!(!reference.contains("null"));
}

/// What the examples refer to.
const CONTEXT: &str = r#"
hosts.backend.address = "10.0.0.1"
images.forecast-etl = {}
tasks.forecast-etl = {}
routes.api = { kind = "command", get = "x", set = "x" }
maintenance = { kind = "command", on = "x", off = "x", state = "x" }
cluster = { kind = "k3d" }
pipelines.vault-write = [{ command = { run = "x", env = { A = "{{with.path}}", B = "{{with.value}}" } } }]
"#;

/// What every `[ci]` has.
const FORGE: &str = "[ci]\nforge = \"github\"\ninfractl.version = \"0.3.0\"\ninfractl.sha256 = \"0123\"\n";

/// An example of the reference as a whole file; none where it is only a part of one.
fn file(section: &str, example: &str) -> Option<String> {
    Some(match section {
        "" => format!("{CONTEXT}{example}\n"),
        "env-file.sections[]" if example.starts_with("title") => {
            format!("[[env-file.sections]]\n{example}\nvalues = {{}}\n")
        }
        "env-file.sections[]" => format!("[[env-file.sections]]\ntitle = \"x\"\n{example}\n"),
        "hosts.NAME" if !example.starts_with("address") => format!("[hosts.x]\naddress = \"x\"\n{example}\n"),
        "pipelines.NAME[].wait" => format!("{CONTEXT}pipelines.x = [{{ wait = {example} }}]\n"),
        "pipelines.NAME[]" if example.starts_with('{') => format!("{CONTEXT}pipelines.x = [{example}]\n"),
        "pipelines.NAME[]" => format!("pipelines.x = [{{ do = \"plan\", {example} }}]\n"),
        section if section.starts_with("pipelines") => return None,
        "ci" => format!("{FORGE}{example}\n"),
        "ci.infractl" => format!("{FORGE}infractl.{example}\n"),
        "ci.main[]" if example.starts_with("run") => {
            format!("{FORGE}[[ci.main]]\nenv = \"dev\"\n{example}\n")
        }
        "ci.identity" | "ci.main.identity" => format!("{FORGE}identity = {{ {example} }}\n"),
        "drift.ignore[]" => {
            let needed = [("address", "address = \"a.b\""), ("reason", "reason = \"x\"")];
            let missing = needed.iter().filter(|(key, _)| !example.starts_with(key)).map(|(_, line)| *line);
            format!("[[drift.ignore]]\n{}\n", missing.chain([example]).collect::<Vec<_>>().join("\n"))
        }
        "scenarios.NAME" => {
            format!("[scenarios]\ndefault = \"x\"\netl = {{}}\n[scenarios.x]\n{example}\n")
        }
        "routes.NAME" => {
            let kind = match example.split(' ').next() {
                Some("record") => "kind = \"route53\"\nzone = \"z\"\nblue = \"b\"\ngreen = \"g\"",
                Some("get") => "kind = \"command\"\nset = \"x\"",
                Some("set") => "kind = \"command\"\nget = \"x\"",
                _ => "kind = \"caddy\"\nblue = \"a:1\"\ngreen = \"b:1\"",
            };
            format!("[routes.x]\n{kind}\n{example}\n")
        }
        "cluster" if example.starts_with("context") => format!("[cluster]\nkind = \"existing\"\n{example}\n"),
        "cluster" => format!("[cluster]\nkind = \"k3d\"\n{example}\n"),
        "maintenance" => format!("[maintenance]\nkind = \"caddy\"\n{example}\n"),
        "secrets.from.NAME" if example.starts_with("route") => return None,
        "values.NAME" if example.starts_with("route") => {
            format!("{CONTEXT}[values.x]\n{example}\nside = \"idle\"\n")
        }
        // What would stop it has to be there, and what it costs.
        "ttl" => {
            let after = if example.starts_with("after") { "" } else { "after = \"8h\"\n" };
            format!("[ttl]\naction = \"destroy\"\n{after}{example}\n")
        }
        "cost" if example.starts_with("currency") => format!("[cost]\n{example}\n"),
        "cost" => format!("[cost]\ncurrency = \"EUR\"\n{example}\n"),
        "cost.prices.NAME" => {
            let hour = if example.starts_with("note") { "hour = 1\n" } else { "" };
            format!("[cost]\ncurrency = \"EUR\"\n[cost.prices.x]\n{hour}{example}\n")
        }
        "safety" => format!("[safety]\n{example}\n[cost]\ncurrency = \"EUR\"\n"),
        "promotion.NAME" => format!("[promotion.dev]\nfrom = \"shared\"\n{example}\n"),
        "tools.NAME" => format!("[tools.x]\nversion = \"1.2.3\"\n{example}\n"),
        "checks.NAME" if ["promtool", "tests", "amtool"].iter().any(|key| example.starts_with(key)) => {
            format!("[checks.x]\n{example}\n")
        }
        "checks.NAME" => format!(
            "[checks.x]\nrun = \"exit 0\"\n{}\n",
            if example.starts_with("run") { "" } else { example }
        ),
        "failures[]" => {
            let needed = [("name", "name = \"x\""), ("match", "match = \"x\""), ("says", "says = \"x\"")];
            let missing = needed.iter().filter(|(key, _)| !example.starts_with(&format!("{key} =")));
            let lines: Vec<&str> = missing.map(|(_, line)| *line).chain([example]).collect();
            format!("[[failures]]\n{}\n", lines.join("\n"))
        }
        "tasks.NAME.diagnose[]" => {
            let whole = [("match", "match = \"x\""), ("says", "says = \"y\"")];
            let missing = whole.iter().filter(|(key, _)| !example.starts_with(key));
            let lines: Vec<&str> = missing.map(|(_, line)| *line).chain([example]).collect();
            format!("[[tasks.x.diagnose]]\n{}\n", lines.join("\n"))
        }
        "secrets.from.NAME" | "values.NAME" if example.starts_with("json") => {
            format!("[{}]\ncommand = \"cat x\"\n{example}\n", section.replace("NAME", "x"))
        }
        "inventory" | "inventory.groups.NAME" | "ansible" | "release" => {
            format!("{CONTEXT}[{}]\n{example}\n", section.replace("NAME", "x"))
        }
        section => format!("[{}]\n{example}\n", section.replace("NAME", "x")),
    })
}

#[test]
fn every_example_of_the_reference_loads() {
    let reference = infractl::testing::config::reference_markdown();
    let mut section = String::new();
    let mut seen = 0;
    for line in reference.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let table = heading.strip_prefix("`[").and_then(|name| name.strip_suffix("]`"));
            section = table.unwrap_or_default().to_owned();
        }
        let Some((_, examples)) = line.split_once("Example: ") else { continue };
        for example in examples.trim_end_matches('.').split("`, `") {
            // Names a snapshot, which has to be declared, or is a part of one.
            // The environments of a promotion have to be there.
            if example.contains("snapshot = {")
                || section.starts_with("snapshots.NAME")
                || example.contains("promotion = {")
            {
                continue;
            }
            let Some(text) = file(&section, example.trim_matches('`')) else { continue };
            let own = if section == "project" || section.starts_with("ci") {
                "environments/defaults.toml"
            } else {
                "environments/dev/environment.toml"
            };
            let sandbox = Sandbox::new(&[
                (own, &text),
                ("environments/dev/main.tf", ""),
                ("environments/shared/main.tf", ""),
            ]);
            let project = sandbox.project().with_vars([("HOME".into(), "/home/ada".into())].into());
            if let Err(failure) = project.environment("dev") {
                let shown = infractl::testing::ui::report::render(&failure, false, 100);
                let is_unready = line.contains("Refused until it works");
                if is_unready && shown.contains("is refused until it works") {
                    continue;
                }
                panic!("{section}: {text}\n{}", infractl::testing::ui::report::render(&failure, false, 100));
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}
