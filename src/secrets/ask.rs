//! Asking the person at the terminal while keys are opened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::SecretString;

/// Someone at a terminal. Every answer is `None` when there is nobody.
pub trait Ask: Send + Sync {
    /// Asks for a passphrase, not shown while it is typed.
    fn passphrase(&self, what: &str) -> Option<SecretString>;
    /// Asks for something that may be shown.
    fn line(&self, what: &str) -> Option<String>;
    /// Lets choose between two answers.
    fn confirm(&self, what: &str, yes: &str, no: Option<&str>) -> Option<bool>;
    /// Says something, such as "touch the key".
    fn show(&self, text: &str);
}

/// Nobody is there to ask.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Ask for Nobody {
    fn passphrase(&self, _: &str) -> Option<SecretString> {
        None
    }
    fn line(&self, _: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }
    fn show(&self, _: &str) {}
}

/// Whom to ask, and whether the time has come: keys that need no answer are tried first.
#[derive(Clone)]
pub(super) struct Asking {
    ask: Arc<dyn Ask>,
    allowed: Arc<AtomicBool>,
}

impl Asking {
    pub(super) fn new(ask: Arc<dyn Ask>) -> Self {
        Asking { ask, allowed: Arc::new(AtomicBool::new(false)) }
    }

    pub(super) fn allow(&self, allowed: bool) {
        self.allowed.store(allowed, Ordering::Relaxed);
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.allowed.load(Ordering::Relaxed)
    }

    pub(super) fn passphrase(&self, what: &str) -> Option<SecretString> {
        self.ask.passphrase(what)
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("allowed", &self.is_allowed()).finish_non_exhaustive()
    }
}

/// What an age plugin may ask for.
impl age::Callbacks for Asking {
    fn display_message(&self, message: &str) {
        self.ask.show(message);
    }
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.ask.confirm(message, yes, no)
    }
    fn request_public_string(&self, description: &str) -> Option<String> {
        self.ask.line(description)
    }
    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.ask.passphrase(description)
    }
}
