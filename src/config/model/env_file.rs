//! `[env-file]`: what the environment file holds, and who reads it.

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FilePath, SecretName, VariableName};
use crate::config::template::Template;

/// The environment file that `apply` and `genenv` write
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct EnvFile {
    /// Where to write it
    ///
    /// Default: `shared/.env.{{environment}}`
    pub path: Option<FilePath>,
    /// Title in its header
    ///
    /// Default: `<project> <environment>`
    ///
    /// Example: `title = "Azure Environment"`
    pub title: Option<Template>,
    /// Who reads it; a value that this reader cannot hold is refused
    ///
    /// Default: `compose`
    pub dialect: Option<Dialect>,
    /// Variables that must not be set in this environment: neither in this file nor in tasks, containers and services of
    /// compose
    ///
    /// Example: `absent = ["MONGO_URI"]`
    #[serde(default)]
    pub absent: Vec<VariableName>,
    /// What to write, in order; without sections every output is written
    #[schemars(example = serde_json::json!([{"title": "Database", "values": {"POSTGRES_HOST": {"output": "postgres_host"}, "POSTGRES_PORT": 5432}}]))]
    pub sections: Option<Vec<Section>>,
}

/// Who reads the environment file
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// `docker compose`, by `env_file` or `.env`
    #[default]
    Compose,
    /// `docker run --env-file`
    Docker,
    /// A shell, by `. file`
    Shell,
    /// All of them: only values that each reads the same
    Portable,
}

impl Dialect {
    /// Every dialect, the default first.
    pub const ALL: [Dialect; 4] = [Dialect::Compose, Dialect::Docker, Dialect::Shell, Dialect::Portable];

    /// The word as written in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Compose => "compose",
            Dialect::Docker => "docker",
            Dialect::Shell => "shell",
            Dialect::Portable => "portable",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A part of the environment file under a title
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Section {
    /// Comment above the section
    ///
    /// Example: `title = "Azure Storage"`
    pub title: String,
    /// Variables and their values, in order
    ///
    /// Example: `values = { POSTGRES_HOST = { output = "postgres_host" }, POSTGRES_PORT = 5432 }`
    #[schemars(extend("propertyNames" = { "format": "variable" }))]
    pub values: IndexMap<String, Value>,
}

/// A value of the environment file
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub enum Value {
    /// Text, may name outputs, secrets and variables.
    Text(Template),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// The value of one name.
    Source(ValueSource),
}

/// The value of one name: of an output, a secret or a variable
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["output"] }, { "required": ["secret"] }, { "required": ["var"] }
]))]
pub struct ValueSource {
    /// Name of an output
    #[schemars(example = &"postgres_host")]
    pub output: Option<String>,
    /// Name of a secret
    #[schemars(example = &"POSTGRES_PASSWORD")]
    pub secret: Option<SecretName>,
    /// Name of a variable of infractl's own environment
    #[schemars(example = &"GITHUB_SHA")]
    pub var: Option<String>,
    /// Text to write when there is no such value
    #[schemars(example = &"none")]
    pub default: Option<Template>,
    /// Leave the line out when there is no such value
    #[serde(default)]
    pub optional: bool,
}
