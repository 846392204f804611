//! Metadata in dotenv: `sops_age__list_0__map_enc=...` and back (`stores/flatten.go`).

use indexmap::IndexMap;

use super::SopsError;
use super::tree::{Entry, Map, Node, Value};

enum Level {
    Map(Vec<u8>),
    List(usize),
}

/// A tree under construction, in the order of first appearance.
enum Branch {
    Empty,
    Leaf(Value),
    Map(IndexMap<Vec<u8>, Branch>),
    List(IndexMap<usize, Branch>),
}

/// `age__list_0__map_enc` in its steps.
fn steps(key: &[u8]) -> Option<Vec<Level>> {
    let text = std::str::from_utf8(key).ok()?;
    let mut steps = Vec::new();
    let mut rest = text;
    let mut list = false;
    loop {
        let next = match (rest.find("__map_"), rest.find("__list_")) {
            (Some(map), Some(list)) => Some(map.min(list)),
            (map, list) => map.or(list),
        };
        let name = &rest[..next.unwrap_or(rest.len())];
        steps.push(if list { Level::List(name.parse().ok()?) } else { Level::Map(name.as_bytes().to_vec()) });
        let Some(next) = next else { return Some(steps) };
        list = rest[next..].starts_with("__list_");
        rest = &rest[next + if list { 7 } else { 6 }..];
        // Hostile files: nothing sops writes is deeper than a handful.
        if steps.len() > 32 {
            return None;
        }
    }
}

/// The tree of flattened keys (already without `sops_`).
pub(super) fn unflatten<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a Value)>) -> Result<Map, SopsError> {
    let mut root = Branch::Empty;
    for (key, value) in pairs {
        let name = || String::from_utf8_lossy(key).into_owned();
        let path = steps(key).ok_or_else(|| SopsError::metadata(&name(), "is no metadata key"))?;
        let mut place = &mut root;
        for step in path {
            if matches!(place, Branch::Empty) {
                *place = match step {
                    Level::Map(_) => Branch::Map(IndexMap::new()),
                    Level::List(_) => Branch::List(IndexMap::new()),
                };
            }
            place = match (place, step) {
                (Branch::Map(map), Level::Map(name)) => map.entry(name).or_insert(Branch::Empty),
                (Branch::List(list), Level::List(index)) => list.entry(index).or_insert(Branch::Empty),
                _ => return Err(SopsError::metadata(&name(), "is a value and a list or map at once")),
            };
        }
        if !matches!(place, Branch::Empty) {
            return Err(SopsError::metadata(&name(), "is there twice"));
        }
        *place = Branch::Leaf(value.clone());
    }
    match finish(root)? {
        Node::Map(map) => Ok(map),
        _ => Ok(Map::default()),
    }
}

fn finish(branch: Branch) -> Result<Node, SopsError> {
    Ok(match branch {
        Branch::Empty => Node::Map(Map::default()),
        Branch::Leaf(value) => Node::from(value),
        Branch::Map(map) => {
            let entries = map.into_iter().map(|(key, branch)| Ok(Entry::Pair(key, finish(branch)?)));
            Node::Map(Map(entries.collect::<Result<_, SopsError>>()?))
        }
        Branch::List(mut list) => {
            list.sort_unstable_keys();
            if list.keys().enumerate().any(|(at, index)| at != *index) {
                return Err(SopsError::metadata("a list", "has gaps (was a recipient removed by hand?)"));
            }
            Node::List(list.into_values().map(finish).collect::<Result<_, _>>()?)
        }
    })
}

/// The leaves of a tree under their flattened keys, in the order of the tree.
pub(super) fn flatten(map: &Map) -> Vec<(Vec<u8>, Value)> {
    let mut out = Vec::new();
    for (key, node) in map.pairs() {
        walk(key.to_vec(), node, &mut out);
    }
    out
}

fn walk(key: Vec<u8>, node: &Node, out: &mut Vec<(Vec<u8>, Value)>) {
    match node {
        Node::Scalar(scalar) => out.push((key, scalar.value.clone())),
        Node::Comment(_) => {}
        Node::List(items) => {
            for (at, item) in items.iter().enumerate() {
                walk([&key, format!("__list_{at}").as_bytes()].concat(), item, out);
            }
        }
        Node::Map(map) => {
            for (name, item) in map.pairs() {
                walk([&key, b"__map_".as_slice(), name].concat(), item, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(pairs: &[(&str, &str)]) -> Result<Map, SopsError> {
        let values: Vec<_> = pairs.iter().map(|(key, value)| (*key, Value::text(*value))).collect();
        unflatten(values.iter().map(|(key, value)| (key.as_bytes(), value)))
    }

    #[test]
    fn what_is_flattened_comes_back_in_order() {
        let pairs: Vec<_> = (0..12).map(|n| (format!("age__list_{n}__map_enc"), format!("{n}"))).collect();
        let mut texts: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        texts.reverse();
        let flat = flatten(&build(&texts).unwrap());
        let keys: Vec<_> = flat.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect();
        assert_eq!(keys, pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn gaps_doubles_and_contradictions_are_errors() {
        assert!(build(&[("a__list_1", "x")]).is_err());
        assert!(build(&[("a", "x"), ("a", "y")]).is_err());
        assert!(build(&[("a", "x"), ("a__map_b", "y")]).is_err());
        assert!(build(&[("a__map_b", "x"), ("a", "y")]).is_err());
        assert!(build(&[("a__list_0", "x"), ("a__map_b", "y")]).is_err());
        assert!(build(&[("a__list_99999999999999999999", "x")]).is_err());
        assert!(build(&[("a__list_x", "x")]).is_err());
        assert!(build(&[(&"a__map_".repeat(5000), "x")]).is_err());
    }
}
