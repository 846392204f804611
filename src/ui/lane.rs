//! One of several environments at once: what is said while it is worked on belongs to it.

use std::collections::VecDeque;
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
    tail: Mutex<VecDeque<String>>,
}

impl Lane {
    /// A lane whose name is shown in a column of so many characters.
    pub fn new(environment: &str, width: usize) -> Arc<Self> {
        Arc::new(Lane { environment: environment.to_owned(), width, tail: Mutex::default() })
    }

    /// Everything that `work` tells is about this environment.
    pub async fn within<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        LANE.scope(Arc::clone(self), work).await
    }

    /// The last lines of its tools.
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Remembers what was told; it is masked already.
    pub(super) fn take(&self, report: &Report) {
        if let Event::Line { text, .. } = &report.event {
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(text.clone());
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
