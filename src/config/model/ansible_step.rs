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

impl AnsibleStep {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match &self.playbook {
            Some(playbook) => format!("ansible {}", file_name(playbook)),
            None => "ansible".to_owned(),
        }
    }
}
