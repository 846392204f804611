//! `[hosts]`: machines to log in to.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Address, Argument, FilePath, HostName, Input, SecretName};

/// A machine to log in to
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// Name or address
    ///
    /// Example: `address = "{{output.backend_ip}}"`
    pub address: Address,
    /// User to log in as
    ///
    /// Default: what `~/.ssh/config` says
    #[schemars(example = &"debian")]
    pub user: Option<Argument>,
    /// Port of its ssh
    ///
    /// Default: 22, or what `~/.ssh/config` says
    #[schemars(example = 2222)]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Its name at the cloud, for `stop`, `start` and `state`
    ///
    /// Example: `server = "{{environment}}-backend"`
    pub server: Option<Argument>,
    /// Secret that holds the private key to log in with
    ///
    /// Default: the keys of the agent and of `~/.ssh`
    #[schemars(example = &"DEPLOY_KEY")]
    pub identity: Option<SecretName>,
    /// File of the private key to log in with
    ///
    /// Example: `identity-file = "~/.ssh/id_deploy"`
    pub identity_file: Option<FilePath>,
    /// Host of `[hosts]` to go through
    #[schemars(example = &"bastion")]
    pub jump: Option<HostName>,
    /// Public host key, so that the first login is not on trust
    ///
    /// Example: `host-key = "{{output.backend_host_key}}"`
    pub host_key: Option<Argument>,
    /// Variables of this host in the inventory
    #[schemars(example = serde_json::json!({"ansible_become": true}))]
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
}
