//! Everything impure, made once in `main` and handed down; and what is looked at once in a run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::config::{Project, variables};
use crate::exec::{Interrupts, Runner};
use crate::redact::Masks;
use crate::ui::Ui;

/// The impure handles.
pub struct Ctx {
    /// Starts programs.
    pub runner: Box<dyn Runner>,
    /// Talks to people.
    pub ui: Arc<Ui>,
    /// The environment as it was at the start.
    pub vars: Vars,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// What the user pressed.
    pub interrupts: Interrupts,
    /// What is never shown.
    pub masks: Masks,
    /// Where the search for the project begins.
    pub dir: PathBuf,
    /// `-C DIR` was given: `dir` is the project itself.
    pub dir_is_project: bool,
    /// The scenarios that were asked for, for the environments that are named.
    pub scenarios: Vec<String>,
    /// The project, once it was found.
    pub project: OnceLock<Project>,
    /// Where each environment of the project has its state, once somebody looked. Never shown.
    pub states: OnceLock<Vec<(String, String)>>,
    /// The number of this run in the history, once it is kept there.
    pub run: Arc<OnceLock<u64>>,
}

/// The environment of infractl as it was at the start.
#[derive(Debug, Clone, Default)]
pub struct Vars(pub BTreeMap<OsString, OsString>);

impl Vars {
    /// The value of a variable; none if it is not set or not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// What programs that we start may see.
    #[must_use]
    pub(crate) fn for_children(&self) -> BTreeMap<OsString, OsString> {
        let mut vars = self.0.clone();
        vars.retain(|name, _| !variables::KEYS.iter().any(|key| name == key));
        vars
    }
}
