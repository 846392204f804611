//! A place where an age identity was looked for, and what came of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What came of a place: the public keys found there, and what was skipped with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The place as the user knows it: a variable, a path, or both.
    pub place: String,
    /// The public keys of the identities found there; plugins by their name.
    pub public: Vec<String>,
    /// What could not be used, each with the reason.
    pub problems: Vec<String>,
    /// There is no such file, and there need not be: a default place.
    pub absent: bool,
}

/// A place under examination; identities that are opened late write here what came of them.
#[derive(Debug)]
pub(super) struct Source(Mutex<Found>);

impl Source {
    pub(super) fn new(place: impl Into<String>) -> Self {
        Source(Mutex::new(Found { place: place.into(), ..Found::default() }))
    }

    pub(super) fn place(&self) -> String {
        self.lock().place.clone()
    }

    pub(super) fn public(&self, key: impl Into<String>) {
        let key = key.into();
        let mut found = self.lock();
        if !found.public.contains(&key) {
            found.public.push(key);
        }
    }

    pub(super) fn problem(&self, text: impl Into<String>) {
        let text = text.into();
        let mut found = self.lock();
        if !found.problems.contains(&text) {
            found.problems.push(text);
        }
    }

    pub(super) fn absent(&self) {
        self.lock().absent = true;
    }

    pub(super) fn found(&self) -> Found {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
