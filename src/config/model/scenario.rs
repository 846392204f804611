//! `[scenarios]`, `[components]` and `[needs]`: what an environment can be, and what that takes of a machine.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

use super::Input;
use crate::text;

/// One of `[scenarios]`: the name of one, for `default`, or what it is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
#[expect(clippy::large_enum_variant, reason = "there are few scenarios, and only one of them is a name")]
pub(crate) enum ScenarioEntry {
    /// The scenario of runs that name none while nothing is up.
    Default(ScenarioName),
    /// What it is.
    Scenario(Scenario),
}

/// A part of what an environment can be, chosen by `--scenario NAME`. `default` names the scenario of runs that name none
/// while nothing is up
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// One line for people, shown by `infractl scenario list`
    ///
    /// Example: `description = "notebooks, and models to ask"`
    pub description: Option<String>,
    /// Scenarios that are part of this one, in order
    ///
    /// Example: `include = ["etl"]`
    #[serde(default)]
    pub include: Vec<ScenarioName>,
    /// What is in it besides, by names of your own: conditions of steps ask for them, and `components-var` of `[terraform]`
    /// hands them on
    ///
    /// Example: `components = ["trino", "superset"]`
    #[serde(default)]
    pub components: Vec<Tag>,
    /// Variables of the root module, over those of `[terraform]`, of its components and of what it includes, key by key
    ///
    /// Example: `vars = { gpu = true }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// What it takes of a machine, where that is not the sum of its components
    pub needs: Option<Demand>,
}

/// A component of scenarios: one that is not written here has neither needs nor variables
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Component {
    /// One line for people, shown by `infractl scenario list`
    ///
    /// Example: `description = "SQL over everything"`
    pub description: Option<String>,
    /// Variables of the root module while it is in the scenario, over those of `[terraform]`
    ///
    /// Example: `vars = { with_argocd = true }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// What it takes of a machine
    pub needs: Option<Demand>,
}

/// What is taken of the machine that it runs on. Looked at before anything is brought up; `--ignore-needs` goes on all the
/// same
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Demand {
    /// Memory that is free
    ///
    /// Example: `memory = "12GiB"`
    pub memory: Option<Size>,
    /// Processors that are there
    ///
    /// Example: `cpu = 4`
    pub cpu: Option<f64>,
    /// Space that is free: where docker keeps its images and volumes, if the environment works with docker, else where the
    /// project is
    ///
    /// Example: `disk = "40GiB"`
    pub disk: Option<Size>,
    /// Ports of TCP that nobody else listens at
    ///
    /// Example: `ports = [8081, "8200"]`
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Graphics processors that are there
    ///
    /// Example: `gpu = 1`
    pub gpu: Option<u32>,
    /// As many files may be watched as a cluster of containers does: 512 watchers, 524288 files
    ///
    /// Default: `false`
    pub inotify: Option<bool>,
}

/// Name of a scenario of `[scenarios]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ScenarioName(pub String);

/// Name of a component that one of the scenarios has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ComponentName(pub String);

/// A name that is given here, of letters, digits, `_` and `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub String);

/// An amount of memory or space, in bytes: `12GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// A port of TCP: `8081`, `"8200"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

impl Port {
    /// The port that a text means.
    pub(crate) fn parse(text: &str) -> Option<Port> {
        text.trim().parse().ok().filter(|port| *port > 0).map(Port)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        text::size::parse(&written).map(Size).ok_or_else(|| de::Error::custom("not an amount"))
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = match Json::deserialize(deserializer)? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        Port::parse(&written).ok_or_else(|| de::Error::custom("not a port"))
    }
}
