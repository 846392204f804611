//! Values that a plain text cannot say exactly: read again they are others. A dotenv file has no escape for a backslash
//! before an `n` and no types, JSON prints 1.0 as 1. What nobody touched stays what it is.

use std::collections::{HashMap, VecDeque};

use crate::sops::same::same_value;
use crate::sops::tree::{Map, Node, Value, show};

/// Values by their place: what a text says, and what is meant by it.
#[derive(Default)]
pub(super) struct Lossy(HashMap<Vec<u8>, VecDeque<(Value, Value)>>);

impl Lossy {
    /// Compares a document with what is read from its text.
    pub(super) fn between(meant: &[Map], read: &[Map]) -> Self {
        let mut lossy = Lossy::default();
        for (meant, read) in meant.iter().zip(read) {
            lossy.map(meant, read, &mut Vec::new());
        }
        lossy
    }

    /// The places whose text is another one, not only of another type.
    pub(super) fn names(&self) -> Vec<String> {
        let display = crate::sops::scalar::display;
        let is_other = |(read, meant): &(Value, Value)| display(read) != display(meant);
        let mut names: Vec<String> = self
            .0
            .iter()
            .filter(|(_, values)| values.iter().any(is_other))
            .map(|(path, _)| show(path))
            .collect();
        names.sort();
        names
    }

    /// Puts what is meant in the place of what the text says.
    pub(super) fn restore(&mut self, documents: &mut [Map]) {
        if self.0.is_empty() {
            return;
        }
        for map in documents {
            self.restore_map(map, &mut Vec::new());
        }
    }

    fn map(&mut self, meant: &Map, read: &Map, path: &mut Vec<u8>) {
        for ((key, meant), (_, read)) in meant.pairs().zip(read.pairs()).take_while(|(a, b)| a.0 == b.0) {
            let before = enter(path, key);
            self.node(meant, read, path);
            path.truncate(before);
        }
    }

    fn node(&mut self, meant: &Node, read: &Node, path: &mut Vec<u8>) {
        match (meant, read) {
            (Node::Map(meant), Node::Map(read)) => self.map(meant, read, path),
            (Node::List(meant), Node::List(read)) => {
                let no_comment = |node: &&Node| !matches!(node, Node::Comment(_));
                let items = meant.iter().filter(no_comment).zip(read.iter().filter(no_comment));
                for (meant, read) in items {
                    self.node(meant, read, path);
                }
            }
            (Node::Scalar(meant), Node::Scalar(read)) if !same_value(&meant.value, &read.value) => {
                let values = self.0.entry(path.clone()).or_default();
                values.push_back((read.value.clone(), meant.value.clone()));
            }
            _ => {}
        }
    }

    fn restore_map(&mut self, map: &mut Map, path: &mut Vec<u8>) {
        for (key, node) in map.pairs_mut() {
            let before = enter(path, key);
            self.restore_node(node, path);
            path.truncate(before);
        }
    }

    fn restore_node(&mut self, node: &mut Node, path: &mut Vec<u8>) {
        match node {
            Node::Map(map) => self.restore_map(map, path),
            Node::List(items) => items.iter_mut().for_each(|item| self.restore_node(item, path)),
            Node::Comment(_) => {}
            Node::Scalar(leaf) => {
                let Some(values) = self.0.get_mut(path.as_slice()) else { return };
                let at = values.iter().position(|(read, _)| same_value(read, &leaf.value));
                if let Some((_, meant)) = at.and_then(|at| values.remove(at)) {
                    leaf.value = meant;
                }
            }
        }
    }
}

/// The path of a key; where it was before comes back.
fn enter(path: &mut Vec<u8>, key: &[u8]) -> usize {
    let before = path.len();
    path.extend_from_slice(key);
    path.push(b':');
    before
}
