//! Records the run of this process: a reporter.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::watch;

use super::lanes::Lanes;
use super::line::{Line, Start, seconds};
use super::log::Log;
use super::run::{Run, SCHEMA};
use super::run_files::RunFiles;
use super::store::{self, Store};
use super::{Setup, host};
use crate::disk::repository;
use crate::text::Tail;
use crate::ui::event::{Event, Level, Report, Reporter, ToolLine};
use crate::ui::say;

/// Last lines of a step, for reports.
const LINES: usize = 300;

/// Records the run of this process.
pub struct Recorder {
    pub(super) setup: Setup,
    began: watch::Sender<Option<PathBuf>>,
    state: Mutex<Recording>,
}

#[derive(Default)]
pub(super) struct Recording {
    pub(super) root: Option<PathBuf>,
    /// The environments that are meant.
    pub(super) meant: Vec<String>,
    pub(super) run: Option<(Run, Instant)>,
    pub(super) kept: Option<RunFiles>,
    is_tidy: bool,
    /// Of the step that runs in each environment.
    tails: Lanes<Tail<LINES>>,
    has_arguments: bool,
    /// Why a report is not there.
    pub(super) lost: Option<String>,
}

impl Recorder {
    /// Records nothing until a pipeline begins.
    pub fn new(setup: Setup) -> Arc<Self> {
        Arc::new(Recorder { setup, began: watch::Sender::new(None), state: Mutex::default() })
    }

    /// Ends when a run begins that is kept: the project it is in.
    pub async fn began(&self) -> PathBuf {
        let mut began = self.began.subscribe();
        // Fails only without a sender, and `self` is one.
        began.wait_for(Option::is_some).await.ok().and_then(|root| root.clone()).unwrap_or_default()
    }

    /// The verb of the run that began; empty before.
    pub fn verb(&self) -> String {
        self.lock().run.as_ref().map_or_else(String::new, |(run, _)| run.verb.clone())
    }

    /// Whether files differ from the commit.
    pub fn dirty(&self, dirty: bool) {
        self.lock().add(Line::Dirty { dirty });
    }

    /// Removes old runs, once: while a tool runs nobody waits for it.
    pub fn tidy(&self) {
        let store = {
            let mut state = self.lock();
            let is_tidy = std::mem::replace(&mut state.is_tidy, true);
            state.kept.as_ref().filter(|_| !is_tidy).map(|kept| (kept.store.clone(), kept.number))
        };
        if let Some((store, number)) = store {
            store.tidy(number);
        }
    }

    /// The number of this run, when it is kept and a tool said something.
    pub fn number_with_log(&self) -> Option<u64> {
        let state = self.lock();
        let kept = state.kept.as_ref()?;
        kept.logs.values().any(|log| log.length() > 0).then_some(kept.number)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Recording> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn masked(&self, argv: impl Iterator<Item = String>) -> Vec<String> {
        argv.map(|word| self.setup.masks.mask(&word).into_owned()).collect()
    }

    pub(super) fn begin(&self, state: &mut Recording, verb: &str) {
        let since = Instant::now();
        let mut start = Start {
            schema: SCHEMA,
            run: None,
            verb: verb.to_owned(),
            at: Timestamp::now(),
            user: self.setup.user.clone(),
            host: host(),
            pid: std::process::id(),
            locked: false,
            argv: self.masked(self.setup.argv.iter().take_while(|word| *word != "--").cloned()),
            infractl: env!("CARGO_PKG_VERSION").to_owned(),
            commit: state.root.as_deref().and_then(repository::head),
        };
        if let Some(root) = state.root.as_ref().filter(|_| crate::config::verbs::is_kept(verb)) {
            match RunFiles::begin(Store::of(root), &mut start) {
                Ok(kept) => {
                    let _ = self.setup.number.set(kept.number);
                    state.kept = Some(kept);
                    self.began.send_replace(Some(root.clone()));
                }
                Err(error) => {
                    say(&format!("warning: this run leaves no history: `{}`: {error}", store::FOLDER));
                }
            }
        }
        state.run = Some((Run::new(start), since));
    }

    /// Once the secrets are known the whole command line can be masked.
    pub(super) fn arguments(&self, state: &mut Recording) {
        if !std::mem::replace(&mut state.has_arguments, true)
            && self.setup.argv.iter().any(|word| word == "--")
        {
            state.add(Line::Arguments { argv: self.masked(self.setup.argv.iter().cloned()) });
        }
    }
}

impl Reporter for Recorder {
    fn report(&self, report: &Report) {
        let state = &mut *self.lock();
        let environment = || report.environment.clone().unwrap_or_default();
        match &report.event {
            Event::Project { root } => state.root = Some(root.clone()),
            Event::Environments { names } => state.meant.clone_from(names),
            Event::RunStarted { verb, steps } => {
                if state.run.is_none() {
                    self.begin(state, verb);
                }
                let (verb, steps, at) = (verb.clone(), *steps, state.now());
                state.add(Line::EnvironmentStarted { environment: environment(), verb, steps, at });
            }
            Event::Ended { code, error } => self.end(state, *code, error.as_ref()),
            Event::Line { level, text, .. } => state.line(&environment(), *level, text),
            Event::StepStarted { number, name } => {
                let (at, log) = (state.now(), state.log_length(&environment()));
                let step = name.clone();
                state.add(Line::StepStarted { environment: environment(), number: *number, step, at, log });
            }
            Event::StepEnded { number, name, outcome, summary, took } => {
                self.arguments(state);
                let log = state.end_log(&environment());
                state.keep_tail(&environment());
                state.add(Line::StepEnded {
                    environment: environment(),
                    number: *number,
                    step: name.clone(),
                    outcome: (*outcome).into(),
                    summary: summary.clone(),
                    seconds: seconds(*took),
                    log,
                });
            }
            Event::CommandStarted { argv, .. } => {
                state.add(Line::CommandStarted { environment: environment(), argv: argv.clone() });
            }
            Event::CommandEnded { code, took, .. } => {
                let (code, seconds) = (*code, seconds(*took));
                state.add(Line::CommandEnded { environment: environment(), code, seconds });
            }
            Event::Diagnostic { diagnostic, .. } => {
                let diagnostic = diagnostic.clone();
                state.add(Line::Diagnostic { environment: environment(), diagnostic });
            }
            Event::Changes { changes, .. } => {
                state.add(Line::Changes { environment: environment(), changes: *changes });
            }
            Event::RunEnded { outcome, took, .. } => {
                let (outcome, seconds) = ((*outcome).into(), seconds(*took));
                state.add(Line::EnvironmentEnded { environment: environment(), outcome, seconds });
            }
            Event::Warning(text) => state.add(Line::Warning { text: text.clone() }),
            Event::Progress { .. } | Event::Note(_) | Event::Cost { .. } => {}
        }
    }

    fn line(&self, line: &ToolLine<'_>) {
        self.lock().line(line.environment.unwrap_or_default(), line.level, line.text);
    }

    fn wants(&self, level: Level) -> bool {
        let state = self.lock();
        state.run.is_some() && (state.kept.is_some() || level != Level::Detail)
    }

    fn trouble(&self) -> Option<String> {
        self.lock().lost.clone()
    }

    fn tick(&self) {
        let mut state = self.lock();
        for log in state.kept.iter_mut().flat_map(|kept| kept.logs.values_mut()) {
            let _ = log.flush();
        }
    }
}

impl Recording {
    pub(super) fn now(&self) -> f64 {
        self.run.as_ref().map_or(0.0, |(_, since)| seconds(since.elapsed()))
    }

    /// To the file and to the run in memory. Nothing is added before a run begins.
    pub(super) fn add(&mut self, line: Line) {
        if self.run.is_none() {
            return;
        }
        if let Some(kept) = &mut self.kept
            && let Err(error) = kept.write(&line)
        {
            self.give_up(&error);
        }
        if let Some((run, _)) = &mut self.run {
            run.take(line);
        }
    }

    /// A full disk ends the history, not the run.
    fn give_up(&mut self, error: &io::Error) {
        if let Some(kept) = self.kept.take() {
            say(&format!("warning: the history of run {} ends here: {error}", kept.number));
        }
    }

    fn line(&mut self, environment: &str, level: Level, text: &str) {
        if self.run.is_none() {
            return;
        }
        if let Some(kept) = &mut self.kept
            && let Err(error) = kept.log(environment, text)
        {
            self.give_up(&error);
        }
        if level == Level::Detail {
            return;
        }
        match self.tails.get_mut(environment) {
            Some(tail) => tail.push(text),
            None => self.tails.add(environment, Tail::default()).push(text),
        }
    }

    /// The last lines of a step stay in memory only where a report shows them.
    fn keep_tail(&mut self, environment: &str) {
        let tail = self.tails.get_mut(environment).map(std::mem::take).unwrap_or_default();
        if let Some((run, _)) = &mut self.run
            && let Some(step) = run.step(environment)
        {
            step.tail = tail.lines();
        }
    }

    fn log_length(&self, environment: &str) -> u64 {
        let log = self.kept.as_ref().and_then(|kept| kept.logs.get(environment));
        log.map_or(0, Log::length)
    }

    fn end_log(&mut self, environment: &str) -> u64 {
        let log = self.kept.as_mut().and_then(|kept| kept.logs.get_mut(environment));
        let result = log.map_or(Ok(()), Log::end_step);
        let length = self.log_length(environment);
        if let Err(error) = result {
            self.give_up(&error);
        }
        length
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
