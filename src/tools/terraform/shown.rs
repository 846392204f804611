//! Values of a plan as JSON: whether they are sensitive, and how they are told. Pure.

use serde_json::Value as Json;

/// Characters shown of a value.
const LONGEST: usize = 120;

/// Something in it is marked.
pub(super) fn holds_true(marks: &Json) -> bool {
    match marks {
        Json::Bool(mark) => *mark,
        Json::Array(all) => all.iter().any(holds_true),
        Json::Object(all) => all.values().any(holds_true),
        _ => false,
    }
}

/// A value on one line, cut where it gets long.
pub(super) fn short(value: &Json) -> String {
    let whole = value.to_string();
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(short(&"é".repeat(500).into()).chars().count(), LONGEST + 1);
    }
}
