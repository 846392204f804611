//! How two task definitions differ, as lines for people.

use serde_json::{Map, Value as Json};

use super::meaning::meaning;

/// The longest value that is shown.
const WIDTH: usize = 120;

/// What is registered, and what is wanted: `etl.environment.MODE: full → quick`.
pub(crate) fn differences(here: &Map<String, Json>, wanted: &Map<String, Json>) -> Vec<String> {
    let (is, shall) = (meaning(here), meaning(wanted));
    let place = here.get("taskDefinitionArn").and_then(Json::as_str).unwrap_or_default();
    let mut lines = Vec::new();
    compare(&mut lines, place, "", Some(&is), Some(&shall));
    lines
}

fn compare(lines: &mut Vec<String>, place: &str, path: &str, here: Option<&Json>, wanted: Option<&Json>) {
    match (here, wanted) {
        (Some(here), Some(wanted)) if here == wanted => {}
        (Some(Json::Object(here)), Some(Json::Object(wanted))) => {
            let more = wanted.keys().filter(|key| !here.contains_key(*key));
            for key in here.keys().chain(more) {
                let below = match (path, key.as_str()) {
                    ("", "containerDefinitions") => String::new(),
                    ("", key) => key.to_owned(),
                    (path, key) => format!("{path}.{key}"),
                };
                compare(lines, place, &below, here.get(key), wanted.get(key));
            }
        }
        (Some(Json::String(here)), Some(Json::String(wanted)))
            if is_same(place, path, here, wanted) || is_same(place, path, wanted, here) => {}
        // Something that AWS has put there: nothing is what it says.
        (Some(Json::Bool(false)) | None, None) => {}
        (Some(Json::Number(number)), None) if number.as_f64() == Some(0.0) => {}
        (Some(Json::String(text)), None) if text.is_empty() && !is_of_people(path) => {}
        (Some(here), Some(wanted)) => {
            lines.push(format!("{path}: {} → {}", shown(here), shown(wanted)));
        }
        (Some(here), None) => lines.push(format!("{path}: {} → nothing", shown(here))),
        (None, Some(wanted)) => lines.push(format!("{path}: nothing → {}", shown(wanted))),
    }
}

/// Whether names below this are made by people: an empty text is a value there.
fn is_of_people(path: &str) -> bool {
    [".environment.", ".dockerLabels.", ".options.", ".secrets."].iter().any(|part| path.contains(part))
        || path.starts_with("tags.")
}

/// Whether a name and an ARN are two spellings of one thing in the account of this task definition.
fn is_same(place: &str, path: &str, name: &str, arn: &str) -> bool {
    // arn:aws:ecs:eu-west-3:123456789012:task-definition/etl:41
    let mut parts = place.split(':').skip(3);
    let (Some(region), Some(account)) = (parts.next(), parts.next()) else { return false };
    if name.starts_with("arn:") {
        return false;
    }
    let tail = if matches!(path, "executionRoleArn" | "taskRoleArn") {
        arn.split_once(&format!(":iam::{account}:role/"))
            .map(|(_, role)| role.rsplit('/').next().unwrap_or(role))
    } else if path.contains(".secrets.") || path.contains(".secretOptions.") {
        let rest = arn.split_once(&format!(":ssm:{region}:{account}:parameter/")).map(|(_, rest)| rest);
        return rest.is_some_and(|rest| rest == name.strip_prefix('/').unwrap_or(name));
    } else {
        None
    };
    tail == Some(name)
}

fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short: String = text.chars().take(WIDTH).collect();
    if short.len() < text.len() { format!("{short}…") } else { text }
}
