//! Comments apart from what they stand at.

use zeroize::Zeroizing;

use super::tree::{Entry, Map, Node};

/// Takes the comments out of a document, line by line in alphabetical order.
pub(super) fn take(branches: &mut [Map]) -> Zeroizing<Vec<Vec<u8>>> {
    let mut lines = Zeroizing::new(Vec::new());
    for map in branches {
        from_map(map, &mut lines);
    }
    lines.sort_unstable();
    lines
}

fn from_map(map: &mut Map, lines: &mut Vec<Vec<u8>>) {
    map.0.retain_mut(|entry| match entry {
        Entry::Comment(comment) => {
            lines.extend(comment.text.split(|&b| b == b'\n').map(<[u8]>::to_vec));
            false
        }
        Entry::Pair(_, node) => {
            from_node(node, lines);
            true
        }
    });
}

fn from_node(node: &mut Node, lines: &mut Vec<Vec<u8>>) {
    match node {
        Node::Map(map) => from_map(map, lines),
        Node::List(items) => items.retain_mut(|item| {
            if let Node::Comment(comment) = item {
                lines.extend(comment.text.split(|&b| b == b'\n').map(<[u8]>::to_vec));
                return false;
            }
            from_node(item, lines);
            true
        }),
        Node::Scalar(_) | Node::Comment(_) => {}
    }
}
