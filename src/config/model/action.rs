//! The kinds of step, one struct each.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, HostName, Input, Run, SecretName, SnapshotName, TaskName, Variables};
use crate::config::template::Template;

/// Copy files to a host, or to another folder of this machine
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["files"] }, { "required": ["templates"] }]))]
pub struct Copy {
    /// Files and folders of the project
    #[serde(default)]
    pub files: Vec<FilePath>,
    /// Files of the project that go along with the names in `{{…}}` replaced by their values, whether they are among
    /// `files` or not; `{{{{` stands for a literal `{{`. A file with secrets needs `mode = "0600"`
    ///
    /// Example: `templates = ["Caddyfile"]`
    #[serde(default)]
    pub templates: Vec<FilePath>,
    /// Host that gets them; without it this machine
    pub host: Option<HostName>,
    /// Folder on the host, or in the project; made when it is not there
    pub to: Argument,
    /// Mode of the files there
    ///
    /// Default: as here
    ///
    /// Example: `mode = "0600"`
    #[schemars(extend("format" = "mode"))]
    pub mode: Option<String>,
    /// Remove what is in that folder and not among the files
    #[serde(default)]
    pub delete: bool,
}

/// A command on a host
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remote {
    /// Host that runs it
    pub host: HostName,
    /// A line for the shell, or a list of arguments
    pub run: Run,
    /// Folder on the host
    pub dir: Option<Argument>,
    /// Variables of the command; values may name secrets, which travel by standard input
    #[serde(default)]
    pub env: Variables,
    /// What it reads on standard input; may name secrets
    pub input: Option<Template>,
}

/// A playbook, with the inventory and secrets of the environment; what is silent comes from `[ansible]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnsibleStep {
    /// Playbook to run
    pub playbook: Option<FilePath>,
    /// Inventory instead of the one that infractl writes
    pub inventory: Option<FilePath>,
    /// Variables over those of `[ansible]`; values may name secrets
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Hosts to limit the run to
    #[serde(default)]
    pub limit: Vec<HostName>,
    /// Tags to run
    #[serde(default)]
    pub tags: Vec<Argument>,
    /// Tags to leave out
    #[serde(default)]
    pub skip_tags: Vec<Argument>,
    /// Change nothing, show what would change
    #[serde(default)]
    pub check: bool,
}

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

/// Make, check, restore or thin out snapshots: exactly one of `create`, `verify`, `restore`, `prune`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["create"] }, { "required": ["verify"] }, { "required": ["restore"] },
    { "required": ["prune"] }
]))]
pub struct SnapshotStep {
    /// Snapshot of `[snapshots]` to make
    pub create: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is checked
    pub verify: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose newest copy is restored
    pub restore: Option<SnapshotName>,
    /// Snapshot of `[snapshots]` whose oldest copies are removed
    pub prune: Option<SnapshotName>,
    /// How many are kept (`create`, `prune`)
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
}

/// Publish folders as git repositories of a forge
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Publish {
    /// Address of the forge
    pub server: Argument,
    /// Kind of forge
    ///
    /// Default: `gitlab`
    pub forge: Option<Forge>,
    /// User or group that owns the repositories
    ///
    /// Default: `root` (gitlab)
    pub owner: Option<Argument>,
    /// Secret that holds a token
    pub token: Option<SecretName>,
    /// File that holds a token
    pub token_file: Option<FilePath>,
    /// Folders to publish, each as a repository of its own
    pub folders: Vec<FilePath>,
    /// Text after the name of the folder in the name of the repository
    ///
    /// Example: `suffix = "-helm"`
    pub suffix: Option<String>,
    /// Branch to push
    ///
    /// Default: `main`
    pub branch: Option<Argument>,
}

/// Kind of forge
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forge {
    /// GitLab
    #[default]
    Gitlab,
    /// Gitea and Forgejo
    Gitea,
    /// GitHub
    Github,
}

/// Tag, commit or push: at least one
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [
    { "required": ["tag"] }, { "required": ["commit"] }, { "required": ["push"] }
]))]
pub struct Git {
    /// Tag to set
    pub tag: Option<Argument>,
    /// Message of a commit of the files in `add`
    pub commit: Option<Argument>,
    /// Files to commit
    #[serde(default)]
    pub add: Vec<FilePath>,
    /// Push the branch and the tag
    #[serde(default)]
    pub push: bool,
    /// Remote to push to
    ///
    /// Default: `origin`
    pub remote: Option<Argument>,
    /// Message of the tag
    pub message: Option<Argument>,
}
