//! What happens in a run: one vocabulary for the terminal, CI, JSON and the history.

use std::time::Duration;

/// How a step or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, and there is a difference (exit code 2).
    Difference,
    /// Failed.
    Failed,
    /// Not needed, or not selected.
    Skipped,
    /// Ended by the user.
    Interrupted,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Detail, shown with `-v`.
    Detail,
    /// What a tool says that people run it for.
    Normal,
    /// Shown even with `-q`: diagnostics of errors.
    Important,
}

/// Something that happened. Texts may still hold secrets: `Ui` masks them before any reporter sees them.
#[derive(Debug, Clone)]
pub enum Event {
    /// A pipeline begins.
    RunStarted {
        /// As it was typed.
        verb: String,
        /// How many there are.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// Its place in the pipeline, from 1.
        number: usize,
        /// Its name.
        name: String,
    },
    /// What the running step is at: replaces what it said before.
    Progress {
        /// The step.
        name: String,
        /// A few words.
        text: String,
    },
    /// A line of a tool.
    Line {
        /// The step.
        name: String,
        /// How much it matters.
        level: Level,
        /// The line, without its end.
        text: String,
    },
    /// A step is over.
    StepEnded {
        /// Its place in the pipeline, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// How it ended.
        outcome: Outcome,
        /// What came of it, in a few words.
        summary: String,
        /// How long it took.
        took: Duration,
    },
    /// A pipeline is over.
    RunEnded {
        /// As it was typed.
        verb: String,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
    },
    /// Something to know that is no error.
    Note(String),
    /// Something that may be wrong.
    Warning(String),
}

/// An event and the environment it belongs to (none: the whole program).
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the environment.
    pub environment: Option<String>,
    /// What happened.
    pub event: Event,
}

/// Somebody who tells events on: the terminal, CI, JSON, the history.
pub trait Reporter: Send + Sync {
    /// Takes an event; its texts are masked already.
    fn report(&self, report: &Report);
    /// Is called about once a second while a step runs.
    fn tick(&self) {}
    /// Runs something that needs the terminal for itself.
    fn suspend(&self, work: &mut dyn FnMut()) {
        work();
    }
}
