//! What can be said about a file without a key.

use super::cipher;
use super::rule::{Matcher, Rule};
use super::tree::{Comment, Entry, Map, Node, Value, show};
use super::{Encrypted, Format, SopsError, store};

/// Something wrong with a file that should be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The file cannot be read as an encrypted file: not encrypted, damaged, conflict markers, converted.
    Broken(SopsError),
    /// The rule says this value is encrypted, and it is in clear.
    ClearValue {
        /// The path of the value.
        key: String,
    },
    /// The rule says this comment is encrypted, and it is in clear. sops tolerates it.
    ClearComment {
        /// The key of the container, empty at the top level.
        within: String,
    },
}

/// True for a file that has SOPS metadata with a version and a MAC (`sops filestatus`). Needs no key.
pub fn is_encrypted(bytes: &[u8], format: Format) -> bool {
    store::load_encrypted(bytes, format).is_ok_and(|(_, metadata)| !metadata.mac.is_empty())
}

/// Everything wrong with an encrypted file that shows without a key. Empty: every value that should be
/// encrypted is. Whether it decrypts only a key can tell.
pub fn inspect(bytes: &[u8], format: Format) -> Vec<Finding> {
    if let Some(line) = super::conflict::conflict(bytes) {
        return vec![Finding::Broken(SopsError::ConflictMarker { line })];
    }
    let encrypted = match Encrypted::parse(bytes, format) {
        Ok(encrypted) => encrypted,
        Err(error) => return vec![Finding::Broken(error)],
    };
    let mut findings = Vec::new();
    if encrypted.metadata.mac.is_empty() {
        findings.push(Finding::Broken(SopsError::NoMac));
    }
    let mut search = Search::by(&encrypted.metadata.rule);
    search.findings = findings;
    for branch in &encrypted.branches {
        search.map(branch, false);
    }
    search.findings
}

/// What a rule does with the values of a document, encrypted or in clear; empty values do not count.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Survey {
    /// How many values it encrypts.
    pub chosen: usize,
    /// The paths of those of them that are in clear.
    pub unsealed: Vec<String>,
    /// The paths of those that it leaves in clear.
    pub clear: Vec<String>,
}

impl Survey {
    /// Looks at every value.
    pub(crate) fn of(documents: &[Map], rule: &Rule) -> Self {
        let mut search = Search::by(rule);
        for map in documents {
            search.map(map, false);
        }
        let clear = |finding| match finding {
            Finding::ClearValue { key } => Some(key),
            _ => None,
        };
        let unsealed = search.findings.into_iter().filter_map(clear).collect();
        Survey { chosen: search.chosen, unsealed, clear: search.clear }
    }
}

struct Search {
    matcher: Matcher,
    path: Vec<u8>,
    findings: Vec<Finding>,
    chosen: usize,
    clear: Vec<String>,
}

impl Search {
    fn by(rule: &Rule) -> Self {
        let matcher = Matcher::for_reading(rule);
        Search { matcher, path: Vec::new(), findings: Vec::new(), chosen: 0, clear: Vec::new() }
    }

    fn map(&mut self, map: &Map, above: bool) {
        let mut run = false;
        for entry in &map.0 {
            match entry {
                Entry::Comment(comment) => self.comment(comment, above, &mut run),
                Entry::Pair(key, node) => {
                    let before = self.path.len();
                    self.path.extend_from_slice(key);
                    self.path.push(b':');
                    let met = above || run || self.matcher.key(key);
                    self.node(node, met);
                    self.path.truncate(before);
                    run = false;
                }
            }
        }
    }

    fn node(&mut self, node: &Node, met: bool) {
        match node {
            Node::Map(map) => self.map(map, met),
            Node::Comment(comment) => self.comment(comment, met, &mut false),
            Node::List(items) => {
                let mut run = false;
                for item in items {
                    if let Node::Comment(comment) = item {
                        self.comment(comment, met, &mut run);
                    } else {
                        self.node(item, met || run);
                        run = false;
                    }
                }
            }
            Node::Scalar(leaf) => {
                let sealed = match &leaf.value {
                    Value::Null => return,
                    Value::Str(text) if text.is_empty() => return,
                    Value::Str(text) => cipher::is_sealed(text),
                    _ => false,
                };
                if met == self.matcher.spares {
                    self.clear.push(show(&self.path));
                    return;
                }
                self.chosen += 1;
                if !sealed {
                    self.findings.push(Finding::ClearValue { key: show(&self.path) });
                }
            }
        }
    }

    fn comment(&mut self, comment: &Comment, above: bool, run: &mut bool) {
        let own = self.matcher.comment(&comment.text);
        let met = above || *run || (own && self.matcher.spares);
        *run |= own;
        if met != self.matcher.spares && !comment.text.is_empty() && !cipher::is_sealed(&comment.text) {
            self.findings.push(Finding::ClearComment { within: show(&self.path) });
        }
    }
}
