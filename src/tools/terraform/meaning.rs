//! What a plan means: which addresses, what is done to them, with which values. To compare two plans. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

use super::diagnostic::clean;
use super::document;
use super::shown::{holds_true, short};

/// What a plan means, read from it as JSON. It holds secrets in clear text and is never shown.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(from = "Plan")]
pub(crate) struct Meaning {
    /// By address, without what stays as it is.
    resources: BTreeMap<String, Change>,
    outputs: BTreeMap<String, Change>,
    variables: BTreeMap<String, Variable>,
}

#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Variable {
    value: Json,
}

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    output_changes: BTreeMap<String, Change>,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    /// Of an instance that another one has replaced.
    #[serde(default)]
    deposed: String,
    #[serde(default)]
    previous_address: String,
    change: Change,
}

#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Change {
    actions: Vec<String>,
    before: Json,
    after: Json,
    after_unknown: Json,
    before_sensitive: Json,
    after_sensitive: Json,
    importing: Json,
    #[serde(skip)]
    moved_from: String,
}

impl From<Plan> for Meaning {
    fn from(plan: Plan) -> Self {
        let resources = plan.resource_changes.into_iter().map(|resource| {
            let Resource { mut address, deposed, previous_address, change } = resource;
            if !deposed.is_empty() {
                address.push_str(&format!(" (deposed {deposed})"));
            }
            (address, Change { moved_from: previous_address, ..change })
        });
        let does = |change: &Change| {
            !change.moved_from.is_empty() || change.actions.iter().any(|action| action != "no-op")
        };
        Meaning {
            resources: resources.filter(|(_, change)| does(change)).collect(),
            outputs: plan.output_changes.into_iter().filter(|(_, change)| does(change)).collect(),
            variables: plan.variables,
        }
    }
}

impl Meaning {
    /// Reads what `show -json PLAN` printed.
    pub(crate) fn read(stdout: &[u8]) -> Result<Meaning, serde_json::Error> {
        serde_json::from_slice(document(stdout))
    }

    /// What it was given for the variables of the root module.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), &variable.value))
    }

    /// What another plan would do otherwise, a line each; nothing sensitive.
    pub(crate) fn differences(&self, other: &Meaning) -> Vec<String> {
        let mut lines = Vec::new();
        compare("", &self.resources, &other.resources, &mut lines);
        compare("output ", &self.outputs, &other.outputs, &mut lines);
        lines
    }
}

fn compare(
    kind: &str,
    ours: &BTreeMap<String, Change>,
    theirs: &BTreeMap<String, Change>,
    lines: &mut Vec<String>,
) {
    let nothing = Change { actions: vec!["nothing".to_owned()], ..Change::default() };
    for address in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (one, two) = (ours.get(address).unwrap_or(&nothing), theirs.get(address).unwrap_or(&nothing));
        let address = format!("{kind}{}", clean(address));
        if one.actions != two.actions {
            lines.push(format!("{address}: {}, now {}", one.actions.join("/"), two.actions.join("/")));
        } else if one != two {
            let before = lines.len();
            values(&address, one, two, lines);
            if lines.len() == before {
                lines.push(format!("{address}: another change"));
            }
        }
    }
}

/// The attributes that another plan would give another value, or begin with another.
fn values(address: &str, one: &Change, two: &Change, lines: &mut Vec<String>) {
    let none = Json::Null;
    let sides: [(&str, &Json, &Json); 2] =
        [("", &one.after, &two.after), (" before", &one.before, &two.before)];
    for (when, ours, theirs) in sides {
        let (Some(mine), Some(other)) = (ours.as_object(), theirs.as_object()) else {
            if ours != theirs {
                let is_sensitive = holds_true(&one.after_sensitive) || holds_true(&two.after_sensitive);
                lines.push(format!("{address}:{when} {}", both(ours, theirs, is_sensitive)));
            }
            continue;
        };
        for name in mine.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
            let of = |value: &serde_json::Map<String, Json>| value.get(name).unwrap_or(&none).clone();
            if of(mine) == of(other) {
                continue;
            }
            let marks =
                [&one.after_sensitive, &one.before_sensitive, &two.after_sensitive, &two.before_sensitive];
            let is_sensitive = marks.iter().any(|marks| holds_true(marks.get(name).unwrap_or(&none)));
            let shown = both(&of(mine), &of(other), is_sensitive);
            lines.push(format!("{address}: {}{when}: {shown}", clean(name)));
        }
    }
}

fn both(one: &Json, two: &Json, is_sensitive: bool) -> String {
    if is_sensitive {
        return "another sensitive value".to_owned();
    }
    format!("{}, now {}", short(one), short(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(changes: &str) -> Meaning {
        Meaning::read(format!("{{\"resource_changes\": [{changes}]}}").as_bytes()).unwrap()
    }

    const ONE: &str = r#"{"address": "a.b", "change": {"actions": ["update"], "before": {"size": 1, "token": "CANARY-0"},
        "after": {"size": 2, "token": "CANARY-1"}, "after_sensitive": {"token": true}}}"#;

    #[test]
    fn two_plans_that_do_the_same_have_no_differences() {
        let same = r#"{"address": "x.y", "change": {"actions": ["no-op"], "before": 1, "after": 1}}"#;
        assert!(plan(ONE).differences(&plan(&format!("{same}, {ONE}"))).is_empty());
    }

    #[test]
    fn addresses_actions_and_values_are_compared_and_nothing_sensitive_is_shown() {
        let reviewed = plan(ONE);
        let told = |other: &str| reviewed.differences(&plan(other)).join("; ");
        assert_eq!(told(""), "a.b: update, now nothing");
        assert_eq!(told(&ONE.replace("update", "delete")), "a.b: update, now delete");
        assert_eq!(told(&ONE.replace("\"size\": 2", "\"size\": 3")), "a.b: size: 2, now 3");
        assert_eq!(told(&ONE.replace("\"size\": 1", "\"size\": 0")), "a.b: size before: 1, now 0");
        assert_eq!(told(&ONE.replace("CANARY-1", "CANARY-2")), "a.b: token: another sensitive value");
        let more = ONE.replace("a.b", "a.c");
        assert_eq!(told(&format!("{ONE}, {more}")), "a.c: nothing, now update");
        let unknown = ONE.replace("\"after\":", "\"after_unknown\": {\"id\": true}, \"after\":");
        assert_eq!(told(&unknown), "a.b: another change");
    }
}
