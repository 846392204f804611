//! Sections about machines: how to reach them, how to stop and start them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Address, Argument, CommandLine, FilePath, HostName, Input, Period, SecretName};

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
    pub user: Option<Argument>,
    /// Port of its ssh
    ///
    /// Default: 22, or what `~/.ssh/config` says
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Its name at the cloud, for `stop`, `start` and `state`
    ///
    /// Example: `server = "{{environment}}-backend"`
    pub server: Option<Argument>,
    /// Secret that holds the private key to log in with
    ///
    /// Default: the keys of the agent and of `~/.ssh`
    pub identity: Option<SecretName>,
    /// File of the private key to log in with
    ///
    /// Example: `identity-file = "~/.ssh/id_deploy"`
    pub identity_file: Option<FilePath>,
    /// Host of `[hosts]` to go through
    pub jump: Option<HostName>,
    /// Public host key, so that the first login is not on trust
    ///
    /// Example: `host-key = "{{output.backend_host_key}}"`
    pub host_key: Option<Argument>,
    /// Variables of this host in the inventory
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
}

/// What `stop`, `start` and `state` act on
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Power {
    /// Who runs the machines
    pub provider: Option<Provider>,
    /// Who runs the databases: `aws` or `command`
    ///
    /// Default: `provider`
    pub database_provider: Option<Provider>,
    /// Machines at the cloud besides the `server` of each host
    #[serde(default)]
    pub servers: Vec<Argument>,
    /// Managed databases that can be stopped, by their name at the cloud
    ///
    /// Example: `databases = ["{{environment}}-postgresql"]`
    #[serde(default)]
    pub databases: Vec<Argument>,
    /// What `stop` does where the cloud knows several ways; `shelve` is the one that is not billed
    ///
    /// Default: `stop`, with azure `deallocate`
    pub mode: Option<PowerMode>,
    /// Region, where the provider asks for one
    pub region: Option<Argument>,
    /// Resource group (azure)
    pub resource_group: Option<Argument>,
    /// Compose project, by its name, or by its folder when that has a `/` (docker)
    pub project: Option<Argument>,
    /// Command that stops (provider `command`)
    pub stop: Option<CommandLine>,
    /// Command that starts (provider `command`)
    pub start: Option<CommandLine>,
    /// Command that shows the state (provider `command`)
    pub state: Option<CommandLine>,
    /// How long to wait until the machines are in the state asked for
    ///
    /// Default: `5m`
    pub timeout: Option<Period>,
}

/// Who runs the machines
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// The `openstack` program: OVH, and every OpenStack cloud
    Openstack,
    /// The `aws` program
    Aws,
    /// The `az` program
    Azure,
    /// `docker` on this machine
    Docker,
    /// Commands of your own
    Command,
}

/// What `stop` does
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PowerMode {
    /// Switch off; most clouds go on billing
    #[default]
    Stop,
    /// Give the machine back and keep its disk (openstack); only the disk is billed
    Shelve,
    /// Keep the memory of the machine (openstack); billed
    Suspend,
    /// Give the machine back and keep its disk (azure); only the disk is billed
    Deallocate,
}
