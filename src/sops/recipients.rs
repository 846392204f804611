//! The data key and the people who hold it: age files, Shamir shares.

use std::io::{Read, Write};
use std::iter;
use std::str::FromStr;

use age::DecryptError;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use zeroize::Zeroizing;

use super::error::EntryFailure;
use super::metadata::{AgeEntry, Group, Metadata, Recipient};
use super::{DataKey, Fill, SopsError, shamir};

/// A data key or a share of it is shorter; what comes out longer is neither.
const LONGEST: u64 = 4096;

/// Who a file is to be encrypted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroups {
    /// Age recipients by group: `age1...`, `age1PLUGIN1...`, `ssh-ed25519 ...`, `ssh-rsa ...`.
    pub groups: Vec<Vec<String>>,
    /// With more than one group: how many are needed to open the file; none for all.
    pub threshold: Option<usize>,
}

impl KeyGroups {
    /// One group: each recipient alone opens the file.
    pub fn any_of(recipients: impl IntoIterator<Item = impl Into<String>>) -> Self {
        KeyGroups { groups: vec![recipients.into_iter().map(Into::into).collect()], threshold: None }
    }
}

impl KeyGroups {
    /// Adds a recipient to the first group; false when a group has it already.
    pub fn add(&mut self, recipient: &str) -> bool {
        let recipient = recipient.trim();
        if self.groups.iter().flatten().any(|one| one.trim() == recipient) {
            return false;
        }
        match self.groups.first_mut() {
            Some(group) => group.push(recipient.to_owned()),
            None => self.groups.push(vec![recipient.to_owned()]),
        }
        true
    }

    /// Removes a recipient from every group; false when none had it.
    pub fn remove(&mut self, recipient: &str) -> bool {
        let count = |groups: &[Vec<String>]| groups.iter().map(Vec::len).sum::<usize>();
        let before = count(&self.groups);
        self.groups.iter_mut().for_each(|group| group.retain(|one| one.trim() != recipient.trim()));
        count(&self.groups) < before
    }
}

/// True for recipients and identities that need post-quantum keys.
pub(crate) fn is_post_quantum(key: &str) -> bool {
    let key = key.trim();
    key.starts_with("age1pq1") || key.starts_with("AGE-SECRET-KEY-PQ-1")
}

/// Unwraps the data key: every identity is tried on every entry, in the order of the file.
pub(super) fn data_key(
    metadata: &Metadata,
    identities: &[Box<dyn age::Identity>],
) -> Result<DataKey, SopsError> {
    let entries = || metadata.groups.iter().flat_map(|group| &group.age);
    if entries().next().is_none() {
        let backends = metadata.recipients().iter().map(Recipient::to_string).collect();
        return Err(SopsError::OtherBackends { backends });
    }
    let mut shares = Vec::new();
    let mut failures = Vec::new();
    let needed = metadata.threshold();
    for group in &metadata.groups {
        if shares.len() >= needed {
            break;
        }
        for entry in &group.age {
            match unwrap(&entry.enc, identities) {
                Ok(share) => {
                    shares.push(share);
                    break;
                }
                Err(reason) => failures.push(EntryFailure { recipient: entry.recipient.clone(), reason }),
            }
        }
        for other in &group.others {
            failures.push(EntryFailure {
                recipient: other.to_string(),
                reason: "only sops opens keys of this kind".to_owned(),
            });
        }
    }
    if shares.len() < needed {
        if let Some(entry) = entries().next().filter(|_| entries().all(is_quantum_entry)) {
            return Err(SopsError::PostQuantum { recipient: entry.recipient.clone() });
        }
        if metadata.groups.len() < 2 {
            return Err(SopsError::NoDataKey { failures });
        }
        let (groups, opened) = (metadata.groups.len(), shares.len());
        return Err(SopsError::TooFewGroups { needed, groups, opened, failures });
    }
    match (metadata.groups.len(), shares.pop()) {
        (1, Some(key)) => DataKey::from_bytes(&key),
        (_, last) => {
            shares.extend(last);
            let key = shamir::combine(&shares)
                .map_err(|reason| SopsError::DataKey { reason: reason.to_owned() })?;
            DataKey::from_bytes(&key)
        }
    }
}

fn is_quantum_entry(entry: &AgeEntry) -> bool {
    is_post_quantum(&entry.recipient) || stanza(&entry.enc).is_some_and(|kind| kind.contains("mlkem"))
}

/// The kind of the first recipient stanza of an age file.
fn stanza(enc: &str) -> Option<String> {
    let mut header = Vec::new();
    ArmoredReader::new(enc.trim().as_bytes()).take(256).read_to_end(&mut header).ok()?;
    let header = String::from_utf8_lossy(&header).into_owned();
    Some(header.split_once("\n-> ")?.1.split(' ').next()?.to_owned())
}

/// Opens one armored age file; `Err` says why no identity could.
fn unwrap(enc: &str, identities: &[Box<dyn age::Identity>]) -> Result<Zeroizing<Vec<u8>>, String> {
    let armored = enc.trim();
    if armored.is_empty() {
        return Err("its enc is missing".to_owned());
    }
    let mut reason = if identities.is_empty() {
        "no identity was given".to_owned()
    } else {
        "no identity matches".to_owned()
    };
    let mut binary = Vec::new();
    ArmoredReader::new(armored.as_bytes())
        .take(1 << 20)
        .read_to_end(&mut binary)
        .map_err(|_| "its enc is no armored age file".to_owned())?;
    for identity in identities {
        let age = age::Decryptor::new_buffered(binary.as_slice()).map_err(|error| explain(&error))?;
        if age.is_scrypt() {
            return Err("its enc is encrypted with a passphrase".to_owned());
        }
        match age.decrypt(iter::once(&**identity)) {
            Ok(reader) => {
                let mut key = Zeroizing::new(Vec::with_capacity(64));
                reader.take(LONGEST).read_to_end(&mut key).map_err(|_| "its enc is damaged".to_owned())?;
                return Ok(key);
            }
            Err(DecryptError::NoMatchingKeys) => {}
            Err(error) => reason = explain(&error),
        }
    }
    if stanza(armored).is_some_and(|kind| kind.contains("mlkem")) {
        return Err("it needs a post-quantum key, which is not supported".to_owned());
    }
    Err(reason)
}

/// In our words: the crate's own texts need its translations loaded, and say less.
fn explain(error: &DecryptError) -> String {
    match error {
        DecryptError::DecryptionFailed => "its enc is damaged".to_owned(),
        DecryptError::InvalidHeader | DecryptError::InvalidMac => {
            "the header of its enc is damaged".to_owned()
        }
        DecryptError::UnknownFormat => "its enc is no age file, or one of a newer kind".to_owned(),
        DecryptError::KeyDecryptionFailed => "the passphrase of the identity is wrong or missing".to_owned(),
        DecryptError::NoMatchingKeys => "no identity matches".to_owned(),
        other => other.to_string(),
    }
}

/// Who a file of age is encrypted for, by the public key.
pub(crate) fn recipient(recipient: &str) -> Result<Box<dyn age::Recipient>, SopsError> {
    let refuse =
        |reason: &str| SopsError::Recipient { recipient: recipient.to_owned(), reason: reason.to_owned() };
    if is_post_quantum(recipient) {
        return Err(SopsError::PostQuantum { recipient: recipient.to_owned() });
    }
    Ok(if recipient.starts_with("ssh-") {
        let key = age::ssh::Recipient::from_str(recipient);
        Box::new(key.map_err(|_| refuse("it is no ssh-ed25519 or ssh-rsa public key"))?)
    } else if recipient.starts_with("AGE-SECRET-KEY-") || recipient.contains("PRIVATE KEY") {
        return Err(SopsError::Recipient {
            recipient: "(hidden)".to_owned(),
            reason: "it is a private key; give the public one".to_owned(),
        });
    } else if let Ok(key) = age::x25519::Recipient::from_str(recipient) {
        Box::new(key)
    } else {
        let key =
            age::plugin::Recipient::from_str(recipient).map_err(|_| refuse("it is no age public key"))?;
        let name = key.plugin().to_owned();
        let plugin = age::plugin::RecipientPluginV1::new(&name, &[key], &[], age::NoCallbacks);
        Box::new(plugin.map_err(|_| refuse(&format!("the program age-plugin-{name} is missing")))?)
    })
}

/// One armored age file for one recipient.
fn wrap(recipient: &str, secret: &[u8]) -> Result<String, SopsError> {
    let refuse =
        |reason: &str| SopsError::Recipient { recipient: recipient.to_owned(), reason: reason.to_owned() };
    let to = self::recipient(recipient)?;
    let age =
        age::Encryptor::with_recipients(iter::once(&*to)).map_err(|error| refuse(&error.to_string()))?;
    let armored = || -> std::io::Result<Vec<u8>> {
        let mut writer = age.wrap_output(ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?)?;
        writer.write_all(secret)?;
        writer.finish()?.finish()
    };
    let armored = armored().map_err(|error| refuse(&error.to_string()))?;
    let mut text = String::from_utf8(armored).map_err(|_| refuse("its age file is not text"))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Wraps the data key for these recipients; entries that exist for a recipient are kept as they are.
/// True when something changed.
pub(super) fn assign(
    metadata: &mut Metadata,
    key: &DataKey,
    wanted: &KeyGroups,
    rewrap: bool,
    fill: &mut Fill<'_>,
) -> Result<bool, SopsError> {
    let wrong = |reason: &str| SopsError::Groups { reason: reason.to_owned() };
    let names: Vec<Vec<&str>> =
        wanted.groups.iter().map(|group| group.iter().map(|name| name.trim()).collect()).collect();
    if names.iter().flatten().any(|name| name.is_empty()) {
        return Err(wrong("one of them is empty"));
    }
    let others = metadata.groups.iter().any(|group| !group.others.is_empty());
    let (count, threshold) = (names.len(), wanted.threshold.unwrap_or(names.len()));
    let shared = count > 1;
    if count == 0 || names.iter().any(|group| group.is_empty() && (shared || !others)) {
        return Err(wrong("nobody could open the file"));
    }
    if shared && !(2..=count).contains(&threshold) {
        return Err(wrong("the threshold must be at least 2 and at most the number of groups"));
    }
    if others && (shared || rewrap || metadata.groups.len() > 1) {
        return Err(wrong("the file has keys of other backends, which only sops can wrap again"));
    }
    let same_key = !rewrap && !shared && metadata.groups.len() <= 1;
    let same = |group: &Group, names: &[&str]| {
        let mut old: Vec<_> = group.age.iter().map(|entry| entry.recipient.trim()).collect();
        let mut new = names.to_vec();
        old.sort_unstable();
        new.sort_unstable();
        old == new
    };
    let unchanged = metadata.groups.len() == count
        && metadata.groups.iter().zip(&names).all(|(group, names)| same(group, names))
        && (!shared || metadata.threshold() == threshold);
    if unchanged && !rewrap {
        return Ok(false);
    }
    let bounded = |number: usize| u8::try_from(number).map_err(|_| wrong("there are more than 255 groups"));
    let secrets = if shared {
        shamir::split(key.bytes(), bounded(count)?, bounded(threshold)?, fill)
    } else {
        vec![Zeroizing::new(key.bytes().to_vec())]
    };
    let old = metadata.groups.first().cloned().unwrap_or_default();
    let mut groups = Vec::new();
    for (names, secret) in names.iter().zip(&secrets) {
        let mut group =
            Group { age: Vec::new(), others: if shared { Vec::new() } else { old.others.clone() } };
        for &name in names {
            let kept = old.age.iter().find(|entry| same_key && entry.recipient.trim() == name);
            let entry = match kept {
                Some(entry) => entry.clone(),
                None => AgeEntry::new(name, wrap(name, secret)?),
            };
            group.age.push(entry);
        }
        groups.push(group);
    }
    metadata.put_groups(groups, threshold);
    Ok(true)
}
