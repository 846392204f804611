//! `[ansible]`: how ansible is called.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, HostName, Input, SecretName, Variables};

/// How `deploy` and `check` call ansible
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ansible {
    /// Playbook to run
    ///
    /// Default: `ansible/playbooks/site.yml`, or `ansible/site.yml`
    #[schemars(example = &"ansible/site.yml")]
    pub playbook: Option<FilePath>,
    /// Folder to run in: the one that holds `ansible.cfg`
    ///
    /// Default: `ansible`
    pub dir: Option<FilePath>,
    /// Container image to run ansible in, by docker: a name, a tag or a digest. What it sees and may write stands in
    /// docs/containers.md
    ///
    /// Default: none; the ansible of this machine is used
    #[schemars(example = &"willhallonline/ansible:2.18-alpine-3.21")]
    pub image: Option<Argument>,
    /// Inventory to use instead of the one that infractl writes
    #[schemars(example = &"ansible/hosts.yml")]
    pub inventory: Option<FilePath>,
    /// Variables, handed over with `--extra-vars` by a pipe, never by a file or an argument; values may name secrets. A
    /// value that is an output and nothing else keeps its type
    ///
    /// Example: `vars = { version = "{{var.GITHUB_SHA}}" }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Secret with the password of ansible's vault, handed over without a file
    #[schemars(example = &"ANSIBLE_VAULT_PASSWORD")]
    pub vault_password: Option<SecretName>,
    /// Roles and collections to install first, when this file has changed
    ///
    /// Example: `requirements = "ansible/requirements.yml"`
    pub requirements: Option<FilePath>,
    /// User to log in as
    ///
    /// Default: the `user` of each host
    #[schemars(example = &"debian")]
    pub user: Option<Argument>,
    /// Hosts to limit the run to; a host that is several machines stands for all of them
    #[schemars(example = ["backend"])]
    #[serde(default)]
    pub limit: Vec<HostName>,
    /// Hosts worked on at once, for `--forks`
    #[schemars(example = 10)]
    #[schemars(range(min = 1))]
    pub forks: Option<u32>,
    /// More variables of ansible's environment; values may name secrets
    #[schemars(example = serde_json::json!({"ANSIBLE_HOST_KEY_CHECKING": "False"}))]
    #[serde(default)]
    pub env: Variables,
}
