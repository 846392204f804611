//! Everything that can go wrong with secrets, in words that say what to do. Never a value.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::labels::Labels;
use super::source::Found;
use crate::disk::DiskError;
use crate::failure::{Explain, Kind};
use crate::sops::{EntryFailure, SopsError, is_post_quantum};

/// What can go wrong with secrets. Files are named as the user knows them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// A file is not there.
    #[error("there is no file `{file}`")]
    NoSuchFile {
        /// The file.
        file: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A file is damaged, was changed by hand, or is not what it should be.
    #[error("`{file}` cannot be used")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: SopsError,
    },
    /// A change to a file is refused.
    #[error("`{file}` was not changed")]
    Refused {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: SopsError,
    },
    /// Somebody else wrote the file between reading and writing it.
    #[error("`{file}` was changed by somebody else meanwhile")]
    ChangedMeanwhile {
        /// The file.
        file: String,
    },
    /// Ctrl-C at the question for a passphrase.
    #[error("interrupted: `{file}` was not opened")]
    Interrupted {
        /// The file.
        file: String,
    },
    /// No key opens the file.
    #[error(transparent)]
    NoKey(Box<NoKey>),
    /// A secret that the project requires is in none of the files.
    #[error("the required secret `{key}` is missing; looked in {}", list(files))]
    Missing {
        /// Its name.
        key: String,
        /// The files that were opened.
        files: Vec<String>,
    },
    /// A secret that the project requires has no value.
    #[error("the required secret `{key}` is empty in `{file}`")]
    Empty {
        /// Its name.
        key: String,
        /// The file it came from.
        file: String,
    },
    /// A key or its value cannot be a variable of a program.
    #[error("`{key}` in `{file}` cannot be an environment variable: {reason}")]
    NotAVariable {
        /// Its name.
        key: String,
        /// The file it is in.
        file: String,
        /// Why.
        reason: &'static str,
    },
    /// What was written does not read back as what was meant.
    #[error("`{file}` was not changed: what was to be written does not read back")]
    NotReadBack {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Option<SopsError>,
    },
    /// What was typed makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// The rules of `.sops.yaml` do not say how to encrypt a file.
    #[error("{message}")]
    Rules {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
}

/// No key opens a file: everything one has to know to mend it.
#[derive(Debug, Clone)]
pub struct NoKey {
    /// The file.
    pub file: String,
    /// Whom it is encrypted for, with the reason why each was of no use.
    pub failures: Vec<EntryFailure>,
    /// Names of recipients.
    pub labels: Labels,
    /// Where keys were looked for and what came of it.
    pub found: Vec<Found>,
    /// With key groups: how many are needed, how many could be opened.
    pub groups: Option<(usize, usize)>,
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("no key opens `{}`", self.file);
        if let Some((needed, opened)) = self.groups {
            let _ = write!(text, ": {needed} of its key groups are needed, {opened} could be opened");
        }
        text.push_str("\nit is encrypted for:");
        for failure in &self.failures {
            let _ = write!(text, "\n  {}", self.labels.show(&failure.recipient));
            if !failure.reason.starts_with("no identity") {
                let _ = write!(text, ": {}", failure.reason);
            }
        }
        let tried: Vec<_> = self.found.iter().filter(|found| !found.public.is_empty()).collect();
        if tried.is_empty() {
            text.push_str("\nno key was found");
        } else {
            text.push_str("\nkeys that were tried:");
        }
        for found in tried {
            for key in &found.public {
                let _ = write!(text, "\n  {} from {}", self.labels.show(key), found.place);
            }
        }
        let mut skipped = self.found.iter().filter(|found| !found.problems.is_empty()).peekable();
        if skipped.peek().is_some() {
            text.push_str("\nskipped:");
        }
        for found in skipped {
            let _ = write!(text, "\n  {}: {}", found.place, found.problems.join("; "));
        }
        let absent: Vec<_> =
            self.found.iter().filter(|found| found.absent).map(|f| f.place.as_str()).collect();
        if !absent.is_empty() {
            let _ = write!(text, "\nlooked for, but not there: {}", absent.join(", "));
        }
        f.write_str(&text)
    }
}

impl std::error::Error for NoKey {}

impl NoKey {
    /// The one command that mends it.
    fn help(&self) -> String {
        let own = self.found.iter().flat_map(|f| &f.public).find(|key| !key.starts_with("an identity"));
        let names: Vec<_> = self.failures.iter().filter_map(|f| self.labels.name(&f.recipient)).collect();
        let who = match names.as_slice() {
            [] => "someone who can open it".to_owned(),
            names => names.join(" or "),
        };
        let only_others = !self.failures.is_empty()
            && self
                .failures
                .iter()
                .all(|f| !f.recipient.starts_with("age1") && !f.recipient.starts_with("ssh-"));
        if only_others {
            let key = own.map_or("AGE-RECIPIENT", String::as_str);
            return format!("ask {who} to run `sops rotate -i --add-age {key} {}`", self.file);
        }
        if self.failures.iter().all(|f| is_post_quantum(&f.recipient)) && !self.failures.is_empty() {
            return format!("ask {who} to add a recipient that begins with `age1` but not with `age1pq1`");
        }
        // What was set on purpose and does not work comes before anything else.
        for found in &self.found {
            if let (Some(problem), true) = (found.problems.first(), found.public.is_empty() || own.is_none())
            {
                let (name, path) = found.place.split_once(", ").unwrap_or((&found.place, ""));
                if problem.starts_with("set to a path") {
                    return format!("set {name}_FILE instead of {name}");
                }
                if problem == "no such file" && !path.is_empty() {
                    return format!("set {name} to the file of your key, or unset it");
                }
                if problem.contains("permission denied") {
                    return format!("run `chmod u+r {}`", if path.is_empty() { name } else { path });
                }
                if problem.contains("none was given") || problem.contains("passphrase is wrong") {
                    let file = if path.is_empty() { name } else { path };
                    return format!("run it again and type the passphrase of {file}");
                }
                if problem.contains("nobody is at a terminal") {
                    return "run it at a terminal, or give a key without a passphrase in SOPS_AGE_KEY_FILE"
                        .to_owned();
                }
            }
        }
        let set = self.found.iter().filter(|found| !found.problems.is_empty()).find_map(|found| {
            let name = found.place.split([',', ' ']).next()?;
            (own.is_none() && (name.starts_with("SOPS_") || name.starts_with("INFRACTL_"))).then_some(name)
        });
        if let Some(name) = set {
            return format!(
                "mend what {name} says, or unset it and run `infractl secrets keygen` for a key of your own"
            );
        }
        match own {
            Some(key) => format!("ask {who} to run `infractl secrets recipients add {key}`"),
            None => {
                "run `infractl secrets keygen` to make a key of your own, or set SOPS_AGE_KEY_FILE to yours"
                    .to_owned()
            }
        }
    }
}

impl Explain for SecretsError {
    fn kind(&self) -> Kind {
        match self {
            SecretsError::Disk(error) => error.kind(),
            SecretsError::Rules { .. } => Kind::Config,
            SecretsError::Usage { .. } => Kind::Usage,
            SecretsError::Interrupted { .. } => Kind::Interrupted,
            SecretsError::ChangedMeanwhile { .. } => Kind::Failed,
            _ => Kind::Secrets,
        }
    }

    fn help(&self) -> Vec<String> {
        let line = match self {
            SecretsError::NoSuchFile { file } => format!("create it with `infractl secrets edit {file}`"),
            SecretsError::Disk(error) => return error.help(),
            SecretsError::File { file, source } => return help_for(source, file).into_iter().collect(),
            SecretsError::Refused { .. }
            | SecretsError::NotReadBack { .. }
            | SecretsError::Interrupted { .. } => return Vec::new(),
            SecretsError::ChangedMeanwhile { .. } => "run it again".to_owned(),
            SecretsError::NoKey(error) => error.help(),
            SecretsError::Missing { key, files } => match files.last() {
                Some(file) => format!("add it with `infractl secrets set {file} {key}`"),
                None => "name the files under `[secrets] files`".to_owned(),
            },
            SecretsError::Empty { key, file } => format!("set it with `infractl secrets set {file} {key}`"),
            SecretsError::NotAVariable { file, .. } => {
                format!("change it with `infractl secrets edit {file}`")
            }
            SecretsError::Rules { help, .. } | SecretsError::Usage { help, .. } => help.clone(),
        };
        vec![line]
    }
}

/// What to do about a file that is not as it should be.
pub(super) fn help_for(error: &SopsError, file: &str) -> Option<String> {
    Some(match error {
        SopsError::NotEncrypted => format!("encrypt it with `infractl secrets encrypt --in-place {file}`"),
        SopsError::ConflictMarker { .. } => format!(
            "run `git checkout --conflict=merge -- {file}` and `infractl secrets merge {file}`; \
             `infractl secrets merge --install` lets git do it by itself"
        ),
        SopsError::LineEnds { .. } => format!(
            "add `{file} -text` to .gitattributes and take the file out again with `git checkout -- {file}`"
        ),
        SopsError::MacMismatch | SopsError::NoMac | SopsError::MacUnreadable { .. } => format!(
            "look at every value and seal it again with `infractl secrets edit --ignore-mac {file}`, or take the \
             last good version with `git checkout -- {file}`"
        ),
        SopsError::Value { .. } | SopsError::DataKey { .. } => {
            format!("take the last good version with `git log -- {file}` and `git checkout COMMIT -- {file}`")
        }
        SopsError::Metadata { .. } | SopsError::NoKeys => {
            format!("take the last good version with `git checkout -- {file}`")
        }
        SopsError::OtherBackends { .. } => {
            format!("add an age recipient with `sops rotate -i --add-age AGE-RECIPIENT {file}`")
        }
        SopsError::PostQuantum { .. } => {
            "use a recipient that begins with `age1` but not with `age1pq1`".to_owned()
        }
        SopsError::NotFlat { .. } => {
            format!("give the value a key of its own with `infractl secrets edit {file}`")
        }
        SopsError::Unreadable { .. } => {
            format!("name the format with `--format` if `{file}` is of another kind")
        }
        _ => return None,
    })
}

/// A path as the user knows it: relative to the project when it is inside.
pub(super) fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).ok().filter(|p| !p.as_os_str().is_empty());
    relative.map_or_else(|| path.display().to_string(), |p| p.display().to_string())
}

fn list(files: &[String]) -> String {
    match files {
        [] => "no file at all".to_owned(),
        files => files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", "),
    }
}
