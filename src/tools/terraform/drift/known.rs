//! What an earlier look told already: alarms ring for the rest. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Drift, Drifted};
use crate::text;

/// What a look told: by address, or `output NAME`, a digest of how it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Known(BTreeMap<String, String>);

impl Known {
    /// What this look tells.
    pub(crate) fn of(drift: &Drift) -> Known {
        let resources = drift.resources.iter().map(|found| (found.address.clone(), digest(found)));
        let outputs = drift.outputs.iter().map(|name| (output(name), String::new()));
        Known(resources.chain(outputs).collect())
    }

    /// Whether this look tells what that one does not.
    pub(crate) fn has_more_than(&self, earlier: &Known) -> bool {
        self.0.iter().any(|entry| !earlier.has(entry))
    }

    fn has(&self, (name, digest): (&String, &String)) -> bool {
        self.0.get(name) == Some(digest)
    }
}

impl Drift {
    /// Says of each resource whether an earlier look has told it as it is now, and which are as the state says again.
    pub(crate) fn compare(&mut self, earlier: &Known) {
        let now = Known::of(self);
        for found in &mut self.resources {
            found.is_new = Some(!now.0.get_key_value(&found.address).is_some_and(|entry| earlier.has(entry)));
        }
        self.gone = Some(earlier.0.keys().filter(|name| !now.0.contains_key(*name)).cloned().collect());
    }
}

fn output(name: &str) -> String {
    format!("output {name}")
}

/// Of what is sensitive it says that it changed, and not to what: the digest of a short secret tells it.
fn digest(found: &Drifted) -> String {
    let attributes = found.attributes.iter().map(|attribute| (&attribute.name, &attribute.whole));
    let whole = serde_json::json!([found.action, attributes.collect::<Vec<_>>()]).to_string();
    text::hex(&Sha256::digest(whole))
}
