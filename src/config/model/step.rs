//! A step as written: exactly one kind, and what every kind may say.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AnsibleStep, ArgoCd, Capture, ClusterStep, CommandLine, ComponentName, Compose, Copy, Database, Docker,
    Ecs, FilePath, Git, Helm, Http, Kubernetes, OnOff, OneOrMany, Pattern, Period, PipelineEntry, Publish,
    Remote, ScenarioName, SecretName, SnapshotStep, StepOrLine, TrafficStep, Wait,
};
use crate::config::template::Template;
use crate::config::verbs::Declared;

/// A step of a pipeline: exactly one kind, and what every kind may say
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["do"] }, { "required": ["command"] }, { "required": ["wait"] }, { "required": ["copy"] },
    { "required": ["remote"] }, { "required": ["compose"] }, { "required": ["ansible"] },
    { "required": ["docker"] }, { "required": ["ecs"] }, { "required": ["snapshot"] },
    { "required": ["publish"] }, { "required": ["git"] }, { "required": ["http"] }, { "required": ["traffic"] },
    { "required": ["maintenance"] }, { "required": ["kubernetes"] }, { "required": ["argocd"] },
    { "required": ["cluster"] }, { "required": ["helm"] }, { "required": ["database"] }
]))]
pub(crate) struct StepEntry {
    /// Another verb or pipeline, for the same environment
    ///
    /// Example: `{ do = "apply" }`
    pub r#do: Option<String>,
    /// A command on this machine, in the root of the project, with the secrets and variables of the environment
    ///
    /// Example: `{ command = "make assets" }`, `{ command = ["pytest", "tests/"] }`
    pub command: Option<CommandLine>,
    /// Wait until something answers
    ///
    /// Example: `{ wait = { ssh = "backend" }, attempts = 15, every = "5s" }`
    pub wait: Option<Wait>,
    /// Copy files to a host, or to another folder of this machine
    ///
    /// Example: `{ copy = { files = ["docker-compose.yml"], host = "backend", to = "/srv/app" } }`
    pub copy: Option<Copy>,
    /// A command on a host
    ///
    /// Example: `{ remote = { host = "backend", run = "sudo systemctl restart app" } }`
    pub remote: Option<Remote>,
    /// `docker compose`, here or on a host
    ///
    /// Example: `{ compose = { host = "backend", dir = "/srv/app", up = true, pull = "always" } }`
    pub compose: Option<Compose>,
    /// A playbook, with the inventory and secrets of the environment
    ///
    /// Example: `{ ansible = { playbook = "ansible/playbooks/site.yml" } }`
    pub ansible: Option<AnsibleStep>,
    /// Build, push or run an image
    ///
    /// Example: `{ docker = { push = "forecast-etl" } }`
    pub docker: Option<Docker>,
    /// A task or service of AWS ECS
    ///
    /// Example: `{ ecs = { run = "forecast-etl" } }`
    pub ecs: Option<Ecs>,
    /// Make, check, restore or thin out snapshots
    ///
    /// Example: `{ snapshot = { create = "database" } }`
    pub snapshot: Option<SnapshotStep>,
    /// Publish folders as git repositories of a forge
    ///
    /// Example: `{ publish = { server = "http://gitlab.lab.local:8081", token = "GITLAB_TOKEN", folders = ["infra/apps/traefik"] } }`
    pub publish: Option<Publish>,
    /// Tag, commit or push
    ///
    /// Example: `{ git = { tag = "v1.4.0", push = true } }`
    pub git: Option<Git>,
    /// A request of HTTP
    ///
    /// Example: `{ http = { method = "PUT", url = "{{output.api}}/flags/new", json = { on = true }, headers = { Authorization = "Bearer {{secret.TOKEN}}" } } }`
    pub http: Option<Http>,
    /// Put objects into the cluster of `[cluster]`, or remove some
    ///
    /// Example: `{ kubernetes = { apply = ["infra/gitops/"], namespace = "argocd" } }`
    pub kubernetes: Option<Kubernetes>,
    /// Let Argo CD look, synchronise and get healthy
    ///
    /// Example: `{ argocd = { app = "platform-gitops", sync = true, children = true }, timeout = "20m" }`
    pub argocd: Option<ArgoCd>,
    /// Share traffic out between blue and green; the shares that were there before return when a later step of the run fails
    ///
    /// Example: `{ traffic = { route = "api", green = 5 } }`
    pub traffic: Option<TrafficStep>,
    /// Show the page of `[maintenance]`, or take it away
    ///
    /// Example: `{ maintenance = "on" }`
    pub maintenance: Option<OnOff>,
    /// Make the cluster of `[cluster]` and wait until it can be used, delete it, or wait for it
    ///
    /// Example: `{ cluster = "up" }`
    pub cluster: Option<ClusterStep>,
    /// A release of a chart in the cluster of `[cluster]`
    ///
    /// Example: `{ helm = { release = "minio", chart = "charts/minio", namespace = "data", values = ["lab/minio.yaml"] } }`
    pub helm: Option<Helm>,
    /// Make a role and a database of a PostgreSQL server, where they are missing
    ///
    /// Example: `{ database = { url = "{{secret.PG_ADMIN_URL}}", role = "gitlab", password = "{{secret.GITLAB_DB_PASSWORD}}", extensions = ["pg_trgm"] } }`
    pub database: Option<Database>,

    /// Name shown, and given to `--from`, `--only` and `--skip`
    ///
    /// Default: made from the kind, such as `wait ssh backend`
    #[schemars(example = &"database")]
    pub name: Option<String>,
    /// Do the step only when all of this is true
    ///
    /// Example: `when = { environment = ["prod"] }`
    pub when: Option<When>,
    /// Skip the step when this is true already: a wait that is tried once. When nobody can tell (nothing answers, or it
    /// asks who is there), the step fails and does nothing
    ///
    /// Example: `unless = { http = "http://127.0.0.1:3000/api/health" }`
    pub unless: Option<Wait>,
    /// Wait for this after the step; the step has failed when it does not come true
    ///
    /// Example: `verify = { http = "https://{{output.fqdn}}/health", attempts = 12 }`
    pub verify: Option<Wait>,
    /// What the pipeline that `do` calls gets: `{{with.NAME}}` in its texts (`do`)
    ///
    /// Example: `{ do = "vault-write", with = { path = "gitlab", value = "{{secret.GITLAB_PASSWORD}}" } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub with: IndexMap<String, Template>,
    /// The pipeline that is called, with what it gets in its place; made by `config/called.rs`
    #[serde(default)]
    #[schemars(skip)]
    pub called: Option<Box<PipelineEntry>>,
    /// Values that are taken of what the step said: `{{value.NAME}}` in the steps after it
    ///
    /// Example: `{ command = "make image", capture = { image = { match = "sha256:[0-9a-f]+" } } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub capture: IndexMap<String, Capture>,
    /// End a try of the step when it takes longer
    ///
    /// Example: `timeout = "10m"`
    pub timeout: Option<Period>,
    /// Try again when it fails
    ///
    /// Example: `retry = { attempts = 3, every = "10s", on = ["connection reset"] }`
    pub retry: Option<Retry>,
    /// Secrets the step may see: only those named reach it, and sensitive outputs only where a template names them
    ///
    /// Default: all for `command`, `do` and `ansible`, none for the other kinds
    ///
    /// Example: `secrets = []`
    pub secrets: Option<Vec<SecretName>>,
    /// What happens when the step has failed, after its retries: `stop`, `continue`, or steps to do before
    /// stopping
    ///
    /// Default: `stop`
    ///
    /// Example: `on-failure = [{ do = "rollback" }]`
    pub on_failure: Option<OnFailure>,
    /// What its command does, which infractl cannot know: `reads` takes no lock and asks nothing in a protected
    /// environment; `changes` does (`command`, `remote`, `docker` with `run`, `http` with POST, and `do` of such)
    ///
    /// Default: that of the pipeline, else `changes`
    ///
    /// Example: `{ command = "make smoke-test", effect = "reads" }`
    pub effect: Option<Declared>,
    /// How often to try (`wait`)
    ///
    /// Default: `30`
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
    /// From the start of one try to the start of the next (`wait`)
    ///
    /// Default: `5s`
    pub every: Option<Period>,
}

/// Conditions of a step: all that are given must be true
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The environment is one of these; `*` stands for any text
    #[schemars(example = ["dev", "lab-*"])]
    pub environment: Option<Vec<String>>,
    /// The environment is none of these
    #[schemars(example = ["prod"])]
    pub not_environment: Option<Vec<String>>,
    /// The scenario has this component, or one of these
    ///
    /// Example: `component = "trino"`
    pub component: Option<OneOrMany<ComponentName>>,
    /// This scenario, or one of these, is the one that was chosen, or is part of it
    ///
    /// Example: `scenario = ["etl", "genai"]`
    pub scenario: Option<OneOrMany<ScenarioName>>,
    /// This file or folder is there
    #[schemars(example = &"docker/compose.yaml")]
    pub exists: Option<FilePath>,
    /// This file or folder is not there
    #[schemars(example = &".infractl/seeded")]
    pub missing: Option<FilePath>,
    /// This variable of infractl's own environment is set and not empty
    #[schemars(example = &"GITHUB_SHA")]
    pub var: Option<String>,
    /// This output is there, and neither empty nor `false`
    #[schemars(example = &"backend_ip")]
    pub output: Option<String>,
    /// One of these files or folders differs from the last run of the step that went well
    ///
    /// Example: `changed = ["task-definition.json"]`
    pub changed: Option<Vec<FilePath>>,
}

/// When and how often a step is tried again
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Retry {
    /// How often to try, the first time included
    ///
    /// Default: `3`
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
    /// From the start of one try to the start of the next
    ///
    /// Default: `5s`
    pub every: Option<Period>,
    /// Try again only when a line of the output, or the reason of the failure, matches one of these regular
    /// expressions; `transient` stands for the errors that go away by themselves, `any` for every failure
    ///
    /// Default: `["transient"]`
    ///
    /// Example: `on = ["transient", "quota exceeded"]`
    #[serde(default)]
    pub on: Vec<Pattern>,
}

/// What happens when a step has failed
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum OnFailure {
    /// Stop or go on.
    Word(OnFailureWord),
    /// Do these steps, then stop.
    Steps(Vec<StepOrLine>),
}

/// Stop or go on
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFailureWord {
    /// The pipeline has failed
    Stop,
    /// Warn and go on
    Continue,
}

impl StepEntry {
    /// Takes the effect of the pipeline where the step, or one done on its failure, says none.
    pub(crate) fn with_effect(mut self, effect: Option<Declared>) -> StepEntry {
        self.effect = self.effect.or(effect);
        if let Some(OnFailure::Steps(steps)) = self.on_failure {
            let steps = steps.into_iter().map(|step| step.into_step().with_effect(effect));
            self.on_failure =
                Some(OnFailure::Steps(steps.map(|step| StepOrLine::Step(Box::new(step))).collect()));
        }
        self
    }
}
