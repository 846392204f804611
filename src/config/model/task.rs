//! `[tasks]`: one-off tasks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Argument, CommandLine, Diagnosis, FilePath, OneOrMany, Pattern, Period, VariableName, Variables,
};

/// A one-off task
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Task {
    /// Who runs it
    ///
    /// Default: `ecs`
    pub runner: Option<TaskRunner>,
    /// File of the task definition, registered first when it means something else than what AWS has (ecs). Its texts may
    /// name what every text may, but no secrets
    ///
    /// Example: `definition-file = "task-definition.json"`
    pub definition_file: Option<FilePath>,
    /// Family of the task definition (ecs)
    ///
    /// Default: the one in `definition-file`, else the name of this table
    #[schemars(example = &"forecast-etl")]
    pub definition: Option<Argument>,
    /// Cluster (ecs)
    #[schemars(example = &"{{environment}}-cluster")]
    pub cluster: Option<Argument>,
    /// Region (ecs)
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// `FARGATE` or `EC2` (ecs)
    ///
    /// Default: `FARGATE`
    pub launch_type: Option<Argument>,
    /// `FARGATE_SPOT`, or another capacity provider of the cluster, in the place of `launch-type` (ecs)
    #[schemars(example = &"FARGATE_SPOT")]
    pub capacity_provider: Option<Argument>,
    /// Subnets; an output that is a list stands for all of them (ecs)
    ///
    /// Example: `subnets = "{{output.private_subnets}}"`, `subnets = ["subnet-1", "subnet-2"]`
    pub subnets: Option<OneOrMany<Argument>>,
    /// Security groups (ecs)
    ///
    /// Example: `security-groups = ["{{output.task_sg}}"]`
    pub security_groups: Option<OneOrMany<Argument>>,
    /// Give the task a public address (ecs)
    #[serde(default)]
    pub assign_public_ip: bool,
    /// Container whose command and exit code count (ecs)
    ///
    /// Default: the only essential one
    #[schemars(example = &"etl")]
    pub container: Option<Argument>,
    /// Log group that `logs` follows (ecs)
    ///
    /// Example: `log-group = "/ecs/forecast-etl"`
    pub log_group: Option<Argument>,
    /// Image to run; one of `[images]` by its name, with the first of its tags (docker). The image of the container in
    /// `definition-file`, by the digest that was pushed (ecs)
    #[schemars(example = &"etl")]
    pub image: Option<Argument>,
    /// The same for several containers, by their names (ecs)
    ///
    /// Example: `images = { etl = "forecast-etl", proxy = "proxy" }`
    #[serde(default)]
    pub images: IndexMap<String, Argument>,
    /// Service of a compose file to run, instead of an image (docker)
    #[schemars(example = &"worker")]
    pub service: Option<Argument>,
    /// Folder of the task: of its `.env`, its compose files, its relative volumes (docker)
    ///
    /// Default: the root of the project
    #[schemars(example = &"etl")]
    pub dir: Option<FilePath>,
    /// Compose files in that folder (docker)
    ///
    /// Default: what compose finds
    #[schemars(example = ["compose.yaml"])]
    #[serde(default)]
    pub files: Vec<Argument>,
    /// File of variables (docker)
    ///
    /// Default: the environment file; when it is not there, `.env` in the folder of the task, with a warning
    #[schemars(example = &"etl/.env")]
    pub env_file: Option<FilePath>,
    /// Where the folder of the environment file is mounted in the container, read-only (docker)
    ///
    /// Default: `/app/shared`
    pub shared: Option<Argument>,
    /// More volumes, as `./data:/app/data` (docker)
    #[schemars(example = ["./data:/app/data"])]
    #[serde(default)]
    pub volumes: Vec<Argument>,
    /// Network (docker)
    #[schemars(example = &"host")]
    pub network: Option<Argument>,
    /// Command instead of that of the image
    #[schemars(example = ["python", "-m", "etl"])]
    pub command: Option<CommandLine>,
    /// Variables of the task; values may name secrets (docker only: elsewhere they would be readable)
    #[schemars(example = serde_json::json!({"MODE": "full"}))]
    #[serde(default)]
    pub env: Variables,
    /// Variables that must not be set in it, besides those of `[env-file]`
    ///
    /// Example: `absent = ["MONGO_HOST"]`
    #[serde(default)]
    pub absent: Vec<VariableName>,
    /// Give up after, and stop it; it counts from when the task runs (ecs)
    ///
    /// Default: `1h`
    pub timeout: Option<Period>,
    /// Give up when the task does not run after so long, and stop it (ecs)
    ///
    /// Default: `10m`
    pub start_timeout: Option<Period>,
    /// What happens to the task when the run is interrupted: `ask`, `stop`, `leave` (ecs)
    ///
    /// Default: `ask`; where nobody can be asked, `leave`
    pub on_interrupt: Option<OnInterrupt>,
    /// Line of the log that means failure whatever the exit code says
    #[schemars(example = &"Traceback")]
    pub fails_on: Option<Pattern>,
    /// What its failures mean, before the rules of `[[failures]]` and those of infractl (ecs)
    #[schemars(example = serde_json::json!([{"match": "E11000 duplicate key", "says": "data: this delivery was loaded before"}]))]
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

/// What happens to a task when whoever follows it is interrupted
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnInterrupt {
    /// Somebody at a terminal is asked; elsewhere it goes on
    #[default]
    Ask,
    /// It is stopped
    Stop,
    /// It goes on
    Leave,
}
