//! The step `snapshot`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Period, SnapshotName};
use crate::config::action_name::first;

/// Make, check, restore or thin out snapshots, or require one: exactly one of `create`, `require`, `verify`, `restore`,
/// `prune`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["create"] }, { "required": ["require"] }, { "required": ["verify"] }, { "required": ["restore"] },
    { "required": ["prune"] }
]))]
pub struct SnapshotStep {
    /// Snapshot of `[snapshots]` to make
    #[schemars(example = &"database")]
    pub create: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` of which a good copy has to be there: the gate before something risky
    ///
    /// Example: `{ snapshot = { require = "database", max-age = "24h", verified = true } }`
    pub require: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is checked
    #[schemars(example = &"database")]
    pub verify: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is restored
    #[schemars(example = &"database")]
    pub restore: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose oldest copies are removed
    #[schemars(example = &"database")]
    pub prune: Option<SnapshotName>,
    /// How many are kept (`create`, `prune`)
    #[schemars(example = 3)]
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
    /// How old it may be (`require`)
    #[schemars(example = &"24h")]
    pub max_age: Option<Period>,
    /// It has to be one that was verified (`require`)
    #[serde(default)]
    pub verified: bool,
}

impl SnapshotStep {
    /// What is done, and with which snapshot of `[snapshots]`.
    pub(crate) fn deed(&self) -> (&'static str, &str) {
        let all = [
            ("create", &self.create),
            ("require", &self.require),
            ("verify", &self.verify),
            ("restore", &self.restore),
            ("prune", &self.prune),
        ];
        let found = all.into_iter().find_map(|(word, name)| Some((word, name.as_ref()?.0.as_str())));
        found.unwrap_or(("require", ""))
    }

    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let (deed, name) = self.deed();
        first("snapshot", [(deed, Some(name.to_owned()))])
    }
}
