//! How infractl talks: how much, in which colours, to whom.

use crate::ui::ci::Ci;
use crate::ui::event::Level;

/// How much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`: warnings and errors.
    Quiet,
    /// A line a step.
    Normal,
    /// `-v`: what tools say, and the commands.
    Verbose,
}

impl Verbosity {
    /// Whether a line of a tool is shown.
    pub(super) fn shows(self, level: Level) -> bool {
        match self {
            Verbosity::Quiet => level >= Level::Important,
            Verbosity::Normal => level >= Level::Normal,
            Verbosity::Verbose => true,
        }
    }
}

/// What the terminal and the flags allow.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// How much to say.
    pub verbosity: Verbosity,
    /// Colours on standard error.
    pub color: bool,
    /// Standard error is a terminal: live lines.
    pub live: bool,
    /// Somebody can be asked: standard input and standard error are terminals, and `--no-input` was not given.
    pub can_ask: bool,
    /// `--yes`: what is asked is answered with yes, but for names.
    pub yes: bool,
    /// `--no-input`, or a CI system: nobody is asked for a passphrase either, also not at `/dev/tty`.
    pub no_input: bool,
    /// `--output json`: events as JSON lines on standard output.
    pub json: bool,
    /// Standard output is no terminal and no stream of events: what a verb is run for goes there.
    pub reports: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// The CI system that reads standard error.
    pub ci: Option<Ci>,
}

impl Mode {
    /// Nobody looks on, and nobody can be asked: that of tests and benches.
    #[must_use]
    pub const fn unattended(verbosity: Verbosity) -> Mode {
        Mode {
            verbosity,
            color: false,
            live: false,
            can_ask: false,
            yes: false,
            no_input: true,
            json: false,
            reports: false,
            width: 80,
            ci: None,
        }
    }
}
