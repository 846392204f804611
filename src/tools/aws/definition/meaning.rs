//! What a task definition means, whoever wrote it: defaults gone, lists whose order says nothing by their names.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::OUTPUT_ONLY;

/// What means the same has the same bytes.
pub(super) fn meaning(definition: &Map<String, Json>) -> Json {
    let mut all = definition.clone();
    for key in OUTPUT_ONLY {
        all.remove(key);
    }
    let mode = text(&all, "networkMode").unwrap_or("bridge").to_owned();
    for (key, usual) in [("networkMode", "bridge"), ("versionConsistency", "enabled")] {
        drop_usual(&mut all, key, &usual.into());
    }
    units(&mut all);
    if let Some(platform) = all.get_mut("runtimePlatform").and_then(Json::as_object_mut) {
        drop_usual(platform, "cpuArchitecture", &"X86_64".into());
        drop_usual(platform, "operatingSystemFamily", &"LINUX".into());
    }
    if let Some(proxy) = all.get_mut("proxyConfiguration").and_then(Json::as_object_mut) {
        drop_usual(proxy, "type", &"APPMESH".into());
    }
    each(&mut all, "containerDefinitions", |one| container(one, &mode));
    each(&mut all, "volumes", volume);
    // A tag of ours says what the rest means, and is none of it.
    if let Some(tags) = all.get_mut("tags").and_then(Json::as_array_mut) {
        tags.retain(|tag| tag["key"] != super::TAG);
    }
    tidy(&Json::Object(all), "").unwrap_or_else(|| Json::Object(Map::new()))
}

fn text<'a>(fields: &'a Map<String, Json>, key: &str) -> Option<&'a str> {
    fields.get(key).and_then(Json::as_str)
}

fn number(fields: &Map<String, Json>, key: &str) -> Option<i64> {
    fields.get(key).and_then(Json::as_i64)
}

fn each(fields: &mut Map<String, Json>, key: &str, change: impl Fn(&mut Map<String, Json>)) {
    let items = fields.get_mut(key).and_then(Json::as_array_mut);
    items.into_iter().flatten().filter_map(Json::as_object_mut).for_each(change);
}

/// What is there when nothing is said goes.
fn drop_usual(fields: &mut Map<String, Json>, key: &str, usual: &Json) {
    if fields.get(key) == Some(usual) {
        fields.remove(key);
    }
}

/// `.25 vCPU` is `256`, `0.5 GB` is `512`.
fn units(all: &mut Map<String, Json>) {
    for (key, unit) in [("cpu", "vcpu"), ("memory", "gb")] {
        let Some(written) = all.get(key) else { continue };
        let written = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
        let lower = written.trim().to_ascii_lowercase();
        let meant = match lower.strip_suffix(unit).map(|number| number.trim().parse::<f64>()) {
            Some(Ok(number)) => (number * 1024.0).round().to_string(),
            _ => written,
        };
        all.insert(key.to_owned(), meant.into());
    }
}

fn container(one: &mut Map<String, Json>, mode: &str) {
    drop_usual(one, "cpu", &0.into());
    // What is true when nothing is said is said: nothing would mean the same as false.
    one.entry("essential").or_insert(Json::Bool(true));
    if one.contains_key("firelensConfiguration") {
        drop_usual(one, "user", &"0".into());
    }
    each(one, "portMappings", |port| {
        drop_usual(port, "protocol", &"tcp".into());
        let is_own = matches!(mode, "awsvpc" | "host");
        let host = number(port, "hostPort");
        if host == Some(0) || is_own && host == number(port, "containerPort") {
            port.remove("hostPort");
        }
    });
    if let Some(check) = one.get_mut("healthCheck").and_then(Json::as_object_mut) {
        for (key, usual) in [("interval", 30), ("timeout", 5), ("retries", 3), ("startPeriod", 0)] {
            drop_usual(check, key, &usual.into());
        }
    }
    if let Some(restart) = one.get_mut("restartPolicy").and_then(Json::as_object_mut) {
        drop_usual(restart, "restartAttemptPeriod", &300.into());
    }
}

fn volume(one: &mut Map<String, Json>) {
    if let Some(efs) = one.get_mut("efsVolumeConfiguration").and_then(Json::as_object_mut) {
        drop_usual(efs, "rootDirectory", &"/".into());
        drop_usual(efs, "transitEncryption", &"DISABLED".into());
        drop_usual(efs, "transitEncryptionPort", &0.into());
        if let Some(login) = efs.get_mut("authorizationConfig").and_then(Json::as_object_mut) {
            drop_usual(login, "iam", &"DISABLED".into());
        }
    }
    if let Some(docker) = one.get_mut("dockerVolumeConfiguration").and_then(Json::as_object_mut) {
        drop_usual(docker, "scope", &"task".into());
        drop_usual(docker, "driver", &"local".into());
    }
}

/// Fields that are false when nothing is said of them.
const FALSE: [&str; 10] = [
    "privileged",
    "readonlyRootFilesystem",
    "disableNetworking",
    "interactive",
    "pseudoTerminal",
    "initProcessEnabled",
    "readOnly",
    "enableFaultInjection",
    "configuredAtLaunch",
    "autoprovision",
];

/// Lists whose order says nothing, and what tells their entries apart.
const SETS: [(&str, &[&str]); 17] = [
    ("containerDefinitions", &["name"]),
    ("environment", &["name"]),
    ("secrets", &["name"]),
    ("secretOptions", &["name"]),
    ("volumes", &["name"]),
    ("tags", &["key"]),
    ("properties", &["name"]),
    ("portMappings", &["containerPort", "containerPortRange", "protocol", "hostPort"]),
    ("mountPoints", &["containerPath"]),
    ("volumesFrom", &["sourceContainer"]),
    ("ulimits", &["name"]),
    ("extraHosts", &["hostname", "ipAddress"]),
    ("systemControls", &["namespace"]),
    ("resourceRequirements", &["type", "value"]),
    ("inferenceAccelerators", &["deviceName"]),
    ("placementConstraints", &["type", "expression"]),
    ("requiresCompatibilities", &[]),
];
/// Sets of words.
const WORDS: [&str; 3] = ["requiresCompatibilities", "add", "drop"];

/// The same without what is empty, numbers in one spelling, fields in order of their names, sets by their names; none if
/// nothing is left.
fn tidy(value: &Json, key: &str) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Bool(false) if FALSE.contains(&key) => None,
        Json::Number(number) => {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15);
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and not that large")]
            Some(whole.map_or_else(|| value.clone(), |whole| (whole as i64).into()))
        }
        Json::Object(fields) => {
            let fields = fields.iter().filter_map(|(key, value)| Some((key.clone(), tidy(value, key)?)));
            let sorted: BTreeMap<String, Json> = fields.collect();
            (!sorted.is_empty()).then(|| Json::Object(sorted.into_iter().collect()))
        }
        Json::Array(items) => {
            let items: Vec<Json> = items.iter().filter_map(|item| tidy(item, "")).collect();
            let tidy = if WORDS.contains(&key) {
                words(items)
            } else {
                match SETS.iter().find(|(known, _)| *known == key) {
                    Some((_, names)) => named(items, names),
                    None => Json::Array(items),
                }
            };
            let is_empty =
                tidy.as_array().is_some_and(Vec::is_empty) || tidy.as_object().is_some_and(Map::is_empty);
            (!is_empty).then_some(tidy)
        }
        other => Some(other.clone()),
    }
}

fn words(mut items: Vec<Json>) -> Json {
    items.sort_by_key(ToString::to_string);
    items.dedup();
    Json::Array(items)
}

/// A list as a table, by what tells its entries apart. A second one of a name counts as another.
fn named(items: Vec<Json>, names: &[&str]) -> Json {
    let mut table: BTreeMap<String, Json> = BTreeMap::new();
    for item in items {
        let parts = names.iter().filter_map(|name| item.get(*name)).map(shown);
        let mut name = parts.collect::<Vec<_>>().join("/");
        if name.is_empty() {
            name = item.to_string();
        }
        let value = alone(item, names);
        while table.get(&name).is_some_and(|known| *known != value) {
            name.push('\'');
        }
        table.insert(name, value);
    }
    Json::Object(table.into_iter().collect())
}

/// Of a pair the value: `environment.S3_BUCKET_NAME` is what it is.
fn alone(item: Json, names: &[&str]) -> Json {
    let Json::Object(mut fields) = item else { return item };
    if let [name] = names {
        fields.remove(*name);
    }
    match (fields.len(), ["value", "valueFrom"].iter().find_map(|key| fields.get(*key))) {
        (1, Some(value)) if value.is_string() => value.clone(),
        _ => Json::Object(fields),
    }
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
