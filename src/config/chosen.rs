//! The scenario that an environment is seen with, and what was brought up last.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::Failure;

/// Joins the names of scenarios that are chosen together. No name has it.
pub(crate) const AND: char = '+';

/// The scenario that an environment is seen with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// As it was asked for: several are all of them together.
    pub names: Vec<String>,
    /// Those and what they include, in the order in which their variables are laid over each other.
    pub all: Vec<String>,
    /// The components of all of them, each once, in that order.
    pub components: Vec<String>,
    /// Why this one.
    pub because: Because,
    /// The one of runs that name none while nothing is up.
    pub default: String,
    /// What was brought up last; none when nothing is up.
    pub up: Option<Vec<String>>,
}

/// Why a scenario was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Somebody asked for it: `--scenario`, or INFRACTL_SCENARIO.
    Named,
    /// It was brought up last.
    Up,
    /// It is the default, and nothing is up.
    Default,
    /// It is the default, and what is up is no scenario any more.
    Lost,
}

impl Chosen {
    /// Its name, in one word.
    pub fn name(&self) -> String {
        joined(&self.names)
    }

    /// Its components, sorted.
    pub fn sorted(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.components.iter().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    /// Its components, sorted and joined by commas.
    pub fn list(&self) -> String {
        self.sorted().join(",")
    }
}

/// The names of scenarios that are chosen together, as one.
pub(crate) fn joined(names: &[String]) -> String {
    names.join(&AND.to_string())
}

/// What infractl has brought up last in an environment: `.infractl/scenario/ENVIRONMENT.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Up {
    /// The scenario, as it was asked for; none where the environment has none.
    pub scenarios: Vec<String>,
    /// What it was said to need of memory, in bytes.
    #[serde(default)]
    pub memory: u64,
    /// What it was said to need of space, in bytes.
    #[serde(default)]
    pub disk: u64,
    /// The ports that it was said to listen at.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// It was stopped since: nothing of it runs.
    #[serde(default)]
    pub is_stopped: bool,
}

impl Up {
    /// What is known of an environment; none when nothing is up, as far as anybody knows here.
    pub(crate) fn read(home: &Path, environment: &str) -> Option<Up> {
        serde_json::from_slice(&disk::read(&file(home, environment)).ok()?).ok()
    }

    /// Keeps it.
    pub(crate) fn write(&self, home: &Path, environment: &str) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        Ok(disk::write(&file(home, environment), &bytes, disk::PRIVATE)?)
    }

    /// Nothing is up any more.
    pub(crate) fn forget(home: &Path, environment: &str) -> Result<bool, Failure> {
        Ok(disk::remove(&file(home, environment))?)
    }
}

/// Where it is kept.
fn file(home: &Path, environment: &str) -> PathBuf {
    home.join(".infractl/scenario").join(format!("{environment}.json"))
}
