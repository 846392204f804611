//! The secrets of an environment: which keys open them, what is in them, how they are changed.

mod ask;
mod error;
mod key_file;
mod keys;
mod labels;
mod source;
mod ssh;
mod store;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use secrecy::{ExposeSecret as _, SecretString};

use crate::sops::{Format, SopsError};

pub use ask::{Ask, Nobody};
pub use error::{NoKey, SecretsError};
pub use keys::{Keys, Stage, Vars};
pub use labels::{Labels, RECIPIENTS_FILE};
pub use source::Found;
pub use store::{Opened, Store, fill};

/// The secrets of one environment, in the order of the files. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Secrets {
    values: IndexMap<String, Secret>,
}

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
    /// Names and secrets in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.values.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
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

    /// The variables of a program: each secret under its own name and, unless it begins with `TF_VAR_`, also as
    /// `TF_VAR_<lower case>`. A name that a file has wins over one that was made.
    pub fn child_variables(&self) -> IndexMap<String, SecretString> {
        let mut variables = IndexMap::with_capacity(self.values.len() * 2);
        for (name, secret) in &self.values {
            if !name.starts_with("TF_VAR_") {
                variables.insert(format!("TF_VAR_{}", name.to_lowercase()), secret.value.clone());
            }
        }
        for (name, secret) in &self.values {
            variables.insert(name.clone(), secret.value.clone());
        }
        variables
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
            let lossy = || String::from_utf8_lossy(key).into_owned();
            let name = std::str::from_utf8(key).map_err(|_| refuse(lossy(), "its name is not UTF-8"))?;
            if name.is_empty() {
                return Err(refuse(String::new(), "its name is empty"));
            }
            if name.contains(['\0', '=']) {
                return Err(refuse(lossy(), "its name holds a NUL or `=`"));
            }
            let text = std::str::from_utf8(&value).map_err(|_| refuse(lossy(), "its value is not UTF-8"))?;
            if text.contains('\0') {
                return Err(refuse(lossy(), "its value holds a NUL"));
            }
            let mut secret =
                Secret { value: SecretString::from(text), file: file.clone(), shadowed: Vec::new() };
            if let Some(old) = self.values.get_mut(name) {
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

/// Opens the secret files of an environment, in this order: later ones win. Each is decrypted and its MAC verified.
///
/// # Errors
/// The first file that cannot be opened; a required name that is in none of them or empty; a value that cannot be
/// an environment variable.
pub async fn open(
    store: &mut Store<'_>,
    files: &[PathBuf],
    required: &[String],
) -> Result<Secrets, SecretsError> {
    let mut secrets = Secrets::default();
    for file in files {
        let opened = store.open(file, None).await?;
        let shown = store.shown(&opened.path);
        secrets.add(&opened, &shown)?;
    }
    for key in required {
        match secrets.get(key) {
            None => {
                let files = files.iter().map(|file| store.shown(file)).collect();
                return Err(SecretsError::Missing { key: key.clone(), files });
            }
            Some(secret) if secret.value.expose_secret().is_empty() => {
                let file = store.shown(&secret.file);
                return Err(SecretsError::Empty { key: key.clone(), file });
            }
            Some(_) => {}
        }
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests;
