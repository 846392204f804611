//! The step `ecs`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, TaskName};
use crate::config::action_name::first;

/// A task or service of AWS ECS: exactly one of `run`, `register`, `service`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["run"] }, { "required": ["register"] }, { "required": ["service"] }
]))]
pub struct Ecs {
    /// Task of `[tasks]` to run, to its end
    pub run: Option<TaskName>,
    /// Task of `[tasks]` whose definition is registered when it has changed
    pub register: Option<TaskName>,
    /// Service to deploy anew
    pub service: Option<Argument>,
    /// Cluster (`service`)
    pub cluster: Option<Argument>,
    /// Region (`service`)
    pub region: Option<Argument>,
    /// Command instead of that of the task (`run`)
    pub command: Option<Vec<Argument>>,
    /// Go on without waiting for the end
    #[serde(default)]
    pub detach: bool,
}

impl Ecs {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        first(
            "ecs",
            [
                ("run", self.run.as_ref().map(|task| task.0.clone())),
                ("register", self.register.as_ref().map(|task| task.0.clone())),
                ("service", self.service.as_ref().map(|service| service.0.to_string())),
            ],
        )
    }
}
