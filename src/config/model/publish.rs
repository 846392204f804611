//! The step `publish`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, SecretName};
use crate::config::action_name::file_name;

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

impl Publish {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match self.folders.as_slice() {
            [one] => format!("publish {}", file_name(one)),
            folders => format!("publish {} folders", folders.len()),
        }
    }
}
