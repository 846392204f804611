//! The step `snapshot`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::SnapshotName;

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
