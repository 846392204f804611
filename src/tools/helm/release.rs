//! What helm says of a release: JSON of `helm status`, `helm history`, `helm list` and of an upgrade that was not done.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

/// A revision of a release.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Release {
    /// How it is: `deployed`, `failed`, `pending-upgrade`…
    pub status: String,
    /// Its number, from 1.
    pub revision: u64,
    /// When it got there.
    pub since: Option<Timestamp>,
    /// What it is made of, as YAML.
    pub manifest: String,
    /// What runs before and after, as YAML.
    pub hooks: Vec<String>,
    /// The values that were given.
    pub values: Json,
    /// Its chart, `minio-5.4.0`; none where helm does not say.
    pub chart: Option<String>,
}

/// What a helm that died leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Of the first revision.
    Install,
    /// Of a later one, or of the way back.
    Upgrade,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    info: Info,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    hooks: Option<Vec<Hook>>,
    #[serde(default)]
    config: Json,
    #[serde(default)]
    chart: Option<Chart>,
}

#[derive(Default, Deserialize)]
struct Info {
    #[serde(default)]
    status: String,
    #[serde(default)]
    last_deployed: Option<String>,
}

#[derive(Deserialize)]
struct Hook {
    #[serde(default)]
    manifest: String,
}

#[derive(Deserialize)]
struct Chart {
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Revision {
    revision: u64,
    status: String,
}

#[derive(Deserialize)]
struct Listed {
    chart: String,
}

impl Release {
    /// Reads what helm printed; lines before the JSON are helm's own talk.
    pub(crate) fn parse(printed: &[u8]) -> Option<Release> {
        let start = printed.iter().position(|byte| *byte == b'{')?;
        let said: Said = serde_json::Deserializer::from_slice(&printed[start..]).into_iter().next()?.ok()?;
        let chart = said.chart.and_then(|chart| chart.metadata);
        Some(Release {
            status: said.info.status,
            revision: said.version,
            since: said.info.last_deployed.and_then(|text| text.parse().ok()),
            manifest: said.manifest,
            hooks: said.hooks.unwrap_or_default().into_iter().map(|hook| hook.manifest).collect(),
            values: if said.config.is_null() { Json::Object(serde_json::Map::new()) } else { said.config },
            chart: chart.map(|chart| format!("{}-{}", chart.name, chart.version)),
        })
    }

    /// What a helm left behind that is at it, or died.
    pub(crate) fn pending(&self) -> Option<Pending> {
        match self.status.as_str() {
            "pending-install" => Some(Pending::Install),
            "pending-upgrade" | "pending-rollback" => Some(Pending::Upgrade),
            _ => None,
        }
    }
}

/// Whether helm says that there is no such release.
pub(crate) fn is_absent(tail: &str) -> bool {
    tail.contains("release: not found")
}

/// The revision to go back to: the last one that is, or was, deployed; none when no revision ever was.
pub(crate) fn last_deployed(history: &[u8]) -> Option<u64> {
    let all: Vec<Revision> = serde_json::from_slice(history).ok()?;
    let last = |status: &str| all.iter().filter(|one| one.status == status).map(|one| one.revision).max();
    last("deployed").or_else(|| last("superseded"))
}

/// The chart of the only release of a list.
pub(crate) fn listed_chart(list: &[u8]) -> Option<String> {
    let all: Vec<Listed> = serde_json::from_slice(list).ok()?;
    match all.as_slice() {
        [one] => Some(one.chart.clone()),
        _ => None,
    }
}
