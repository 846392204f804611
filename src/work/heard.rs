//! What the tools of a step did and said.

use std::sync::{Arc, Mutex, PoisonError};

use crate::text::Tail;

/// What the tools of a step did and said, for the patterns of `retry` and for what a failure means. What is above it
/// hears it too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    own: Arc<Mutex<Said>>,
    above: Option<Box<Heard>>,
}

/// What was heard.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The programs, each with its arguments.
    pub programs: Vec<Vec<String>>,
    /// The exit code of the last one.
    pub exit: Option<i32>,
    /// The last lines.
    pub lines: Vec<String>,
    /// How a task elsewhere ended, if it ended badly.
    pub crash: Option<Crash>,
    tail: Tail<HEARD>,
}

/// The end of a task, as far as it is compared with that of the next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crash {
    /// The same for each of the same kind.
    pub what: String,
    /// Whether another try helps, if the project knows.
    pub retry: Option<bool>,
}

/// More lines than this are forgotten, the oldest first.
const HEARD: usize = 500;

impl Heard {
    /// One that has heard nothing, below this one.
    pub(crate) fn below(above: Option<&Heard>) -> Heard {
        Heard { own: Arc::default(), above: above.cloned().map(Box::new) }
    }

    /// Remembers a line.
    pub(crate) fn push(&self, line: &str) {
        self.tell(&|said| said.tail.push(line));
    }

    /// Remembers that a program begins.
    pub(super) fn begin(&self, argv: &[String]) {
        self.tell(&|said| said.programs.push(argv.to_vec()));
    }

    /// Remembers how it ended.
    pub(super) fn end(&self, code: Option<i32>) {
        self.tell(&|said| said.exit = code);
    }

    /// Remembers how a task ended.
    pub(crate) fn crashed(&self, crash: &Crash) {
        self.tell(&|said| said.crash = Some(crash.clone()));
    }

    /// Everything that was heard since it was forgotten.
    pub(crate) fn all(&self) -> Said {
        let said = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        Said {
            programs: said.programs.clone(),
            exit: said.exit,
            lines: said.tail.lines(),
            crash: said.crash.clone(),
            tail: Tail::default(),
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Said::default();
    }

    fn tell(&self, what: &dyn Fn(&mut Said)) {
        what(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(above) = &self.above {
            above.tell(what);
        }
    }
}
