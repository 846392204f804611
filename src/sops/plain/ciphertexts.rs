//! Ciphertexts that outlive an edit: what stays at its place is not encrypted anew.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::sops::scalar;
use crate::sops::tree::{Comment, Entry, Map, Node, Scalar, Value};

/// Ciphertexts of a document by place, type and value, in their order.
#[derive(Default)]
pub(super) struct Ciphertexts(HashMap<[u8; 32], VecDeque<Vec<u8>>>);

impl Ciphertexts {
    /// Takes the ciphertexts of a document out, or gives them to another.
    pub(super) fn map(&mut self, map: &mut Map, path: &mut Vec<u8>, give: bool) {
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

/// Drops every ciphertext of a document.
pub(super) fn forget(map: &mut Map) {
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
