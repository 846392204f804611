//! SSH private keys as age identities, read and unlocked only when a file was encrypted for one.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use age::ssh::{EncryptedKey, Identity, ParseRecipientKeyError, Recipient, UnsupportedKey};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ask::Asking;
use super::key_file::{self, Missing};
use super::source::Source;

/// How often a passphrase is asked for.
pub(super) const ATTEMPTS: usize = 3;

/// The tags of the parts of an age file that SSH keys open.
const TAGS: [&str; 2] = ["ssh-ed25519", "ssh-rsa"];

/// Where the text of a key is.
pub(super) enum Origin {
    /// In this file.
    File(PathBuf, Missing),
    /// Here.
    Text(Zeroizing<Vec<u8>>),
}

/// What a key turned out to be.
enum Key {
    Open(Identity),
    Locked { key: Box<EncryptedKey>, tag: String, opened: OnceLock<Option<Identity>> },
    Useless,
}

/// An SSH key that is parsed when it is needed.
pub(super) struct SshKey {
    origin: Origin,
    source: Arc<Source>,
    asking: Asking,
    key: OnceLock<Key>,
}

impl SshKey {
    pub(super) fn new(origin: Origin, source: Arc<Source>, asking: Asking) -> Self {
        SshKey { origin, source, asking, key: OnceLock::new() }
    }

    /// Reads the key, if it was not yet, so that the source can name it.
    pub(super) fn examine(&self) {
        self.key();
    }

    fn key(&self) -> &Key {
        self.key.get_or_init(|| match &self.origin {
            Origin::Text(text) => parse(text, &self.source),
            Origin::File(path, missing) => match key_file::read(path, *missing, &self.source) {
                Some(text) => parse(&text, &self.source),
                None => Key::Useless,
            },
        })
    }

    /// Asks for the passphrase and opens the key, once.
    fn unlock(&self, key: &EncryptedKey) -> Option<Identity> {
        for attempt in 0..ATTEMPTS {
            let passphrase = self.asking.passphrase_of(&self.source, attempt > 0)?;
            if let Ok(open) = key.decrypt(passphrase) {
                return Some(Identity::from(open));
            }
        }
        self.source.problem("the passphrase is wrong");
        None
    }
}

impl age::Identity for SshKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        if !TAGS.contains(&stanza.tag.as_str()) {
            return None;
        }
        let identity = match self.key() {
            Key::Open(identity) => identity,
            Key::Locked { key, tag, opened } if self.asking.is_allowed() || opened.get().is_some() => {
                // Only asked for when this part of the file is for this very key.
                if stanza.args.first() != Some(tag) {
                    return None;
                }
                opened.get_or_init(|| self.unlock(key)).as_ref()?
            }
            Key::Locked { .. } | Key::Useless => return None,
        };
        age::Identity::unwrap_stanza(identity, stanza)
    }
}

/// True when a text holds a PEM private key at the start of a line. Words in comments do not count.
pub(super) fn is_private_key(text: &[u8]) -> bool {
    private_key(text).is_some()
}

fn private_key(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with("-----BEGIN ") && bare.ends_with("PRIVATE KEY-----") {
            return Some(&text[start..]);
        }
        start += line.len();
    }
    None
}

/// Parses the first private key of the text and writes into the source what it is.
fn parse(text: &[u8], source: &Source) -> Key {
    let Some(text) = private_key(text) else {
        source.problem("holds no private key");
        return Key::Useless;
    };
    // The parser wants bare lines: spaces around them and CR are what editors and secret stores add.
    let mut bare = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.lines() {
        bare.push_str(line.trim());
        bare.push('\n');
    }
    let Ok(identity) = Identity::from_buffer(bare.as_bytes(), None) else {
        source.problem(unreadable(&bare));
        return Key::Useless;
    };
    match Recipient::try_from(identity.clone()) {
        Ok(recipient) => source.public(recipient.to_string()),
        Err(ParseRecipientKeyError::RsaModulusTooLarge) => {
            source.problem("an RSA key that is too long for age");
        }
        Err(_) => {}
    }
    match identity {
        Identity::Encrypted(key) => match tag(&Identity::Encrypted(key.clone())) {
            Some(tag) => Key::Locked { key: Box::new(key), tag, opened: OnceLock::new() },
            None => Key::Useless,
        },
        Identity::Unsupported(kind) => {
            source.problem(unsupported(&kind));
            Key::Useless
        }
        open @ Identity::Unencrypted(_) => Key::Open(open),
    }
}

/// How age marks the parts of a file that are for this key.
fn tag(identity: &Identity) -> Option<String> {
    let public = Recipient::try_from(identity.clone()).ok()?.to_string();
    let wire = BASE64_STANDARD.decode(public.split_whitespace().nth(1)?).ok()?;
    Some(BASE64_STANDARD_NO_PAD.encode(&Sha256::digest(wire)[..4]))
}

fn unsupported(kind: &UnsupportedKey) -> String {
    match kind {
        UnsupportedKey::EncryptedPem => {
            "an old PEM key with a passphrase: convert it with `ssh-keygen -p -f FILE`".to_owned()
        }
        UnsupportedKey::EncryptedSsh(cipher) => {
            format!("locked with the cipher {cipher}: lock it again with `ssh-keygen -p -f FILE`")
        }
        UnsupportedKey::Hardware(kind) => {
            format!("a key on a hardware token ({kind}): age cannot decrypt with it")
        }
        UnsupportedKey::Type(kind) => {
            format!("an SSH key of the kind {kind}: age has ssh-ed25519 and ssh-rsa")
        }
    }
}

/// Why a PEM text is no key that age can use; names its kind, never its text.
fn unreadable(text: &str) -> String {
    let header = text.lines().next().unwrap_or_default();
    match header.trim_start_matches("-----BEGIN ").trim_end_matches("-----") {
        "OPENSSH PRIVATE KEY" | "RSA PRIVATE KEY" => "a damaged or cut-off SSH private key".to_owned(),
        kind => format!(
            "a private key in the form `{kind}`: age reads OpenSSH keys, convert it with `ssh-keygen -p -f FILE`"
        ),
    }
}
