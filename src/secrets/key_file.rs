//! Key files: their lines, and files that are themselves encrypted with a passphrase.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use super::ask::Asking;
use super::source::Source;
use super::ssh::{self, ATTEMPTS, Origin, SshKey};

/// An age identity of any kind.
pub(super) type Identity = Arc<dyn age::Identity + Send + Sync>;

/// No key file is longer.
const LIMIT: u64 = 1 << 20;

/// The most work a passphrase may cost to try, as a power of two: a few seconds.
const MAX_WORK: u8 = 22;

/// What it means when a file is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Someone named it: a mistake.
    Problem,
    /// A default place: it need not be there.
    Fine,
}

/// The bytes of a key file; what is wrong with it goes to the source.
pub(super) fn read(path: &Path, missing: Missing, source: &Source) -> Option<Zeroizing<Vec<u8>>> {
    match read_bytes(path) {
        Ok(text) => Some(text),
        Err(error) => {
            match error.kind() {
                io::ErrorKind::NotFound if missing == Missing::Fine => source.absent(),
                io::ErrorKind::NotFound => source.problem("no such file"),
                io::ErrorKind::PermissionDenied => source.problem("not readable: permission denied"),
                io::ErrorKind::IsADirectory => source.problem("a folder, not a key file"),
                io::ErrorKind::FileTooLarge => source.problem("longer than 1 MiB: not a key file"),
                _ => source.problem(format!("not readable: {error}")),
            }
            None
        }
    }
}

fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let length = file.metadata().map_or(0, |m| m.len());
    if length > LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    // Room for all of it at once: a vector that grows leaves copies of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(length.max(4096)).unwrap_or(4096) + 1));
    file.take(LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// Adds every identity of the text: lines of age identities, an SSH key, or either of them encrypted with a
/// passphrase.
pub(super) fn identities(text: Zeroizing<Vec<u8>>, source: &Arc<Source>, asking: &Asking) -> Vec<Identity> {
    if ssh::is_private_key(&text) {
        let key = SshKey::new(Origin::Text(text), source.clone(), asking.clone());
        key.examine();
        return vec![Arc::new(key)];
    }
    let start = text.trim_ascii_start();
    if start.starts_with(b"age-encryption.org/") || start.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
        return vec![Arc::new(LockedFile::new(text, source.clone(), asking.clone()))];
    }
    if let Ok(text) = std::str::from_utf8(&text) {
        return lines(text, source, asking);
    }
    source.problem("neither text nor an age file: not a key file");
    Vec::new()
}

/// The identities of lines. Lenient where it is safe: spaces around them, CR, comments at the end, several
/// on a line; a bad line is named and skipped.
pub(super) fn lines(text: &str, source: &Arc<Source>, asking: &Asking) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        for word in line.split_whitespace() {
            if word.starts_with('#') {
                break;
            }
            match identity(word, source, asking) {
                Ok(identity) => found.push(identity),
                Err(reason) => {
                    problems.push(format!("line {number}: {reason}"));
                    break;
                }
            }
        }
    }
    // The file of another program: its lines are of no interest.
    let shown = if problems.len() > 5 { 3 } else { problems.len() };
    let more = problems.len() - shown;
    problems.into_iter().take(shown).for_each(|problem| source.problem(problem));
    if more > 0 {
        source.problem(format!("and {more} more lines that are no age identity"));
    }
    found
}

fn identity(word: &str, source: &Arc<Source>, asking: &Asking) -> Result<Identity, &'static str> {
    if word.starts_with("AGE-SECRET-KEY-PQ-1") {
        return Err("a post-quantum identity (AGE-SECRET-KEY-PQ-1...), which infractl cannot use yet");
    }
    if word.starts_with("AGE-SECRET-KEY-1") {
        let key: age::x25519::Identity =
            word.parse().map_err(|_| "an age identity that is damaged or cut off")?;
        source.public(key.to_public().to_string());
        return Ok(Arc::new(key));
    }
    if word.starts_with("AGE-PLUGIN-") {
        let plugin: age::plugin::Identity =
            word.parse().map_err(|_| "a plugin identity that is damaged or cut off")?;
        source.public(format!("an identity of age-plugin-{}", plugin.plugin()));
        return Ok(Arc::new(PluginKey::new(plugin, source.clone(), asking.clone())));
    }
    if word.starts_with("age1") || word.starts_with("ssh-") {
        return Err("a public key; the private one is needed to decrypt");
    }
    Err("not an age identity")
}

/// An identity of a plugin: a program that is started when nothing simpler opened the file.
struct PluginKey {
    identity: age::plugin::Identity,
    source: Arc<Source>,
    asking: Asking,
    plugin: OnceLock<Option<age::plugin::IdentityPluginV1<Asking>>>,
}

impl PluginKey {
    fn new(identity: age::plugin::Identity, source: Arc<Source>, asking: Asking) -> Self {
        PluginKey { identity, source, asking, plugin: OnceLock::new() }
    }

    fn plugin(&self) -> Option<&age::plugin::IdentityPluginV1<Asking>> {
        let start = || {
            let name = self.identity.plugin();
            let plugin = age::plugin::IdentityPluginV1::new(
                name,
                std::slice::from_ref(&self.identity),
                self.asking.clone(),
            );
            if plugin.is_err() {
                self.source.problem(format!("needs the program `age-plugin-{name}`, which is not on PATH"));
            }
            plugin.ok()
        };
        self.plugin.get_or_init(start).as_ref()
    }
}

impl age::Identity for PluginKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        let own = |tag: &str| {
            matches!(tag, "X25519" | "scrypt" | "ssh-ed25519" | "ssh-rsa") || tag.ends_with("-grease")
        };
        if !self.asking.is_allowed() || stanzas.iter().all(|s| own(&s.tag)) {
            return None;
        }
        let name = self.identity.plugin();
        match self.plugin()?.unwrap_stanzas(stanzas) {
            Some(Ok(key)) => Some(Ok(key)),
            None => {
                self.source.problem(format!("age-plugin-{name} does not open it"));
                None
            }
            Some(Err(error)) => {
                self.source.problem(format!("age-plugin-{name}: {error}"));
                None
            }
        }
    }
}

/// A key file that is encrypted with a passphrase, which is asked for when nothing simpler opened the file.
struct LockedFile {
    source: Arc<Source>,
    asking: Asking,
    state: Mutex<State>,
}

enum State {
    Locked(Zeroizing<Vec<u8>>),
    Open(Vec<Identity>),
}

impl LockedFile {
    fn new(text: Zeroizing<Vec<u8>>, source: Arc<Source>, asking: Asking) -> Self {
        LockedFile { source, asking, state: Mutex::new(State::Locked(text)) }
    }

    fn unlock(&self, file: &[u8]) -> Vec<Identity> {
        match decryptor(file) {
            Ok(decryptor) if decryptor.is_scrypt() => {}
            Ok(_) => {
                self.source.problem("an age file that is not protected by a passphrase: not a key file");
                return Vec::new();
            }
            Err(_) => {
                self.source.problem("a damaged age file");
                return Vec::new();
            }
        }
        for attempt in 0..ATTEMPTS {
            let Some(passphrase) = self.asking.passphrase_of(&self.source, attempt > 0) else {
                return Vec::new();
            };
            let mut identity = age::scrypt::Identity::new(passphrase);
            identity.set_max_work_factor(MAX_WORK);
            match decrypt(file, &identity) {
                Ok(text) => return identities(text, &self.source, &self.asking),
                Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {}
                Err(error) => {
                    self.source.problem(format!("does not decrypt: {error}"));
                    return Vec::new();
                }
            }
        }
        self.source.problem("the passphrase is wrong");
        Vec::new()
    }
}

impl age::Identity for LockedFile {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Locked(file) = &*state {
            if !self.asking.is_allowed() {
                return None;
            }
            *state = State::Open(self.unlock(file));
        }
        match &*state {
            State::Open(identities) => identities.iter().find_map(|i| i.unwrap_stanzas(stanzas)),
            State::Locked(_) => None,
        }
    }
}

fn decryptor(file: &[u8]) -> Result<age::Decryptor<impl io::Read>, age::DecryptError> {
    age::Decryptor::new(age::armor::ArmoredReader::new(file.trim_ascii_start()))
}

fn decrypt(file: &[u8], identity: &age::scrypt::Identity) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
    let mut reader = decryptor(file)?.decrypt(std::iter::once(identity as _))?;
    let mut text = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut text)?;
    Ok(text)
}
