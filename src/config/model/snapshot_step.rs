//! The step `snapshot`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::SnapshotName;
use crate::config::action_name::first;

/// Make, check, restore or thin out snapshots: exactly one of `create`, `verify`, `restore`, `prune`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["create"] }, { "required": ["verify"] }, { "required": ["restore"] },
    { "required": ["prune"] }
]))]
pub struct SnapshotStep {
    /// Snapshot of `[snapshots]` to make
    pub create: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is checked
    pub verify: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is restored
    pub restore: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose oldest copies are removed
    pub prune: Option<SnapshotName>,
    /// How many are kept (`create`, `prune`)
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
}

impl SnapshotStep {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let name = |name: &Option<SnapshotName>| name.as_ref().map(|name| name.0.clone());
        first(
            "snapshot",
            [
                ("create", name(&self.create)),
                ("verify", name(&self.verify)),
                ("restore", name(&self.restore)),
                ("prune", name(&self.prune)),
            ],
        )
    }
}
