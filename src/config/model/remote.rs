//! The step `remote`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, HostName, Invocation, Variables};
use crate::config::template::Template;

/// A command on a host
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remote {
    /// Host that runs it
    #[schemars(example = &"backend")]
    pub host: HostName,
    /// A line for the shell, or a list of arguments
    #[schemars(example = &"systemctl restart app")]
    pub run: Invocation,
    /// Folder on the host
    #[schemars(example = &"/srv/app")]
    pub dir: Option<Argument>,
    /// Variables of the command; values may name secrets, which travel by standard input
    #[schemars(example = serde_json::json!({"TOKEN": "{{secret.TOKEN}}"}))]
    #[serde(default)]
    pub env: Variables,
    /// What it reads on standard input; may name secrets
    #[schemars(example = &"{{secret.TOKEN}}")]
    pub input: Option<Template>,
}

impl Remote {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        format!("{}: {}", self.host.0, self.run.name())
    }
}
