//! Sections about the tools that infractl starts: terraform and ansible, and where their secrets are.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, ArgumentInput, FilePath, HostName, Input, OneOrMany, Period, SecretName, Variables};

/// The root module and the program that applies it
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Terraform {
    /// Program to start: a name or a path
    ///
    /// Default: `terraform`
    ///
    /// Example: `program = "tofu"`
    pub program: Option<String>,
    /// Folder of the root module
    ///
    /// Default: `environments/{{environment}}`
    pub dir: Option<FilePath>,
    /// Workspace to select
    ///
    /// Default: `default`
    pub workspace: Option<Argument>,
    /// Variables of the root module, handed over as `TF_VAR_name`; lists and tables become JSON
    ///
    /// Example: `vars = { region = "francecentral", zones = ["1", "2"] }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Files of variables, for `-var-file`
    ///
    /// Default: none
    #[serde(default)]
    pub var_files: Vec<FilePath>,
    /// Container image to run the program in; without it the program of this machine is used
    ///
    /// Example: `image = "hashicorp/terraform:1.11"`
    pub image: Option<Argument>,
    /// How many resources are worked on at once, for `-parallelism`
    ///
    /// Default: terraform's own, 10
    #[schemars(range(min = 1))]
    pub parallelism: Option<u32>,
    /// How long to wait for the lock of the state, for `-lock-timeout`
    ///
    /// Default: not at all
    ///
    /// Example: `lock-timeout = "2m"`
    pub lock_timeout: Option<Period>,
    /// Backend configuration, handed over as `-backend-config=key=value`; lists and tables become JSON
    ///
    /// Example: `backend = { bucket = "nyctaxi-tfstate", key = "{{environment}}/terraform.tfstate" }`
    #[serde(default)]
    pub backend: IndexMap<String, ArgumentInput>,
    /// More variables of the program's environment; values may name secrets
    ///
    /// Example: `env = { AWS_ACCESS_KEY_ID = "{{secret.S3_ACCESS_KEY}}" }`
    #[serde(default)]
    pub env: Variables,
}

/// Where the secrets are and which must be there
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Secrets {
    /// SOPS files in order, later ones win
    ///
    /// Default: those of `credentials/common.enc.env` and `credentials/{{environment}}.enc.env` that exist
    pub files: Option<Vec<FilePath>>,
    /// Keys that must be there and must not be empty
    ///
    /// Example: `required = ["OVH_APPLICATION_KEY"]`
    #[serde(default)]
    pub required: Vec<SecretName>,
    /// Keys that may be empty
    #[serde(default)]
    pub allow_empty: Vec<SecretName>,
    /// Files of age identities, tried besides `INFRACTL_AGE_KEY_FILE` and the places of sops
    ///
    /// Example: `identity = "~/.config/sops/age/keys.txt"`
    pub identity: Option<OneOrMany<FilePath>>,
}

/// How `deploy` and `check` call ansible
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ansible {
    /// Playbook to run
    ///
    /// Default: `ansible/playbooks/site.yml`, or `ansible/site.yml`
    pub playbook: Option<FilePath>,
    /// Folder to run in: the one that holds `ansible.cfg`
    ///
    /// Default: `ansible`
    pub dir: Option<FilePath>,
    /// Container image to run ansible in
    pub image: Option<Argument>,
    /// Inventory to use instead of the one that infractl writes
    pub inventory: Option<FilePath>,
    /// Variables, handed over with `--extra-vars` by a pipe, never by a file or an argument; values may name secrets. A
    /// value that is an output and nothing else keeps its type
    ///
    /// Example: `vars = { version = "{{var.GITHUB_SHA}}" }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Secret with the password of ansible's vault, handed over without a file
    pub vault_password: Option<SecretName>,
    /// Roles and collections to install first, when this file has changed
    ///
    /// Example: `requirements = "ansible/requirements.yml"`
    pub requirements: Option<FilePath>,
    /// User to log in as
    ///
    /// Default: the `user` of each host
    pub user: Option<Argument>,
    /// Hosts to limit the run to; a host that is several machines stands for all of them
    #[serde(default)]
    pub limit: Vec<HostName>,
    /// Hosts worked on at once, for `--forks`
    #[schemars(range(min = 1))]
    pub forks: Option<u32>,
    /// More variables of ansible's environment; values may name secrets
    #[serde(default)]
    pub env: Variables,
}
