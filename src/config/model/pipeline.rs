//! A pipeline as written: its steps, or its steps with what is true of all of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, StepEntry};
use crate::config::verbs::Declared;

/// A pipeline: a line for the shell, a list of steps, or a table with the steps and what is true of all of them
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum PipelineEntry {
    /// One line for the shell.
    Line(Argument),
    /// Steps.
    Steps(Vec<StepOrLine>),
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
    #[schemars(example = serde_json::json!([{"command": "make smoke-test"}]))]
    pub steps: Vec<StepOrLine>,
}

/// A step, or a line for the shell: the same as `{ command = "…" }`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // as above
pub(crate) enum StepOrLine {
    /// A line for the shell.
    Line(Argument),
    /// A step.
    Step(Box<StepEntry>),
}

impl StepOrLine {
    /// The same as a step.
    pub(crate) fn into_step(self) -> StepEntry {
        match self {
            StepOrLine::Line(line) => {
                StepEntry { command: Some(CommandLine::Shell(line)), ..StepEntry::default() }
            }
            StepOrLine::Step(step) => *step,
        }
    }
}

impl PipelineEntry {
    /// Its steps, each with the effect that the pipeline has.
    pub(crate) fn into_steps(self) -> Vec<StepEntry> {
        let (effect, steps) = match self {
            PipelineEntry::Line(line) => (None, vec![StepOrLine::Line(line)]),
            PipelineEntry::Steps(steps) => (None, steps),
            PipelineEntry::Table(table) => (table.effect, table.steps),
        };
        steps.into_iter().map(|step| step.into_step().with_effect(effect)).collect()
    }
}
