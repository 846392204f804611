//! `[drift]`: what may change behind terraform's back.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// What may change behind terraform's back
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DriftSection {
    /// Changes that `drift` counts and does not tell
    #[schemars(example = serde_json::json!([{"address": "aws_autoscaling_group.*", "attributes": ["desired_capacity"], "reason": "autoscaling"}]))]
    #[serde(default)]
    pub ignore: Vec<IgnoredDrift>,
}

/// A change that is meant to happen
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IgnoredDrift {
    /// Address of the resource; `*` stands for any text, `?` for any character
    ///
    /// Example: `address = "aws_autoscaling_group.*"`
    pub address: String,
    /// Attributes of it that may change
    ///
    /// Default: all, and that it is deleted
    ///
    /// Example: `attributes = ["desired_capacity"]`
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Why, for whoever reads it later
    ///
    /// Example: `reason = "autoscaling"`
    pub reason: String,
    /// The last day on which it counts, in UTC
    ///
    /// Default: none
    ///
    /// Example: `until = "2027-01-31"`
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub until: Option<Date>,
}
