//! The lines of a history: each says one thing that happened, as a JSON object.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::ui::event::{Changes, Diagnostic};

/// The first line of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Version of the form.
    pub schema: u32,
    /// Number in the history.
    pub run: Option<u64>,
    /// The verb.
    pub verb: String,
    /// When, UTC.
    pub at: Timestamp,
    /// Who.
    pub user: String,
    /// Where.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The file of the history is locked as long as the process lives.
    #[serde(default)]
    pub locked: bool,
    /// The command line as far as `--`: what follows may hold secrets that are not known yet.
    pub argv: Vec<String>,
    /// Version of infractl.
    pub infractl: String,
    /// The commit.
    pub commit: Option<String>,
}

/// One line. An environment without a name is the empty text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Line {
    /// A run begins.
    RunStarted(Start),
    /// The whole command line, once the secrets are known.
    Arguments { argv: Vec<String> },
    /// Whether files differ from the commit.
    Dirty { dirty: bool },
    /// A pipeline begins. `at` is in seconds after the run, as in all lines.
    EnvironmentStarted { environment: String, verb: String, steps: usize, at: f64 },
    /// It is over.
    EnvironmentEnded { environment: String, outcome: State, seconds: f64 },
    /// A step begins; its lines are in the log from this byte on.
    StepStarted { environment: String, number: usize, step: String, at: f64, log: u64 },
    /// It is over; its lines end before this byte.
    StepEnded {
        environment: String,
        number: usize,
        step: String,
        outcome: State,
        summary: String,
        seconds: f64,
        log: u64,
    },
    /// A step starts a program.
    CommandStarted { environment: String, argv: Vec<String> },
    /// It is over.
    CommandEnded { environment: String, code: Option<i32>, seconds: f64 },
    /// A tool says something about a place in a file.
    Diagnostic {
        environment: String,
        #[serde(flatten)]
        diagnostic: Diagnostic,
    },
    /// What a plan or an apply counted.
    Changes {
        environment: String,
        #[serde(flatten)]
        changes: Changes,
    },
    /// Something that may be wrong.
    Warning { text: String },
    /// The run is over.
    RunEnded { code: u8, outcome: State, error: Option<String>, seconds: f64, environments: Vec<String> },
}

impl Line {
    /// Reads a line; none for one that is cut off, or that a newer infractl wrote.
    pub fn read(text: &str) -> Option<Line> {
        // By way of a value: numbers of any precision do not pass through tagged enums otherwise.
        serde_json::from_value(serde_json::from_str(text).ok()?).ok()
    }
}

/// Seconds with three digits: more would only be noise.
pub(super) fn seconds(length: std::time::Duration) -> f64 {
    (length.as_secs_f64() * 1000.0).round() / 1000.0
}
