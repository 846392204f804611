//! `[maintenance]`: a page that stands in front of everything while something is mended.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, FilePath, Period};

/// A page that stands in front of everything while something is mended: status 503, put there and taken away by the step
/// and the verb `maintenance`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Maintenance {
    /// What shows it
    pub kind: MaintenanceKind,
    /// What people read (caddy, alb)
    ///
    /// Default: `Down for maintenance. Back soon.`
    pub text: Option<String>,
    /// File with what people read, in the place of `text`; HTML if its name says so (caddy, alb)
    ///
    /// Example: `file = "pages/maintenance.html"`
    pub file: Option<FilePath>,
    /// When programs may ask again: the header `Retry-After` (caddy)
    ///
    /// Default: `10m`
    pub retry_after: Option<Period>,
    /// Address of the admin API, as this machine reaches it (caddy)
    ///
    /// Default: `http://127.0.0.1:2019`
    pub admin: Option<Argument>,
    /// Server in the configuration of Caddy (caddy)
    ///
    /// Default: the only one
    #[schemars(example = &"srv0")]
    pub server: Option<Argument>,
    /// Names of hosts that it is shown for (caddy)
    ///
    /// Default: all
    #[schemars(example = ["app.example.com"])]
    #[serde(default)]
    pub hosts: Vec<Argument>,
    /// Addresses and networks that get through all the same (caddy)
    ///
    /// Example: `allow = ["203.0.113.0/24"]`
    #[serde(default)]
    pub allow: Vec<Argument>,
    /// ARN of the listener (alb)
    #[schemars(example = &"{{output.listener_arn}}")]
    pub listener: Option<Argument>,
    /// Priority of the rule that shows it, which no other rule of the listener has (alb)
    ///
    /// Default: `1`
    #[schemars(range(min = 1, max = 50000))]
    pub priority: Option<u32>,
    /// Region, where the listener, the variables and the profile of AWS do not say it (alb)
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Command that shows it (command)
    #[schemars(example = &"./page on")]
    pub on: Option<CommandLine>,
    /// Command that takes it away (command)
    #[schemars(example = &"./page off")]
    pub off: Option<CommandLine>,
    /// Command that prints `on` or `off`, whichever it is (command)
    #[schemars(example = &"./page state")]
    pub state: Option<CommandLine>,
}

/// What shows the page
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MaintenanceKind {
    /// Caddy, by its admin API: a route before all others
    Caddy,
    /// A rule of a listener of an application load balancer of AWS
    Alb,
    /// Commands of your own
    Command,
}

/// Whether the page is shown
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnOff {
    /// It is shown
    On,
    /// It is not
    Off,
}

impl OnOff {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            OnOff::On => "on",
            OnOff::Off => "off",
        }
    }
}

impl Maintenance {
    /// Every text in it that becomes an argument or an address.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        let all = [&self.admin, &self.server, &self.listener, &self.region];
        all.into_iter().flatten().chain(&self.hosts).chain(&self.allow)
    }

    /// Its commands.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &CommandLine> {
        [&self.on, &self.off, &self.state].into_iter().flatten()
    }
}
