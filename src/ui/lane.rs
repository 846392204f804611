//! One of several environments at once: what is said while it is worked on belongs to it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::text::Tail;

/// Lines kept for the end.
const LINES: usize = 12;

tokio::task_local! {
    static LANE: Arc<Lane>;
}

/// An environment among others.
#[derive(Debug)]
pub(crate) struct Lane {
    environment: String,
    /// Columns of the longest name.
    width: usize,
    tail: Mutex<Tail<LINES>>,
}

impl Lane {
    /// A lane whose name is shown in a column of so many characters.
    pub(crate) fn new(environment: &str, width: usize) -> Arc<Self> {
        Arc::new(Lane { environment: environment.to_owned(), width, tail: Mutex::default() })
    }

    /// Everything that `work` tells is about this environment.
    pub(crate) async fn within<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        LANE.scope(Arc::clone(self), work).await
    }

    /// The last lines of its tools.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).lines()
    }

    /// Remembers a line; it is masked already.
    pub(super) fn take(&self, text: &str) {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

/// Does something with the lane that is worked on just now, if there is one.
pub(super) fn with_current<T>(work: impl FnOnce(&Lane) -> T) -> Option<T> {
    LANE.try_with(|lane| work(lane)).ok()
}

/// Its environment.
pub(super) fn environment(lane: &Lane) -> String {
    lane.environment.clone()
}

/// Columns that the names of all lanes take; none outside of one.
pub(super) fn width() -> Option<usize> {
    LANE.try_with(|lane| lane.width).ok()
}
