//! `[routes]`: where the traffic of something that stands twice, blue and green, is shared out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Argument, CommandLine};
use crate::config::template::Template;

/// What shares traffic out between two sides, `blue` and `green`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Route {
    /// What shares it out
    pub kind: RouteKind,
    /// The one side: an upstream such as `127.0.0.1:8001` (caddy), the ARN of a target group (alb), the set identifier of a
    /// record (route53)
    #[schemars(example = &"127.0.0.1:8001")]
    pub blue: Option<Argument>,
    /// The other side, in the same way
    #[schemars(example = &"127.0.0.1:8002")]
    pub green: Option<Argument>,
    /// Address of the admin API, as this machine reaches it (caddy)
    ///
    /// Default: `http://127.0.0.1:2019`
    pub admin: Option<Argument>,
    /// The `@id` of the handler `reverse_proxy` in the configuration of Caddy (caddy)
    ///
    /// Default: the name of the route
    ///
    /// Example: `id = "api-upstream"`
    pub id: Option<Argument>,
    /// ARN of the listener whose default action forwards (alb)
    #[schemars(example = &"{{output.listener_arn}}")]
    pub listener: Option<Argument>,
    /// ARN of the rule that forwards, in the place of the default action of a listener (alb)
    #[schemars(example = &"{{output.rule_arn}}")]
    pub rule: Option<Argument>,
    /// Hosted zone, by its ID (route53)
    #[schemars(example = &"{{output.zone_id}}")]
    pub zone: Option<Argument>,
    /// Name of the weighted records (route53)
    ///
    /// Example: `record = "api.example.com"`
    pub record: Option<Argument>,
    /// Type of the weighted records (route53)
    ///
    /// Default: `A`
    pub r#type: Option<String>,
    /// Region, where the variables and the profile of AWS do not say it (alb)
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Command that prints the share of green in percent, and nothing else (command)
    ///
    /// Example: `get = "./weights show"`
    pub get: Option<CommandLine>,
    /// Command that sets the shares; it gets them as `INFRACTL_BLUE` and `INFRACTL_GREEN`, in percent (command)
    ///
    /// Example: `set = "./weights set \"$INFRACTL_GREEN\""`
    pub set: Option<CommandLine>,
    /// What becomes of the shares when a run that changed them fails or is interrupted
    ///
    /// Default: `back`
    pub on_failure: Option<RouteOnFailure>,
}

/// What shares traffic out
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RouteKind {
    /// A `reverse_proxy` of Caddy, by its admin API
    Caddy,
    /// A listener or rule of an application load balancer of AWS, which forwards to two target groups
    Alb,
    /// Two weighted records of Route 53
    Route53,
    /// Commands of your own
    Command,
}

/// What becomes of the shares when a run fails
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RouteOnFailure {
    /// Those that were there before the run return
    #[default]
    Back,
    /// They stay as they are, and the rollout stays open until `traffic` ends it
    Keep,
}

/// A side of a route, or what is known of one
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The one
    Blue,
    /// The other
    Green,
    /// The one that gets nothing now
    Idle,
}

/// One of the two sides of a route, by what it gets
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LiveOrIdle {
    /// The one that gets everything
    Live,
    /// The one that gets nothing
    Idle,
}

impl Route {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<Template> {
        let commands = [&self.get, &self.set].into_iter().flatten().cloned().map(CommandLine::into_table);
        let commands = commands.flat_map(|table| table.templates().into_iter().cloned().collect::<Vec<_>>());
        self.arguments().map(|argument| argument.0.clone()).chain(commands).collect()
    }

    /// Every text in it that becomes an argument or an address.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        let all = [
            &self.blue,
            &self.green,
            &self.admin,
            &self.id,
            &self.listener,
            &self.rule,
            &self.zone,
            &self.record,
            &self.region,
        ];
        all.into_iter().flatten()
    }
}

impl RouteKind {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RouteKind::Caddy => "caddy",
            RouteKind::Alb => "alb",
            RouteKind::Route53 => "route53",
            RouteKind::Command => "command",
        }
    }
}

impl Side {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Side::Blue => "blue",
            Side::Green => "green",
            Side::Idle => "idle",
        }
    }
}
