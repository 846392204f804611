//! The secrets of an environment: which keys open them, what is in them, how they are changed.

pub(crate) mod check;
pub(crate) mod aged;
pub(crate) mod sealed;
pub(crate) mod create;
pub(crate) mod covered;
pub(crate) mod differs;
mod sensitive;
pub(crate) mod names;
pub(crate) mod edit;
pub(crate) mod key_path;
pub(crate) mod keygen;
pub(crate) mod leaks;
pub(crate) mod merge;
pub(crate) mod rekey;
pub(crate) mod rules_edit;
pub(crate) mod rules_append;
mod rules;
mod rules_keys;
mod store;
mod keys;
mod key_command;
mod ssh;
mod key_file;
mod ask;
mod error;
mod no_key;
mod source;
mod labels;
pub(crate) mod value;
mod wrong;
pub(crate) mod yaml;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Environment;
use crate::exec::Runner;
use crate::sops::{Format, SopsError};

pub use ask::Nobody;
pub(crate) use ask::terminal;
pub(crate) use create::check_recipient;
pub(crate) use error::SecretsError;
pub(crate) use keys::Stage;
pub use keys::{Keys, Vars};
pub(crate) use keys::{RULES_VARIABLE, named_rules};
pub(crate) use labels::{Labels, bare};
pub(crate) use rules::{CreationRule, RULES_FILE, Rules};
pub(crate) use store::{ATTEMPTS, Mac, Opened, parse, read};
pub use store::{Store, fill};
pub(crate) use wrong::Wrong;

/// The secrets of one environment, in the order of the files. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Secrets {
    values: IndexMap<String, Secret>,
    files: usize,
    repeated: Vec<String>,
}

/// Where a secret came from that is in no file.
const ELSEWHERE: &str = "[secrets] from";

/// A secret and where it came from.
#[derive(Clone)]
pub struct Secret {
    value: SecretString,
    file: Arc<Path>,
    shadowed: Vec<(Arc<Path>, SecretString)>,
}

impl Secret {
    /// The value that wins.
    pub fn value(&self) -> &SecretString {
        &self.value
    }

    /// The file it came from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What it hides: values of the same name that came earlier, with their files.
    pub fn shadowed(&self) -> impl Iterator<Item = (&Path, &SecretString)> {
        self.shadowed.iter().map(|(file, value)| (&**file, value))
    }
}

impl Secrets {
    /// Names and values in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.values.iter().map(|(name, secret)| (name.as_str(), &secret.value))
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.values.get(name).map(|secret| &secret.value)
    }

    /// The secret of this name with where it came from and what it hides.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many files were opened.
    pub fn files(&self) -> usize {
        self.files
    }

    /// What is odd about the files, for warnings; names only.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let ends = self.iter().filter(|(_, value)| value.expose_secret().ends_with('\r'));
        let ends = ends.map(|(name, _)| format!("the value of `{name}` ends in a carriage return"));
        self.repeated.iter().cloned().chain(ends).collect()
    }

    /// The variables of a program: each secret under the names of [`variables_of`]. A name that a file has wins
    /// over one that was made of another.
    pub fn child_variables(&self) -> Vec<(String, &SecretString)> {
        let mut variables = IndexMap::with_capacity(self.values.len() * 2);
        for (name, secret) in &self.values {
            for variable in variables_of(name).into_iter().skip(1) {
                variables.insert(variable, &secret.value);
            }
        }
        for (name, secret) in &self.values {
            variables.insert(name.clone(), &secret.value);
        }
        variables.into_iter().collect()
    }

    /// Adds a secret that is in no file: it wins.
    pub(crate) fn give(&mut self, name: &str, value: SecretString) {
        let mut secret = Secret { value, file: Path::new(ELSEWHERE).into(), shadowed: Vec::new() };
        if let Some(old) = self.values.get_mut(name) {
            secret.shadowed = std::mem::take(&mut old.shadowed);
            secret.shadowed.push((old.file.clone(), old.value.clone()));
            *old = secret;
        } else {
            self.values.insert(name.to_owned(), secret);
        }
    }

    /// Adds what a later file holds: it wins.
    fn add(&mut self, opened: &Opened, shown: &str) -> Result<(), SecretsError> {
        let file: Arc<Path> = opened.path.as_path().into();
        let refuse = |key: String, reason| SecretsError::NotAVariable { key, file: shown.to_owned(), reason };
        if opened.plain.format() == Format::Binary {
            return Err(refuse("data".to_owned(), "a binary file holds one value without a name"));
        }
        for entry in opened.plain.values() {
            let (key, value) = entry.map_err(|source| match source {
                SopsError::NotFlat { key } => refuse(key, "it is a list or a map, and a variable is a text"),
                source => SecretsError::File { file: shown.to_owned(), source },
            })?;
            let lossy = || String::from_utf8_lossy(key).escape_debug().to_string();
            if let Some(reason) = names::unusable(key) {
                return Err(refuse(lossy(), reason));
            }
            let name = std::str::from_utf8(key).map_err(|_| refuse(lossy(), "its name is not UTF-8"))?;
            let text = std::str::from_utf8(&value).map_err(|_| refuse(lossy(), "its value is not UTF-8"))?;
            if text.contains('\0') {
                return Err(refuse(lossy(), "its value holds a NUL"));
            }
            let mut secret =
                Secret { value: SecretString::from(text), file: file.clone(), shadowed: Vec::new() };
            if let Some(old) = self.values.get_mut(name) {
                if Arc::ptr_eq(&old.file, &file) {
                    self.repeated.push(format!("`{name}` is in {shown} more than once: the last one counts"));
                }
                secret.shadowed = std::mem::take(&mut old.shadowed);
                secret.shadowed.push((old.file.clone(), old.value.clone()));
                *old = secret;
            } else {
                self.values.insert(name.to_owned(), secret);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The variables that a child gets for a secret: its own name and, unless it begins with `TF_VAR_`, also
/// `TF_VAR_<lower case>`.
pub(crate) fn variables_of(name: &str) -> Vec<String> {
    let mut variables = vec![name.to_owned()];
    if !name.starts_with("TF_VAR_") {
        variables.push(format!("TF_VAR_{}", name.to_lowercase()));
    }
    variables
}

/// The names in a file of secrets, in its order. Needs no key.
pub(crate) fn names(file: &Path) -> Result<Vec<String>, SecretsError> {
    let encrypted = store::read(Path::new(""), file, None)?;
    let pairs = encrypted.branches().first().into_iter().flat_map(crate::sops::Map::pairs);
    Ok(pairs.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect())
}

/// Whether each value of an encrypted file is a text of its own, as a variable is. Needs no key.
pub(crate) fn is_flat(file: &Path) -> bool {
    let Ok(encrypted) = store::read(Path::new(""), file, None) else { return false };
    let mut pairs = encrypted.branches().iter().flat_map(crate::sops::Map::pairs);
    encrypted.format() != Format::Binary
        && pairs.all(|(_, node)| matches!(node, crate::sops::Node::Scalar(_)))
}

/// Opens the secrets of an environment with the keys of whoever runs infractl. Unless `no_input`, a passphrase is
/// asked for on the terminal when no other key opens a file.
///
/// # Errors
/// As [`open_files`].
pub(crate) async fn open(
    runner: &dyn Runner,
    vars: &Vars,
    env: &Environment,
    no_input: bool,
) -> Result<Secrets, SecretsError> {
    let keys = Keys::new(vars.clone(), env.secrets.identities.clone(), terminal(no_input));
    let mut store = Store::new(env.root.clone(), keys, runner);
    let secrets = &env.secrets;
    open_files(&mut store, &secrets.files, &secrets.required_in_files(), &secrets.allow_empty).await
}

/// Each file of secrets of an environment that is not there.
pub(crate) fn absent(env: &Environment) -> Vec<SecretsError> {
    let files = env.secrets.files.iter().map(|file| env.root.join(file));
    let absent = files.filter(|file| {
        std::fs::symlink_metadata(file).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    });
    absent.map(|file| SecretsError::NoSuchFile { file: error::shown(&env.root, &file) }).collect()
}

/// Opens files of secrets, in this order: later ones win. Each is decrypted and its MAC verified. What is
/// required must be there and, unless it may, not be empty.
///
/// # Errors
/// The first file that cannot be opened; a required name that is in none of them or empty; a value that cannot be
/// an environment variable.
pub async fn open_files(
    store: &mut Store<'_>,
    files: &[PathBuf],
    required: &[String],
    allow_empty: &[String],
) -> Result<Secrets, SecretsError> {
    let mut secrets = Secrets { files: files.len(), ..Secrets::default() };
    for file in files {
        let opened = store.open(file, None).await?;
        let shown = store.shown(&opened.path);
        secrets.add(&opened, &shown)?;
    }
    let missing = required.iter().filter(|key| secrets.secret(key).is_none());
    let keys: Vec<String> = missing.cloned().collect();
    if !keys.is_empty() {
        let files = files.iter().map(|file| store.shown(file)).collect();
        return Err(SecretsError::Missing { keys, files });
    }
    for key in required.iter().filter(|key| !allow_empty.contains(key)) {
        if let Some(secret) = secrets.secret(key).filter(|secret| secret.value.expose_secret().is_empty()) {
            let file = store.shown(&secret.file);
            return Err(SecretsError::Empty { key: key.clone(), file });
        }
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests;
