//! The step `traffic`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Period, RouteName, Side};

/// Share traffic out between blue and green: exactly one of `green`, `to`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [{ "required": ["green"] }, { "required": ["to"] }]))]
pub struct TrafficStep {
    /// Route of `[routes]`
    #[schemars(example = &"api")]
    pub route: RouteName,
    /// How much green gets, in percent; blue gets the rest
    #[schemars(example = 5)]
    #[schemars(range(min = 0, max = 100))]
    pub green: Option<u32>,
    /// The side that gets everything: `blue`, `green`, or `idle` for the one that gets nothing now
    ///
    /// Example: `{ traffic = { route = "api", to = "idle", drain = "30s" } }`
    pub to: Option<Side>,
    /// How long a side that gets nothing any more may still answer what it was asked before
    ///
    /// Default: `10s` with caddy, else none
    #[schemars(example = &"30s")]
    pub drain: Option<Period>,
    /// How long to wait until it is so
    ///
    /// Default: `1m`, with route53 `5m`
    #[schemars(example = &"2m")]
    pub wait: Option<Period>,
}

impl TrafficStep {
    /// What is wanted, in a few words.
    pub(crate) fn wanted(&self) -> String {
        match (self.green, self.to) {
            (Some(green), _) => format!("green {green} %"),
            (None, Some(side)) => side.word().to_owned(),
            (None, None) => String::new(),
        }
    }

    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        format!("traffic {} {}", self.route.0, self.wanted().replace(" %", ""))
    }
}
