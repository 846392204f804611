//! `[inventory]`: what the ansible inventory holds.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FilePath, HostName, Input};

/// The ansible inventory that `apply` and `inventory` write
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Inventory {
    /// Where to write it
    ///
    /// Default: `ansible/inventory/{{environment}}.ini`, or `.yml` as the format asks
    #[schemars(example = &"ansible/inventory/{{environment}}.ini")]
    pub path: Option<FilePath>,
    /// How to write it
    ///
    /// Default: by the end of the path, else `ini`
    pub format: Option<InventoryFormat>,
    /// Groups by name; a group with the name of the environment, which all hosts are in, is there without being
    /// declared
    ///
    /// Example: `groups.backend = { hosts = ["backend"] }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "name" }))]
    pub groups: IndexMap<String, Group>,
    /// Variables of every host; values may name outputs
    #[schemars(example = serde_json::json!({"ansible_python_interpreter": "auto"}))]
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Inventory that finds machines by itself: a file for a plugin of ansible, or a program; playbooks get it beside the one
    /// that is written
    ///
    /// Example: `dynamic = "ansible/inventory/aws_ec2.yml"`
    pub dynamic: Option<FilePath>,
    /// How many machines groups have at least, found and written together; looked at before a playbook. With `dynamic` there
    /// has to be one in any case
    ///
    /// Example: `expect = { backend = 1 }`
    #[serde(default)]
    pub expect: IndexMap<String, u32>,
}

/// How the inventory is written
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InventoryFormat {
    /// `[group]` and lines of hosts
    #[default]
    Ini,
    /// YAML
    Yaml,
}

/// A group of the inventory
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Group {
    /// Hosts of `[hosts]` in it
    #[schemars(example = ["backend"])]
    #[serde(default)]
    pub hosts: Vec<HostName>,
    /// Groups in it
    #[schemars(example = ["web"])]
    #[serde(default)]
    pub children: Vec<String>,
    /// Variables of the group; values may name outputs
    #[schemars(example = serde_json::json!({"http_port": 8080}))]
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
}
