//! The step `publish`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, SecretOrTemplate};
use crate::config::action_name::file_name;

/// Publish folders as git repositories of a forge: what is missing there is made, what differs is committed and pushed
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Publish {
    /// Address of the forge; with `forge = "none"` what stands before the owner in the address of a repository: a folder, or
    /// an address of `ssh:` or `https:`
    #[schemars(example = &"https://gitlab.example.com")]
    pub server: Argument,
    /// Kind of forge
    ///
    /// Default: `gitlab`
    pub forge: Option<Forge>,
    /// User or group that owns the repositories
    ///
    /// Default: `root` (gitlab)
    #[schemars(example = &"platform")]
    pub owner: Option<Argument>,
    /// Secret that holds a token, or a text that names it
    ///
    /// Example: `{ publish = { server = "http://127.0.0.1:8081", token = "{{secret.GITLAB_TOKEN}}", folders = ["infra/gitops"] } }`
    pub token: Option<SecretOrTemplate>,
    /// File that holds a token
    #[schemars(example = &"lab/root_pat.txt")]
    pub token_file: Option<FilePath>,
    /// Folders to publish, each as a repository of its own: the files that git knows, and those that it does not ignore
    #[schemars(example = ["infra/gitops"])]
    pub folders: Vec<FilePath>,
    /// Name of the repository, where one folder is published
    ///
    /// Default: name of the folder, and `suffix`
    #[schemars(example = &"gitops")]
    pub name: Option<Argument>,
    /// Text after the name of the folder in the name of the repository
    ///
    /// Example: `suffix = "-helm"`
    pub suffix: Option<String>,
    /// Branch to push
    ///
    /// Default: `main`
    pub branch: Option<Argument>,
    /// Who sees a repository that is made
    ///
    /// Default: `private`
    pub visibility: Option<Visibility>,
    /// Make the branch the default one also of a repository that has another
    #[serde(default)]
    pub default_branch: bool,
    /// Files that are published though they look like a secret, or hold one
    #[schemars(example = ["infra/gitops/demo.key"])]
    #[serde(default)]
    pub allow: Vec<FilePath>,
    /// Certificates to trust besides those of the system, as a PEM file
    #[schemars(example = &"certs/lab-ca.pem")]
    pub ca: Option<FilePath>,
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
    /// No forge that can be asked: a repository is there, or is made by the first push; in a folder of this machine it is made
    None,
}

/// Who sees a repository
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Its owner, and whom they let in
    #[default]
    Private,
    /// Everybody with an account (gitlab)
    Internal,
    /// Everybody
    Public,
}

impl Publish {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match self.folders.as_slice() {
            [one] => format!("publish {}", file_name(&one.0)),
            folders => format!("publish {} folders", folders.len()),
        }
    }
}
