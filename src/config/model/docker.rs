//! The step `docker`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, ImageName, Invocation, Variables};
use crate::config::action_name::first;

/// Build, push or run an image: exactly one of `build`, `push`, `pull`, `run`, `stop`, `login`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["build"] }, { "required": ["push"] }, { "required": ["pull"] }, { "required": ["run"] },
    { "required": ["stop"] }, { "required": ["login"] }
]))]
pub struct Docker {
    /// Image of `[images]` to build
    #[schemars(example = &"api")]
    pub build: Option<ImageName>,
    /// Image of `[images]` to push, after a login
    #[schemars(example = &"api")]
    pub push: Option<ImageName>,
    /// Image to pull
    #[schemars(example = &"postgres:17")]
    pub pull: Option<Argument>,
    /// Image to run
    #[schemars(example = &"postgres:17")]
    pub run: Option<Argument>,
    /// Container to stop and remove
    #[schemars(example = &"scratch")]
    pub stop: Option<Argument>,
    /// Log in to `[registry]`
    pub login: Option<bool>,
    /// Command in the container (`run`)
    #[schemars(example = ["psql", "--version"])]
    pub command: Option<Invocation>,
    /// Name of the container (`run`)
    #[schemars(example = &"scratch")]
    pub name: Option<Argument>,
    /// Ports, as `8080:80` (`run`)
    #[schemars(example = ["127.0.0.1:5432:5432"])]
    #[serde(default)]
    pub ports: Vec<Argument>,
    /// Volumes, as `./data:/data:ro` (`run`)
    #[schemars(example = ["./data:/data:ro"])]
    #[serde(default)]
    pub volumes: Vec<Argument>,
    /// Network (`run`)
    #[schemars(example = &"host")]
    pub network: Option<Argument>,
    /// Variables; values may name secrets (`run`)
    #[schemars(example = serde_json::json!({"POSTGRES_PASSWORD": "{{secret.POSTGRES_PASSWORD}}"}))]
    #[serde(default)]
    pub env: Variables,
    /// File of variables (`run`)
    #[schemars(example = &"shared/.env.{{environment}}")]
    pub env_file: Option<FilePath>,
    /// Leave it running (`run`)
    #[serde(default)]
    pub detach: bool,
}

impl Docker {
    /// The key that wants `[registry]`.
    pub(crate) fn needs_registry(&self) -> Option<&'static str> {
        let keys = [("push", self.push.is_some()), ("login", self.login.is_some())];
        keys.into_iter().find(|(_, is_there)| *is_there).map(|(key, _)| key)
    }

    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let argument = |text: &Option<Argument>| text.as_ref().map(|text| text.0.to_string());
        let image = |name: &Option<ImageName>| name.as_ref().map(|name| name.0.clone());
        first(
            "docker",
            [
                ("build", image(&self.build)),
                ("push", image(&self.push)),
                ("pull", argument(&self.pull)),
                ("run", argument(&self.run)),
                ("stop", argument(&self.stop)),
                ("login", self.login.map(|_| String::new())),
            ],
        )
    }
}
