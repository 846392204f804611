//! What the clouds say of their machines and databases, in one form.

pub(crate) mod state;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::config::model::PowerMode;

/// What is wanted of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// It does not run, in this way.
    Off(PowerMode),
    /// It runs.
    On,
}

/// Where a machine is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// It runs.
    On,
    /// It is switched off and keeps its place.
    Off,
    /// It does not run and keeps its memory.
    Suspended,
    /// It was given back; its disk is kept.
    Released,
    /// On the way to another state.
    Changing,
    /// The provider gave it up.
    Failed,
    /// The provider does not know it.
    Missing,
}

/// What of a machine is billed as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Billed {
    /// All of it.
    Yes,
    /// What it keeps: its disk or its snapshot.
    Disk,
    /// Nothing.
    No,
    /// The provider does not say.
    Unknown,
}

/// A machine or a database as its provider shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Found {
    /// Its name at the provider.
    pub name: String,
    /// What makes it unique there.
    pub id: String,
    /// Where it is on its way.
    pub state: Is,
    /// The provider's own word, with what it is doing: `ACTIVE (powering-off)`.
    pub status: String,
    /// Since when it is in this state, if the provider says.
    pub since: Option<String>,
    /// When it was made, if the provider says.
    pub created: Option<String>,
    /// How it is reached.
    pub addresses: Vec<String>,
    /// What of it is billed.
    pub billed: Billed,
}

impl Goal {
    /// Whether a machine in this state is where it should be.
    pub(crate) fn is_reached(self, state: Is) -> bool {
        match self {
            Goal::On => state == Is::On,
            Goal::Off(PowerMode::Shelve | PowerMode::Deallocate) => state == Is::Released,
            Goal::Off(PowerMode::Stop | PowerMode::Suspend) => {
                matches!(state, Is::Off | Is::Suspended | Is::Released)
            }
        }
    }

    /// `stopped`, `shelved`.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Goal::On => "started",
            Goal::Off(PowerMode::Stop) => "stopped",
            Goal::Off(PowerMode::Shelve) => "shelved",
            Goal::Off(PowerMode::Suspend) => "suspended",
            Goal::Off(PowerMode::Deallocate) => "deallocated",
        }
    }
}

impl Found {
    /// Whether a name of the configuration means it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.id == name
    }
}

impl Billed {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Billed::Yes => "yes",
            Billed::Disk => "disk only",
            Billed::No => "no",
            Billed::Unknown => "unknown",
        }
    }
}

/// A text inside JSON, none when it is not there or empty.
pub(super) fn text(value: &Json, path: &str) -> Option<String> {
    value.pointer(path).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The objects of a list.
pub(super) fn list(stdout: &[u8], path: &str) -> Result<Vec<Json>, String> {
    let value: Json = serde_json::from_slice(stdout).map_err(|error| error.to_string())?;
    match value.pointer(path) {
        Some(Json::Array(items)) => Ok(items.clone()),
        _ => Err("there is no list in it".to_owned()),
    }
}
