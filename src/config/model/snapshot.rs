//! `[snapshots]`: what is kept and restored.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, FilePath};

/// What a snapshot is made of
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotSource {
    /// Kind of thing that is kept
    ///
    /// Default: `command` when `create` is given
    pub kind: Option<SnapshotKind>,
    /// Server or volume at the cloud, container, or database
    pub of: Option<Argument>,
    /// Connection to the database; may name secrets (postgres)
    ///
    /// Example: `url = "{{secret.DATABASE_URL}}"`
    pub url: Option<crate::config::template::Template>,
    /// Folder that holds the copies (postgres, files)
    ///
    /// Default: `.infractl/snapshots/{{environment}}`
    pub dir: Option<FilePath>,
    /// How many are kept
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
    /// Region, where the provider asks for one
    pub region: Option<Argument>,
    /// Command that makes one; it gets its name as `INFRACTL_SNAPSHOT` (command)
    pub create: Option<CommandLine>,
    /// Command that lists them, one name per line (command)
    pub list: Option<CommandLine>,
    /// Command that restores one (command)
    pub restore: Option<CommandLine>,
    /// Command that checks one (command)
    pub verify: Option<CommandLine>,
    /// Command that removes one (command)
    pub remove: Option<CommandLine>,
}

/// Kind of snapshot
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// A machine or volume at an OpenStack cloud
    Openstack,
    /// A volume or database at AWS
    Aws,
    /// A disk at Azure
    Azure,
    /// A volume of docker on this machine
    Docker,
    /// A database, by `pg_dump`
    Postgres,
    /// Commands of your own
    Command,
}
