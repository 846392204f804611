//! The metadata of a file: who can open it, what is encrypted, the MAC (`stores/metadata.go`).

use super::rule::Rule;
use super::tree::{Map, Node, Text, Value};
use super::{SopsError, VERSION, scalar};

/// Key lists of other backends: field, name for people, fields that identify a key.
const BACKENDS: [(&str, &str, &[&str]); 6] = [
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
pub(super) struct AgeEntry {
    pub(super) recipient: String,
    pub(super) enc: String,
    /// As it stands in the file, so that it stays so.
    raw: Option<Map>,
}

impl AgeEntry {
    pub(super) fn new(recipient: &str, enc: String) -> Self {
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
pub(super) struct Group {
    pub(super) age: Vec<AgeEntry>,
    pub(super) others: Vec<Recipient>,
}

/// The metadata of a file.
#[derive(Clone)]
pub struct Metadata {
    /// As read, in its order, with what we do not know.
    pub(super) raw: Map,
    /// The flattened keys of a dotenv file in their order.
    pub(super) order: Vec<Vec<u8>>,
    pub(super) groups: Vec<Group>,
    pub(super) threshold: usize,
    pub(super) rule: Rule,
    pub(super) mac_only: bool,
    pub(super) modified: String,
    pub(super) mac: Text,
    pub(super) version: String,
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
    pub(super) fn new(rule: Option<Rule>, mac_only: bool) -> Self {
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

    /// Reads the metadata tree with the weak typing of sops.
    pub(super) fn parse(raw: Map) -> Result<Self, SopsError> {
        let version = text(&raw, "version")?;
        if matches!(raw.get(b"lastmodified").and_then(Node::value), Some(Value::Time(_))) {
            let also = if version.is_empty() { ", and version is missing" } else { "" };
            return Err(SopsError::metadata(
                "lastmodified",
                format!(
                    "is a bare YAML time instead of quoted text{also}: sops refuses such files (rops writes them)"
                ),
            ));
        }
        if version.is_empty() {
            return Err(SopsError::metadata("version", "is missing"));
        }
        if !version.starts_with("1.") && semver::Version::parse(version.trim_start_matches('v')).is_err() {
            return Err(SopsError::metadata("version", "is not MAJOR.MINOR.PATCH"));
        }
        let modified = scalar::rfc3339(&text(&raw, "lastmodified")?)
            .ok_or_else(|| SopsError::metadata("lastmodified", "is missing or not an RFC 3339 time"))?;
        let mut rules = Vec::new();
        for name in Rule::NAMES {
            let pattern = text(&raw, name)?;
            rules.extend(Rule::named(name, &pattern).filter(|_| !pattern.is_empty()));
        }
        if rules.len() > 1 {
            return Err(SopsError::metadata(
                rules[1].field().0,
                "is there although the file has another rule",
            ));
        }
        let groups = groups(&raw)?;
        Ok(Metadata {
            order: Vec::new(),
            groups,
            threshold: threshold(&raw)?,
            rule: rules.pop().unwrap_or_default(),
            mac_only: truth(&raw, "mac_only_encrypted")?,
            modified,
            mac: Text::new(text(&raw, "mac")?.into_bytes()),
            version,
            raw,
        })
    }

    /// Puts a new MAC and its time.
    pub(super) fn put_mac(&mut self, mac: Vec<u8>, modified: String) {
        self.put("lastmodified", Node::text(modified.as_str()));
        self.put("mac", Node::text(mac.as_slice()));
        self.modified = modified;
        self.mac = Text::new(mac);
    }

    /// Puts new age recipients; keys of other backends stay.
    pub(super) fn put_groups(&mut self, groups: Vec<Group>, threshold: usize) {
        let list = |group: &Group| Node::List(group.age.iter().map(AgeEntry::node).collect());
        if let [group] = groups.as_slice() {
            let node = list(group);
            if self.raw.remove(b"key_groups") {
                self.raw.remove(b"shamir_threshold");
            }
            if group.age.is_empty() && self.raw.get(b"age").is_none() {
                self.groups = groups;
                return;
            }
            self.put("age", node);
        } else {
            for field in ["age"].into_iter().chain(BACKENDS.map(|backend| backend.0)) {
                self.raw.remove(field.as_bytes());
            }
            let of = |group: &Group| {
                let mut map = Map::default();
                map.push("age", list(group));
                map.push("hc_vault", Node::List(Vec::new()));
                Node::Map(map)
            };
            self.put("key_groups", Node::List(groups.iter().map(of).collect()));
            self.put(
                "shamir_threshold",
                Node::from(Value::Int(i64::try_from(threshold).unwrap_or(i64::MAX))),
            );
            self.threshold = threshold;
        }
        self.groups = groups;
    }

    /// Replaces a field where it stands, or adds it in alphabetical order.
    fn put(&mut self, name: &str, node: Node) {
        if self.raw.get(name.as_bytes()).is_some() {
            self.raw.put(name, node);
            return;
        }
        let after = |key: &[u8]| key > name.as_bytes();
        let at = self
            .raw
            .0
            .iter()
            .position(|entry| matches!(entry, super::tree::Entry::Pair(key, _) if after(key)));
        let at = at.unwrap_or(self.raw.0.len());
        self.raw.0.insert(at, super::tree::Entry::Pair(name.as_bytes().to_vec(), node));
    }
}

/// A field as text; absent and null are empty.
fn text(map: &Map, name: &str) -> Result<String, SopsError> {
    match map.get(name.as_bytes()) {
        None => Ok(String::new()),
        Some(Node::Scalar(leaf)) => match &leaf.value {
            Value::Null => Ok(String::new()),
            value => Ok(String::from_utf8_lossy(&scalar::display(value)).into_owned()),
        },
        Some(_) => Err(SopsError::metadata(name, "is a list or a map instead of text")),
    }
}

fn truth(map: &Map, name: &str) -> Result<bool, SopsError> {
    match map.get(name.as_bytes()).and_then(Node::value) {
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(Value::Int(number)) => Ok(*number != 0),
        Some(Value::Float(number)) => Ok(*number != 0.0),
        _ => {
            let text = text(map, name)?;
            if text.is_empty() {
                return Ok(false);
            }
            scalar::parse_bool(&text).ok_or_else(|| SopsError::metadata(name, "is neither true nor false"))
        }
    }
}

fn threshold(map: &Map) -> Result<usize, SopsError> {
    let name = "shamir_threshold";
    let text = text(map, name)?;
    if text.is_empty() {
        return Ok(0);
    }
    let number = scalar::parse_int(&text).or_else(|| match scalar::parse_bool(&text) {
        Some(truth) => Some(i128::from(truth)),
        None => None,
    });
    number
        .map(|number| usize::try_from(number).unwrap_or(0))
        .ok_or_else(|| SopsError::metadata(name, "is no whole number"))
}

/// The list of maps under a key; absent and null are empty.
fn entries<'a>(map: &'a Map, name: &str) -> Result<Vec<&'a Map>, SopsError> {
    let wrong =
        || SopsError::metadata(name, "is not a list of keys (an empty list written as an empty value?)");
    let items = match map.get(name.as_bytes()) {
        None => return Ok(Vec::new()),
        Some(Node::List(items)) => items,
        Some(node) if matches!(node.value(), Some(Value::Null)) => return Ok(Vec::new()),
        Some(_) => return Err(wrong()),
    };
    let items = items.iter().filter(|item| !matches!(item, Node::Comment(_)));
    items.map(|item| if let Node::Map(map) = item { Ok(map) } else { Err(wrong()) }).collect()
}

fn group(map: &Map) -> Result<Group, SopsError> {
    let mut group = Group::default();
    for entry in entries(map, "age")? {
        let (recipient, enc) = (text(entry, "recipient")?, text(entry, "enc")?);
        group.age.push(AgeEntry { recipient, enc, raw: Some(entry.clone()) });
    }
    for (field, backend, parts) in BACKENDS {
        for entry in entries(map, field)? {
            let parts: Result<Vec<_>, _> = parts.iter().map(|part| text(entry, part)).collect();
            group.others.push(Recipient::Other { backend, id: parts?.join("/") });
        }
    }
    Ok(group)
}

fn groups(raw: &Map) -> Result<Vec<Group>, SopsError> {
    let flat = group(raw)?;
    if !flat.age.is_empty() || !flat.others.is_empty() {
        return Ok(vec![flat]);
    }
    let groups: Result<Vec<_>, _> = entries(raw, "key_groups")?.into_iter().map(group).collect();
    match groups? {
        groups if groups.is_empty() => Err(SopsError::NoKeys),
        groups => Ok(groups),
    }
}
