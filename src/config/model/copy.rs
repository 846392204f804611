//! The step `copy`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, HostName};
use crate::config::action_name::file_name;

/// Copy files to a host, or to another folder of this machine
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["files"] }, { "required": ["templates"] }]))]
pub struct Copy {
    /// Files and folders of the project
    #[schemars(example = ["compose.yaml", "Caddyfile"])]
    #[serde(default)]
    pub files: Vec<FilePath>,
    /// Files of the project that go along with the names in `{{…}}` replaced by their values, whether they are among
    /// `files` or not; `{{{{` stands for a literal `{{`. A file with secrets needs `mode = "0600"`
    ///
    /// Example: `templates = ["Caddyfile"]`
    #[serde(default)]
    pub templates: Vec<FilePath>,
    /// Host that gets them; without it this machine
    #[schemars(example = &"backend")]
    pub host: Option<HostName>,
    /// Folder on the host, or in the project; made when it is not there
    #[schemars(example = &"/srv/app")]
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

impl Copy {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let place = self.host.as_ref().map_or_else(|| self.to.0.to_string(), |host| host.0.clone());
        match self.files.iter().chain(&self.templates).collect::<Vec<_>>().as_slice() {
            [one] => format!("copy {} to {place}", file_name(&one.0)),
            files => format!("copy {} files to {place}", files.len()),
        }
    }
}
