//! The step `compose`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, HostName, Variables};

/// `docker compose`, here or on a host: exactly one of `up`, `down`, `restart`, `stop`, `build`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["up"] }, { "required": ["down"] }, { "required": ["restart"] }, { "required": ["stop"] },
    { "required": ["build"] }
]))]
pub struct Compose {
    /// Host that runs it; without it this machine
    #[schemars(example = &"backend")]
    pub host: Option<HostName>,
    /// Folder of the compose file, on the host or in the project
    #[schemars(example = &"/srv/app")]
    pub dir: Option<Argument>,
    /// Compose files in that folder
    ///
    /// Default: what compose finds
    #[schemars(example = ["compose.yaml"])]
    #[serde(default)]
    pub files: Vec<Argument>,
    /// Name of the compose project
    #[schemars(example = &"app")]
    pub project: Option<Argument>,
    /// File of variables in that folder, for `--env-file`
    #[schemars(example = &"shared/.env.{{environment}}")]
    pub env_file: Option<Argument>,
    /// Create and start
    pub up: Option<bool>,
    /// Stop and remove
    pub down: Option<bool>,
    /// Restart
    pub restart: Option<bool>,
    /// Stop
    pub stop: Option<bool>,
    /// Build the images
    pub build: Option<bool>,
    /// When images are pulled (`up`)
    pub pull: Option<Pull>,
    /// Wait until the services are healthy (`up`)
    #[serde(default)]
    pub wait: bool,
    /// Remove containers of services that are gone (`up`, `down`)
    #[serde(default)]
    pub remove_orphans: bool,
    /// Remove the volumes as well (`down`)
    #[serde(default)]
    pub volumes: bool,
    /// Profiles to turn on
    #[schemars(example = ["metrics"])]
    #[serde(default)]
    pub profiles: Vec<Argument>,
    /// Services it is about
    ///
    /// Default: all
    #[schemars(example = ["web"])]
    #[serde(default)]
    pub services: Vec<Argument>,
    /// Variables of compose; values may name secrets
    #[schemars(example = serde_json::json!({"TAG": "{{var.GITHUB_SHA}}"}))]
    #[serde(default)]
    pub env: Variables,
}

/// When images are pulled
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pull {
    /// Each time
    Always,
    /// Those that are not there
    Missing,
    /// Never
    Never,
}

impl Compose {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let verbs = [
            (self.up, "up"),
            (self.down, "down"),
            (self.restart, "restart"),
            (self.stop, "stop"),
            (self.build, "build"),
        ];
        let verb = verbs.iter().find(|(given, _)| given.is_some()).map_or("", |(_, verb)| *verb);
        match &self.host {
            Some(host) => format!("compose {verb} on {}", host.0),
            None => format!("compose {verb}"),
        }
    }
}
