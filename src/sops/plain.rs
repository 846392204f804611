//! An open document: read it, change it, seal it again.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use super::cipher::Cipher;
use super::metadata::Metadata;
use super::rule::Matcher;
use super::store::Document;
use super::tree::{Comment, Entry, Map, Node, Scalar, Text, Value, show};
use super::{DataKey, Encrypted, Fill, Format, KeyGroups, Rule, SopsError};
use super::{json, recipients, scalar, store, walk, yaml};

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value under a key of a map.
    Key(Vec<u8>),
    /// The item of a list, from 0; the length of the list adds one when setting.
    Index(usize),
}

/// The path of a top-level key.
pub fn key(name: &str) -> [Step; 1] {
    [Step::Key(name.as_bytes().to_vec())]
}

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

    /// The value at a path of the first document.
    pub fn get(&self, path: &[Step]) -> Option<&Node> {
        let (Step::Key(first), rest) = path.split_first()? else { return None };
        let mut node = self.branches.first()?.get(first)?;
        for step in rest {
            node = match (node, step) {
                (Node::Map(map), Step::Key(key)) => map.get(key)?,
                (Node::List(items), Step::Index(at)) => {
                    items.iter().filter(|item| !is_comment(item)).nth(*at)?
                }
                _ => return None,
            };
        }
        Some(node)
    }

    /// Puts a value at a path of the first document, as `sops set` does: missing keys are added at the end.
    /// A value that is there already keeps its ciphertext.
    ///
    /// # Errors
    /// [`SopsError::BadPath`], and for keys that could not be read back [`SopsError::NotRepresentable`] and
    /// [`SopsError::AlreadyEncrypted`].
    pub fn set(&mut self, path: &[Step], value: Node) -> Result<(), SopsError> {
        let bad = |reason| SopsError::BadPath { path: show_path(path), reason };
        let Some((Step::Key(first), rest)) = path.split_first() else {
            return Err(bad("it must begin with a key"));
        };
        store::check_reserved(first, self.format)?;
        if self.format == Format::Dotenv {
            let refuse =
                |reason| SopsError::NotRepresentable { key: show(first), format: Format::Dotenv, reason };
            super::dotenv::check_key(first).map_err(refuse)?;
            if !rest.is_empty() || value.value().is_none() {
                return Err(refuse("dotenv is flat"));
            }
        }
        if self.branches.is_empty() {
            self.branches.push(Map::default());
        }
        let mut place = slot(&mut self.branches[0], first);
        for step in rest {
            place = match (place, step) {
                (Node::List(items), Step::Index(at)) => {
                    let places: Vec<_> = items
                        .iter()
                        .enumerate()
                        .filter(|(_, item)| !is_comment(item))
                        .map(|(at, _)| at)
                        .collect();
                    let at = match places.get(*at) {
                        Some(&found) => found,
                        None if *at == places.len() => {
                            items.push(Node::leaf(Value::Null));
                            items.len() - 1
                        }
                        None => return Err(bad("the list is shorter")),
                    };
                    &mut items[at]
                }
                (_, Step::Index(_)) => return Err(bad("an index needs a list")),
                (Node::List(_), Step::Key(_)) => return Err(bad("a key needs a map")),
                (place, Step::Key(name)) => {
                    if !matches!(place, Node::Map(_)) {
                        if !matches!(place.value(), Some(Value::Null)) {
                            return Err(bad("a key needs a map"));
                        }
                        *place = Node::Map(Map::default());
                    }
                    match place {
                        Node::Map(map) => slot(map, name),
                        _ => return Err(bad("a key needs a map")),
                    }
                }
            };
        }
        match (&place, &value) {
            (Node::Scalar(old), Node::Scalar(new)) if old.value == new.value => {}
            _ => *place = value,
        }
        Ok(())
    }

    /// A value written as JSON, as `sops set` takes it; none when it is no JSON.
    pub fn json_value(text: &[u8]) -> Option<Node> {
        json::parse_value(text)
    }

    /// Removes what is at a path of the first document.
    ///
    /// # Errors
    /// [`SopsError::NoSuchKey`].
    pub fn unset(&mut self, path: &[Step]) -> Result<(), SopsError> {
        let missing = || SopsError::NoSuchKey { path: show_path(path) };
        let (last, above) = path.split_last().ok_or_else(missing)?;
        let map = self.branches.first_mut().ok_or_else(missing)?;
        let removed = match (above.split_first(), last) {
            (None, Step::Key(key)) => map.remove(key),
            (Some((Step::Key(first), rest)), last) => {
                let mut place = map.get_mut(first).ok_or_else(missing)?;
                for step in rest {
                    place = match (place, step) {
                        (Node::Map(map), Step::Key(key)) => map.get_mut(key),
                        (Node::List(items), Step::Index(at)) => {
                            items.iter_mut().filter(|item| !is_comment(item)).nth(*at)
                        }
                        _ => None,
                    }
                    .ok_or_else(missing)?;
                }
                match (place, last) {
                    (Node::Map(map), Step::Key(key)) => map.remove(key),
                    (Node::List(items), Step::Index(at)) => {
                        let found = items.iter().enumerate().filter(|(_, item)| !is_comment(item)).nth(*at);
                        let found = found.map(|(at, _)| at);
                        found.map(|at| items.remove(at)).is_some()
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if removed { Ok(()) } else { Err(missing()) }
    }

    /// Replaces the whole document by an edited plain text. Values that stay at their path keep their
    /// ciphertext.
    ///
    /// # Errors
    /// As [`Plain::create`].
    pub fn replace(&mut self, bytes: &[u8]) -> Result<(), SopsError> {
        let Document { mut branches, layout } = store::load_plain(bytes, self.format)?;
        let mut kept = Kept::default();
        let mut path = Vec::new();
        for branch in &mut self.branches {
            kept.map(branch, &mut path, false);
        }
        for branch in &mut branches {
            kept.map(branch, &mut path, true);
        }
        self.branches = branches;
        self.layout = layout;
        Ok(())
    }

    /// Makes a new data key and wraps it for everybody: all ciphertexts change.
    ///
    /// # Errors
    /// [`SopsError::Recipient`]; [`SopsError::Groups`] when keys of other backends would be lost.
    pub fn rotate(&mut self, fill: &mut Fill<'_>) -> Result<(), SopsError> {
        let wanted = KeyGroups {
            groups: self.metadata.age_groups(),
            threshold: (self.metadata.age_groups().len() > 1).then(|| self.metadata.threshold()),
        };
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
            forget(branch);
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

fn is_comment(node: &Node) -> bool {
    matches!(node, Node::Comment(_))
}

/// The value under a key, added at the end if it is not there.
fn slot<'a>(map: &'a mut Map, key: &[u8]) -> &'a mut Node {
    let found = map.0.iter().position(|entry| matches!(entry, Entry::Pair(name, _) if name == key));
    let at = found.unwrap_or_else(|| {
        map.push(key, Node::leaf(Value::Null));
        map.0.len() - 1
    });
    match &mut map.0[at] {
        Entry::Pair(_, node) => node,
        Entry::Comment(_) => unreachable!("the position of a pair"),
    }
}

fn show_path(path: &[Step]) -> String {
    path.iter().fold(String::new(), |text, step| match step {
        Step::Key(key) => format!("{text}[\"{}\"]", show(key)),
        Step::Index(at) => format!("{text}[{at}]"),
    })
}

/// Ciphertexts of a document by place, type and value, in their order.
#[derive(Default)]
struct Kept(HashMap<[u8; 32], VecDeque<Vec<u8>>>);

impl Kept {
    /// Takes the ciphertexts of a document out, or gives them to another.
    fn map(&mut self, map: &mut Map, path: &mut Vec<u8>, give: bool) {
        for entry in &mut map.0 {
            match entry {
                Entry::Comment(comment) => self.comment(comment, path, give),
                Entry::Pair(key, node) => {
                    let before = path.len();
                    path.extend_from_slice(key);
                    path.push(b':');
                    self.node(node, path, give);
                    path.truncate(before);
                }
            }
        }
    }

    fn node(&mut self, node: &mut Node, path: &mut Vec<u8>, give: bool) {
        match node {
            Node::Map(map) => self.map(map, path, give),
            Node::List(items) => {
                for item in items {
                    self.node(item, path, give);
                }
            }
            Node::Comment(comment) => self.comment(comment, path, give),
            Node::Scalar(Scalar { value, sealed }) => {
                if let Some(bytes) = scalar::bytes(value) {
                    let label = if matches!(value, Value::Bytes(_)) { "str" } else { value.label() };
                    self.leaf(label, &bytes, sealed, path, give);
                    if let (true, None, &Value::Int(number)) = (give, &sealed, &*value) {
                        // JSON and YAML print 1.0 as 1: an edit must not change its type.
                        self.leaf("float", &bytes, sealed, path, give);
                        if sealed.is_some() {
                            #[expect(clippy::cast_precision_loss, reason = "the texts are the same")]
                            let float = number as f64;
                            *value = Value::Float(float);
                        }
                    }
                }
            }
        }
    }

    fn comment(&mut self, comment: &mut Comment, path: &[u8], give: bool) {
        self.leaf("comment", &comment.text, &mut comment.sealed, path, give);
    }

    fn leaf(&mut self, label: &str, bytes: &[u8], sealed: &mut Option<Vec<u8>>, path: &[u8], give: bool) {
        if !give && sealed.is_none() {
            return;
        }
        let mut hash = Sha256::new();
        for part in [label.as_bytes(), path, bytes] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let place: [u8; 32] = hash.finalize().into();
        if give {
            *sealed = self.0.get_mut(&place).and_then(VecDeque::pop_front);
        } else if let Some(text) = sealed.take() {
            self.0.entry(place).or_default().push_back(text);
        }
    }
}

fn forget(map: &mut Map) {
    for entry in &mut map.0 {
        match entry {
            Entry::Comment(comment) => comment.sealed = None,
            Entry::Pair(_, node) => forget_node(node),
        }
    }
}

impl Node {
    /// The same without the ciphertexts it had: for another file.
    #[must_use]
    pub fn unsealed(mut self) -> Node {
        forget_node(&mut self);
        self
    }
}

fn forget_node(node: &mut Node) {
    match node {
        Node::Map(map) => forget(map),
        Node::List(items) => items.iter_mut().for_each(forget_node),
        Node::Comment(comment) => comment.sealed = None,
        Node::Scalar(leaf) => leaf.sealed = None,
    }
}
