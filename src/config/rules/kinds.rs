//! What a table with a `kind` needs, and what means nothing to its kind.

use crate::config::check::Issue;
use crate::config::node::Entry;
use crate::text;

/// Options that mean something to some kinds only, with those kinds.
pub(super) type Options = [(&'static str, &'static [&'static str])];
/// What a kind cannot do without.
pub(super) type Needs = [(&'static str, &'static [&'static str])];

/// What an entry of this kind has too much, and what it lacks.
pub(super) fn rules(entry: &Entry, kind: &str, options: &Options, needs: &Needs, issues: &mut Vec<Issue>) {
    let node = &entry.node;
    for (option, kinds) in options {
        if let Some(given) = node.entry(option).filter(|_| !kinds.contains(&kind)) {
            let message =
                format!("`{option}` means nothing to `{kind}`: it belongs to {}", text::list(*kinds, "or"));
            issues.push(Issue::new(&given.key, message, "remove it"));
        }
    }
    for needed in needs.iter().filter(|(of, _)| *of == kind).flat_map(|(_, needed)| *needed) {
        if node.get(needed).is_none() {
            let message = format!("`{kind}` needs `{needed}`");
            issues.push(Issue::new(&entry.key, message, format!("add `{needed} = …`")));
        }
    }
}
