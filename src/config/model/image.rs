//! `[images]`: what `build` makes.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, SecretName};

/// An image to build and push
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// Folder that is built
    ///
    /// Default: the root of the project
    #[schemars(example = &"api")]
    pub context: Option<FilePath>,
    /// Dockerfile
    ///
    /// Default: `Dockerfile` in the context
    #[schemars(example = &"docker/Dockerfile")]
    pub dockerfile: Option<FilePath>,
    /// Platform, whatever this machine is
    ///
    /// Example: `platform = "linux/amd64"`
    pub platform: Option<Argument>,
    /// Stage to build
    #[schemars(example = &"runtime")]
    pub target: Option<Argument>,
    /// Name without registry and tag
    ///
    /// Default: the name of this table
    #[schemars(example = &"team/api")]
    pub repository: Option<Argument>,
    /// Tags
    ///
    /// Default: the git commit
    ///
    /// Example: `tags = ["latest", "{{var.GITHUB_SHA}}"]`
    #[serde(default)]
    pub tags: Vec<Argument>,
    /// Build arguments; they stay readable in the image, so no secrets
    #[schemars(example = serde_json::json!({"VERSION": "{{var.GITHUB_SHA}}"}))]
    #[serde(default)]
    pub args: IndexMap<String, Argument>,
    /// Secrets to mount while building, by name
    #[schemars(example = ["NPM_TOKEN"])]
    #[serde(default)]
    pub secrets: Vec<SecretName>,
    /// Build no commit again that the registry has: its digest is used
    ///
    /// Default: `true`, unless something here names a value, which may be another one in each environment
    pub reuse: Option<bool>,
    /// Keep what buildx attests (`BUILDX_NO_DEFAULT_ATTESTATIONS` is set otherwise): the image becomes an index
    #[serde(default)]
    pub attestations: bool,
}
