//! How what a release is made of differs from what it would be made of: by object and place, never the value of a Secret.

use serde_json::Value as Json;

use super::release::Release;
use crate::secrets::yaml::{self, Node, Value};

/// The longest value that is shown.
const WIDTH: usize = 80;
/// So many places are shown of one object.
const PLACES: usize = 8;

/// The differences as lines; none when an upgrade would change nothing.
pub(crate) fn differences(is: &Release, wanted: &Release) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(is), Some(wanted)) = (&is.chart, &wanted.chart)
        && is != wanted
    {
        lines.push(format!("chart: {is} → {wanted}"));
    }
    let (here, there) = (objects([&is.manifest]), objects([&wanted.manifest]));
    objects_differ("", &here, &there, &mut lines);
    let (here, there) = (objects(&is.hooks), objects(&wanted.hooks));
    objects_differ("hook ", &here, &there, &mut lines);
    if lines.is_empty() && is.values != wanted.values {
        let mut names = Vec::new();
        values_differ("", &is.values, &wanted.values, &mut names);
        // What a value is may be a secret.
        lines.push(format!("values that no template uses: {}", names.join(", ")));
    }
    lines
}

/// A document of a manifest.
#[derive(Debug)]
struct Object {
    /// `Deployment web`, with its namespace where it says one.
    name: String,
    is_secret: bool,
    text: String,
}

fn objects<'a>(manifests: impl IntoIterator<Item = &'a String>) -> Vec<Object> {
    let documents = manifests.into_iter().flat_map(|text| documents(text));
    let mut all: Vec<Object> = documents.map(|text| object(&text)).collect();
    // Order is no difference: helm installs by kind.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The documents of a text, without comments at their beginning and blank ends; empty ones are none.
fn documents(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in text.lines() {
        match all.last_mut() {
            _ if line.trim_end() == "---" || line.starts_with("--- ") => all.push(String::new()),
            Some(last) if last.is_empty() && (line.starts_with('#') || line.trim().is_empty()) => {}
            Some(last) => {
                last.push_str(line.trim_end());
                last.push('\n');
            }
            None => {}
        }
    }
    let mut all: Vec<String> = all.into_iter().map(|text| text.trim_end().to_owned()).collect();
    all.retain(|text| !text.is_empty());
    all
}

fn object(text: &str) -> Object {
    let top = yaml::parse(text).ok().flatten();
    let at = |path: &[&str]| {
        let node = path.iter().try_fold(top.as_ref()?, |node, key| node.get(key))?;
        node.text().map(str::to_owned)
    };
    let kind = at(&["kind"]).unwrap_or_else(|| "something".to_owned());
    let mut name = format!("{kind} {}", at(&["metadata", "name"]).unwrap_or_default());
    if let Some(namespace) = at(&["metadata", "namespace"]) {
        name.push_str(&format!(" in {namespace}"));
    }
    Object { name: name.trim_end().to_owned(), is_secret: kind == "Secret", text: text.to_owned() }
}

fn objects_differ(what: &str, is: &[Object], wanted: &[Object], lines: &mut Vec<String>) {
    let find = |all: &'_ [Object], name: &str| all.iter().position(|object| object.name == name);
    for object in is {
        let Some(other) = find(wanted, &object.name).and_then(|at| wanted.get(at)) else {
            lines.push(format!("{what}{}: removed", object.name));
            continue;
        };
        if other.text == object.text {
            continue;
        }
        if object.is_secret {
            lines.push(format!("{what}{}: changed", object.name));
            continue;
        }
        let mut places = Vec::new();
        if let (Ok(Some(is)), Ok(Some(wanted))) = (yaml::parse(&object.text), yaml::parse(&other.text)) {
            node_differs("", Some(&is), Some(&wanted), &mut places);
        }
        if places.is_empty() {
            places.push("written otherwise".to_owned());
        }
        let more = places.len().saturating_sub(PLACES);
        lines.extend(places.into_iter().take(PLACES).map(|place| format!("{what}{}: {place}", object.name)));
        if more > 0 {
            lines.push(format!("{what}{}: and {more} more", object.name));
        }
    }
    for object in wanted.iter().filter(|object| find(is, &object.name).is_none()) {
        lines.push(format!("{what}{}: new", object.name));
    }
}

fn node_differs(path: &str, is: Option<&Node>, wanted: Option<&Node>, places: &mut Vec<String>) {
    match (is.map(|node| &node.value), wanted.map(|node| &node.value)) {
        (Some(Value::Map(here)), Some(Value::Map(there))) => {
            for (key, node) in here {
                let other = there.iter().find(|(name, _)| name == key).map(|(_, node)| node);
                node_differs(&below(path, key), Some(node), other, places);
            }
            for (key, node) in there.iter().filter(|(key, _)| !here.iter().any(|(name, _)| name == key)) {
                node_differs(&below(path, key), None, Some(node), places);
            }
        }
        (Some(Value::List(here)), Some(Value::List(there))) if here.len() == there.len() => {
            for (at, (is, wanted)) in here.iter().zip(there).enumerate() {
                let name = is.get("name").and_then(Node::text);
                let path = name.map_or_else(|| format!("{path}[{at}]"), |name| format!("{path}[{name}]"));
                node_differs(&path, Some(is), Some(wanted), places);
            }
        }
        (Some(Value::Text(here)), Some(Value::Text(there))) if here == there => {}
        (is, wanted) => places.push(format!("{path}: {} → {}", shown(is), shown(wanted))),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Text(text)) => {
            let line = text.lines().next().unwrap_or_default();
            let short: String = line.chars().take(WIDTH).collect();
            if short.len() < text.trim_end().len() { format!("{short}…") } else { short }
        }
        Some(Value::List(_)) => "another list".to_owned(),
        Some(Value::Map(_)) => "a table".to_owned(),
    }
}

/// The names of values that differ.
fn values_differ(path: &str, is: &Json, wanted: &Json, names: &mut Vec<String>) {
    match (is, wanted) {
        (Json::Object(here), Json::Object(there)) => {
            for key in here.keys().chain(there.keys().filter(|key| !here.contains_key(*key))) {
                let none = Json::Null;
                let (is, wanted) = (here.get(key).unwrap_or(&none), there.get(key).unwrap_or(&none));
                values_differ(&below(path, key), is, wanted, names);
            }
        }
        (is, wanted) if is == wanted => {}
        _ => names.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(manifest: &str, values: Json) -> Release {
        Release {
            status: "deployed".into(),
            revision: 1,
            since: None,
            manifest: manifest.into(),
            hooks: Vec::new(),
            values,
            chart: Some("web-0.1.0".into()),
        }
    }

    const WEB: &str = "---\n# Source: web/templates/a.yaml\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  containers:\n  - name: app\n    image: web:1\n";
    const KEY: &str =
        "---\nkind: Secret\nmetadata:\n  name: key\n  namespace: data\nstringData:\n  a: CANARY-1\n";

    fn told(is: &str, wanted: &str) -> Vec<String> {
        differences(&release(is, Json::Null), &release(wanted, Json::Null))
    }

    #[test]
    fn order_and_comments_are_no_difference() {
        assert_eq!(
            told(&format!("{WEB}{KEY}"), &format!("{KEY}{}", WEB.replace("a.yaml", "b.yaml"))),
            [""; 0]
        );
    }

    #[test]
    fn a_difference_has_its_place() {
        let wanted = WEB.replace("web:1", "web:2").replace("replicas: 1", "replicas: 2");
        assert_eq!(
            told(WEB, &wanted),
            [
                "Deployment web: spec.replicas: 1 → 2",
                "Deployment web: spec.containers[app].image: web:1 → web:2"
            ]
        );
        assert_eq!(told(WEB, ""), ["Deployment web: removed"]);
        assert_eq!(told("", WEB), ["Deployment web: new"]);
        // A text and a number are not the same to Kubernetes.
        assert_eq!(
            told(WEB, &WEB.replace("replicas: 1", "replicas: \"1\"")),
            ["Deployment web: written otherwise"]
        );
    }

    #[test]
    fn what_a_secret_holds_is_not_told() {
        assert_eq!(told(KEY, &KEY.replace("CANARY-1", "CANARY-2")), ["Secret key in data: changed"]);
    }

    #[test]
    fn a_value_that_is_used_nowhere_and_a_chart_count_too() {
        let is = release(WEB, serde_json::json!({ "auth": { "password": "CANARY-1", "user": "u" } }));
        let wanted =
            release(WEB, serde_json::json!({ "auth": { "password": "CANARY-2", "user": "u" }, "n": 1 }));
        assert_eq!(differences(&is, &wanted), ["values that no template uses: auth.password, n"]);
        let newer = Release { chart: Some("web-0.2.0".into()), ..is.clone() };
        assert_eq!(differences(&is, &newer), ["chart: web-0.1.0 → web-0.2.0"]);
    }
}
