//! The section about questions.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Amount;

/// When somebody at a terminal is asked before something is changed
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Safety {
    /// What is asked about, once, with the plan and the addresses of what it takes away. Off a terminal, and with `--yes`,
    /// nobody is asked; a protected environment asks for its name whatever stands here
    ///
    /// Default: `destroys`
    ///
    /// Example: `confirm = "always"`
    pub confirm: Option<Asked>,
    /// Ask also when an apply raises what a month costs by more than this, by the prices of `[cost]`. What has no price does
    /// not count
    ///
    /// Default: no question
    ///
    /// Example: `cost-increase = 50`
    pub cost_increase: Option<Amount>,
}

/// What is asked about
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A plan that destroys or replaces something
    #[default]
    Destroys,
    /// Everything that changes the environment
    Always,
    /// Nothing
    Never,
}
