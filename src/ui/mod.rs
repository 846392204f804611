//! Talks to people: data on standard output, everything else on standard error.

pub(crate) mod grouped;
pub(crate) mod json;
pub(crate) mod log;
pub(crate) mod human;
pub(crate) mod lane;
mod mode;
pub(crate) mod ci;
pub(crate) mod event;
pub(crate) mod prompt;
pub(crate) mod hidden;
pub(crate) mod report;
mod printed;
mod terminal;
pub(crate) mod wrap;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::failure::{Failure, Kind};
use crate::redact::Masks;
use crate::text::plain;
use event::{Event, Level, Report, Reporter, ToolLine};
pub use mode::{Mode, Verbosity};
use printed::Printed;
pub(crate) use terminal::{SavedTerminal, say};

/// Everything that infractl says goes through here.
pub struct Ui {
    /// What the terminal and the flags allow.
    pub mode: Mode,
    masks: Masks,
    reporters: Vec<Box<dyn Reporter>>,
    out: Printed,
    /// What was said once and is not said again.
    warned: Mutex<HashSet<String>>,
}

/// A program owns the terminal as long as this lives.
pub(crate) struct Given<'a>(&'a Ui);

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.0.reporters.iter().for_each(|reporter| reporter.give_terminal(false));
    }
}

impl Ui {
    /// The real one: people on standard error, JSON lines on standard output when asked for.
    pub fn new(mode: Mode, masks: Masks) -> Self {
        let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(human::Human::new(mode))];
        if mode.json {
            reporters.push(Box::<json::Json>::default());
        }
        Ui::with(mode, masks, reporters)
    }

    /// The same in a CI system: what people see is folded in groups, diagnostics become annotations. `workspace`
    /// is the folder of the repository: paths in annotations are relative to it.
    #[must_use]
    pub fn in_ci(mut self, ci: ci::Ci, workspace: Option<PathBuf>) -> Self {
        if !self.reporters.is_empty() {
            let people = self.reporters.remove(0);
            self.reporters.insert(0, Box::new(grouped::Grouped::new(ci, self.mode, workspace, people)));
        }
        self
    }

    /// One that talks to the given reporters only.
    pub fn with(mode: Mode, masks: Masks, reporters: Vec<Box<dyn Reporter>>) -> Self {
        Ui { mode, masks, reporters, out: Printed::default(), warned: Mutex::default() }
    }

    /// Adds a reporter, for instance the history of a run.
    pub fn add(&mut self, reporter: Box<dyn Reporter>) {
        self.reporters.push(reporter);
    }

    /// Data for standard output: as it is, or as an event where all of standard output is JSON.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.mode.json { self.document(json::data(bytes).as_bytes()) } else { self.document(bytes) }
    }

    /// The same for people to read: without what would drive their terminal.
    pub fn page(&self, text: &str) -> Result<(), Failure> {
        self.data(plain(text).as_bytes())
    }

    /// What is JSON where that is asked for, on standard output as it is. A reader that went away is no error.
    pub fn document(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.print(bytes).map_err(|text| Failure::new(Kind::Failed, text))
    }

    /// An error if something that was asked for could not be told: data, a report.
    pub fn all_told(&self) -> Result<(), Failure> {
        match self.out.trouble().or_else(|| self.reporters.iter().find_map(|reporter| reporter.trouble())) {
            Some(text) => Err(Failure::new(Kind::Failed, text)),
            None => Ok(()),
        }
    }

    /// Tells an event of an environment, masked.
    pub fn event(&self, environment: Option<&str>, event: Event) {
        if let Event::Line { name, level, text } = &event {
            return self.line(environment, name, *level, text);
        }
        let environment = environment.map(str::to_owned).or_else(|| lane::with_current(lane::environment));
        let report = Report { environment, event: self.masked(event) };
        for reporter in &self.reporters {
            reporter.report(&report);
        }
    }

    /// Tells a line of a tool, masked.
    pub fn line(&self, environment: Option<&str>, name: &str, level: Level, text: &str) {
        if lane::width().is_none() && !self.reporters.iter().any(|reporter| reporter.wants(level)) {
            return;
        }
        let text = &self.masks.mask(text);
        let lane = environment.is_none().then(|| lane::with_current(lane::environment)).flatten();
        let environment = environment.or(lane.as_deref());
        self.masked_line(&ToolLine { environment, name, level, text });
    }

    /// Tells a line of a tool that comes from a `Runner`, which has masked it.
    pub fn masked_line(&self, line: &ToolLine<'_>) {
        lane::with_current(|lane| lane.take(line.text));
        for reporter in &self.reporters {
            reporter.line(line);
        }
    }

    /// Something to know that is no error.
    pub fn note(&self, text: impl Into<String>) {
        self.event(None, Event::Note(text.into()));
    }

    /// Something that may be wrong.
    pub fn warn(&self, text: impl Into<String>) {
        self.event(None, Event::Warning(text.into()));
    }

    /// The same about what all environments share: said once, and as nobody's.
    pub fn warn_once(&self, text: impl Into<String>) {
        let text = text.into();
        if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            let report = Report { environment: None, event: self.masked(Event::Warning(text)) };
            self.reporters.iter().for_each(|reporter| reporter.report(&report));
        }
    }

    /// Runs something that needs the terminal for itself: a question.
    pub fn suspended<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let (mut work, mut result) = (Some(work), None);
        let mut once = || result = work.take().map(|work| work());
        match self.reporters.first() {
            Some(human) => human.suspend(&mut once),
            None => once(),
        }
        result
    }

    /// Lets a program have the terminal: nothing that is alive is drawn meanwhile.
    pub(crate) fn give_terminal(&self) -> Given<'_> {
        self.reporters.iter().for_each(|reporter| reporter.give_terminal(true));
        Given(self)
    }

    /// Time passes: keep-alive lines.
    pub fn tick(&self) {
        for reporter in &self.reporters {
            reporter.tick();
        }
    }

    /// A line for the system around us (a CI's command), on standard error as it is: not masked.
    pub fn command(&self, line: &str) {
        say(line);
    }

    /// Says why the program ends, masked.
    pub fn failure(&self, failure: &Failure) {
        if failure.silent {
            return;
        }
        let Mode { color, width, live: wraps, .. } = self.mode;
        let text = report::Page { color, width, wraps, masks: &self.masks }.render(failure);
        say(&self.masks.mask(&text));
    }

    fn masked(&self, event: Event) -> Event {
        // Plain first: what is stripped from a text must not bring a secret together.
        let mask = |text: String| {
            let text = match plain(&text) {
                Cow::Borrowed(_) => text,
                Cow::Owned(plain) => plain,
            };
            match self.masks.mask(&text) {
                Cow::Borrowed(_) => text,
                Cow::Owned(masked) => masked,
            }
        };
        match event {
            Event::RunStarted { verb, steps } => Event::RunStarted { verb: mask(verb), steps },
            Event::RunEnded { verb, outcome, took } => Event::RunEnded { verb: mask(verb), outcome, took },
            Event::Progress { name, text } => Event::Progress { name, text: mask(text) },
            Event::StepStarted { number, name } => Event::StepStarted { number, name: mask(name) },
            Event::StepEnded { number, name, outcome, summary, took } => {
                Event::StepEnded { number, name: mask(name), outcome, summary: mask(summary), took }
            }
            Event::CommandStarted { name, argv } => {
                Event::CommandStarted { name, argv: argv.into_iter().map(mask).collect() }
            }
            Event::Diagnostic { name, mut diagnostic } => {
                diagnostic.summary = mask(diagnostic.summary);
                diagnostic.detail = mask(diagnostic.detail);
                diagnostic.file = diagnostic.file.map(mask);
                Event::Diagnostic { name, diagnostic }
            }
            Event::Ended { code, error } => Event::Ended { code, error: error.map(mask) },
            Event::Note(text) => Event::Note(mask(text)),
            Event::Warning(text) => Event::Warning(mask(text)),
            other => other,
        }
    }
}

/// Is standard error a file, where what is written stays?
pub(crate) fn goes_to_a_file() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stderr()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Is standard error, standard input, standard output a terminal?
pub(crate) fn terminals() -> (bool, bool, bool) {
    (io::stderr().is_terminal(), io::stdin().is_terminal(), io::stdout().is_terminal())
}

/// Columns of the terminal on standard error; 80 if it has none.
pub(crate) fn width() -> usize {
    rustix::termios::tcgetwinsize(io::stderr())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(80)
}
