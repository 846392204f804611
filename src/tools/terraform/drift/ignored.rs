//! Changes that are meant to happen: taken out of what drifted. Pure.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Attribute, Drift, Drifted};
use crate::config::model::IgnoredDrift;
use crate::text;

/// A change that was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Ignored {
    /// The resource.
    pub(crate) address: String,
    /// What of it; empty where it was deleted.
    pub(crate) attributes: Vec<String>,
    /// Why it may.
    pub(crate) reason: String,
}

impl Drift {
    /// Takes out what the rules leave alone on this day. What comes back are warnings: rules that are over, or about
    /// nothing.
    pub(crate) fn ignore(&mut self, rules: &[IgnoredDrift], today: Date) -> Vec<String> {
        let mut warnings = Vec::new();
        for rule in rules {
            let IgnoredDrift { address, reason, until, .. } = rule;
            if let Some(until) = until.filter(|until| *until < today) {
                warnings.push(format!("`[drift] ignore` of `{address}` ({reason}) was until {until}"));
                continue;
            }
            if !self.addresses.iter().any(|known| text::matches(address, known)) {
                warnings
                    .push(format!("`[drift] ignore` of `{address}` ({reason}): no resource is called so"));
            }
            for found in std::mem::take(&mut self.resources) {
                let (rest, out) = split(found, rule);
                self.resources.extend(rest);
                self.ignored.extend(out);
            }
        }
        // They have another value because of that.
        if self.resources.is_empty() && !self.ignored.is_empty() {
            self.outputs.clear();
        }
        warnings
    }
}

/// What is left of it, and what may change.
fn split(found: Drifted, rule: &IgnoredDrift) -> (Option<Drifted>, Option<Ignored>) {
    if !text::matches(&rule.address, &found.address) {
        return (Some(found), None);
    }
    let is_meant =
        |attribute: &Attribute| rule.attributes.is_empty() || rule.attributes.contains(&attribute.name);
    let (meant, rest): (Vec<_>, Vec<_>) = found.attributes.iter().cloned().partition(is_meant);
    let is_whole = rule.attributes.is_empty() || (rest.is_empty() && !meant.is_empty());
    if meant.is_empty() && !is_whole {
        return (Some(found), None);
    }
    let ignored = Ignored {
        address: found.address.clone(),
        attributes: meant.into_iter().map(|attribute| attribute.name).collect(),
        reason: rule.reason.clone(),
    };
    ((!is_whole).then_some(Drifted { attributes: rest, ..found }), Some(ignored))
}
