//! What changed behind terraform's back: read from a plan that only refreshes. Pure.

mod ignored;
mod known;

pub(crate) use ignored::Ignored;
pub(crate) use known::Known;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::diagnostic::clean;
use super::document;
use super::shown::{holds_true, short};
use crate::text;

/// What a look for drift prints for programs, one for each environment. It is a public contract (docs/output.schema.json).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Document<'a> {
    /// The environment.
    pub(crate) environment: &'a str,
    /// What changed.
    pub(crate) drift: &'a Drift,
}

/// What changed behind terraform's back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Drift {
    /// Resources, in terraform's order.
    pub(crate) resources: Vec<Drifted>,
    /// Outputs that have another value because of it.
    pub(crate) outputs: Vec<String>,
    /// What may change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored: Vec<Ignored>,
    /// What an earlier look told, and is as the state says now; none where no look was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gone: Option<Vec<String>>,
    /// All resources of the state.
    #[serde(skip)]
    addresses: Vec<String>,
}

/// A resource that is not as the state says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Drifted {
    /// Its address.
    pub(crate) address: String,
    /// What somebody did: `changed`, `deleted`.
    pub(crate) action: &'static str,
    /// What of it changed; none where all of it is gone.
    pub(crate) attributes: Vec<Attribute>,
    /// An earlier look has not told it as it is now; none where no look was compared.
    #[serde(rename = "new", skip_serializing_if = "Option::is_none")]
    pub(crate) is_new: Option<bool>,
}

/// A value that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: String,
    /// In the state.
    pub(crate) before: String,
    /// Now.
    pub(crate) after: String,
    /// Now, not cut; empty where it is sensitive.
    #[serde(skip)]
    whole: String,
}

impl Drift {
    /// Reads what `show -json PLAN` printed. It holds secrets in clear text and is never shown.
    pub(crate) fn read(stdout: &[u8]) -> Result<Drift, serde_json::Error> {
        let plan: Plan = serde_json::from_slice(document(stdout))?;
        let resources = plan.resource_drift.iter().filter_map(drifted).collect();
        let is_other = |change: &&Change| change.actions.iter().any(|action| action != "no-op");
        let outputs = plan.output_changes.iter().filter(|(_, change)| is_other(change));
        let outputs = outputs.map(|(name, _)| name.clone()).collect();
        // What was deleted is no longer in the state that a plan begins with.
        let mut addresses = plan.resource_drift.iter().map(|resource| resource.address.clone()).collect();
        plan.prior_state.values.root_module.addresses(&mut addresses);
        Ok(Drift { resources, outputs, addresses, ..Drift::default() })
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
        for Drifted { address, action, attributes, is_new } in &self.resources {
            let news = match is_new {
                Some(true) => " (new)",
                Some(false) => " (known)",
                None => "",
            };
            lines.push(format!("{address}: {action}{news}"));
            let change = |Attribute { name, before, after, .. }: &Attribute| {
                format!("    {name}: {before} -> {after}")
            };
            lines.extend(attributes.iter().map(change));
        }
        lines.extend(self.outputs.iter().map(|name| format!("output {name}: has another value")));
        lines.extend(self.gone.iter().flatten().map(|name| format!("{name}: as the state says again")));
        let ignored = |Ignored { address, attributes, reason }: &Ignored| match &attributes[..] {
            [] => format!("{address}: ignored ({reason})"),
            names => format!("{address}: {} ignored ({reason})", text::list(names, "and")),
        };
        lines.extend(self.ignored.iter().map(ignored));
        lines
    }

    /// The same for an issue of a forge.
    pub(crate) fn markdown(&self, environment: &str) -> String {
        if self.is_empty() {
            return String::new();
        }
        let head = format!("### {} of `{environment}` changed behind terraform's back\n", self.sum());
        format!("{head}\n{}\n", text::fenced(&self.lines().join("\n")))
    }
}

fn drifted(resource: &Resource) -> Option<Drifted> {
    let Change { actions, before, after, before_sensitive, after_sensitive } = &resource.change;
    let does = |action: &str| actions.iter().any(|known| known == action);
    let address = clean(&resource.address).into_owned();
    if does("delete") {
        return Some(Drifted { address, action: "deleted", attributes: Vec::new(), is_new: None });
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
        let whole = if is_sensitive { String::new() } else { of(after).to_string() };
        let (before, after) = (shown(before), shown(after));
        attributes.push(Attribute { name: clean(name).into_owned(), before, after, whole });
    }
    Some(Drifted { address, action: "changed", attributes, is_new: None })
}

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    output_changes: indexmap::IndexMap<String, Change>,
    #[serde(default)]
    prior_state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    values: Values,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Values {
    root_module: Module,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Module {
    resources: Vec<Address>,
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

impl Module {
    fn addresses(self, all: &mut Vec<String>) {
        all.extend(self.resources.into_iter().map(|resource| resource.address));
        self.child_modules.into_iter().for_each(|module| module.addresses(all));
    }
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
    use crate::config::model::IgnoredDrift;

    const PLAN: &str = r#"{
        "resource_drift": [
            {"address": "a.gone", "change": {"actions": ["delete"], "before": {"x": 1}, "after": null}},
            {"address": "a.other", "change": {"actions": ["update"],
                "before": {"name": "old", "token": "CANARY-1", "same": 1, "list": [1]},
                "after": {"name": "new", "token": "CANARY-2", "same": 1, "more": true},
                "before_sensitive": {"token": true}, "after_sensitive": {}}},
            {"address": "a.same", "change": {"actions": ["no-op"]}}
        ],
        "prior_state": {"values": {"root_module": {
            "resources": [{"address": "a.other"}],
            "child_modules": [{"resources": [{"address": "module.m.b[0]"}]}]}}},
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
        assert!(drift.markdown("dev").starts_with(
            "### 2 resources of `dev` changed behind terraform's back\n\n```text\na.gone: deleted\n"
        ));
        assert_eq!(Drift::default().markdown("dev"), "");
    }

    fn rule(address: &str, attributes: &[&str], until: Option<&str>) -> IgnoredDrift {
        IgnoredDrift {
            address: address.to_owned(),
            attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
            reason: "meant".to_owned(),
            until: until.map(|day| day.parse().unwrap()),
        }
    }

    /// What is left, what was taken out, and the warnings.
    fn ignored(rules: &[IgnoredDrift]) -> (Vec<String>, Vec<String>) {
        let mut drift = Drift::read(PLAN.as_bytes()).unwrap();
        let warnings = drift.ignore(rules, "2027-01-31".parse().unwrap());
        (drift.lines(), warnings)
    }

    #[test]
    fn what_may_change_is_taken_out_by_address_and_attribute() {
        let (lines, warnings) = ignored(&[rule("a.other", &["name", "token", "absent"], Some("2027-01-31"))]);
        assert_eq!(
            lines,
            [
                "a.gone: deleted",
                "a.other: changed",
                "    list: [1] -> null",
                "    more: null -> true",
                "output ip: has another value",
                "a.other: `name` and `token` ignored (meant)",
            ]
        );
        assert!(warnings.is_empty(), "{warnings:?}");
        // Attributes say nothing about its end; all together is the same as the whole.
        let all = ["name", "token", "list", "more"];
        let (lines, _) = ignored(&[rule("a.?o*e", &["x"], None), rule("a.*", &all, None)]);
        assert_eq!(lines[0], "a.gone: deleted");
        assert_eq!(
            lines[1..],
            ["output ip: has another value", "a.other: `name`, `token`, `list` and `more` ignored (meant)"]
        );
        // The output has another value because of them.
        let (lines, _) = ignored(&[rule("a.*", &[], None)]);
        assert_eq!(
            lines,
            ["a.gone: ignored (meant)", "a.other: `name`, `token`, `list` and `more` ignored (meant)"]
        );
    }

    #[test]
    fn a_rule_that_is_over_or_about_nothing_is_told() {
        let (lines, warnings) = ignored(&[
            rule("a.*", &[], Some("2027-01-30")),
            rule("module.m.b[*]", &[], None),
            rule("b.*", &[], None),
        ]);
        assert_eq!(lines[0], "a.gone: deleted");
        assert_eq!(
            warnings,
            [
                "`[drift] ignore` of `a.*` (meant) was until 2027-01-30",
                "`[drift] ignore` of `b.*` (meant): no resource is called so",
            ]
        );
    }

    #[test]
    fn what_a_look_told_already_is_known_as_long_as_it_stays_so() {
        let mut drift = Drift::read(PLAN.as_bytes()).unwrap();
        let first = Known::of(&drift);
        assert!(first.has_more_than(&Known::default()) && !first.has_more_than(&first));
        let kept = serde_json::to_string(&first).unwrap();
        assert!(!kept.contains("CANARY"), "{kept}");
        assert_eq!(serde_json::from_str::<Known>(&kept).unwrap(), first);
        drift.compare(&first);
        assert_eq!(drift.lines()[..2], ["a.gone: deleted (known)", "a.other: changed (known)"]);
        // Another value, beyond what is shown of it, is new; what is no longer found is gone.
        let long = "x".repeat(200);
        let long =
            |end: &str| PLAN.replace("\"new\"", &format!("\"{long}{end}\"")).replace("a.gone", "a.more");
        let earlier = Known::of(&Drift::read(long("1").as_bytes()).unwrap());
        let mut drift = Drift::read(long("2").as_bytes()).unwrap();
        assert!(Known::of(&drift).has_more_than(&earlier));
        drift.compare(&earlier);
        let lines = drift.lines();
        assert_eq!(lines[..2], ["a.more: deleted (known)", "a.other: changed (new)"]);
        drift.compare(&first);
        assert!(drift.lines().contains(&"a.gone: as the state says again".to_owned()));
    }
}
