//! Single values of an open document: get, set, unset.

use super::Plain;
use crate::sops::tree::{Map, Node, Value, show};
use crate::sops::{Format, SopsError, dotenv, json, store};

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// The value under a key of a map.
    Key(Vec<u8>),
    /// The item of a list, from 0; the length of the list adds one when setting.
    Index(usize),
}

/// The path of a top-level key.
pub fn key(name: &str) -> [PathStep; 1] {
    [PathStep::Key(name.as_bytes().to_vec())]
}

impl Plain {
    /// The value at a path of the first document.
    pub fn get(&self, path: &[PathStep]) -> Option<&Node> {
        let (PathStep::Key(first), rest) = path.split_first()? else { return None };
        let mut node = self.branches.first()?.get(first)?;
        for step in rest {
            node = match (node, step) {
                (Node::Map(map), PathStep::Key(key)) => map.get(key)?,
                (Node::List(items), PathStep::Index(at)) => {
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
    pub fn set(&mut self, path: &[PathStep], value: Node) -> Result<(), SopsError> {
        let bad = |reason| SopsError::BadPath { path: show_path(path), reason };
        let Some((PathStep::Key(first), rest)) = path.split_first() else {
            return Err(bad("it must begin with a key"));
        };
        store::check_reserved(first, self.format)?;
        if self.format == Format::Dotenv {
            let refuse =
                |reason| SopsError::NotRepresentable { key: show(first), format: Format::Dotenv, reason };
            dotenv::check_key(first).map_err(refuse)?;
            if !rest.is_empty() || value.value().is_none() {
                return Err(refuse("dotenv is flat"));
            }
        }
        if self.branches.is_empty() {
            self.branches.push(Map::default());
        }
        let nowhere = || bad("it leads nowhere");
        let mut place = self.branches.first_mut().and_then(|map| slot(map, first)).ok_or_else(nowhere)?;
        for step in rest {
            place = match (place, step) {
                (Node::List(items), PathStep::Index(at)) => {
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
                (_, PathStep::Index(_)) => return Err(bad("an index needs a list")),
                (Node::List(_), PathStep::Key(_)) => return Err(bad("a key needs a map")),
                (place, PathStep::Key(name)) => {
                    if !matches!(place, Node::Map(_)) {
                        if !matches!(place.value(), Some(Value::Null)) {
                            return Err(bad("a key needs a map"));
                        }
                        *place = Node::Map(Map::default());
                    }
                    match place {
                        Node::Map(map) => slot(map, name).ok_or_else(nowhere)?,
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
    pub fn unset(&mut self, path: &[PathStep]) -> Result<(), SopsError> {
        let missing = || SopsError::NoSuchKey { path: show_path(path) };
        let (last, above) = path.split_last().ok_or_else(missing)?;
        let map = self.branches.first_mut().ok_or_else(missing)?;
        let removed = match (above.split_first(), last) {
            (None, PathStep::Key(key)) => map.remove(key),
            (Some((PathStep::Key(first), rest)), last) => {
                let mut place = map.get_mut(first).ok_or_else(missing)?;
                for step in rest {
                    place = match (place, step) {
                        (Node::Map(map), PathStep::Key(key)) => map.get_mut(key),
                        (Node::List(items), PathStep::Index(at)) => {
                            items.iter_mut().filter(|item| !is_comment(item)).nth(*at)
                        }
                        _ => None,
                    }
                    .ok_or_else(missing)?;
                }
                match (place, last) {
                    (Node::Map(map), PathStep::Key(key)) => map.remove(key),
                    (Node::List(items), PathStep::Index(at)) => {
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
}

fn is_comment(node: &Node) -> bool {
    matches!(node, Node::Comment(_))
}

/// The value under a key, added at the end if it is not there.
fn slot<'a>(map: &'a mut Map, key: &[u8]) -> Option<&'a mut Node> {
    if map.get(key).is_none() {
        map.push(key, Node::leaf(Value::Null));
    }
    map.get_mut(key)
}

fn show_path(path: &[PathStep]) -> String {
    path.iter().fold(String::new(), |text, step| match step {
        PathStep::Key(key) => format!("{text}[\"{}\"]", show(key)),
        PathStep::Index(at) => format!("{text}[{at}]"),
    })
}
