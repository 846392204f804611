//! A file as it is on disk: values encrypted, metadata readable.

use super::cipher::Cipher;
use super::metadata::{Group, Metadata, Recipient};
use super::tree::Map;
use super::{DataKey, Fill, Format, KeyGroups, Plain, SopsError, conflict, recipients, store, walk, yaml};

/// A parsed SOPS file whose values are still encrypted.
#[derive(Debug, Clone)]
pub struct Encrypted {
    pub(super) format: Format,
    pub(super) branches: Vec<Map>,
    pub(super) metadata: Metadata,
    pub(super) layout: Option<yaml::Layout>,
}

impl Encrypted {
    /// Reads an encrypted file: its tree and its metadata. Needs no key.
    ///
    /// # Errors
    /// Syntax, [`SopsError::NotEncrypted`], [`SopsError::ConflictMarker`], damaged [`SopsError::Metadata`].
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, SopsError> {
        let (document, metadata) = store::load_encrypted(bytes, format).map_err(|error| {
            conflict::conflict(bytes).map_or(error, |line| SopsError::ConflictMarker { line })
        })?;
        Ok(Encrypted { format, branches: document.branches, metadata, layout: document.layout })
    }

    /// The format it was read in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Who can open it, what is encrypted, when it was written.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Everybody the file is encrypted for, in the order of the file.
    pub fn recipients(&self) -> Vec<Recipient> {
        self.metadata.recipients()
    }

    /// Its age recipients by group.
    pub(crate) fn key_groups(&self) -> KeyGroups {
        let metadata = self.metadata();
        let age = |group: &Group| group.age.iter().map(|entry| entry.recipient.clone()).collect();
        let threshold = (metadata.threshold > 0).then_some(metadata.threshold);
        KeyGroups { groups: metadata.groups.iter().map(age).collect(), threshold }
    }

    /// The documents with their values still encrypted.
    pub fn branches(&self) -> &[Map] {
        &self.branches
    }

    /// Unwraps the data key. Every identity is tried on every age entry, in the order of the file; which
    /// recipient an entry names does not matter. Key groups are combined (Shamir).
    ///
    /// # Errors
    /// [`SopsError::NoDataKey`] with the reason for each entry, [`SopsError::OtherBackends`],
    /// [`SopsError::PostQuantum`], [`SopsError::TooFewGroups`].
    pub fn data_key(&self, identities: &[Box<dyn age::Identity>]) -> Result<DataKey, SopsError> {
        recipients::data_key(&self.metadata, identities)
    }

    /// Decrypts every value the rule of the file chooses, and verifies the MAC.
    ///
    /// # Errors
    /// [`SopsError::Value`] names the first value that does not decrypt; the MAC errors.
    pub fn decrypt(&self, key: &DataKey) -> Result<Plain, SopsError> {
        let branches = walk::open(&self.branches, &self.metadata, &Cipher::new(key))?;
        Ok(Plain::opened(self, branches, key.clone()))
    }

    /// Decrypts every value without a look at the MAC: for a file that was changed by hand and is to be sealed
    /// again by someone who looked at it.
    ///
    /// # Errors
    /// [`SopsError::Value`] names the first value that does not decrypt.
    pub fn decrypt_unverified(&self, key: &DataKey) -> Result<Plain, SopsError> {
        let (branches, _) = walk::unverified(&self.branches, &self.metadata, &Cipher::new(key))?;
        Ok(Plain::opened(self, branches, key.clone()))
    }

    /// Changes who can open the file, with the same data key (`sops updatekeys`). Values, MAC, date and the
    /// entries of those who stay are left alone. True when something changed.
    ///
    /// Whoever is removed and kept an old copy can still read later versions: only
    /// [`Plain::rotate`] makes a new data key.
    ///
    /// # Errors
    /// [`SopsError::Recipient`], [`SopsError::Groups`].
    pub fn set_recipients(
        &mut self,
        key: &DataKey,
        wanted: &KeyGroups,
        fill: &mut Fill<'_>,
    ) -> Result<bool, SopsError> {
        recipients::assign(&mut self.metadata, key, wanted, false, fill)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`SopsError::NotRepresentable`] when the format cannot hold the document.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SopsError> {
        store::write(&self.branches, &self.metadata, self.format, self.layout.as_ref())
    }
}
