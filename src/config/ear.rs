//! Who hears of what is read, and is to be changed.

use std::fmt;
use std::sync::Arc;

use super::check::Issue;
use super::renamed::State;
use super::source::Parsed;

/// Hears of keys that have another name now; nobody does as long as nobody is named.
#[derive(Clone, Default)]
pub(crate) struct Ear(Option<Arc<dyn Fn(String) + Send + Sync>>);

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ear")
    }
}

impl Ear {
    /// Somebody who listens.
    pub(crate) fn new(ear: impl Fn(String) + Send + Sync + 'static) -> Ear {
        Ear(Some(Arc::new(ear)))
    }

    /// Says which keys of a file have another name now; those that are not read under the old one are what is wrong.
    pub(super) fn hears(&self, parsed: &Parsed) -> Vec<Issue> {
        let mut issues = Vec::new();
        for key in &parsed.renamed {
            if key.state == State::Read {
                let place = parsed.source.place(&key.key);
                self.0.iter().for_each(|ear| ear(format!("{place}: {}; {}", key.message(), key.help())));
            } else {
                issues.push(Issue::new(&key.key, key.message(), key.help()));
            }
        }
        issues
    }
}
