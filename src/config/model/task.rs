//! `[tasks]`: one-off tasks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, Diagnosis, FilePath, Pattern, Period, VariableName, Variables};

/// A one-off task
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Task {
    /// Who runs it
    ///
    /// Default: `ecs`
    pub runner: Option<TaskRunner>,
    /// File of the task definition, registered first when it has changed (ecs)
    ///
    /// Example: `definition-file = "task-definition.json"`
    pub definition_file: Option<FilePath>,
    /// Family of the task definition (ecs)
    ///
    /// Default: the name of this table
    pub definition: Option<Argument>,
    /// Cluster (ecs)
    pub cluster: Option<Argument>,
    /// Region (ecs)
    pub region: Option<Argument>,
    /// `FARGATE` or `EC2` (ecs)
    ///
    /// Default: `FARGATE`
    pub launch_type: Option<Argument>,
    /// Subnets (ecs)
    #[serde(default)]
    pub subnets: Vec<Argument>,
    /// Security groups (ecs)
    #[serde(default)]
    pub security_groups: Vec<Argument>,
    /// Give the task a public address (ecs)
    #[serde(default)]
    pub assign_public_ip: bool,
    /// Container whose command and exit code count (ecs)
    ///
    /// Default: the first one
    pub container: Option<Argument>,
    /// Log group that `logs` follows (ecs)
    ///
    /// Example: `log-group = "/ecs/forecast-etl"`
    pub log_group: Option<Argument>,
    /// Image to run; one of `[images]` by its name, with the first of its tags (docker)
    pub image: Option<Argument>,
    /// Service of a compose file to run, instead of an image (docker)
    pub service: Option<Argument>,
    /// Folder of the task: of its `.env`, its compose files, its relative volumes (docker)
    ///
    /// Default: the root of the project
    pub dir: Option<FilePath>,
    /// Compose files in that folder (docker)
    ///
    /// Default: what compose finds
    #[serde(default)]
    pub files: Vec<Argument>,
    /// File of variables (docker)
    ///
    /// Default: the environment file; when it is not there, `.env` in the folder of the task, with a warning
    pub env_file: Option<FilePath>,
    /// Where the folder of the environment file is mounted in the container, read-only (docker)
    ///
    /// Default: `/app/shared`
    pub shared: Option<Argument>,
    /// More volumes, as `./data:/app/data` (docker)
    #[serde(default)]
    pub volumes: Vec<Argument>,
    /// Network (docker)
    pub network: Option<Argument>,
    /// Command instead of that of the image
    pub command: Option<CommandLine>,
    /// Variables of the task; values may name secrets (docker only: elsewhere they would be readable)
    #[serde(default)]
    pub env: Variables,
    /// Variables that must not be set in it, besides those of `[env-file]`
    ///
    /// Example: `absent = ["MONGO_HOST"]`
    #[serde(default)]
    pub absent: Vec<VariableName>,
    /// Give up after
    ///
    /// Default: `1h`
    pub timeout: Option<Period>,
    /// Line of the log that means failure whatever the exit code says
    pub fails_on: Option<Pattern>,
    /// What its failures mean, before the rules of `[[failures]]` and those of infractl (ecs)
    #[serde(default)]
    pub diagnose: Vec<Diagnosis>,
}

/// Who runs a one-off task
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskRunner {
    /// AWS ECS
    #[default]
    Ecs,
    /// `docker run` on this machine
    Docker,
}
