//! The step `ansible`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, HostName, Input};
use crate::config::action_name::file_name;

/// A playbook, with the inventory and secrets of the environment; what is silent comes from `[ansible]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnsibleStep {
    /// Playbook to run
    #[schemars(example = &"ansible/database.yml")]
    pub playbook: Option<FilePath>,
    /// Inventory instead of the one that infractl writes
    #[schemars(example = &"ansible/hosts.yml")]
    pub inventory: Option<FilePath>,
    /// Variables over those of `[ansible]`; values may name secrets
    #[schemars(example = serde_json::json!({"version": "{{var.GITHUB_SHA}}"}))]
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Hosts to limit the run to
    #[schemars(example = ["backend"])]
    #[serde(default)]
    pub limit: Vec<HostName>,
    /// Tags to run
    #[schemars(example = ["web"])]
    #[serde(default)]
    pub tags: Vec<Argument>,
    /// Tags to leave out
    #[schemars(example = ["slow"])]
    #[serde(default)]
    pub skip_tags: Vec<Argument>,
    /// Change nothing, show what would change
    #[serde(default)]
    pub check: bool,
}

impl AnsibleStep {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match &self.playbook {
            Some(playbook) => format!("ansible {}", file_name(&playbook.0)),
            None => "ansible".to_owned(),
        }
    }
}
