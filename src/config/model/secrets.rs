//! `[secrets]`: where the secrets are.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FilePath, OneOrMany, SecretName, ValueFrom};

/// Where the secrets are and which must be there
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Secrets {
    /// SOPS files in order, later ones win
    ///
    /// Default: those of `credentials/common.enc.env` and `credentials/{{environment}}.enc.env` that exist
    #[schemars(example = ["credentials/common.enc.env", "credentials/{{environment}}.enc.env"])]
    pub files: Option<Vec<FilePath>>,
    /// Secrets that are in no SOPS file, by name: each comes from a source as those of `[values]` do, wins over one of the
    /// files, and reaches programs as they do
    ///
    /// Example: `from = { VAULT_TOKEN = { file = "~/.vault-token" } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "variable" }))]
    pub from: IndexMap<String, ValueFrom>,
    /// Keys that must be there and must not be empty
    ///
    /// Example: `required = ["OVH_APPLICATION_KEY"]`
    #[serde(default)]
    pub required: Vec<SecretName>,
    /// Keys that may be empty
    #[schemars(example = ["SMTP_PASSWORD"])]
    #[serde(default)]
    pub allow_empty: Vec<SecretName>,
    /// Files of age identities, tried besides `INFRACTL_AGE_KEY_FILE` and the places of sops
    ///
    /// Example: `identity = "~/.config/sops/age/keys.txt"`
    pub identity: Option<OneOrMany<FilePath>>,
}
