//! What happens in a run: one vocabulary for the terminal, CI, JSON and the history.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Kind;

/// How a step or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Not done, because the answer to a question was no, or nobody was there to ask.
    Declined,
}

impl From<Kind> for Outcome {
    /// Of what failed.
    fn from(kind: Kind) -> Outcome {
        match kind {
            Kind::Difference => Outcome::Difference,
            Kind::Interrupted | Kind::Terminated => Outcome::Interrupted,
            Kind::Declined => Outcome::Declined,
            _ => Outcome::Failed,
        }
    }
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Detail, shown with `-v`.
    Detail,
    /// What a tool says that people run it for.
    Normal,
    /// What the verb is run for: on standard output when that is no terminal.
    Report,
    /// Shown even with `-q`: diagnostics of errors.
    Important,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The step fails because of it.
    Error,
    /// Something to look at.
    Warning,
}

/// What a tool says about a place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The headline.
    pub summary: String,
    /// The explanation; may have several lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The file, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// How many resources a plan or an apply touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// To create (or created).
    pub add: u64,
    /// To change in place.
    pub change: u64,
    /// To destroy.
    pub destroy: u64,
    /// To destroy and create again; not counted in `add` and `destroy`.
    pub replace: u64,
    /// To take over from the world.
    pub import: u64,
    /// Outputs change too.
    pub outputs: bool,
}

/// Something that happened. Texts may still hold secrets: `Ui` masks them before any reporter sees them.
#[derive(Debug, Clone)]
pub enum Event {
    /// The project that is worked on.
    Project {
        /// Its folder.
        root: PathBuf,
    },
    /// The environments that are meant; nothing about them is checked yet.
    Environments {
        /// Their names.
        names: Vec<String>,
    },
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
    /// A step starts a program.
    CommandStarted {
        /// The step.
        name: String,
        /// The program and its arguments.
        argv: Vec<String>,
    },
    /// That program is over.
    CommandEnded {
        /// The step.
        name: String,
        /// Its exit code; none when it could not be started or was ended by a time limit.
        code: Option<i32>,
        /// How long it ran.
        took: Duration,
    },
    /// An error or warning with its place; its text came as lines before.
    Diagnostic {
        /// The step.
        name: String,
        /// What and where.
        diagnostic: Diagnostic,
    },
    /// What a plan or an apply counted.
    Changes {
        /// The step.
        name: String,
        /// The counts.
        changes: Changes,
    },
    /// What a plan costs, by the prices of the project.
    Cost {
        /// The step.
        name: String,
        /// As `docs/cost.md` says, masked.
        cost: serde_json::Value,
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
    /// The last event of the program: its exit code and, unless it is 0, why.
    Ended {
        /// The exit code.
        code: u8,
        /// What failed and why, as one text.
        error: Option<String>,
    },
}

/// An event and the environment it belongs to (none: the whole program).
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the environment.
    pub environment: Option<String>,
    /// What happened.
    pub event: Event,
}

/// A line of a tool while it passes by: there may be millions of them, so nothing is owned.
#[derive(Debug, Clone, Copy)]
pub struct ToolLine<'a> {
    /// Name of the environment.
    pub environment: Option<&'a str>,
    /// The step.
    pub name: &'a str,
    /// How much it matters.
    pub level: Level,
    /// The line, without its end.
    pub text: &'a str,
}

impl ToolLine<'_> {
    /// The same as an event.
    pub fn report(&self) -> Report {
        let event = Event::Line { name: self.name.to_owned(), level: self.level, text: self.text.to_owned() };
        Report { environment: self.environment.map(str::to_owned), event }
    }
}

/// Somebody who tells events on: the terminal, CI, JSON, the history.
pub trait Reporter: Send + Sync {
    /// Takes an event; its texts are masked already.
    fn report(&self, report: &Report);
    /// Takes a line of a tool, masked already.
    fn line(&self, line: &ToolLine<'_>) {
        self.report(&line.report());
    }
    /// Whether it does anything with lines of this level. To mask a line that nobody takes would be the first look for
    /// secrets of a short run, and most of its work.
    fn wants(&self, _level: Level) -> bool {
        true
    }
    /// Is called about once a second while a step runs.
    fn tick(&self) {}
    /// Runs something that needs the terminal for itself.
    fn suspend(&self, work: &mut dyn FnMut()) {
        work();
    }
    /// A program owns the terminal from now on, or no longer.
    fn give_terminal(&self, _is_given: bool) {}
    /// Why it could not tell everything.
    fn trouble(&self) -> Option<String> {
        None
    }
}

impl<R: Reporter + ?Sized> Reporter for Arc<R> {
    fn report(&self, report: &Report) {
        (**self).report(report);
    }

    fn line(&self, line: &ToolLine<'_>) {
        (**self).line(line);
    }

    fn wants(&self, level: Level) -> bool {
        (**self).wants(level)
    }

    fn tick(&self) {
        (**self).tick();
    }

    fn suspend(&self, work: &mut dyn FnMut()) {
        (**self).suspend(work);
    }

    fn give_terminal(&self, is_given: bool) {
        (**self).give_terminal(is_given);
    }

    fn trouble(&self) -> Option<String> {
        (**self).trouble()
    }
}
