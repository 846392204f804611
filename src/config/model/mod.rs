//! What `environments/defaults.toml` and `environments/<name>/environment.toml` may hold, as written.
//!
//! The doc comments are the reference for users (`docs/config.md`), the types are the JSON schema and what a
//! file is checked against. A line `Default: …` or `Example: …` gets a place of its own in the reference.

mod format;
mod checks;
mod ci;
mod copy;
mod database;
mod remote;
mod ansible_step;
mod ecs;
mod snapshot_step;
mod publish;
mod git;
mod http;
mod kubernetes;
mod compose;
mod docker;
mod drift;
mod dynamic;
mod env_file;
mod failure;
mod inventory;
mod helm;
mod host;
mod power;
mod registry;
mod image;
mod task;
mod tools;
mod snapshot;
mod promotion;
mod release;
mod route;
mod scenario;
mod traffic_step;
mod lock;
mod maintenance;
mod pipeline;
mod safety;
mod step;
mod command;
mod terraform;
mod ttl;
mod window;
mod cost;
mod cluster;
mod secrets;
mod ansible;
mod aws;
mod value;
mod values;
mod wait;
mod time;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use ansible::*;
pub(crate) use ansible_step::*;
pub(crate) use aws::*;
pub(crate) use checks::*;
pub(crate) use ci::*;
pub(crate) use cluster::*;
pub(crate) use command::*;
pub(crate) use compose::*;
pub(crate) use copy::*;
pub(crate) use cost::*;
pub(crate) use database::*;
pub(crate) use docker::*;
pub(crate) use drift::*;
pub(crate) use dynamic::{misnamed, plugin_named};
pub(crate) use ecs::*;
pub use env_file::*;
pub(crate) use failure::*;
pub(crate) use git::*;
pub(crate) use helm::*;
pub(crate) use host::*;
pub(crate) use http::*;
pub(crate) use image::*;
pub(crate) use inventory::*;
pub(crate) use kubernetes::*;
pub(crate) use lock::*;
pub(crate) use maintenance::*;
pub(crate) use pipeline::*;
pub(crate) use power::*;
pub(crate) use promotion::*;
pub(crate) use publish::*;
pub(crate) use registry::*;
pub(crate) use release::*;
pub(crate) use remote::*;
pub(crate) use route::*;
pub(crate) use safety::*;
pub(crate) use scenario::*;
pub(crate) use secrets::*;
pub(crate) use snapshot::*;
pub(crate) use snapshot_step::*;
pub(crate) use step::*;
pub(crate) use task::*;
pub(crate) use terraform::*;
pub(crate) use time::*;
pub(crate) use tools::*;
pub(crate) use traffic_step::*;
pub(crate) use ttl::*;
pub(crate) use value::*;
pub(crate) use values::*;
pub(crate) use wait::*;
pub(crate) use window::*;

/// One environment: tables of `environment.toml` are merged over `defaults.toml` key by key, arrays are
/// replaced. A key that begins with `x-` is yours and never looked at
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    /// The project as a whole; belongs into `defaults.toml`
    pub project: Option<ProjectSection>,
    /// Ask for the name of the environment before anything changes it (`apply`, `deploy`, `stop`, …), or require
    /// `--confirm NAME`
    ///
    /// Default: `false`
    pub protected: Option<bool>,
    /// When somebody at a terminal is asked before something is changed
    pub safety: Option<Safety>,
    /// What may change behind terraform's back
    pub drift: Option<DriftSection>,
    /// How long it stays up
    pub ttl: Option<Ttl>,
    /// When it may be changed
    pub window: Option<Window>,
    /// What its resources cost
    pub cost: Option<Cost>,
    /// One line for people, shown by `infractl env list`
    ///
    /// Example: `description = "what customers see"`
    pub description: Option<String>,
    /// Whom to call when something is wrong, one line for each: `infractl docs runbook` has them
    ///
    /// Example: `contacts = ["on call: +33 1 99 00 12 34", "database: team-data@example.com"]`
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Environments that must be applied before this one; `destroy` goes the other way. Those whose outputs it names
    /// count by themselves
    ///
    /// Example: `depends-on = ["shared"]`
    #[serde(default)]
    pub depends_on: Vec<EnvironmentName>,
    /// What stands in for outputs of other environments as long as those have none, by environment and output: a
    /// `plan` can be made before the other environment is there. Nothing that changes anything takes a mock
    ///
    /// Example: `mocks = { shared = { vpc_id = "vpc-mock" } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "environment" }))]
    pub mocks: IndexMap<String, IndexMap<String, serde_json::Value>>,
    /// The root module and the program that applies it
    pub terraform: Option<Terraform>,
    /// What it takes of the machine it runs on, whatever the scenario: what scenario and components need comes on top
    pub needs: Option<Demand>,
    /// What the environment can be, by name, one of which is chosen with `--scenario`; `default` names one of them
    ///
    /// Example: `scenarios = { default = "etl", etl = { components = ["airflow"] }, genai = { include = ["etl"], vars = { gpu = true } } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub scenarios: IndexMap<String, ScenarioEntry>,
    /// Components of scenarios, by name
    ///
    /// Example: `components = { trino = { needs = { memory = "6GiB", cpu = 2 } } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub components: IndexMap<String, Component>,
    /// Where the secrets are and which must be there
    pub secrets: Option<Secrets>,
    /// The environment file that `apply` and `genenv` write; without it every output is written as
    /// `UPPER_SNAKE=value` in order of name
    pub env_file: Option<EnvFile>,
    /// Outputs by hand, for machines that terraform does not manage. Text may name `{{environment}}`,
    /// `{{project}}` and `{{var.NAME}}`
    ///
    /// Example: `outputs = { backend_ip = "203.0.113.7" }`
    #[serde(default)]
    pub outputs: IndexMap<String, StaticOutput>,
    /// Values by name, `{{value.NAME}}` in text: read when first used, once in a run
    ///
    /// Example: `values = { lab_token = { file = "lab/root_pat.txt", secret = true } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub values: IndexMap<String, ValueFrom>,
    /// The ansible inventory that `apply` and `inventory` write
    pub inventory: Option<Inventory>,
    /// Machines to log in to, by name
    #[schemars(example = serde_json::json!({"backend": {"address": "{{output.backend_ip}}", "user": "debian"}}))]
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub hosts: IndexMap<String, Host>,
    /// How runs on one environment keep out of each other's way
    pub lock: Option<Lock>,
    /// What `stop`, `start` and `state` act on
    pub power: Option<Power>,
    /// How `deploy` and `check` call ansible when there is no pipeline of that name
    pub ansible: Option<Ansible>,
    /// The cluster of Kubernetes that steps work with
    pub cluster: Option<ClusterSection>,
    /// How AWS is asked
    pub aws: Option<Aws>,
    /// Where images are pushed to
    pub registry: Option<Registry>,
    /// Images that `build` and `push` make, by name
    #[schemars(example = serde_json::json!({"api": {"context": "api", "platform": "linux/amd64"}}))]
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub images: IndexMap<String, Image>,
    /// One-off tasks for `run` and `logs`, by name
    #[schemars(example = serde_json::json!({"migrate": {"runner": "docker", "image": "api", "command": ["migrate", "--up"]}}))]
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub tasks: IndexMap<String, Task>,
    /// What `snapshot` and `rollback` keep and restore, by name
    #[schemars(example = serde_json::json!({"database": {"kind": "postgres", "url": "{{secret.DATABASE_URL}}"}}))]
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub snapshots: IndexMap<String, SnapshotSource>,
    /// Versions, tags and what a promotion takes along
    pub release: Option<Release>,
    /// Where an environment takes releases from, by its name, and what must be true of them: for `promote`
    ///
    /// Example: `promotion = { prod = { from = "rec", needs = ["verify"], age = "1h" } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "environment" }))]
    pub promotion: IndexMap<String, Promotion>,
    /// What shares traffic out between two sides, blue and green, by name: for the step and the verb `traffic`
    #[schemars(example = serde_json::json!({"api": {"kind": "caddy", "blue": "127.0.0.1:8001", "green": "127.0.0.1:8002"}}))]
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub routes: IndexMap<String, Route>,
    /// A page that stands in front of everything while something is mended
    pub maintenance: Option<Maintenance>,
    /// What happens when a deployment fails
    pub rollout: Option<Rollout>,
    /// What the forge runs: `infractl ci generate` writes its file from this; belongs into `defaults.toml`
    pub ci: Option<Ci>,
    /// Versions of the programs that the project works with, by their names; checked before a run starts them, and
    /// installed by `infractl tools install`
    ///
    /// Example: `tools = { terraform = "1.11.4", ansible-playbook = ">= 2.16" }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub tools: IndexMap<String, ToolEntry>,
    /// What `validate` looks at the files with, besides terraform itself: `fmt`, `tflint`, `conftest`, `checkov`, or a
    /// command of your own. All of them at once, each finding with its place
    ///
    /// Example: `checks = { fmt = true, tflint = true, licenses = "./check-licenses.sh" }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub checks: IndexMap<String, CheckEntry>,
    /// Steps by name: a verb (`deploy`, `check`, `up`…) is replaced, any other name is a verb of your own
    #[schemars(example = serde_json::json!({"deploy": [{"compose": {"host": "backend", "up": true}}, {"wait": {"http": "https://{{output.fqdn}}/health"}}]}))]
    #[serde(default)]
    pub pipelines: IndexMap<String, PipelineEntry>,
    /// Steps around a verb or pipeline, wherever it is done: `before-NAME`, `after-NAME`; and `on-failure`, when a run has
    /// failed; `on-drift`, when `drift` found what `--new` did not tell yet
    ///
    /// Example: `hooks = { after-apply = [{ command = "./announce" }] }`
    #[serde(default)]
    pub hooks: IndexMap<String, PipelineEntry>,
    /// What failures mean: those of the project come before those of infractl, in this order
    ///
    /// Example: `failures = [{ name = "atlas", match = "MongoServerSelectionError", says = "Atlas refuses this address", retry = false }]`
    #[serde(default)]
    pub failures: Vec<FailureRule>,
}

/// The project as a whole
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ProjectSection {
    /// Name of the project, `{{project}}` in text
    ///
    /// Default: name of the folder
    #[schemars(example = &"nyctaxi")]
    pub name: Option<String>,
    /// Oldest infractl that understands this project
    ///
    /// Example: `minimum-version = "0.1"`
    pub minimum_version: Option<VersionText>,
    /// Environment of verbs that are called without one
    ///
    /// Example: `default-environment = "dev"`
    pub default_environment: Option<EnvironmentName>,
}
