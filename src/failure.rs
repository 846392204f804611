//! What ends a command: why, which exit code, what to do.

use std::error::Error;
use std::ops::Range;

/// The family of a failure; decides the exit code. The codes are a public contract (`docs/exit-codes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A step or a tool failed.
    Failed,
    /// There is a difference (`plan --detailed-exitcode`, `drift`, `genenv --check`, `check --exit-code`).
    Difference,
    /// Wrong usage: unknown verb, flag, environment, host, pipeline.
    Usage,
    /// Secrets: no key fits, MAC differs, file damaged, required secret missing.
    Secrets,
    /// A tool is missing or too old, or the machine has less than is needed.
    Tool,
    /// A bug in infractl.
    Bug,
    /// Busy: another run holds the lock.
    Busy,
    /// Declined, or nobody there to ask.
    Declined,
    /// The configuration is wrong.
    Config,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// The exit code of the child, passed on by `ssh`, `run`, `logs`, `exec` and `secrets exec`.
    Child(u8),
}

impl Kind {
    /// Every kind with a code of its own, in the order of the codes.
    pub const ALL: [Kind; 11] = [
        Kind::Failed,
        Kind::Difference,
        Kind::Usage,
        Kind::Secrets,
        Kind::Tool,
        Kind::Bug,
        Kind::Busy,
        Kind::Declined,
        Kind::Config,
        Kind::Interrupted,
        Kind::Terminated,
    ];

    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Difference => 2,
            Kind::Usage => 64,
            Kind::Secrets => 65,
            Kind::Tool => 69,
            Kind::Bug => 70,
            Kind::Busy => 75,
            Kind::Declined => 77,
            Kind::Config => 78,
            Kind::Interrupted => 130,
            Kind::Terminated => 143,
            Kind::Child(code) => code,
        }
    }

    /// When this code is given, as one line of documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Kind::Failed => "a step or a tool failed",
            Kind::Difference => {
                "there is a difference: `plan --detailed-exitcode`, `drift`, `genenv --check`, `check --exit-code`"
            }
            Kind::Usage => "wrong usage: unknown verb, flag, environment, host, pipeline",
            Kind::Secrets => "secrets: no key fits, MAC differs, file damaged, required secret missing",
            Kind::Tool => "a tool is missing or too old, or the machine has less than `needs` says",
            Kind::Bug => "a bug in infractl",
            Kind::Busy => "busy: another run holds the lock",
            Kind::Declined => "declined, nobody there to ask, or outside of the window of the environment",
            Kind::Config => "the configuration is wrong",
            Kind::Interrupted => "ended by SIGINT",
            Kind::Terminated => "ended by SIGTERM",
            Kind::Child(_) => "the child's own exit code",
        }
    }
}

/// A place in a text file, for errors that point at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The file as the user knows it, relative to the project.
    pub path: String,
    /// The whole text of the file.
    pub text: String,
    /// Byte range of `text` that is wrong.
    pub span: Range<usize>,
}

/// One of several things wrong at once, each with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub place: Option<Snippet>,
    /// What to do: each line begins with a verb.
    pub help: Vec<String>,
}

/// What ends a command: why, which exit code, what to do.
#[derive(Debug)]
pub struct Failure {
    /// The family, which decides the exit code.
    pub kind: Kind,
    /// What failed and, as its sources, why.
    pub error: anyhow::Error,
    /// What to do: each line begins with a verb.
    pub help: Vec<String>,
    /// Everything wrong in files of the user, each with its place. Rendered instead of `error` if not empty.
    pub problems: Vec<Problem>,
    /// True when everything that has to be said was already shown (the child's exit code passed on).
    pub silent: bool,
}

impl Failure {
    /// A failure with a message and no further cause.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            error: anyhow::Error::msg(message.into()),
            help: Vec::new(),
            problems: Vec::new(),
            silent: false,
        }
    }

    /// Ends with this code and says nothing more.
    pub fn silent(kind: Kind) -> Self {
        Failure { silent: true, ..Failure::new(kind, kind.meaning()) }
    }

    /// Several places in files of the user are wrong.
    pub fn problems(kind: Kind, problems: Vec<Problem>) -> Self {
        let message = problems.first().map_or_else(String::new, |p| p.message.clone());
        Failure { problems, ..Failure::new(kind, message) }
    }

    /// Several failures as one that tells all of them; its family is that of the first. A signal is told alone.
    pub(crate) fn all(mut failures: Vec<Failure>) -> Result<(), Failure> {
        let by_signal = |failure: &Failure| matches!(failure.kind, Kind::Interrupted | Kind::Terminated);
        let alone = failures.iter().position(by_signal).or((failures.len() == 1).then_some(0));
        if let Some(alone) = alone {
            return Err(failures.swap_remove(alone));
        }
        let Some(kind) = failures.first().map(|failure| failure.kind) else { return Ok(()) };
        Err(Failure::problems(kind, failures.into_iter().flat_map(Failure::into_problems).collect()))
    }

    fn into_problems(mut self) -> Vec<Problem> {
        match self.problems.last_mut() {
            Some(last) => last.help.append(&mut self.help),
            None => self.problems.push(Problem {
                message: format!("{:#}", self.error),
                place: None,
                help: self.help,
            }),
        }
        self.problems
    }

    /// Adds a line that says what to do; it begins with a verb.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Says in which larger thing this happened.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.error = self.error.context(message.into());
        self
    }
}

/// Every error type of ours says how it ends the program and what to do about it.
pub trait Explain: Error + Send + Sync + 'static {
    /// The family of the failure.
    fn kind(&self) -> Kind;
    /// What to do: each line begins with a verb.
    fn help(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        let (kind, help) = (error.kind(), error.help());
        Failure { kind, help, error: anyhow::Error::new(error), problems: Vec::new(), silent: false }
    }
}
