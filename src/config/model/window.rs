//! `[window]`: when an environment may be changed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ClockTime, DaySpan, Weekdays, Zone};

/// When an environment may be changed. At other times what changes it is refused (77) with the next opening, but for
/// `--outside-window REASON`. What has begun goes on to its end
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// Days of the week on which it opens
    ///
    /// Default: all
    ///
    /// Example: `days = "mon-thu"`, `days = "mon,wed,fri"`
    pub days: Option<Weekdays>,
    /// When it opens
    ///
    /// Default: `00:00`
    ///
    /// Example: `from = "09:00"`
    pub from: Option<ClockTime>,
    /// When it closes; before `from` it is on the next day
    ///
    /// Default: `24:00`
    ///
    /// Example: `to = "16:00"`
    pub to: Option<ClockTime>,
    /// The time zone of all of this
    ///
    /// Default: `UTC`
    ///
    /// Example: `time-zone = "Europe/Paris"`
    pub time_zone: Option<Zone>,
    /// Days on which it does not open, the first and the last one included
    ///
    /// Example: `freeze = ["2026-12-20/2027-01-03", "2027-05-01"]`
    #[serde(default)]
    pub freeze: Vec<DaySpan>,
}
