//! For CI: what people see, folded in one group a step, and diagnostics as annotations.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::ci::{Ci, Left, Place};
use super::event::{Diagnostic, Event, Report, Reporter, Severity};
use super::{Mode, Verbosity, say};

/// Lines kept of an environment that waits for its turn.
const WAITING_LINES: usize = 5_000;

/// Tells events on with groups around steps. One environment is shown as it goes on; others that run at the same
/// time wait until its step is over, because groups do not nest.
pub(crate) struct Grouped {
    ci: Ci,
    folds: bool,
    workspace: Option<PathBuf>,
    inner: Box<dyn Reporter>,
    say: Box<dyn Fn(&str) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The environment whose step is shown; an empty name is that of the whole program.
    open: Option<String>,
    groups: usize,
    /// What tools of the step have begun and not ended.
    left: Vec<String>,
    waiting: VecDeque<Waiting>,
    /// The project below the repository.
    below: Option<PathBuf>,
    has_error: bool,
}

struct Waiting {
    environment: Option<String>,
    reports: VecDeque<Report>,
    left_out: usize,
}

impl Grouped {
    /// Tells on to `inner`.
    pub(crate) fn new(ci: Ci, mode: Mode, workspace: Option<PathBuf>, inner: Box<dyn Reporter>) -> Self {
        let folds = mode.verbosity > Verbosity::Quiet;
        Grouped { ci, folds, workspace, inner, say: Box::new(say), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a report whose turn it is.
    fn show(&self, state: &mut State, report: &Report) {
        match &report.event {
            Event::StepStarted { name, .. } if self.folds => {
                // A step that holds steps gives its place to them.
                self.close(state);
                state.groups += 1;
                let title = match &report.environment {
                    Some(environment) => format!("{environment}: {name}"),
                    None => name.clone(),
                };
                (self.say)(&self.ci.group(state.groups, &title, now()));
                state.open = Some(report.environment.clone().unwrap_or_default());
                self.inner.report(report);
            }
            Event::StepEnded { .. } => {
                self.close(state);
                self.inner.report(report);
            }
            Event::Line { name, level, text } => {
                match self.ci.opens(text) {
                    Some(Left::Open(name)) => state.left.push(name),
                    Some(Left::Ended(name)) => state.left.retain(|open| *open != name),
                    None => {}
                }
                let text = self.ci.without_groups(text).into_owned();
                let event = Event::Line { name: name.clone(), level: *level, text };
                self.inner.report(&Report { environment: report.environment.clone(), event });
            }
            Event::Diagnostic { diagnostic, .. } => {
                self.inner.report(report);
                self.annotate(state, report.environment.as_deref(), diagnostic);
            }
            _ => self.inner.report(report),
        }
    }

    fn annotate(&self, state: &mut State, environment: Option<&str>, found: &Diagnostic) {
        state.has_error |= found.severity == Severity::Error;
        let file = found.file.as_ref().map(|file| match &state.below {
            Some(below) => below.join(file).display().to_string(),
            None => file.clone(),
        });
        let place = Place { file, line: found.line };
        let title = match environment {
            Some(environment) => format!("{environment}: {}", found.summary),
            None => found.summary.clone(),
        };
        let text = if found.detail.is_empty() { &found.summary } else { &found.detail };
        if let Some(command) = self.ci.annotation(found.severity, &place, &title, text) {
            (self.say)(&command);
        }
    }

    fn close(&self, state: &mut State) {
        for name in state.left.drain(..).rev() {
            (self.say)(&self.ci.ends(&name, now()));
        }
        if state.open.take().is_some() {
            (self.say)(&self.ci.end_group(state.groups, now()));
        }
    }

    /// Shows those who waited, until one of them has a step that goes on.
    fn next(&self, state: &mut State) {
        while state.open.is_none() {
            let Some(mut waiting) = state.waiting.pop_front() else { return };
            let mut left_out = std::mem::take(&mut waiting.left_out);
            while let Some(report) = waiting.reports.pop_front() {
                if left_out > 0 && matches!(report.event, Event::Line { .. }) {
                    (self.say)(&format!("  … {left_out} lines left out here, see the history"));
                    left_out = 0;
                }
                self.show(state, &report);
            }
        }
    }
}

impl Reporter for Grouped {
    fn report(&self, report: &Report) {
        let state = &mut *self.lock();
        match &report.event {
            Event::Project { root } => {
                state.below = self.workspace.as_deref().and_then(|workspace| below(workspace, root));
                self.inner.report(report);
                return;
            }
            Event::Ended { code, error } => {
                self.close(state);
                self.next(state);
                self.close(state);
                if let (Some(error), false, true) = (error, state.has_error, *code != 2) {
                    let found = Diagnostic {
                        severity: Severity::Error,
                        summary: "infractl".to_owned(),
                        detail: error.clone(),
                        file: None,
                        line: None,
                    };
                    self.annotate(state, None, &found);
                }
                self.inner.report(report);
                return;
            }
            _ => {}
        }
        let has_turn = state.open.as_ref().is_none_or(|open| Some(open) == report.environment.as_ref());
        if report.environment.is_none() || has_turn {
            self.show(state, report);
            self.next(state);
            return;
        }
        let found = state.waiting.iter_mut().find(|waiting| waiting.environment == report.environment);
        match found {
            Some(waiting) => waiting.push(report.clone()),
            None => state.waiting.push_back(Waiting {
                environment: report.environment.clone(),
                reports: VecDeque::from([report.clone()]),
                left_out: 0,
            }),
        }
    }

    fn tick(&self) {
        self.inner.tick();
    }

    fn give_terminal(&self, is_given: bool) {
        self.inner.give_terminal(is_given);
    }

    fn trouble(&self) -> Option<String> {
        self.inner.trouble()
    }

    fn suspend(&self, work: &mut dyn FnMut()) {
        self.inner.suspend(work);
    }
}

impl Waiting {
    /// Memory is bounded: the oldest line goes first.
    fn push(&mut self, report: Report) {
        self.reports.push_back(report);
        if self.reports.len() > WAITING_LINES {
            let oldest = self.reports.iter().position(|report| matches!(report.event, Event::Line { .. }));
            if let Some(oldest) = oldest {
                self.reports.remove(oldest);
                self.left_out += 1;
            }
        }
    }
}

fn below(workspace: &Path, root: &Path) -> Option<PathBuf> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(root).strip_prefix(real(workspace)).ok().map(Path::to_owned)
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[cfg(test)]
mod tests;
