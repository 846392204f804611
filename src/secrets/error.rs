//! Everything that can go wrong with secrets, in words that say what to do. Never a value.

use std::path::Path;

use super::no_key::NoKey;
use crate::disk::DiskError;
use crate::failure::{Explain, Kind};
use crate::sops::SopsError;

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
    /// A text has names that no program can use.
    #[error("`{file}` was not written, no program could use it: {}", wrong.join(", "))]
    Unusable {
        /// The file.
        file: String,
        /// What is wrong; never a value.
        wrong: Vec<String>,
    },
    /// Nothing of a file would be encrypted.
    #[error("nothing in `{file}` would be encrypted: {why}")]
    NothingEncrypted {
        /// The file.
        file: String,
        /// The rule, and what it does.
        why: String,
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
    /// A key file is not to be written over.
    #[error("there is a key file already: {}", file.display())]
    KeyFileThere {
        /// The file.
        file: std::path::PathBuf,
        /// The public part of its first key, if it can be told.
        known: Option<String>,
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
    /// A file of age is damaged, or none.
    #[error("`{file}` cannot be decrypted: {reason}")]
    Aged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A secret that the project requires is in none of the files.
    #[error("{} missing; looked in {}", required(keys), list(files))]
    Missing {
        /// Names: those that are in none of them.
        keys: Vec<String>,
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

impl Explain for SecretsError {
    fn kind(&self) -> Kind {
        match self {
            SecretsError::Disk(error) => error.kind(),
            SecretsError::Rules { .. } => Kind::Config,
            SecretsError::Usage { .. } => Kind::Usage,
            SecretsError::Interrupted { .. } => Kind::Interrupted,
            SecretsError::ChangedMeanwhile { .. } | SecretsError::KeyFileThere { .. } => Kind::Failed,
            _ => Kind::Secrets,
        }
    }

    fn help(&self) -> Vec<String> {
        let line = match self {
            SecretsError::NoSuchFile { file } => format!("create it with `infractl secrets edit {file}`"),
            SecretsError::Disk(error) => return error.help(),
            SecretsError::File { file, source } => return help_for(source, file).into_iter().collect(),
            SecretsError::Refused { .. }
            | SecretsError::Aged { .. }
            | SecretsError::NotReadBack { .. }
            | SecretsError::Interrupted { .. } => return Vec::new(),
            SecretsError::ChangedMeanwhile { .. } => "run it again".to_owned(),
            SecretsError::KeyFileThere { known: Some(key), .. } => {
                return vec![
                    format!("use that key; its public part is {key}"),
                    "add a further key to the file with `--append`".to_owned(),
                ];
            }
            SecretsError::KeyFileThere { known: None, .. } => {
                "name another file with `--key-file FILE`".to_owned()
            }
            SecretsError::Unusable { .. } => {
                "give each value a name of its own; in dotenv files write `NAME=value`, without `export` and blanks around \
                 `=`, with LF line ends"
                    .to_owned()
            }
            SecretsError::NothingEncrypted { file, .. } => {
                format!("give `{file}` a rule of its own, before that one in `.sops.yaml`")
            }
            SecretsError::NoKey(error) => error.help(),
            SecretsError::Missing { keys, files } => match files.last() {
                Some(file) => {
                    let add = |key| format!("add it with `infractl secrets set {file} {key}`");
                    return keys.iter().map(add).collect();
                }
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
        SopsError::Value { .. } => format!(
            "take the last good version with `git log -- {file}` and `git checkout COMMIT -- {file}`; a new value goes \
             in with `infractl secrets set {file} NAME`"
        ),
        SopsError::DataKey { .. } => {
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

fn required(keys: &[String]) -> String {
    match keys {
        [key] => format!("the required secret `{key}` is"),
        keys => format!("the required secrets {} are", list(keys)),
    }
}

fn list(files: &[String]) -> String {
    match files {
        [] => "no file at all".to_owned(),
        files => files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", "),
    }
}
