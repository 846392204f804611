//! Variables that a recipe sets while it runs: `$(eval NAME := value)` as a line of its own.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::evaluate::Target;
use super::makefile::assignment;

/// What stands in the brackets of a line that is nothing but such a call.
pub(super) fn inside(line: &str) -> Option<&str> {
    let bare = line.trim().trim_start_matches('@').trim();
    let rest = bare.strip_prefix("$(eval ").and_then(|rest| rest.strip_suffix(')'));
    let rest = rest.or_else(|| bare.strip_prefix("${eval ").and_then(|rest| rest.strip_suffix('}')))?;
    let mut depth = 0_usize;
    for c in rest.chars() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    (depth == 0).then_some(rest)
}

/// What a target whose recipe says so makes of the variable that names the environment: `staging: ; $(eval env=staging)`.
pub(super) fn chosen<'l>(lines: impl Iterator<Item = &'l str>, variable: &str) -> Option<String> {
    let sets = lines.filter_map(|line| assignment(inside(line)?));
    let mut values = sets.filter(|set| set.name == variable && !set.value.contains('$')).map(|set| set.value);
    values.next().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The targets whose recipe, or that of one that they need, sets variables for those that follow.
pub(super) fn setters(targets: &IndexMap<String, Target>) -> HashSet<&str> {
    let sets = |target: &Target| target.recipe.iter().any(|(_, line)| inside(line).is_some());
    let mut found: HashSet<&str> =
        targets.iter().filter(|(_, target)| sets(target)).map(|(name, _)| name.as_str()).collect();
    loop {
        let before = found.len();
        for (name, target) in targets.iter().filter(|_| before > 0) {
            if target.needs.iter().any(|need| found.contains(need.as_str())) {
                found.insert(name);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The environment that a target chooses, and nothing else is in its recipe but more variables.
pub(super) fn chosen_by(target: &Target, variable: &str) -> Option<String> {
    let lines = || target.recipe.iter().map(|(_, line)| line.as_str());
    chosen(lines(), variable).filter(|_| lines().all(|line| line.trim().starts_with("$(")))
}
