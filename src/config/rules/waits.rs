//! What a wait can be asked to hold.

use crate::config::check::Issue;
use crate::config::node::Node;

/// Rules about the waits of a step.
pub(super) fn rules(step: &Node, issues: &mut Vec<Issue>) {
    if let Some(unless) = step.get("unless") {
        for key in ["hold", "at-most", "fail-fast", "attempts", "every"] {
            if let Some(given) = unless.entry(key) {
                let message = format!("`{key}` means nothing here: `unless` is asked once");
                issues.push(Issue::new(&given.key, message, "remove it"));
            }
        }
    }
    for wait in ["wait", "verify"].iter().filter_map(|key| step.get(key)) {
        // A service of ECS is held without a word.
        let is_held = wait.get("hold").is_some() || wait.get("ecs").is_some();
        if let (Some(at_most), false) = (wait.entry("at-most"), is_held) {
            let message = "`at-most` counts the breaks of `hold`".to_owned();
            issues.push(Issue::new(&at_most.key, message, "add `hold = \"5m\"`, or remove it"));
        }
    }
}
