//! How a run is known to the infractls that its own steps start: they pass its locks.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::config::variables;
use crate::context::Vars;

/// Tokens of this run and of those above it, oldest first, joined by `:`.
const VARIABLE: &str = variables::LOCK.name;

/// Adds a token of this run's own to the variables that all its children get.
#[must_use]
pub(crate) fn mark(mut vars: Vars) -> Vars {
    let random = || RandomState::new().hash_one((std::process::id(), std::time::Instant::now()));
    let own = format!("{:016x}{:016x}", random(), random());
    let chain = match vars.get(VARIABLE) {
        Some(above) if !above.is_empty() => format!("{above}:{own}"),
        _ => own,
    };
    vars.0.insert(VARIABLE.into(), chain.into());
    vars
}

/// This run's own.
pub(crate) fn own(vars: &Vars) -> &str {
    vars.get(VARIABLE).and_then(|chain| chain.rsplit(':').next()).unwrap_or_default()
}

/// Whether a lock is held by this run or one that started it.
pub(crate) fn is_ours(vars: &Vars, token: &str) -> bool {
    !token.is_empty() && vars.get(VARIABLE).is_some_and(|chain| chain.split(':').any(|known| known == token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_passes_its_own_locks_and_those_above_but_no_others() {
        let above = mark(Vars::default());
        let own_vars = mark(above.clone());
        assert!(is_ours(&own_vars, own(&above)));
        assert!(is_ours(&own_vars, own(&own_vars)));
        assert_ne!(own(&above), own(&own_vars));
        let sibling = mark(above.clone());
        assert!(!is_ours(&own_vars, own(&sibling)));
        assert!(!is_ours(&above, own(&own_vars)), "who started us does not pass our locks");
        assert!(!is_ours(&own_vars, ""));
    }
}
