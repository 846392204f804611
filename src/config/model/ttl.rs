//! `[ttl]`: how long an environment stays up.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Moment, Period, Zone};

/// How long an environment stays up: `expire` stops or destroys it then. Only what infractl has brought up since this
/// stands here, and never a protected environment
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ttl {
    /// So long after the last `up`, `apply` or `start` began; with `until`, what comes first
    ///
    /// Example: `after = "8h"`
    pub after: Option<Period>,
    /// A moment, or a time of the day: the first one after the last `up`, `apply` or `start`
    ///
    /// Example: `until = "18:00"`, `until = "2026-12-01T18:00:00+01:00"`
    pub until: Option<Moment>,
    /// The time zone of a time of the day
    ///
    /// Default: `UTC`
    ///
    /// Example: `time-zone = "Europe/Paris"`
    pub time_zone: Option<Zone>,
    /// What `expire` does then
    ///
    /// Default: `stop`
    pub action: Option<TtlAction>,
    /// So long before, `status` and `expire` warn
    ///
    /// Default: `1h`
    pub warn: Option<Period>,
}

/// What is done at the end
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TtlAction {
    /// `stop`: machines and databases off, data is kept
    #[default]
    Stop,
    /// `destroy`: everything is gone
    Destroy,
    /// Nothing: for the environment that takes its `[ttl]` from `defaults.toml` and stays up all the same
    None,
}

impl TtlAction {
    /// The verb that does it.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            TtlAction::Stop => "stop",
            TtlAction::Destroy => "destroy",
            TtlAction::None => "nothing",
        }
    }
}

impl Ttl {
    /// What is done; none when nothing is.
    pub(crate) fn action(&self) -> Option<TtlAction> {
        Some(self.action.unwrap_or_default()).filter(|action| *action != TtlAction::None)
    }
}
