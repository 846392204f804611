//! `[release]`: versions, tags, promotions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FilePath;

/// Versions, tags and what a promotion takes along
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// File that holds the version
    ///
    /// Default: `VERSION`
    pub version_file: Option<FilePath>,
    /// Text before the version in a tag
    ///
    /// Default: `v`
    pub tag_prefix: Option<String>,
    /// Branch that releases are made on
    ///
    /// Default: `main`
    pub branch: Option<String>,
    /// Branches on which an older release is mended: patches only; `*` stands for any text
    ///
    /// Default: none
    ///
    /// Example: `hotfix = "hotfix/*"`
    pub hotfix: Option<String>,
    /// File that gets a section per release
    #[schemars(example = &"CHANGELOG.md")]
    pub changelog: Option<FilePath>,
    /// Remote that tags are pushed to
    ///
    /// Default: `origin`
    pub remote: Option<String>,
    /// How version and changelog get to the branch
    ///
    /// Default: `commit`
    pub write: Option<Write>,
    /// What a commit that breaks something asks for below 1.0.0
    ///
    /// Default: `minor`
    pub zero: Option<Zero>,
    /// Whether the schema of the data goes back: what `rollback` asks a word for
    ///
    /// Default: `none`
    pub migrations: Option<Migrations>,
    /// Images of `[images]` that a promotion takes along, by digest
    ///
    /// Default: all
    #[schemars(example = ["api"])]
    pub images: Option<Vec<super::ImageName>>,
    /// Snapshots of `[snapshots]` that are made and checked first
    #[schemars(example = ["database"])]
    #[serde(default)]
    pub snapshots: Vec<super::SnapshotName>,
}

/// How version and changelog get to the branch
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Write {
    /// A commit, pushed together with the tag
    #[default]
    Commit,
    /// A commit on a branch of its own, to be merged; the tag follows when `release` runs after the merge
    MergeRequest,
    /// They do not: there is only the tag
    None,
}

/// What a commit that breaks something asks for below 1.0.0
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Zero {
    /// 0.2.3 becomes 0.3.0
    #[default]
    Minor,
    /// 0.2.3 becomes 1.0.0
    Major,
}

/// Whether the schema of the data goes back
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Migrations {
    /// Releases do not change it
    #[default]
    None,
    /// An older release can take the newer schema, or takes it back
    Reversible,
    /// An older release may not know what a newer one has made of the data
    ForwardOnly,
}
