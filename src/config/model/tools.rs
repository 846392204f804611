//! `[tools]`: programs of the project and their versions.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{DownloadUrl, VersionRange};

/// A version, or a table with more said
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum ToolEntry {
    /// The version.
    Version(VersionRange),
    /// The version and where it can be had.
    Table(ToolTable),
}

/// A program, its version and where it can be had
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolTable {
    /// The version, or a range: `1.11.4`, `1.11`, `>= 1.10, < 1.12`, `~> 1.11.0`. One that is a single version can be
    /// installed by `infractl tools install`
    #[schemars(example = &"1.11.4")]
    pub version: VersionRange,
    /// Address of the archive (`.zip`, `.tar.gz`) or of the program itself; `{{version}}`, `{{os}}` (`linux`, `darwin`)
    /// and `{{arch}}` (`amd64`, `arm64`) stand for what is asked for. infractl knows the addresses of terraform, tofu,
    /// kubectl, helm, k3d, kind, kustomize, argocd, sops, age, just and task
    ///
    /// Example: `url = "https://example.org/tool-{{version}}-{{os}}-{{arch}}.tar.gz"`
    pub url: Option<DownloadUrl>,
    /// The program inside of the archive
    ///
    /// Default: the file with the name of the tool
    ///
    /// Example: `program = "bin/tool-linux"`
    pub program: Option<String>,
    /// What `{{os}}` is called in the address
    ///
    /// Example: `os = { linux = "Linux", darwin = "macOS" }`
    #[serde(default)]
    pub os: IndexMap<String, String>,
    /// What `{{arch}}` is called in the address
    ///
    /// Example: `arch = { amd64 = "x86_64", arm64 = "aarch64" }`
    #[serde(default)]
    pub arch: IndexMap<String, String>,
}

impl ToolEntry {
    /// The same as a table.
    pub(crate) fn into_table(self) -> ToolTable {
        match self {
            ToolEntry::Version(version) => {
                ToolTable { version, url: None, program: None, os: IndexMap::new(), arch: IndexMap::new() }
            }
            ToolEntry::Table(table) => table,
        }
    }
}
