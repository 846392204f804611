//! Sections about images, one-off tasks, snapshots and releases.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, FilePath, Pattern, Period, SecretName, Variables};

/// Where images are pushed to
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registry {
    /// Name of the server
    ///
    /// Example: `server = "718281697661.dkr.ecr.eu-west-3.amazonaws.com"`
    pub server: Argument,
    /// How to log in
    ///
    /// Default: `password` when `password` is given, else the login of the docker program
    pub login: Option<RegistryLogin>,
    /// User to log in as
    pub user: Option<Argument>,
    /// Secret that holds the password
    pub password: Option<SecretName>,
    /// Region (ecr)
    pub region: Option<Argument>,
}

/// How to log in to the registry
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryLogin {
    /// User and password
    Password,
    /// A password that the `aws` program gives for 12 hours
    Ecr,
    /// A token that the `az` program gives for 3 hours
    Acr,
    /// None
    None,
}

/// An image to build and push
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// Folder that is built
    ///
    /// Default: the root of the project
    pub context: Option<FilePath>,
    /// Dockerfile
    ///
    /// Default: `Dockerfile` in the context
    pub dockerfile: Option<FilePath>,
    /// Platform, whatever this machine is
    ///
    /// Example: `platform = "linux/amd64"`
    pub platform: Option<Argument>,
    /// Stage to build
    pub target: Option<Argument>,
    /// Name without registry and tag
    ///
    /// Default: the name of this table
    pub repository: Option<Argument>,
    /// Tags
    ///
    /// Default: the git commit
    ///
    /// Example: `tags = ["latest", "{{var.GITHUB_SHA}}"]`
    #[serde(default)]
    pub tags: Vec<Argument>,
    /// Build arguments; they stay readable in the image, so no secrets
    #[serde(default)]
    pub args: IndexMap<String, Argument>,
    /// Secrets to mount while building, by name
    #[serde(default)]
    pub secrets: Vec<SecretName>,
}

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
    /// Give up after
    ///
    /// Default: `1h`
    pub timeout: Option<Period>,
    /// Line of the log that means failure whatever the exit code says
    pub fails_on: Option<Pattern>,
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

/// What a snapshot is made of
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotSource {
    /// Kind of thing that is kept
    ///
    /// Default: `command` when `create` is given
    pub kind: Option<SnapshotKind>,
    /// Server or volume at the cloud, container, or database
    pub of: Option<Argument>,
    /// Connection to the database; may name secrets (postgres)
    ///
    /// Example: `url = "{{secret.DATABASE_URL}}"`
    pub url: Option<crate::config::template::Template>,
    /// Folder that holds the copies (postgres, files)
    ///
    /// Default: `.infractl/snapshots/{{environment}}`
    pub dir: Option<FilePath>,
    /// How many are kept
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
    /// Region, where the provider asks for one
    pub region: Option<Argument>,
    /// Command that makes one; it gets its name as `INFRACTL_SNAPSHOT` (command)
    pub create: Option<CommandLine>,
    /// Command that lists them, one name per line (command)
    pub list: Option<CommandLine>,
    /// Command that restores one (command)
    pub restore: Option<CommandLine>,
    /// Command that checks one (command)
    pub verify: Option<CommandLine>,
    /// Command that removes one (command)
    pub remove: Option<CommandLine>,
}

/// Kind of snapshot
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// A machine or volume at an OpenStack cloud
    Openstack,
    /// A volume or database at AWS
    Aws,
    /// A disk at Azure
    Azure,
    /// A volume of docker on this machine
    Docker,
    /// A database, by `pg_dump`
    Postgres,
    /// Commands of your own
    Command,
}

/// Versions, tags and what a promotion takes along
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// File that holds the version
    ///
    /// Default: `VERSION`
    pub version_file: Option<FilePath>,
    /// Text before the version in a tag
    ///
    /// Default: `v`
    pub tag_prefix: Option<String>,
    /// Branch that releases are made on
    ///
    /// Default: `main`
    pub branch: Option<String>,
    /// File that gets a section per release
    pub changelog: Option<FilePath>,
    /// Remote that tags are pushed to
    ///
    /// Default: `origin`
    pub remote: Option<String>,
    /// Images of `[images]` that a promotion takes along, by digest
    ///
    /// Default: all
    pub images: Option<Vec<super::ImageName>>,
    /// Snapshots of `[snapshots]` that are made and checked first
    #[serde(default)]
    pub snapshots: Vec<super::SnapshotName>,
}
