//! The lines of the records of an environment: each says one thing that happened to it, as a JSON object.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::model::Migrations;
use crate::history::State;
use crate::steps::traffic::Weights;

/// Version of the form.
pub(crate) const SCHEMA: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Line {
    /// Version of the form.
    pub schema: u32,
    /// Counted from 1, without a gap.
    pub number: u64,
    /// When, UTC.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// On which machine.
    pub host: String,
    /// The number of the run in the history of that machine.
    #[serde(default)]
    pub run: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// SHA-256 of the line before; empty in the first.
    pub before: String,
}

/// What happened. Deployments are named by the number of the line that they began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum What {
    /// A deployment changes the environment from now on.
    Began(Begun),
    /// It is over.
    Deployed(Deployed),
    /// All was well with it.
    Verified { deployment: u64 },
    /// Nothing is deployed any more until somebody allows it.
    Frozen { deployment: u64, why: String },
    /// Somebody allowed it.
    Thawed,
    /// A run changes how traffic is shared out from now on: what was there before.
    Moves(Moves),
    /// That is over: what is there now.
    Settled(Moves),
    /// It is brought up from now on: what `[ttl]` counts from.
    Up { verb: String },
    /// It was taken down, or stopped.
    Down {
        verb: String,
        #[serde(default)]
        destroyed: bool,
    },
    /// It may stay up until then.
    Extended { until: Timestamp },
    /// What a newer infractl wrote.
    #[serde(other)]
    Unknown,
}

/// A deployment as it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Begun {
    /// `deploy`, `up`, `promote`, `rollback`, or a pipeline that does one of them.
    pub verb: String,
    /// Where.
    pub environment: String,
    /// What.
    #[serde(flatten)]
    pub of: Release,
    /// The environment that it was taken from, by `promote`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The deployment that `rollback` left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<u64>,
    /// The run of a forge that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What `[release] migrations` said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<Migrations>,
    /// It was done outside of the window of the environment: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_window: Option<String>,
}

/// How the traffic of a route is shared out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Moves {
    /// Of `[routes]`.
    pub route: String,
    /// What each side gets.
    #[serde(flatten)]
    pub weights: Weights,
}

/// What is deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Release {
    /// The tag; none where the commit has none, or files differed from it.
    pub release: Option<String>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// Files differed from it.
    #[serde(default)]
    pub dirty: bool,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Deployed {
    /// Which.
    pub deployment: u64,
    /// How.
    pub outcome: State,
    /// By name: `REGISTRY/REPOSITORY@sha256:…`, or what the engine of that machine calls it.
    pub images: IndexMap<String, String>,
    /// The snapshot that the run made, if it made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

impl Release {
    /// For people: the tag, else the commit.
    pub(crate) fn name(&self) -> String {
        let dirty = if self.dirty { ", with changes" } else { "" };
        match (&self.release, &self.commit) {
            (Some(release), _) => release.clone(),
            (None, Some(commit)) => format!("{commit:.12}{dirty}"),
            (None, None) => "no commit".to_owned(),
        }
    }
}

impl Line {
    /// Reads a line; none for one that is torn.
    pub(crate) fn read(text: &str) -> Option<Line> {
        // By way of a value: numbers of any precision do not pass through tagged enums otherwise.
        serde_json::from_value(serde_json::from_str(text).ok()?).ok()
    }

    /// As it is written, without a line end.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
