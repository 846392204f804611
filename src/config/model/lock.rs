//! The section about locks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Period;

/// How runs on one environment keep out of each other's way
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lock {
    /// Keep other machines out for the whole run too, with a lock beside the state: an object in the bucket of an
    /// `s3` backend, an advisory lock in the database of a `pg` backend, a file beside a local state
    ///
    /// Default: `false`: other machines are kept out by terraform's own lock, while terraform runs
    pub shared: Option<bool>,
    /// How long to wait for the lock of another run, when `--lock-wait` does not say
    ///
    /// Default: not at all
    ///
    /// Example: `wait = "10m"`
    pub wait: Option<Period>,
    /// A shared lock whose run gave no sign of life for so long counts as left behind
    ///
    /// Default: `2m`
    pub stale_after: Option<Period>,
}
