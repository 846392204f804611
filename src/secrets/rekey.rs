//! Who can open a file, changed: recipients by the rules, and a new data key when somebody left.

use std::path::{Path, PathBuf};

use super::error::SecretsError;
use super::labels::bare;
use super::store::{ATTEMPTS, Mac, Store, fill};
use crate::sops::{Encrypted, KeyGroups, Plain};

/// Who comes and who goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Recipients that the file does not have yet.
    pub added: Vec<String>,
    /// Recipients that the file should not have any more.
    pub removed: Vec<String>,
    /// Groups or their threshold differ.
    pub regrouped: bool,
}

impl Difference {
    /// What has to change so that these can open the file.
    pub(crate) fn between(file: &Encrypted, wanted: &KeyGroups) -> Self {
        let metadata = file.metadata();
        let old_groups = metadata.age_groups();
        let flat = |groups: &[Vec<String>]| -> Vec<String> {
            groups.iter().flatten().map(|key| bare(key)).collect()
        };
        let (old, new) = (flat(&old_groups), flat(&wanted.groups));
        let threshold = wanted.threshold.unwrap_or(wanted.groups.len());
        let sorted = |groups: &[Vec<String>]| -> Vec<Vec<String>> {
            groups
                .iter()
                .map(|group| {
                    let mut group: Vec<String> = group.iter().map(|key| bare(key)).collect();
                    group.sort();
                    group
                })
                .collect()
        };
        let shared = wanted.groups.len() > 1 || old_groups.len() > 1;
        Difference {
            added: new.iter().filter(|key| !old.contains(key)).cloned().collect(),
            removed: old.iter().filter(|key| !new.contains(key)).cloned().collect(),
            regrouped: shared
                && (sorted(&old_groups) != sorted(&wanted.groups) || metadata.threshold() != threshold),
        }
    }

    /// True when nothing has to change.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && !self.regrouped
    }
}

/// A file that is ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where.
    pub path: PathBuf,
    /// Who comes and who goes.
    pub difference: Difference,
    /// Whether it got a new data key.
    pub rotated: bool,
    change: Change,
    plain: Plain,
    sealed: Encrypted,
    before: Option<Vec<u8>>,
}

impl Prepared {
    /// Who can open it then.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.sealed.metadata().age_groups().concat()
    }

    /// The names of its secrets.
    pub(crate) fn names(&self) -> Vec<String> {
        let pairs = self.plain.branches().iter().flat_map(crate::sops::Map::pairs);
        pairs.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
    }

    /// Writes it; what somebody else wrote meanwhile gets the same change.
    pub(crate) async fn save(&mut self, store: &mut Store<'_>) -> Result<(), SecretsError> {
        for attempt in 1.. {
            match store.save_over(&self.path, self.before.as_deref(), &self.plain, &self.sealed) {
                Err(SecretsError::ChangedMeanwhile { .. }) if attempt < ATTEMPTS => {}
                ended => return ended,
            }
            match prepare(store, &self.path, &self.change).await? {
                Some(again) => *self = again,
                None => break,
            }
        }
        Ok(())
    }
}

/// What is to become of a file.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Who can open it; none for those who can already.
    pub wanted: Option<KeyGroups>,
    /// What happens to its data key.
    pub data_key: DataKeyIs,
    /// What to do with its seal.
    pub mac: Mac,
    /// When it happens.
    pub now: jiff::Timestamp,
}

/// What happens to the data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataKeyIs {
    /// Kept: who was removed and kept a copy can read what is written later.
    Kept,
    /// Made anew when somebody is removed.
    NewOnRemoval,
    /// Made anew.
    New,
}

/// Makes the file openable for exactly these recipients. Nothing is written; none when nothing has to change.
pub(crate) async fn prepare(
    store: &mut Store<'_>,
    path: &Path,
    change: &Change,
) -> Result<Option<Prepared>, SecretsError> {
    let file = store.read(path, None)?;
    let wanted = change.wanted.as_ref();
    let difference = wanted.map_or_else(Difference::default, |wanted| Difference::between(&file, wanted));
    let rotated = match change.data_key {
        DataKeyIs::Kept => false,
        DataKeyIs::NewOnRemoval => !difference.removed.is_empty(),
        DataKeyIs::New => true,
    };
    if difference.is_empty() && !rotated {
        return Ok(None);
    }
    let opened = store.open_with(path, None, change.mac).await?;
    let refused = |source| store.refused(&opened.path, source);
    let mut plain = opened.plain.clone();
    let sealed = if rotated {
        match wanted {
            Some(wanted) => plain.rotate_for(wanted, &mut fill),
            None => plain.rotate(&mut fill),
        }
        .map_err(refused)?;
        plain.seal(change.now, &mut fill).map_err(refused)?
    } else {
        let mut sealed = opened.encrypted.clone();
        if let Some(wanted) = wanted {
            sealed.set_recipients(plain.data_key(), wanted, &mut fill).map_err(refused)?;
        }
        sealed
    };
    store.verified(&opened.path, &plain, &sealed)?;
    let change = change.clone();
    Ok(Some(Prepared {
        path: opened.path,
        difference,
        rotated,
        change,
        plain,
        sealed,
        before: opened.before,
    }))
}
