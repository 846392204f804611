//! One of several environments at once: what is said while it is worked on belongs to it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use super::event::{Event, Report};

/// Lines kept for the end.
const TAIL: usize = 12;

tokio::task_local! {
    static LANE: Arc<Lane>;
}

/// An environment among others.
#[derive(Debug)]
pub struct Lane {
    environment: String,
    /// Columns of the longest name.
    width: usize,
    log: Mutex<Option<BufWriter<File>>>,
    tail: Mutex<VecDeque<String>>,
}

impl Lane {
    /// Lines go to `log` too, if there is one.
    pub fn new(environment: &str, width: usize, log: Option<File>) -> Arc<Self> {
        Arc::new(Lane {
            environment: environment.to_owned(),
            width,
            log: Mutex::new(log.map(BufWriter::new)),
            tail: Mutex::default(),
        })
    }

    /// Everything that `work` tells is about this environment.
    pub async fn within<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        let result = LANE.scope(Arc::clone(self), work).await;
        if let Some(log) = self.log.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let _ = log.flush();
        }
        result
    }

    /// The last lines of its tools.
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Writes down what was told; it is masked already.
    pub(super) fn take(&self, report: &Report) {
        let text = match &report.event {
            Event::Line { text, .. } => {
                let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
                if tail.len() == TAIL {
                    tail.pop_front();
                }
                tail.push_back(text.clone());
                text.clone()
            }
            Event::StepStarted { name, .. } => format!("== {name}"),
            Event::StepEnded { name, outcome, summary, .. } => format!("== {name}: {outcome:?} {summary}"),
            Event::Note(text) | Event::Warning(text) => text.clone(),
            _ => return,
        };
        if let Some(log) = self.log.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // A full disk does not end the run.
            let _ = writeln!(log, "{text}");
            if matches!(report.event, Event::StepEnded { .. }) {
                let _ = log.flush();
            }
        }
    }
}

/// The lane that is worked on just now.
pub(super) fn current() -> Option<Arc<Lane>> {
    LANE.try_with(Arc::clone).ok()
}

/// Its environment.
pub(super) fn environment(lane: &Lane) -> String {
    lane.environment.clone()
}

/// Columns that the names of all lanes take; none outside of one.
pub(super) fn width() -> Option<usize> {
    LANE.try_with(|lane| lane.width).ok()
}
