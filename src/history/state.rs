//! How things end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ui::event::Outcome;

/// How a run, an environment or a step ended, or that it did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It goes on.
    #[default]
    Running,
    /// Done.
    Done,
    /// Done, and there is a difference (exit code 2).
    Difference,
    /// Failed.
    Failed,
    /// Not needed, or not selected.
    Skipped,
    /// Ended by the user, or by a crash.
    Interrupted,
    /// Not done: the answer to a question was no, or nobody was there to ask.
    Declined,
}

impl State {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Difference => "difference",
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::Interrupted => "interrupted",
            State::Declined => "declined",
        }
    }

    /// What an exit code of infractl means.
    pub fn of_code(code: u8) -> Self {
        match code {
            0 => State::Done,
            2 => State::Difference,
            77 => State::Declined,
            130 | 143 => State::Interrupted,
            _ => State::Failed,
        }
    }
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => State::Done,
            Outcome::Difference => State::Difference,
            Outcome::Failed => State::Failed,
            Outcome::Skipped => State::Skipped,
            Outcome::Interrupted => State::Interrupted,
            Outcome::Declined => State::Declined,
        }
    }
}
