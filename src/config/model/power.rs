//! `[power]`: what `stop`, `start` and `state` act on.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, Period};

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
    #[schemars(example = ["{{environment}}-worker"])]
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
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Resource group (azure)
    #[schemars(example = &"rg-{{environment}}")]
    pub resource_group: Option<Argument>,
    /// Compose project, by its name, or by its folder when that has a `/` (docker)
    #[schemars(example = &"app")]
    pub project: Option<Argument>,
    /// Command that stops (provider `command`)
    #[schemars(example = &"./lab stop")]
    pub stop: Option<CommandLine>,
    /// Command that starts (provider `command`)
    #[schemars(example = &"./lab start")]
    pub start: Option<CommandLine>,
    /// Command that shows the state (provider `command`)
    #[schemars(example = &"./lab state")]
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

impl Provider {
    /// The program that is started for it.
    pub(crate) fn program(self) -> Option<&'static str> {
        match self {
            Provider::Openstack => Some("openstack"),
            Provider::Aws => Some("aws"),
            Provider::Azure => Some("az"),
            Provider::Docker => Some("docker"),
            Provider::Command => None,
        }
    }
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
