//! When two documents hold the same values.

use super::tree::{Map, Node, Value};

/// The same value of the same type; bytes are text.
pub(super) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Value::Bytes(a) | Value::Str(a), Value::Bytes(b) | Value::Str(b)) => a == b,
        (a, b) => a == b,
    }
}

/// The same keys and values in the same order; comments may stand elsewhere.
pub(super) fn same_map(a: &Map, b: &Map) -> bool {
    let (mut a, mut b) = (a.pairs(), b.pairs());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some((key, left)), Some((other, right))) if key == other && same_node(left, right) => {}
            _ => return false,
        }
    }
}

fn same_node(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Scalar(a), Node::Scalar(b)) => same_value(&a.value, &b.value),
        (Node::Map(a), Node::Map(b)) => same_map(a, b),
        (Node::List(a), Node::List(b)) => {
            let items = |list: &[Node]| -> Vec<usize> {
                (0..list.len()).filter(|at| !matches!(list[*at], Node::Comment(_))).collect()
            };
            let (left, right) = (items(a), items(b));
            left.len() == right.len() && left.iter().zip(&right).all(|(l, r)| same_node(&a[*l], &b[*r]))
        }
        _ => false,
    }
}
