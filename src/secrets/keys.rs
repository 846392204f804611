//! The age identities of whoever runs infractl: every place where they may be, none of them hiding another.
//!
//! Nothing is read before a file has to be opened. Then what needs no answer comes first, commands that
//! print a key second, and questions (a passphrase, a plugin) last, and each only if nothing before opened
//! the file. Not in this module: what the keys open.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ask::{Ask, Asking};
use super::key_command;
use super::key_file::{self, Identity, Missing};
use super::source::{Found, Source};
use super::ssh::{Origin, SshKey};
use crate::config::variables;
use crate::exec::Runner;

/// The environment infractl was started with.
pub type Vars = BTreeMap<OsString, OsString>;

/// Names a file of rules in the place of every `.sops.yaml`, as in sops.
pub(crate) const RULES_VARIABLE: &str = "SOPS_CONFIG";

/// Which keys are tried; each stage has all keys of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What can be read without asking anybody.
    Quiet,
    /// Commands that print a key.
    Commands,
    /// Passphrases and plugins.
    Asking,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 3] = [Stage::Quiet, Stage::Commands, Stage::Asking];
}

/// The identities of whoever runs infractl.
pub struct Keys {
    vars: Vars,
    project: Vec<PathBuf>,
    asking: Asking,
    stage: Option<Stage>,
    identities: Vec<Identity>,
    late: Vec<Arc<SshKey>>,
    sources: Vec<Arc<Source>>,
    asked_for: BTreeSet<String>,
}

impl Keys {
    /// Where to look; nothing is read yet. `project` are the files of `[secrets] identity`.
    pub fn new(vars: Vars, project: Vec<PathBuf>, ask: Arc<dyn Ask>) -> Self {
        Keys {
            vars,
            project,
            asking: Asking::new(ask),
            stage: None,
            identities: Vec::new(),
            late: Vec::new(),
            sources: Vec::new(),
            asked_for: BTreeSet::new(),
        }
    }

    /// Loads what this stage adds for a file with these recipients. False when it adds nothing that could
    /// open a file the stages before did not.
    pub async fn enter(&mut self, stage: Stage, recipients: &[String], runner: &dyn Runner) -> bool {
        self.asking.allow(stage == Stage::Asking);
        if self.stage.is_none() {
            self.quiet();
        }
        let first = self.stage < Some(stage);
        self.stage = self.stage.max(Some(stage));
        match stage {
            Stage::Quiet | Stage::Asking => !self.identities.is_empty(),
            Stage::Commands => {
                let before = self.identities.len();
                if first {
                    self.ssh_command(runner).await;
                }
                self.age_command(recipients, runner).await;
                self.identities.len() > before
            }
        }
    }

    /// The identities loaded so far.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The rules that stand in for `.sops.yaml`: `SOPS_CONFIG`.
    pub fn named_rules(&self) -> Option<PathBuf> {
        named_rules(&self.vars)
    }

    /// True when whoever was asked for a passphrase wants all of it to end.
    pub fn is_interrupted(&self) -> bool {
        self.asking.is_interrupted()
    }

    /// Every place that was looked at and what came of it.
    pub fn found(&self) -> Vec<Found> {
        for key in &self.late {
            key.examine();
        }
        self.sources.iter().map(|source| source.found()).collect()
    }

    /// The public keys that can be told from the loaded identities.
    pub fn public_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for key in self.found().into_iter().flat_map(|found| found.public) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The file where a new identity is looked for without any setting.
    pub fn default_file(vars: &Vars) -> Option<PathBuf> {
        Some(config_dir(vars)?.join("sops").join("age").join("keys.txt"))
    }

    fn quiet(&mut self) {
        for path in self.project.clone() {
            self.file(&path, format!("[secrets] identity, {}", path.display()), Missing::Problem);
        }
        for name in variables::KEYS {
            self.text_variable(name);
        }
        for name in ["INFRACTL_AGE_KEY_FILE", "SOPS_AGE_KEY_FILE"] {
            if let Some(path) = self.path_variable(name) {
                self.file(&path, format!("{name}, {}", path.display()), Missing::Problem);
            }
        }
        if let Some(path) = Keys::default_file(&self.vars) {
            self.file(&path, path.display().to_string(), Missing::Fine);
        }
        if let Some(path) = self.path_variable("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
            let place = format!("SOPS_AGE_SSH_PRIVATE_KEY_FILE, {}", path.display());
            self.ssh(Origin::File(path, Missing::Problem), place);
        }
        if let Some(home) = home(&self.vars) {
            for name in ["id_ed25519", "id_rsa"] {
                let path = home.join(".ssh").join(name);
                let place = path.display().to_string();
                self.ssh(Origin::File(path, Missing::Fine), place);
            }
        }
    }

    fn source(&mut self, place: impl Into<String>) -> Arc<Source> {
        let source = Arc::new(Source::new(place));
        self.sources.push(source.clone());
        source
    }

    fn file(&mut self, path: &Path, place: String, missing: Missing) {
        let source = self.source(place);
        if let Some(text) = key_file::read(path, missing, &source) {
            self.add(text, &source);
        }
    }

    fn add(&mut self, text: Zeroizing<Vec<u8>>, source: &Arc<Source>) {
        let found = key_file::identities(text, source, &self.asking);
        if found.is_empty() && source.found().problems.is_empty() {
            source.problem("holds no identity");
        }
        self.identities.extend(found);
    }

    fn ssh(&mut self, origin: Origin, place: String) {
        let source = self.source(place);
        let key = Arc::new(SshKey::new(origin, source, self.asking.clone()));
        self.late.push(key.clone());
        self.identities.push(key);
    }

    /// A variable that holds identities themselves.
    fn text_variable(&mut self, name: &str) {
        let Some(value) = self.vars.get(OsStr::new(name)) else { return };
        let value = Zeroizing::new(value.as_encoded_bytes().to_vec());
        let source = self.source(name);
        let text = value.trim_ascii();
        if text.is_empty() {
            source.problem("set, but empty");
        } else if is_path(text) {
            source.problem(format!("set to a path; a path belongs into {name}_FILE"));
        } else {
            self.add(value, &source);
        }
    }

    /// A variable that holds the path of a file; `~/` is the home folder, as shells have it.
    fn path_variable(&mut self, name: &str) -> Option<PathBuf> {
        let value = self.vars.get(OsStr::new(name))?;
        if value.is_empty() {
            self.source(name).problem("set, but empty");
            return None;
        }
        let path = PathBuf::from(value);
        match (path.strip_prefix("~"), home(&self.vars)) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path),
        }
    }

    async fn ssh_command(&mut self, runner: &dyn Runner) {
        let name = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
        let Some(line) = self.vars.get(OsStr::new(name)).cloned() else { return };
        let source = self.source(name);
        if let Some(text) = key_command::run(&line, None, &source, runner).await {
            self.add(text, &source);
        }
    }

    /// Asks the command for each recipient it was not yet asked for.
    async fn age_command(&mut self, recipients: &[String], runner: &dyn Runner) {
        let name = "SOPS_AGE_KEY_CMD";
        let Some(line) = self.vars.get(OsStr::new(name)).cloned() else { return };
        for recipient in recipients {
            if self.asked_for.insert(recipient.clone()) {
                let source = self.source(format!("{name} for {recipient}"));
                if let Some(text) = key_command::run(&line, Some(recipient), &source, runner).await {
                    self.add(text, &source);
                }
            }
        }
    }
}

/// Shows what was found, never a private key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("stage", &self.stage)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// The rules that stand in for `.sops.yaml`.
pub(crate) fn named_rules(vars: &Vars) -> Option<PathBuf> {
    let named = vars.get(OsStr::new(RULES_VARIABLE)).filter(|path| !path.is_empty())?;
    std::path::absolute(named).ok()
}

fn home(vars: &Vars) -> Option<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    vars.get(OsStr::new(name)).filter(|home| !home.is_empty()).map(PathBuf::from)
}

fn config_dir(vars: &Vars) -> Option<PathBuf> {
    let set = |name: &str| vars.get(OsStr::new(name)).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return set("AppData").or_else(|| set("APPDATA"));
    }
    let default = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    set("XDG_CONFIG_HOME").or_else(|| Some(home(vars)?.join(default)))
}

/// True when someone put a path where identities are expected.
fn is_path(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    !text.contains("AGE-")
        && !text.contains('\n')
        && (text.starts_with(['/', '~', '.']) || Path::new(text).exists())
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
