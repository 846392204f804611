//! The encrypted files of a project: found, opened, saved.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore as _;

use super::error::{SecretsError, shown};
use super::key_file::Identity;
use super::keys::{Keys, Stage};
use super::labels::{Labels, bare};
use super::no_key::NoKey;
use crate::disk::{self, FolderLock};
use crate::exec::Runner;
use crate::sops::{DataKey, Encrypted, Format, KeyGroups, Plain, Recipient, SopsError};

/// A file mode for files of which only the values are secret: git keeps them, everybody may read them.
const MODE: u32 = 0o644;

/// How often a change is made again on top of what others wrote at the same time.
pub(crate) const ATTEMPTS: usize = 200;

/// The encrypted files of a project and the keys that open them.
pub struct Store<'a> {
    root: PathBuf,
    keys: Keys,
    runner: &'a dyn Runner,
    held: Option<FolderLock>,
}

/// A file that was opened: as it is on disk, and what is in it.
#[derive(Debug)]
pub struct Opened {
    /// Where it is.
    pub path: PathBuf,
    /// As it is on disk.
    pub encrypted: Encrypted,
    /// What is in it.
    pub plain: Plain,
    /// The text on disk when it was read; none when the file was not there.
    pub before: Option<Vec<u8>>,
}

/// What to do with the seal of a file, its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mac {
    /// It must be right.
    Verify,
    /// Someone is about to look at the values and to seal them again.
    Ignore,
}

impl Mac {
    /// From the flag `--ignore-mac`.
    pub fn ignored_if(flag: bool) -> Self {
        if flag { Mac::Ignore } else { Mac::Verify }
    }
}

impl<'a> Store<'a> {
    /// The files of the project in this folder. Nothing is read yet.
    pub fn new(root: impl Into<PathBuf>, keys: Keys, runner: &'a dyn Runner) -> Self {
        Store { root: root.into(), keys, runner, held: None }
    }

    /// Keeps a folder that is held by this run already, for as long as the store lives.
    pub(crate) fn keep(&mut self, lock: FolderLock) {
        self.held = Some(lock);
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The keys, as far as they were needed.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A path as the user knows it.
    pub fn shown(&self, path: &Path) -> String {
        shown(&self.root, path)
    }

    /// Reads a file without opening it. The format follows the name; when that is not what is in the file, its
    /// content decides.
    pub fn read(&self, path: &Path, format: Option<Format>) -> Result<Encrypted, SecretsError> {
        read(&self.root, path, format)
    }

    /// Opens a file: decrypts every value and verifies the MAC.
    pub async fn open(&mut self, path: &Path, format: Option<Format>) -> Result<Opened, SecretsError> {
        self.open_with(path, format, Mac::Verify).await
    }

    /// Opens a file, and lets a MAC that differs pass when it is asked to.
    pub async fn open_with(
        &mut self,
        path: &Path,
        format: Option<Format>,
        mac: Mac,
    ) -> Result<Opened, SecretsError> {
        let path = self.root.join(path);
        let bytes = bytes(&self.root, &path)?;
        let encrypted = parse(&path, &bytes, format)
            .map_err(|source| SecretsError::File { file: self.shown(&path), source })?;
        let key = self.data_key(&path, &encrypted).await?;
        let plain = match mac {
            Mac::Verify => encrypted.decrypt(&key),
            Mac::Ignore => encrypted.decrypt_unverified(&key),
        };
        let plain = plain.map_err(|source| SecretsError::File { file: self.shown(&path), source })?;
        Ok(Opened { path, encrypted, plain, before: Some(bytes) })
    }

    /// False when the public parts of all keys that can be read without a question are known, and none is among these.
    pub(crate) async fn can_open(&mut self, recipients: &KeyGroups, runner: &dyn Runner) -> bool {
        self.keys.enter(Stage::Quiet, &[], runner).await;
        let own = self.keys.public_keys();
        let is_known = |key: &String| key.starts_with("age1") || key.starts_with("ssh-");
        let is_among =
            |key: &String| recipients.groups.iter().flatten().any(|other| bare(other) == bare(key));
        own.is_empty() || !own.iter().all(is_known) || own.iter().any(is_among)
    }

    /// Unwraps the data key of a file with the first of all keys that fits.
    pub async fn data_key(&mut self, path: &Path, encrypted: &Encrypted) -> Result<DataKey, SecretsError> {
        let recipients: Vec<String> = encrypted
            .recipients()
            .into_iter()
            .filter_map(|recipient| match recipient {
                Recipient::Age(text) => Some(text),
                Recipient::Other { .. } => None,
            })
            .collect();
        let mut last = None;
        for stage in Stage::ALL {
            if !self.keys.enter(stage, &recipients, self.runner).await && last.is_some() {
                continue;
            }
            let identities: Vec<_> = self.keys.identities().iter().map(shared).collect();
            match encrypted.data_key(&identities) {
                Ok(key) => return Ok(key),
                Err(error) => last = Some(error),
            }
            if self.keys.is_interrupted() {
                return Err(SecretsError::Interrupted { file: self.shown(path) });
            }
        }
        Err(self.no_key(path, last.unwrap_or(SopsError::NoKeys)))
    }

    fn no_key(&self, path: &Path, error: SopsError) -> SecretsError {
        let file = self.shown(path);
        let (failures, groups) = match error {
            SopsError::NoDataKey { failures } => (failures, None),
            SopsError::TooFewGroups { needed, opened, failures, .. } => (failures, Some((needed, opened))),
            source => return SecretsError::File { file, source },
        };
        let labels = Labels::of_project(&self.root, self.keys.named_rules().as_deref());
        SecretsError::NoKey(Box::new(NoKey { file, failures, labels, found: self.keys.found(), groups }))
    }

    /// The error of a change that is refused.
    pub fn refused(&self, path: &Path, source: SopsError) -> SecretsError {
        SecretsError::Refused { file: self.shown(path), source }
    }

    /// Writes a file beside its place, after it was decrypted again and compared; the mode stays.
    pub fn save(&self, path: &Path, plain: &Plain, encrypted: &Encrypted) -> Result<(), SecretsError> {
        let bytes = self.verified(path, plain, encrypted)?;
        let path = self.root.join(path);
        let mode = disk::mode_of(&path)?.unwrap_or(MODE);
        let before = std::fs::metadata(&path).map(|file| (file.uid(), file.gid()));
        disk::write(&path, &bytes, mode)?;
        // A file that root changes stays that of whom it belongs to.
        if let (Ok((user, group)), Ok(now)) = (before, std::fs::metadata(&path))
            && (user, group) != (now.uid(), now.gid())
        {
            let _ = chown(&path, Some(user), Some(group));
        }
        Ok(())
    }

    /// The same, unless the file is not any more what it was when it was read: what others wrote meanwhile is not lost.
    pub fn save_over(
        &self,
        path: &Path,
        before: Option<&[u8]>,
        plain: &Plain,
        encrypted: &Encrypted,
    ) -> Result<(), SecretsError> {
        let path = self.root.join(path);
        let _lock = self.unchanged(&path, before)?;
        self.save(&path, plain, encrypted)
    }

    /// Holds the folder of a file that is still what it was when it was read.
    pub(crate) fn unchanged(
        &self,
        path: &Path,
        before: Option<&[u8]>,
    ) -> Result<Option<FolderLock>, SecretsError> {
        let path = self.root.join(path);
        let is_held = self.held.as_ref().is_some_and(|held| held.covers(&path));
        let lock = if is_held { None } else { Some(FolderLock::of(&path)?) };
        if disk::read_if_there(&path)?.as_deref() != before {
            return Err(SecretsError::ChangedMeanwhile { file: self.shown(&path) });
        }
        Ok(lock)
    }

    /// The text of an encrypted file, decrypted again and compared.
    pub fn verified(
        &self,
        path: &Path,
        plain: &Plain,
        encrypted: &Encrypted,
    ) -> Result<Vec<u8>, SecretsError> {
        let file = || self.shown(path);
        let bytes = encrypted.to_bytes().map_err(|source| SecretsError::Refused { file: file(), source })?;
        let read_back =
            Encrypted::parse(&bytes, encrypted.format()).and_then(|again| again.decrypt(plain.data_key()));
        match read_back {
            Ok(again) if again.says_the_same(plain) => Ok(bytes),
            Ok(_) => Err(SecretsError::NotReadBack { file: file(), source: None }),
            Err(source) => Err(SecretsError::NotReadBack { file: file(), source: Some(source) }),
        }
    }
}

/// Reads a file without opening it. The format follows the name; when that is not what is in the file, its content
/// decides. Needs no key.
pub(crate) fn read(root: &Path, path: &Path, format: Option<Format>) -> Result<Encrypted, SecretsError> {
    let path = root.join(path);
    let bytes = bytes(root, &path)?;
    parse(&path, &bytes, format).map_err(|source| SecretsError::File { file: shown(root, &path), source })
}

fn bytes(root: &Path, path: &Path) -> Result<Vec<u8>, SecretsError> {
    disk::read(path).map_err(|error| {
        if error.is_not_found() { SecretsError::NoSuchFile { file: shown(root, path) } } else { error.into() }
    })
}

/// Reads the text of a file without opening it.
pub(crate) fn parse(path: &Path, bytes: &[u8], format: Option<Format>) -> Result<Encrypted, SopsError> {
    let by_name = format.unwrap_or_else(|| Format::from_path(&path.to_string_lossy()));
    Encrypted::parse(bytes, by_name).or_else(|error| match by_content(bytes) {
        Some(other) if format.is_none() && other != by_name => {
            Encrypted::parse(bytes, other).map_err(|_| error)
        }
        _ => Err(error),
    })
}

/// Fills a buffer with random bytes of the operating system.
pub fn fill(buffer: &mut [u8]) {
    OsRng.fill_bytes(buffer);
}

/// An identity that is kept by [`Keys`] and lent to the reader of a file.
struct Shared(Identity);

impl age::Identity for Shared {
    fn unwrap_stanza(
        &self,
        stanza: &age_core::format::Stanza,
    ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
        self.0.unwrap_stanza(stanza)
    }
    fn unwrap_stanzas(
        &self,
        stanzas: &[age_core::format::Stanza],
    ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
        self.0.unwrap_stanzas(stanzas)
    }
}

pub(super) fn shared(identity: &Identity) -> Box<dyn age::Identity> {
    Box::new(Shared(identity.clone()))
}

/// What kind of encrypted file this is by what is in it.
fn by_content(bytes: &[u8]) -> Option<Format> {
    let starts = |mark: &[u8]| {
        bytes.starts_with(mark) || memchr::memmem::find(bytes, &[b"\n", mark].concat()).is_some()
    };
    if bytes.trim_ascii_start().starts_with(b"{") {
        Some(Format::Json)
    } else if starts(b"sops_version=") || starts(b"sops_mac=") {
        Some(Format::Dotenv)
    } else if starts(b"sops:") {
        Some(Format::Yaml)
    } else {
        None
    }
}
