//! `[promotion]` and `[rollout]`: how a release gets from one environment to the next, and what happens when that fails.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{EnvironmentName, Period};

/// What an environment takes releases from
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Promotion {
    /// The environment that they come from
    #[schemars(example = &"rec")]
    pub from: EnvironmentName,
    /// What must be true there of the release that is taken
    ///
    /// Example: `needs = ["verify", "snapshot"]`
    #[serde(default)]
    pub needs: Vec<Need>,
    /// How long it must run there before it goes on
    ///
    /// Example: `age = "1h"`
    pub age: Option<Period>,
}

/// What must be true of a release before it goes on
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Need {
    /// `verify` ended well after it was deployed
    Verify,
    /// Its deployment made a snapshot
    Snapshot,
}

/// What happens when a deployment fails
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Rollout {
    /// When a step fails after the first that changed the environment
    ///
    /// Default: `stop`
    pub on_failure: Option<OnFailed>,
}

/// What is done when a deployment fails
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFailed {
    /// Nothing more
    #[default]
    Stop,
    /// The last deployment that was verified is deployed again, once
    Rollback,
    /// Nothing more, and nothing is deployed any more until `unlock --thaw`: for what cannot go back
    Freeze,
}
