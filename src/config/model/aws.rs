//! `[aws]`: how AWS is asked.

use schemars::JsonSchema;
use serde::Deserialize;

/// How AWS is asked
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Aws {
    /// Who asks what is only looked at: tasks, services, logs
    ///
    /// Default: `auto`
    pub reads: Option<Reads>,
}

/// Who asks AWS what is only looked at
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// infractl itself, in 2 ms; the `aws` program where that alone knows the way: FIPS and dual-stack endpoints,
    /// partitions of their own, profiles whose credentials its version 1 does not give away
    #[default]
    Auto,
    /// The `aws` program, half a second each time
    Cli,
}
