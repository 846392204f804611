//! An open document: read it, change it, seal it again.

mod ciphertexts;
mod lossy;
mod path;

use lossy::Lossy;
pub use path::{PathStep, key};

use std::borrow::Cow;

use super::cipher::Cipher;
use super::metadata::Metadata;
use super::rule::Matcher;
use super::store::Document;
use super::tree::{Map, Text, Value, show};
use super::{DataKey, Encrypted, Fill, Format, KeyGroups, Rule, SopsError};
use super::{recipients, remarks, scalar, store, walk, yaml};

/// How a new file is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Who can open it.
    pub recipients: KeyGroups,
    /// Which leaves are encrypted; none for all but keys that end in `_unencrypted`. Unused for binary.
    pub rule: Option<Rule>,
    /// Leave clear values out of the MAC, so that other tools may change them.
    pub mac_only_encrypted: bool,
}

impl NewFile {
    /// Encrypts everything for these recipients, each of whom alone opens the file.
    pub fn for_recipients(recipients: impl IntoIterator<Item = impl Into<String>>) -> Self {
        NewFile { recipients: KeyGroups::any_of(recipients), rule: None, mac_only_encrypted: false }
    }
}

/// A decrypted document whose MAC was verified, or a new one that is to be encrypted.
///
/// `Debug` shows no value; texts are wiped when dropped.
#[derive(Debug, Clone)]
pub struct Plain {
    format: Format,
    branches: Vec<Map>,
    metadata: Metadata,
    key: DataKey,
    layout: Option<yaml::Layout>,
}

impl Plain {
    pub(super) fn opened(file: &Encrypted, branches: Vec<Map>, key: DataKey) -> Self {
        Plain {
            format: file.format,
            branches,
            metadata: file.metadata.clone(),
            key,
            layout: file.layout.clone(),
        }
    }

    /// Reads a plain text that is to become an encrypted file, with a new data key.
    ///
    /// # Errors
    /// Syntax ([`SopsError::InvalidInput`]), [`SopsError::AlreadyEncrypted`] for keys reserved for metadata,
    /// [`SopsError::Pattern`] for a rule that does not compile, recipients that cannot be used.
    pub fn create(
        bytes: &[u8],
        format: Format,
        new: &NewFile,
        fill: &mut Fill<'_>,
    ) -> Result<Self, SopsError> {
        let Document { branches, layout } = store::load_plain(bytes, format)?;
        let rule = match (&new.rule, format) {
            (_, Format::Binary) => None,
            (None, _) => Some(Rule::default()),
            (Some(rule), _) => Some(rule.clone()),
        };
        if let Some(rule) = &rule {
            Matcher::for_writing(rule)?;
        }
        let mut metadata = Metadata::new(rule, new.mac_only_encrypted);
        let key = DataKey::generate(fill);
        recipients::assign(&mut metadata, &key, &new.recipients, true, fill)?;
        let layout = layout.filter(|_| !metadata.rule.is_about_comments());
        Ok(Plain { format, branches, metadata, key, layout })
    }

    /// The format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Who can open it, what is encrypted, when it was written.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The data key.
    pub fn data_key(&self) -> &DataKey {
        &self.key
    }

    /// The documents: one, or several in YAML.
    pub fn branches(&self) -> &[Map] {
        &self.branches
    }

    /// The document exactly as `sops decrypt --output-type` prints it. From one format to another, comments
    /// go to dotenv and YAML only, and dotenv takes flat documents only.
    ///
    /// # Errors
    /// [`SopsError::NotRepresentable`].
    pub fn to_bytes(&self, format: Format) -> Result<Text, SopsError> {
        store::print(&self.branches, format)
    }

    /// True when both hold the same values and comments; in YAML a comment may stand elsewhere.
    pub fn says_the_same(&self, other: &Plain) -> bool {
        let printed = |branches: &[Map]| store::print(branches, self.format).ok();
        let (mut ours, mut theirs) = (printed(&self.branches), printed(&other.branches));
        if ours != theirs && self.format == Format::Yaml {
            let (mut a, mut b) = (self.branches.clone(), other.branches.clone());
            if remarks::take(&mut a) != remarks::take(&mut b) {
                return false;
            }
            (ours, theirs) = (printed(&a), printed(&b));
        }
        ours.is_some() && ours == theirs
    }

    /// The document for an editor: as [`Plain::to_bytes`] in the format of the file, but a YAML file keeps
    /// its own blank lines, order and quotes.
    ///
    /// # Errors
    /// [`SopsError::NotRepresentable`].
    pub fn to_editor(&self) -> Result<Text, SopsError> {
        match self.layout.as_ref().and_then(|layout| layout.render(&self.branches)) {
            Some(text) => Ok(text),
            None => self.to_bytes(self.format),
        }
    }

    /// The top-level keys with their values as text, for an environment; the value of a later key wins if
    /// the caller lets it.
    ///
    /// Items are [`SopsError::NotFlat`] for lists and maps.
    pub fn values(&self) -> impl Iterator<Item = Result<(&[u8], Cow<'_, [u8]>), SopsError>> {
        self.branches.iter().take(1).flat_map(Map::pairs).map(|(key, node)| match node.value() {
            Some(Value::Null) => Ok((key, Cow::Borrowed(b"".as_slice()))),
            Some(value) => Ok((key, scalar::display(value))),
            None => Err(SopsError::NotFlat { key: show(key) }),
        })
    }

    /// The places of values that are others when the text of the document in this format is read again.
    pub fn lossy(&self, format: Format) -> Vec<String> {
        let read = self.to_bytes(format).and_then(|text| store::load_plain(&text, format));
        read.map_or_else(|_| Vec::new(), |read| Lossy::between(&self.branches, &read.branches).names())
    }

    /// Replaces the whole document by an edited plain text. Values that stay at their path keep their
    /// ciphertext, also those that a text cannot say exactly; the version of sops in the file is raised to `VERSION`, as `sops edit` does.
    ///
    /// # Errors
    /// As [`Plain::create`].
    pub fn replace(&mut self, bytes: &[u8]) -> Result<(), SopsError> {
        let Document { mut branches, layout } = store::load_plain(bytes, self.format)?;
        if let Ok(read) = self.to_editor().and_then(|text| store::load_plain(&text, self.format)) {
            Lossy::between(&self.branches, &read.branches).restore(&mut branches);
        }
        let mut ciphertexts = ciphertexts::Ciphertexts::default();
        let mut path = Vec::new();
        for branch in &mut self.branches {
            ciphertexts.map(branch, &mut path, false);
        }
        for branch in &mut branches {
            ciphertexts.map(branch, &mut path, true);
        }
        self.metadata.raise_version();
        self.branches = branches;
        // Where a comment stands decides about secrets then: better as sops itself writes it.
        self.layout = layout.filter(|_| !self.metadata.rule.is_about_comments());
        Ok(())
    }

    /// Makes a new data key and wraps it for everybody: all ciphertexts change.
    ///
    /// # Errors
    /// [`SopsError::Recipient`]; [`SopsError::Groups`] when keys of other backends would be lost.
    pub fn rotate(&mut self, fill: &mut Fill<'_>) -> Result<(), SopsError> {
        let wanted = self.metadata.key_groups();
        self.rotate_for(&wanted, fill)
    }

    /// Makes a new data key and wraps it for these recipients only: who is left out cannot read what is
    /// written from now on.
    ///
    /// # Errors
    /// As [`Plain::rotate`].
    pub fn rotate_for(&mut self, wanted: &KeyGroups, fill: &mut Fill<'_>) -> Result<(), SopsError> {
        let key = DataKey::generate(fill);
        recipients::assign(&mut self.metadata, &key, wanted, true, fill)?;
        self.key = key;
        for branch in &mut self.branches {
            ciphertexts::forget(branch);
        }
        Ok(())
    }

    /// Encrypts the document: a new MAC and date, a new ciphertext for what changed.
    ///
    /// # Errors
    /// [`SopsError::NotEncryptable`], [`SopsError::NotRepresentable`] for what sops could not read back.
    pub fn seal(&self, now: jiff::Timestamp, fill: &mut Fill<'_>) -> Result<Encrypted, SopsError> {
        let cipher = Cipher::new(&self.key);
        Matcher::for_writing(&self.metadata.rule)?;
        let sealed = walk::seal(&self.branches, &self.metadata, &cipher, self.format, fill)?;
        let modified = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mac = cipher.seal(sealed.mac.as_bytes(), "str", modified.as_bytes(), fill);
        let mac =
            mac.ok_or(SopsError::NotEncryptable { key: "the MAC".to_owned(), reason: "it is too long" })?;
        let mut metadata = self.metadata.clone();
        metadata.put_mac(mac, modified);
        Ok(Encrypted {
            format: self.format,
            branches: sealed.branches,
            metadata,
            layout: self.layout.clone(),
        })
    }
}
