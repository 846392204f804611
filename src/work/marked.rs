//! Values for a script: what only its run knows stands there as a marker, which becomes a variable of the script.

use super::StepCx;
use super::kind::StepKind;
use super::needs::Needs;
use super::script::MARKER;
use super::values::Known;
use crate::config::template::Foreign;

/// Those of a step.
pub(crate) fn marked(step: &StepCx<'_>, kind: &dyn StepKind) -> Known {
    let hosts: Vec<&str> = step.env.hosts.values().map(|host| host.address.0.as_str()).collect();
    let mut known = marked_text(&hosts.join("\n"));
    let needs = Needs::of(step.env, kind, None);
    needs.output_names.iter().for_each(|name| known.mark("output", name));
    for Foreign { environment, output } in &needs.foreign {
        known.mark(&format!("env.{environment}.output"), output);
    }
    needs.value_names.iter().for_each(|name| known.mark("value", name));
    needs.secret_names.iter().for_each(|name| known.mark("secret", name));
    known
}

/// The same for the names in a text.
pub(crate) fn marked_text(text: &str) -> Known {
    let mut known = Known::default();
    for found in MARKER.iter().flat_map(|marker| marker.captures_iter(text)) {
        known.mark(&found[1], &found[2]);
    }
    known
}
