//! `[snapshots]`: what is kept and restored.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, CommandTable, FilePath, Invocation, Variables};
use crate::config::template::Template;

/// What a snapshot is made of
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotSource {
    /// Kind of thing that is kept
    ///
    /// Default: `command` when `create` is given
    pub kind: Option<SnapshotKind>,
    /// What it is a snapshot of: a volume of OpenStack by its name or id; at AWS a volume by its id (`vol-…`), else a database of
    /// RDS by its name; a disk of Azure by its name or id; a volume of docker
    ///
    /// Example: `of = "{{output.volume_id}}"`
    pub of: Option<Argument>,
    /// Connection to the database; may name secrets (postgres)
    ///
    /// Example: `url = "{{secret.DATABASE_URL}}"`
    pub url: Option<Template>,
    /// Where the programs of PostgreSQL run: on this machine, on a host of `[hosts]` (`ssh:HOST`), in a container that
    /// runs (`docker:CONTAINER`), or in one of an image (`image:IMAGE`). The copy comes here in any case (postgres). For a
    /// volume the image that packs it, which has `tar` (docker)
    ///
    /// Default: `local`; for a volume `image:busybox`
    ///
    /// Example: `via = "docker:shop-db-1"`
    pub via: Option<String>,
    /// Folder that holds the copies (postgres, docker) and what is known of them
    ///
    /// Default: `.infractl/snapshots/{{environment}}`
    pub dir: Option<FilePath>,
    /// How many are kept, or by which rule; what any of them keeps stays
    ///
    /// Example: `keep = { last = 3, daily = 7, weekly = 4, monthly = 6 }`
    pub keep: Option<KeepEntry>,
    /// Take it also of a volume that a running container uses, which may be half written (docker), or that is attached to a
    /// server: then it is as after a power cut (openstack)
    ///
    /// Default: `false`
    #[serde(default)]
    pub live: bool,
    /// Region, where the provider asks for one
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// Resource group of the disk, and of its snapshots (azure)
    #[schemars(example = &"rg-{{environment}}")]
    pub resource_group: Option<Argument>,
    /// Command that makes one; it gets its name as `INFRACTL_SNAPSHOT` (command)
    #[schemars(example = &"./backup create")]
    pub create: Option<CommandLine>,
    /// Command that lists them, one name per line (command)
    #[schemars(example = &"./backup list")]
    pub list: Option<CommandLine>,
    /// Command that restores one (command)
    #[schemars(example = &"./backup restore")]
    pub restore: Option<CommandLine>,
    /// Command that checks one (command), what the restored database is asked (postgres), or whether it is restored at all
    /// (aws, openstack, azure)
    ///
    /// Example: `verify = { query = "select count(*) from trips", at-least = 1 }`
    pub verify: Option<SnapshotVerify>,
    /// Command that removes one (command)
    #[schemars(example = &"./backup remove")]
    pub remove: Option<CommandLine>,
}

/// Kind of snapshot
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// A volume at an OpenStack cloud
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

/// How many copies are kept: a number is the last ones
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub enum KeepEntry {
    /// The last ones.
    Last(#[schemars(range(min = 1))] u32),
    /// By several rules.
    Rules(Keep),
}

/// Which copies are kept: one stays if any rule keeps it. Days, weeks and months are those of UTC
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keep {
    /// The last ones
    #[schemars(example = 3)]
    #[schemars(range(min = 0))]
    pub last: Option<u32>,
    /// The last one of each of so many days
    #[schemars(example = 7)]
    #[schemars(range(min = 0))]
    pub daily: Option<u32>,
    /// The last one of each of so many weeks
    #[schemars(example = 4)]
    #[schemars(range(min = 0))]
    pub weekly: Option<u32>,
    /// The last one of each of so many months
    #[schemars(example = 6)]
    #[schemars(range(min = 0))]
    pub monthly: Option<u32>,
}

/// How a copy is checked
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // as above
pub enum SnapshotVerify {
    /// A line for the shell.
    Shell(Argument),
    /// A program and its arguments, without a shell.
    Argv(Vec<Argument>),
    /// With more said.
    Table(Box<SnapshotCheck>),
}

/// What is asked of a copy
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotCheck {
    /// Query that the restored database answers (postgres)
    #[schemars(example = &"select count(*) from orders")]
    pub query: Option<String>,
    /// The least number that the query may give (postgres)
    #[schemars(example = 1)]
    pub at_least: Option<i64>,
    /// Restore it into something new, and remove that again; else it is only looked whether the cloud has it whole (aws,
    /// openstack, azure)
    ///
    /// Default: `false`
    #[serde(default)]
    pub restore: bool,
    /// Class of the server that a database is restored to for the check (aws)
    ///
    /// Default: that of the database
    ///
    /// Example: `class = "db.t4g.micro"`
    pub class: Option<String>,
    /// Connection to the server that restores it for the check; may name secrets (postgres)
    ///
    /// Default: that of `url`
    #[schemars(example = &"{{secret.SCRATCH_URL}}")]
    pub into: Option<Template>,
    /// A line for the shell, or a list of arguments (command)
    #[schemars(example = &"./backup check")]
    pub run: Option<Invocation>,
    /// Folder to run in (command)
    ///
    /// Default: the root of the project
    #[schemars(example = &"backup")]
    pub dir: Option<FilePath>,
    /// More variables; values may name secrets (command)
    #[schemars(example = serde_json::json!({"DEPTH": "full"}))]
    #[serde(default)]
    pub env: Variables,
    /// What it reads on standard input; may name secrets (command)
    #[schemars(example = &"{{secret.BACKUP_PASSWORD}}")]
    pub input: Option<Template>,
}

impl SnapshotSource {
    /// Its kind, said or not.
    pub(crate) fn kind(&self) -> Option<SnapshotKind> {
        self.kind.or(self.create.as_ref().map(|_| SnapshotKind::Command))
    }
}

impl SnapshotKind {
    /// A cloud keeps them, and what is known of them.
    pub(crate) fn is_away(self) -> bool {
        matches!(self, SnapshotKind::Aws | SnapshotKind::Openstack | SnapshotKind::Azure)
    }

    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            SnapshotKind::Openstack => "openstack",
            SnapshotKind::Aws => "aws",
            SnapshotKind::Azure => "azure",
            SnapshotKind::Docker => "docker",
            SnapshotKind::Postgres => "postgres",
            SnapshotKind::Command => "command",
        }
    }
}

impl KeepEntry {
    /// The rules.
    pub(crate) fn rules(&self) -> Keep {
        match self {
            KeepEntry::Last(last) => Keep { last: Some(*last), ..Keep::default() },
            KeepEntry::Rules(keep) => keep.clone(),
        }
    }
}

impl SnapshotVerify {
    /// What a database is asked; none when it is a command.
    pub(crate) fn check(&self) -> Option<&SnapshotCheck> {
        match self {
            SnapshotVerify::Table(check) => Some(check),
            SnapshotVerify::Shell(_) | SnapshotVerify::Argv(_) => None,
        }
    }

    /// The command; none when it is none.
    pub(crate) fn command(&self) -> Option<CommandTable> {
        let table =
            |run| CommandTable { run, dir: None, env: Variables::new(), input: None, interactive: false };
        match self {
            SnapshotVerify::Shell(line) => Some(table(Invocation::Shell(line.clone()))),
            SnapshotVerify::Argv(words) => Some(table(Invocation::Argv(words.clone()))),
            SnapshotVerify::Table(check) => Some(CommandTable {
                dir: check.dir.clone(),
                env: check.env.clone(),
                input: check.input.clone(),
                ..table(check.run.clone()?)
            }),
        }
    }
}
