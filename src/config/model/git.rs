//! The step `git`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath};

/// Tag, commit or push: at least one
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [
    { "required": ["tag"] }, { "required": ["commit"] }, { "required": ["push"] }
]))]
pub struct Git {
    /// Tag to set
    #[schemars(example = &"deployed-{{environment}}")]
    pub tag: Option<Argument>,
    /// Message of a commit of the files in `add`
    #[schemars(example = &"manifest of {{environment}}")]
    pub commit: Option<Argument>,
    /// Files to commit
    #[schemars(example = ["manifest.json"])]
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
    #[schemars(example = &"deployed")]
    pub message: Option<Argument>,
}

impl Git {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match (&self.tag, &self.commit) {
            (Some(tag), _) => format!("git tag {}", tag.0),
            (None, Some(_)) => "git commit".to_owned(),
            (None, None) => "git push".to_owned(),
        }
    }
}
