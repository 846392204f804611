//! What can be wrong with a SOPS file; never holds a value of it.

use std::fmt;

use super::Format;

/// Why one recipient of a file could not be used to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFailure {
    /// The recipient as the file names it (an age recipient, a fingerprint, an ARN ...).
    pub recipient: String,
    /// Why it was of no use.
    pub reason: String,
}

impl fmt::Display for EntryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.recipient, self.reason)
    }
}

/// What can be wrong with a SOPS file, a key for it, or a change to it.
///
/// Messages name keys and lines, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SopsError {
    /// The file holds no SOPS metadata.
    #[error("the file is not encrypted: it has no sops metadata")]
    NotEncrypted,
    /// An encrypted file that is not in its format.
    #[error("line {line} is not valid {format}: {reason}")]
    Unreadable {
        /// The format it was read as.
        format: Format,
        /// The first line that is wrong, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A plain text that is not in its format.
    #[error("line {line} of the plain text is not valid {format}: {reason}")]
    InvalidInput {
        /// The format it was read as.
        format: Format,
        /// The first line that is wrong, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A plain YAML text without a document.
    #[error("the plain text is empty: YAML needs at least one key")]
    EmptyInput,
    /// Markers that git left in the file.
    #[error("line {line} is a git conflict marker: resolve the merge, then encrypt again")]
    ConflictMarker {
        /// The line of the first marker, from 1.
        line: usize,
    },
    /// The line ends of an encrypted file were converted.
    #[error("line {line} ends in CR LF: the line ends of the encrypted file were converted (git autocrlf?)")]
    LineEnds {
        /// The first line that ends so, from 1.
        line: usize,
    },
    /// The metadata is damaged or not what sops accepts.
    #[error("sops metadata: {field} {reason}")]
    Metadata {
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata names nobody who could open the file.
    #[error("sops metadata: no keys found in file")]
    NoKeys,
    /// None of the identities opens the file.
    #[error("no identity opens the file{}", list(failures))]
    NoDataKey {
        /// Every recipient of the file with the reason why it was of no use.
        failures: Vec<EntryFailure>,
    },
    /// The file can only be opened by keys of other kinds.
    #[error("the file is encrypted for {} only, and infractl opens age recipients", backends.join(", "))]
    OtherBackends {
        /// The kinds and their keys, such as `PGP FBC7...`.
        backends: Vec<String>,
    },
    /// The file or the recipient needs post-quantum keys.
    #[error("post-quantum keys (age1pq1..., AGE-SECRET-KEY-PQ-1...) are not supported: {recipient}")]
    PostQuantum {
        /// The recipient.
        recipient: String,
    },
    /// Too few key groups could be opened to combine the shares of the data key.
    #[error("{needed} of {groups} key groups are needed, {opened} could be opened{}", list(failures))]
    TooFewGroups {
        /// Groups that are needed.
        needed: usize,
        /// Groups of the file.
        groups: usize,
        /// Groups that could be opened.
        opened: usize,
        /// Every recipient that was of no use, with the reason.
        failures: Vec<EntryFailure>,
    },
    /// The unwrapped text is no data key.
    #[error("the data key is damaged: {reason}")]
    DataKey {
        /// What is wrong.
        reason: String,
    },
    /// A value does not decrypt.
    #[error("value of {key} does not decrypt: {reason}")]
    Value {
        /// The path of the value.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// The file has no MAC.
    #[error("MAC mismatch: the file has no MAC")]
    NoMac,
    /// The MAC itself does not decrypt.
    #[error("the MAC does not decrypt: {reason} (was sops_lastmodified changed?)")]
    MacUnreadable {
        /// Why.
        reason: &'static str,
    },
    /// The MAC is not that of the values.
    #[error("MAC mismatch: the values were changed outside sops, by hand or by a merge")]
    MacMismatch,
    /// The document does not fit into the format.
    #[error("{key} cannot be written as {format}: {reason}")]
    NotRepresentable {
        /// The path of the value.
        key: String,
        /// The format it was to be written in.
        format: Format,
        /// Why.
        reason: &'static str,
    },
    /// A leaf that sops cannot encrypt.
    #[error("value of {key} cannot be encrypted: {reason}")]
    NotEncryptable {
        /// The path of the value.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// A value that is no scalar where only scalars can be.
    #[error("value of {key} is a list or a map: only flat files can become an environment")]
    NotFlat {
        /// The key.
        key: String,
    },
    /// The plain text already holds SOPS metadata.
    #[error("the file is already encrypted, or has a key reserved for sops: {key}")]
    AlreadyEncrypted {
        /// The reserved key.
        key: String,
    },
    /// The rule that chooses what is encrypted is no valid pattern.
    #[error("{rule} is not a valid pattern: {reason}")]
    Pattern {
        /// The name of the rule.
        rule: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A path that does not fit the document.
    #[error("no place for {path}: {reason}")]
    BadPath {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// The key to remove is not there.
    #[error("key not found: {path}")]
    NoSuchKey {
        /// The path.
        path: String,
    },
    /// A recipient that cannot be encrypted to.
    #[error("recipient {recipient} cannot be used: {reason}")]
    Recipient {
        /// The recipient as given.
        recipient: String,
        /// Why.
        reason: String,
    },
    /// Recipients that make no file that can be opened.
    #[error("recipients: {reason}")]
    Groups {
        /// What is wrong.
        reason: String,
    },
}

impl SopsError {
    /// The exit code of `sops` in this situation (`cmd/sops/codes/codes.go`).
    pub fn sops_exit(&self) -> u8 {
        match self {
            SopsError::InvalidInput { .. } => 2,
            SopsError::EmptyInput => 92,
            SopsError::NotRepresentable { .. } => 4,
            SopsError::BadPath { .. } => 7,
            SopsError::NotEncryptable { .. } => 23,
            SopsError::Value { .. } => 25,
            SopsError::NoMac | SopsError::MacUnreadable { .. } | SopsError::MacMismatch => 51,
            SopsError::NoDataKey { .. }
            | SopsError::OtherBackends { .. }
            | SopsError::PostQuantum { .. }
            | SopsError::TooFewGroups { .. }
            | SopsError::DataKey { .. } => 128,
            SopsError::AlreadyEncrypted { .. } => 203,
            SopsError::NotEncrypted
            | SopsError::Unreadable { .. }
            | SopsError::ConflictMarker { .. }
            | SopsError::LineEnds { .. }
            | SopsError::Metadata { .. }
            | SopsError::NoKeys
            | SopsError::NotFlat { .. }
            | SopsError::Pattern { .. }
            | SopsError::NoSuchKey { .. }
            | SopsError::Recipient { .. }
            | SopsError::Groups { .. } => 1,
        }
    }

    /// The same error for a text that is not encrypted yet.
    pub(super) fn of_plain_text(self) -> Self {
        match self {
            SopsError::Unreadable { format, line, reason } => {
                SopsError::InvalidInput { format, line, reason }
            }
            other => other,
        }
    }

    pub(super) fn metadata(field: &str, reason: impl Into<String>) -> Self {
        SopsError::Metadata { field: field.to_owned(), reason: reason.into() }
    }
}

fn list(failures: &[EntryFailure]) -> String {
    failures.iter().fold(String::new(), |text, failure| format!("{text}\n  {failure}"))
}
