//! Whether a step is wanted: all conditions of its `when` must be true.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::config::Environment;
use crate::config::chosen::Chosen;
use crate::config::model::{OneOrMany, When};
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::text::{hex, list};
use crate::work::values::text;
use crate::work::{StepCx, relative};

/// Why the step is not wanted; none when it is.
pub(crate) fn unwanted(step: &StepCx<'_>, when: &When) -> Result<Option<String>, Failure> {
    if let Some(reason) = left_out(step.env, when) {
        return Ok(Some(reason));
    }
    if let Some(path) = when.exists.as_ref().filter(|path| !path.0.exists()) {
        return Ok(Some(format!("{} is not there", relative(step, &path.0))));
    }
    if let Some(path) = when.missing.as_ref().filter(|path| path.0.exists()) {
        return Ok(Some(format!("{} is there", relative(step, &path.0))));
    }
    if let Some(name) = when.var.as_ref().filter(|name| step.cx.vars.get(name).is_none_or(str::is_empty)) {
        return Ok(Some(format!("the variable {name} is not set")));
    }
    if let Some(name) = &when.output {
        let value =
            step.facts.outputs.as_ref().and_then(|outputs| outputs.get(name)).map(|output| &output.value);
        if value.is_none_or(is_empty) {
            return Ok(Some(format!("the output {name} is missing, empty or false")));
        }
    }
    if when.changed.is_some() && digest(when)? == remembered(step).remove(step.name) {
        return Ok(Some("nothing changed since it last went well".to_owned()));
    }
    Ok(None)
}

/// Why the step is not wanted in this environment with its scenario, as far as the names tell.
pub(crate) fn left_out(env: &Environment, when: &When) -> Option<String> {
    elsewhere(&env.name, when).or_else(|| not_in(env.scenario.as_ref(), when))
}

/// Why the step is not wanted with this scenario.
pub(crate) fn not_in(scenario: Option<&Chosen>, when: &When) -> Option<String> {
    let has = |names: &[String], wanted: &str| names.iter().any(|name| name == wanted);
    let components = scenario.map(|chosen| chosen.components.as_slice()).unwrap_or_default();
    let included = scenario.map(|chosen| chosen.all.as_slice()).unwrap_or_default();
    let component = when.component.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
    let name = || scenario.map(Chosen::name).unwrap_or_default();
    if !component.is_empty() && !component.iter().any(|wanted| has(components, &wanted.0)) {
        let wanted = list(component.iter().map(|component| &component.0), "or");
        return Some(format!("the scenario {} has no {wanted}", name()));
    }
    let wanted = when.scenario.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
    if !wanted.is_empty() && !wanted.iter().any(|wanted| has(included, &wanted.0)) {
        return Some(format!("not for the scenario {}", name()));
    }
    None
}

/// Why the step is not wanted in this environment, as far as the names tell.
pub(crate) fn elsewhere(environment: &str, when: &When) -> Option<String> {
    let named =
        |patterns: &[String]| patterns.iter().any(|pattern| crate::text::matches(pattern, environment));
    if when.environment.as_ref().is_some_and(|patterns| !named(patterns)) {
        return Some(format!("not for {environment}"));
    }
    if when.not_environment.as_ref().is_some_and(|patterns| named(patterns)) {
        return Some(format!("not for {environment}"));
    }
    None
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        other => matches!(text(other).as_str(), "" | "false"),
    }
}

/// Remembers the files of `when.changed` as they are: the step went well with them.
pub(crate) fn remember(step: &StepCx<'_>, when: &When) -> Result<(), Failure> {
    let Some(digest) = digest(when)? else { return Ok(()) };
    let mut all = remembered(step);
    all.insert(step.name.to_owned(), digest);
    let bytes = serde_json::to_vec(&all).unwrap_or_default();
    Ok(disk::write(&memory(step), &bytes, 0o600)?)
}

fn memory(step: &StepCx<'_>) -> PathBuf {
    step.env.home.join(".infractl/changed").join(format!("{}.json", step.env.name))
}

fn remembered(step: &StepCx<'_>) -> BTreeMap<String, String> {
    let bytes = disk::read(&memory(step)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn digest(when: &When) -> Result<Option<String>, Failure> {
    let Some(paths) = &when.changed else { return Ok(None) };
    let mut hash = Sha256::new();
    for path in paths {
        hash.update(path.0.to_string_lossy().as_bytes());
        add(&mut hash, &path.0, &mut Vec::new())?;
    }
    Ok(Some(hex(&hash.finalize())))
}

/// A file, or everything below a folder, in order of name.
fn add(hash: &mut Sha256, path: &Path, above: &mut Vec<(u64, u64)>) -> Result<(), Failure> {
    if path.is_dir() {
        let own = path.metadata().map(|about| (about.dev(), about.ino())).ok();
        // A link that leads back adds nothing new.
        if own.is_some_and(|own| above.contains(&own)) {
            return Ok(());
        }
        above.extend(own);
        let mut inside: Vec<PathBuf> =
            path.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        inside.sort();
        for path in inside {
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            add(hash, &path, above)?;
        }
        above.pop();
    } else if path.exists() {
        let mut file = disk::open_file(path)?;
        let length = file.metadata().map_or(0, |about| about.len());
        hash.update(length.to_le_bytes());
        if let Err(error) = std::io::copy(&mut file, hash) {
            let message = format!("`{}` could not be read: {error}", path.display());
            return Err(Failure::new(Kind::Failed, message));
        }
    } else {
        hash.update(b"missing");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::chosen::Because;
    use crate::config::model::{ComponentName, ScenarioName};

    #[test]
    fn an_environment_is_chosen_or_left_out() {
        let when = When { environment: Some(vec!["lab-*".into()]), ..When::default() };
        assert!(elsewhere("lab-1", &when).is_none());
        assert_eq!(elsewhere("prod", &when).as_deref(), Some("not for prod"));
        let when = When { not_environment: Some(vec!["prod".into()]), ..When::default() };
        assert!(elsewhere("lab-1", &when).is_none());
        assert!(elsewhere("prod", &when).is_some());
    }

    #[test]
    fn a_component_or_a_scenario_is_asked_for() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let chosen = Chosen {
            names: names(&["serve"]),
            all: names(&["etl", "serve"]),
            components: names(&["minio", "trino"]),
            because: Because::Named,
            default: "etl".to_owned(),
            up: None,
        };
        let component = |name: &str| When {
            component: Some(OneOrMany::One(ComponentName(name.to_owned()))),
            ..When::default()
        };
        assert_eq!(not_in(Some(&chosen), &component("trino")), None);
        assert_eq!(
            not_in(Some(&chosen), &component("mcp")).as_deref(),
            Some("the scenario serve has no `mcp`")
        );
        let scenario = |names: &[&str]| When {
            scenario: Some(OneOrMany::Many(
                names.iter().map(|name| ScenarioName((*name).to_owned())).collect(),
            )),
            ..When::default()
        };
        assert_eq!(not_in(Some(&chosen), &scenario(&["genai", "etl"])), None);
        assert!(not_in(Some(&chosen), &scenario(&["genai"])).is_some());
        assert_eq!(not_in(Some(&chosen), &When::default()), None);
    }

    #[test]
    fn what_is_empty_counts_as_no() {
        for value in ["null", "false", "\"\"", "\"false\"", "[]", "{}"] {
            assert!(is_empty(&serde_json::from_str(value).unwrap()), "{value}");
        }
        for value in ["0", "true", "\"x\"", "[1]"] {
            assert!(!is_empty(&serde_json::from_str(value).unwrap()), "{value}");
        }
    }
}
