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
    #[schemars(example = &"forecast-etl")]
    pub run: Option<TaskName>,
    /// Task of `[tasks]` whose definition is registered when it has changed
    #[schemars(example = &"forecast-etl")]
    pub register: Option<TaskName>,
    /// Service to deploy anew, and to wait for
    #[schemars(example = &"web")]
    pub service: Option<Argument>,
    /// Task of `[tasks]` whose definition the service gets, registered when it has changed (`service`)
    ///
    /// Default: the service keeps its definition, and its tasks are started anew
    #[schemars(example = &"web")]
    pub task: Option<TaskName>,
    /// Deploy although the service runs this definition already: a tag of its image has moved (`service`)
    #[serde(default)]
    pub force: bool,
    /// Put back what ran before when the deployment fails (`service`)
    #[serde(default)]
    pub rollback: bool,
    /// Cluster (`service`)
    ///
    /// Default: that of `task`
    #[schemars(example = &"{{environment}}-cluster")]
    pub cluster: Option<Argument>,
    /// Region (`service`)
    ///
    /// Default: that of `task`
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Command instead of that of the task (`run`)
    #[schemars(example = ["migrate"])]
    pub command: Option<Vec<Argument>>,
    /// Go on without waiting for the end (`run`, `service`)
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
