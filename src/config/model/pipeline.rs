//! A pipeline as written: its steps, or its steps with what is true of all of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::StepEntry;
use crate::config::verbs::Declared;

/// A pipeline: a list of steps, or a table with the steps and what is true of all of them
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum PipelineEntry {
    /// Steps.
    Steps(Vec<StepEntry>),
    /// Steps, with more said.
    Table(PipelineTable),
}

/// A pipeline with what is true of all of its steps
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PipelineTable {
    /// What its commands do, unless a step says otherwise: `reads` takes no lock and asks nothing in a protected
    /// environment, and is refused when a step is known to change something
    ///
    /// Default: `changes`
    ///
    /// Example: `smoke = { effect = "reads", steps = [{ command = "make smoke-test" }] }`
    pub effect: Option<Declared>,
    /// Its steps
    pub steps: Vec<StepEntry>,
}

impl PipelineEntry {
    /// Its steps, each with the effect that the pipeline has.
    pub(crate) fn into_steps(self) -> Vec<StepEntry> {
        let PipelineTable { effect, mut steps } = match self {
            PipelineEntry::Steps(steps) => return steps,
            PipelineEntry::Table(table) => table,
        };
        for step in &mut steps {
            step.with_effect(effect);
        }
        steps
    }
}
