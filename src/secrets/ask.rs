//! Asking the person at the terminal while keys are opened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::SecretString;

use super::source::Source;
use crate::ui::hidden::{self, NoAnswer};

/// Why there is no passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPassphrase {
    /// Nobody is at a terminal.
    Nobody,
    /// Whoever is there did not want to.
    Declined,
    /// Ctrl-C: no further questions.
    Interrupted,
}

/// Someone at a terminal. Every answer is `None` when there is nobody.
pub trait Ask: Send + Sync {
    /// Asks for a passphrase, not shown while it is typed.
    fn passphrase(&self, what: &str) -> Result<SecretString, NoPassphrase>;
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
    fn passphrase(&self, _: &str) -> Result<SecretString, NoPassphrase> {
        Err(NoPassphrase::Nobody)
    }
    fn line(&self, _: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }
    fn show(&self, _: &str) {}
}

/// The terminal infractl was started at, also when its input and output are pipes; nobody if it must not ask.
pub(crate) fn terminal(no_input: bool) -> Arc<dyn Ask> {
    if no_input || !hidden::is_possible() { Arc::new(Nobody) } else { Arc::new(Terminal) }
}

/// Whoever sits at the terminal.
struct Terminal;

impl Ask for Terminal {
    fn passphrase(&self, what: &str) -> Result<SecretString, NoPassphrase> {
        match hidden::read(what) {
            Ok(typed) => Ok(String::from_utf8_lossy(&typed.text).into_owned().into()),
            Err(NoAnswer::Interrupted) => Err(NoPassphrase::Interrupted),
            Err(NoAnswer::Ended) => Err(NoPassphrase::Declined),
            Err(NoAnswer::Terminal(_)) => Err(NoPassphrase::Nobody),
        }
    }
    fn line(&self, what: &str) -> Option<String> {
        dialoguer::Input::new()
            .with_prompt(what)
            .allow_empty(true)
            .interact_text_on(&dialoguer::console::Term::stderr())
            .ok()
    }
    fn confirm(&self, what: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let items = [yes, no.unwrap_or("no")];
        let picked = dialoguer::Select::new()
            .with_prompt(what)
            .items(items)
            .default(0)
            .interact_on(&dialoguer::console::Term::stderr());
        picked.ok().map(|index| index == 0)
    }
    fn show(&self, text: &str) {
        crate::ui::say(&format!("{text}\n"));
    }
}

/// Whom to ask, and whether the time has come: keys that need no answer are tried first.
#[derive(Clone)]
pub(super) struct Asking {
    ask: Arc<dyn Ask>,
    allowed: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
}

impl Asking {
    pub(super) fn new(ask: Arc<dyn Ask>) -> Self {
        Asking { ask, allowed: Arc::default(), interrupted: Arc::default() }
    }

    pub(super) fn allow(&self, allowed: bool) {
        self.allowed.store(allowed, Ordering::Relaxed);
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.allowed.load(Ordering::Relaxed) && !self.is_interrupted()
    }

    /// Ctrl-C at a question.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The passphrase of a locked key; where there is none, its source has the reason.
    pub(super) fn passphrase_of(&self, source: &Source, was_wrong: bool) -> Option<SecretString> {
        let wrong = if was_wrong { "Wrong. " } else { "" };
        let answer = self.passphrase(&format!("{wrong}Passphrase of {}", source.place()));
        answer.map_err(|why| source.problem(why)).ok()
    }

    /// The error says why there is none.
    fn passphrase(&self, what: &str) -> Result<SecretString, &'static str> {
        self.ask.passphrase(what).map_err(|why| match why {
            NoPassphrase::Nobody => "protected by a passphrase, and nobody is at a terminal to type it",
            NoPassphrase::Declined => "protected by a passphrase, and none was given",
            NoPassphrase::Interrupted => {
                self.interrupted.store(true, Ordering::Relaxed);
                "protected by a passphrase, and none was given"
            }
        })
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
        self.passphrase(description).ok()
    }
}
