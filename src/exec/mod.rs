//! Starts programs: the only place that does. What happens on signals: `docs/design/signals.md`.

mod core_dumps;
#[cfg(test)]
mod contract;
mod handed;
mod os;
#[cfg(any(test, feature = "test-fakes"))]
mod fake;
mod background;
mod after_death;
mod hangup;
mod output;
mod watcher;
mod signals;
mod group;
#[cfg(test)]
mod tests;
mod cmd;
mod container;
mod stream;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use crate::failure::{Explain, Kind};

pub(crate) use background::Background;
pub use cmd::{Cmd, Io};
pub(crate) use cmd::{Input, InputPart, Stopping, Value};
pub(crate) use container::Container;
pub(crate) use core_dumps::forbid_core_dumps;
#[cfg(any(test, feature = "test-fakes"))]
pub use fake::{Answer, FakeRunner};
pub(crate) use handed::Handed;
pub use os::OsRunner;
pub use signals::Interrupts;
pub(crate) use signals::{Press, Seen};
pub(crate) use stream::{Sink, Supply};

/// A future that is boxed because [`Runner`] is used as a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which of the program's two outputs a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Gets each line a program prints as it comes, without its line end; redacted but for [`Io::Raw`].
pub type OnLine<'a> = &'a (dyn Fn(Channel, &str) + Send + Sync);

/// How a program ended. `Debug` shows only the length of its standard output.
#[derive(Clone, Default)]
pub struct Done {
    /// Its exit code; 128 + the signal's number when a signal ended it.
    pub code: i32,
    /// Standard output as it is (not redacted) with [`Io::Capture`]; else empty.
    pub stdout: Vec<u8>,
    /// The last lines of standard error and, when streamed, standard output; redacted; at most 40 lines.
    pub tail: String,
    /// True when the user asked to stop (Ctrl-C, SIGTERM) while it ran. Its code alone then says nothing.
    pub interrupted: bool,
    /// How long it ran.
    pub took: Duration,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done")
            .field("code", &self.code)
            .field("stdout_bytes", &self.stdout.len())
            .field("tail", &self.tail)
            .field("interrupted", &self.interrupted)
            .field("took", &self.took)
            .finish()
    }
}

/// Why a program gave no [`Done`].
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("{}", not_found(program))]
    NotFound {
        /// As it was called.
        program: String,
    },
    /// It could not be started.
    #[error("`{program}` could not be started")]
    Start {
        /// As it was called.
        program: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// It took too long and was ended.
    #[error("`{program}` took longer than {} s and was ended", after.as_secs_f32())]
    TimedOut {
        /// As it was called.
        program: String,
        /// The limit.
        after: Duration,
        /// Its last lines, redacted.
        tail: String,
    },
    /// The container of a program could not be started.
    #[error("{text}")]
    Container {
        /// What failed, and why.
        text: String,
        /// What to do.
        help: Vec<String>,
    },
    /// The time of the step was over before the program was started.
    #[error("no time was left to start `{program}`")]
    NoTime {
        /// As it would have been called.
        program: String,
    },
    /// The run was stopped before the program was started.
    #[error("stopped before `{program}` was started")]
    Cancelled {
        /// As it would have been called.
        program: String,
    },
}

fn not_found(program: &str) -> String {
    if program.contains('/') {
        format!("there is no program `{program}`, or it may not be executed")
    } else {
        format!("`{program}` is not installed, or not on PATH")
    }
}

impl Explain for RunError {
    fn kind(&self) -> Kind {
        match self {
            RunError::NotFound { .. } | RunError::Container { .. } => Kind::Tool,
            RunError::Start { .. } | RunError::TimedOut { .. } | RunError::NoTime { .. } => Kind::Failed,
            RunError::Cancelled { .. } => Kind::Interrupted,
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            RunError::Start { source, .. } if source.kind() == io::ErrorKind::ArgumentListTooLong => {
                vec![
                    "hand long values over in a file: no variable and no argument is longer than 128 KiB"
                        .to_owned(),
                ]
            }
            RunError::Container { help, .. } => help.clone(),
            _ => Vec::new(),
        }
    }
}

/// The seam between infractl and other programs.
pub trait Runner: Send + Sync {
    /// Runs the program to its end. `line` gets each line shown; see [`Io`].
    fn run<'a>(&'a self, cmd: &'a Cmd, line: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>>;

    /// Starts a program that reads its standard input, shows nothing, and runs until what this returns is dropped.
    fn keep(&self, cmd: &Cmd) -> Result<Background, RunError> {
        Err(RunError::NotFound { program: cmd.program.clone() })
    }
}
