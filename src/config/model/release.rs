//! `[release]`: versions, tags, promotions.

use schemars::JsonSchema;
use serde::Deserialize;

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
    /// File that gets a section per release
    pub changelog: Option<FilePath>,
    /// Remote that tags are pushed to
    ///
    /// Default: `origin`
    pub remote: Option<String>,
    /// Images of `[images]` that a promotion takes along, by digest
    ///
    /// Default: all
    pub images: Option<Vec<super::ImageName>>,
    /// Snapshots of `[snapshots]` that are made and checked first
    #[serde(default)]
    pub snapshots: Vec<super::SnapshotName>,
}
