//! The metadata of a file: who can open it, what is encrypted, the MAC (`stores/metadata.go`).

mod read;
mod write;

use super::rule::Rule;
use super::tree::{Map, Node, Text, Value};
use super::{KeyGroups, VERSION};

/// Key lists of other backends: field, name for people, fields that identify a key.
pub(in crate::sops) const BACKENDS: [(&str, &str, &[&str]); 6] = [
    ("kms", "AWS KMS", &["arn"]),
    ("gcp_kms", "GCP KMS", &["resource_id"]),
    ("hckms", "HuaweiCloud KMS", &["key_id"]),
    ("azure_kv", "Azure Key Vault", &["vault_url", "name", "version"]),
    ("hc_vault", "HashiCorp Vault", &["vault_address", "engine_path", "key_name"]),
    ("pgp", "PGP", &["fp"]),
];

/// Somebody a file is encrypted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An age recipient, as it was given.
    Age(String),
    /// A key of a backend that only sops opens.
    Other {
        /// The backend, such as `PGP`.
        backend: &'static str,
        /// The key, such as a fingerprint or an ARN.
        id: String,
    },
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Recipient::Age(recipient) => f.write_str(recipient),
            Recipient::Other { backend, id } => write!(f, "{backend} {id}"),
        }
    }
}

/// One age recipient with the data key (or a share of it) wrapped for it.
#[derive(Clone)]
pub(in crate::sops) struct AgeEntry {
    pub(in crate::sops) recipient: String,
    pub(in crate::sops) enc: String,
    /// As it stands in the file, so that it stays so.
    raw: Option<Map>,
}

impl AgeEntry {
    pub(in crate::sops) fn new(recipient: &str, enc: String) -> Self {
        AgeEntry { recipient: recipient.to_owned(), enc, raw: None }
    }

    fn node(&self) -> Node {
        let raw = self.raw.clone().unwrap_or_else(|| {
            let mut map = Map::default();
            map.push("enc", Node::text(self.enc.as_str()));
            map.push("recipient", Node::text(self.recipient.as_str()));
            map
        });
        Node::Map(raw)
    }
}

/// Recipients that share a copy of the data key, or one share of it.
#[derive(Clone, Default)]
pub(in crate::sops) struct Group {
    pub(in crate::sops) age: Vec<AgeEntry>,
    pub(in crate::sops) others: Vec<Recipient>,
}

/// The metadata of a file.
#[derive(Clone)]
pub struct Metadata {
    /// As read, in its order, with what we do not know.
    pub(in crate::sops) raw: Map,
    /// The flattened keys of a dotenv file in their order.
    pub(in crate::sops) order: Vec<Vec<u8>>,
    pub(in crate::sops) groups: Vec<Group>,
    pub(in crate::sops) threshold: usize,
    pub(in crate::sops) rule: Rule,
    pub(in crate::sops) mac_only: bool,
    pub(in crate::sops) modified: String,
    pub(in crate::sops) mac: Text,
    pub(in crate::sops) version: String,
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata")
            .field("recipients", &self.recipients())
            .field("rule", &self.rule)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Metadata {
    /// Everybody the file is encrypted for, in the order of the file.
    pub fn recipients(&self) -> Vec<Recipient> {
        let of = |group: &Group| {
            let age = group.age.iter().map(|entry| Recipient::Age(entry.recipient.clone()));
            age.chain(group.others.iter().cloned()).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of).collect()
    }

    /// The age recipients of each key group; one group unless the data key is shared out (Shamir).
    pub fn age_groups(&self) -> Vec<Vec<String>> {
        let of = |group: &Group| group.age.iter().map(|entry| entry.recipient.clone()).collect();
        self.groups.iter().map(of).collect()
    }

    /// The age recipients as they can be given to a change of recipients.
    pub fn key_groups(&self) -> KeyGroups {
        let groups = self.age_groups();
        let threshold = (groups.len() > 1).then(|| self.threshold());
        KeyGroups { groups, threshold }
    }

    /// How many key groups are needed to open the file.
    pub fn threshold(&self) -> usize {
        match self.groups.len() {
            0 | 1 => 1,
            _ => self.threshold.max(1),
        }
    }

    /// Which leaves are encrypted.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// True when the MAC leaves clear values out.
    pub fn mac_only_encrypted(&self) -> bool {
        self.mac_only
    }

    /// When the values were last written: RFC 3339.
    pub fn modified(&self) -> &str {
        &self.modified
    }

    /// The version of sops that wrote the file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Metadata of a new file; recipients and MAC follow.
    pub(in crate::sops) fn new(rule: Option<Rule>, mac_only: bool) -> Self {
        let mut raw = Map::default();
        if mac_only {
            raw.push("mac_only_encrypted", Node::from(Value::Bool(true)));
        }
        if let Some(rule) = &rule {
            let (name, text) = rule.field();
            raw.push(name, Node::text(text));
        }
        raw.push("version", Node::text(VERSION));
        Metadata {
            raw,
            order: Vec::new(),
            groups: Vec::new(),
            threshold: 0,
            rule: rule.unwrap_or_default(),
            mac_only,
            modified: String::new(),
            mac: Text::default(),
            version: VERSION.to_owned(),
        }
    }
}
