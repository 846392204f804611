//! What changed behind terraform's back: read from a plan that only refreshes. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::diagnostic::clean;
use super::document;
use super::shown::{holds_true, short};
use crate::text;

/// What changed behind terraform's back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Drift {
    /// Resources, in terraform's order.
    pub(crate) resources: Vec<Drifted>,
    /// Outputs that have another value because of it.
    pub(crate) outputs: Vec<String>,
}

/// A resource that is not as the state says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Drifted {
    /// Its address.
    pub(crate) address: String,
    /// What somebody did: `changed`, `deleted`.
    pub(crate) action: &'static str,
    /// What of it changed; none where all of it is gone.
    pub(crate) attributes: Vec<Attribute>,
}

/// A value that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: String,
    /// In the state.
    pub(crate) before: String,
    /// Now.
    pub(crate) after: String,
}

impl Drift {
    /// Reads what `show -json PLAN` printed. It holds secrets in clear text and is never shown.
    pub(crate) fn read(stdout: &[u8]) -> Result<Drift, serde_json::Error> {
        let plan: Plan = serde_json::from_slice(document(stdout))?;
        let resources = plan.resource_drift.iter().filter_map(drifted).collect();
        let is_other = |change: &&Change| change.actions.iter().any(|action| action != "no-op");
        let outputs = plan.output_changes.iter().filter(|(_, change)| is_other(change));
        Ok(Drift { resources, outputs: outputs.map(|(name, _)| name.clone()).collect() })
    }

    /// Nothing did.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }

    /// "2 resources".
    pub(crate) fn sum(&self) -> String {
        match self.resources.len() {
            0 => text::plural(self.outputs.len(), "output"),
            count => text::plural(count, "resource"),
        }
    }

    /// For people: a line a resource, below it what of it changed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Drifted { address, action, attributes } in &self.resources {
            lines.push(format!("{address}: {action}"));
            let changes = attributes
                .iter()
                .map(|Attribute { name, before, after }| format!("    {name}: {before} -> {after}"));
            lines.extend(changes);
        }
        lines.extend(self.outputs.iter().map(|name| format!("output {name}: has another value")));
        lines
    }
}

fn drifted(resource: &Resource) -> Option<Drifted> {
    let Change { actions, before, after, before_sensitive, after_sensitive } = &resource.change;
    let does = |action: &str| actions.iter().any(|known| known == action);
    let address = clean(&resource.address).into_owned();
    if does("delete") {
        return Some(Drifted { address, action: "deleted", attributes: Vec::new() });
    }
    if actions.iter().all(|action| action == "no-op" || action == "read") {
        return None;
    }
    let none = Json::Null;
    let names = [before, after].into_iter().filter_map(Json::as_object).flat_map(|fields| fields.keys());
    let mut attributes: Vec<Attribute> = Vec::new();
    for name in names {
        let of = |value: &Json| value.get(name).unwrap_or(&none).clone();
        if of(before) == of(after) || attributes.iter().any(|known| known.name == *name) {
            continue;
        }
        let is_sensitive = holds_true(&of(before_sensitive)) || holds_true(&of(after_sensitive));
        let shown = |value: &Json| if is_sensitive { "(sensitive)".to_owned() } else { short(&of(value)) };
        let (before, after) = (shown(before), shown(after));
        attributes.push(Attribute { name: clean(name).into_owned(), before, after });
    }
    Some(Drifted { address, action: "changed", attributes })
}

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    output_changes: indexmap::IndexMap<String, Change>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    change: Change,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Change {
    actions: Vec<String>,
    before: Json,
    after: Json,
    before_sensitive: Json,
    after_sensitive: Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{
        "resource_drift": [
            {"address": "a.gone", "change": {"actions": ["delete"], "before": {"x": 1}, "after": null}},
            {"address": "a.other", "change": {"actions": ["update"],
                "before": {"name": "old", "token": "CANARY-1", "same": 1, "list": [1]},
                "after": {"name": "new", "token": "CANARY-2", "same": 1, "more": true},
                "before_sensitive": {"token": true}, "after_sensitive": {}}},
            {"address": "a.same", "change": {"actions": ["no-op"]}}
        ],
        "output_changes": {"ip": {"actions": ["update"]}, "kept": {"actions": ["no-op"]}}
    }"#;

    #[test]
    fn what_changed_is_told_by_address_and_attribute_and_nothing_sensitive() {
        let drift = Drift::read(PLAN.as_bytes()).unwrap();
        assert_eq!(
            drift.lines(),
            [
                "a.gone: deleted",
                "a.other: changed",
                "    name: \"old\" -> \"new\"",
                "    token: (sensitive) -> (sensitive)",
                "    list: [1] -> null",
                "    more: null -> true",
                "output ip: has another value",
            ]
        );
        assert_eq!(drift.sum(), "2 resources");
        assert!(!serde_json::to_string(&drift).unwrap().contains("CANARY"));
        assert!(Drift::read(b"{}").unwrap().is_empty());
        assert!(Drift::read(b"no").is_err());
    }
}
