//! `[registry]`: where images are pushed to.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, SecretName};

/// Where images are pushed to
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registry {
    /// Name of the server
    ///
    /// Example: `server = "123456789012.dkr.ecr.eu-west-3.amazonaws.com"`
    pub server: Argument,
    /// How to log in
    ///
    /// Default: `password` when `password` is given, else the login of the docker program
    pub login: Option<RegistryLogin>,
    /// User to log in as
    #[schemars(example = &"ci")]
    pub user: Option<Argument>,
    /// Secret that holds the password
    #[schemars(example = &"REGISTRY_PASSWORD")]
    pub password: Option<SecretName>,
    /// Region (ecr)
    ///
    /// Default: the one in the name of the server
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Make a repository that is not there, with tags that never change (ecr)
    #[serde(default)]
    pub create: bool,
}

/// How to log in to the registry
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryLogin {
    /// User and password
    Password,
    /// A password that the `aws` program gives for 12 hours
    Ecr,
    /// A token that the `az` program gives for 3 hours
    Acr,
    /// None
    None,
}
