//! The document: ordered, with comments and duplicate keys. Strings are bytes.

use std::fmt;

use zeroize::Zeroizing;

/// Text that may be secret: wiped when dropped.
pub(crate) type Text = Zeroizing<Vec<u8>>;

/// A leaf of the document with its type.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Text: bytes that need not be UTF-8 in dotenv.
    Str(Text),
    /// A whole number.
    Int(i64),
    /// A whole number above the signed range: YAML can hold it, sops cannot encrypt it.
    Unsigned(u64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A point in time, as RFC 3339 with its fraction.
    Time(String),
    /// Bytes, as sops 1.x wrote them.
    Bytes(Text),
    /// Nothing.
    Null,
}

impl Value {
    /// A string.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Value::Str(Text::new(text.into()))
    }

    /// The name of the type, as the label of an encrypted value has it.
    pub fn label(&self) -> &'static str {
        match self {
            Value::Str(_) => "str",
            Value::Int(_) | Value::Unsigned(_) => "int",
            Value::Float(_) => "float",
            Value::Bool(_) => "bool",
            Value::Time(_) => "time",
            Value::Bytes(_) => "bytes",
            Value::Null => "null",
        }
    }

    pub(super) fn as_str(&self) -> Option<&[u8]> {
        if let Value::Str(text) = self { Some(text) } else { None }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.label())
    }
}

/// A leaf and, when it came from an encrypted file, the ciphertext it had there.
#[derive(Clone)]
pub struct Scalar {
    /// The value.
    pub value: Value,
    pub(super) sealed: Option<Vec<u8>>,
}

/// A comment: the text after `#`.
#[derive(Clone)]
pub struct Comment {
    /// The text after `#`, verbatim.
    pub text: Text,
    pub(super) sealed: Option<Vec<u8>>,
    /// Written as an element of a list rather than as a comment, as sops does in lists.
    pub(super) element: bool,
}

impl Comment {
    pub(super) fn new(text: impl Into<Vec<u8>>) -> Self {
        Comment { text: Text::new(text.into()), sealed: None, element: false }
    }
}

/// A value of the document.
#[derive(Clone)]
pub enum Node {
    /// A leaf.
    Scalar(Scalar),
    /// A comment between the items of a list.
    Comment(Comment),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

impl Node {
    pub(super) fn leaf(value: Value) -> Self {
        Node::Scalar(Scalar { value, sealed: None })
    }

    pub(super) fn text(text: impl Into<Vec<u8>>) -> Self {
        Node::leaf(Value::text(text))
    }

    pub(super) fn value(&self) -> Option<&Value> {
        if let Node::Scalar(scalar) = self { Some(&scalar.value) } else { None }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Node::leaf(value)
    }
}

/// An entry of a map.
#[derive(Clone)]
pub enum Entry {
    /// A comment before the next key.
    Comment(Comment),
    /// A key and its value.
    Pair(Vec<u8>, Node),
}

/// Ordered entries; a key may occur twice in dotenv.
#[derive(Clone, Default)]
pub struct Map(pub(super) Vec<Entry>);

impl Map {
    /// The entries in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Keys and values in the order of the file.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.0.iter().filter_map(|entry| match entry {
            Entry::Pair(key, node) => Some((key.as_slice(), node)),
            Entry::Comment(_) => None,
        })
    }

    pub(super) fn pairs_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut Node)> {
        self.0.iter_mut().filter_map(|entry| match entry {
            Entry::Pair(key, node) => Some((key.as_slice(), node)),
            Entry::Comment(_) => None,
        })
    }

    /// The first value under this key.
    pub fn get(&self, key: &[u8]) -> Option<&Node> {
        self.pairs().find(|(name, _)| *name == key).map(|(_, node)| node)
    }

    pub(super) fn get_mut(&mut self, key: &[u8]) -> Option<&mut Node> {
        self.0.iter_mut().find_map(|entry| match entry {
            Entry::Pair(name, node) if name == key => Some(node),
            _ => None,
        })
    }

    pub(super) fn push(&mut self, key: impl Into<Vec<u8>>, node: Node) {
        self.0.push(Entry::Pair(key.into(), node));
    }

    /// Replaces the first value under this key, or adds it at the end.
    pub(super) fn put(&mut self, key: &str, node: Node) {
        match self.get_mut(key.as_bytes()) {
            Some(place) => *place = node,
            None => self.push(key, node),
        }
    }

    /// True when a key was removed.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let place = self.0.iter().position(|entry| matches!(entry, Entry::Pair(name, _) if name == key));
        place.map(|at| self.0.remove(at)).is_some()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({} entries)", self.0.len())
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Scalar(scalar) => scalar.value.fmt(f),
            Node::Comment(_) => f.write_str("#"),
            Node::List(items) => write!(f, "List({} items)", items.len()),
            Node::Map(map) => map.fmt(f),
        }
    }
}

/// A key or path as people read it.
pub(super) fn show(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    text.strip_suffix(':').unwrap_or(&text).to_owned()
}
