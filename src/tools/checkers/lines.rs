//! Lines as compilers write them: `FILE:LINE: text`, `FILE:LINE:COLUMN: text`.

use std::sync::LazyLock;

use regex::Regex;

use super::finding::Finding;
use crate::text::plain;

static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?P<file>[^\s:][^:]*):(?P<line>[1-9][0-9]{0,8})(?::[0-9]+)?:\s*(?P<text>\S.*)$").ok()
});

/// Those that have a place. A line that says it is a warning is one.
pub(super) fn read(text: &str) -> Vec<Finding> {
    let Some(place) = &*PLACE else { return Vec::new() };
    let finding = |line: &str| {
        let line = plain(line);
        let found = place.captures(&line)?;
        let message = found["text"].to_owned();
        let begin = message.to_lowercase();
        Some(Finding {
            is_error: !["warning", "notice", "info"].iter().any(|word| begin.starts_with(word)),
            message,
            rule: None,
            file: Some(found["file"].to_owned()),
            line: found["line"].parse().ok(),
            ..Finding::default()
        })
    };
    text.lines().filter_map(finding).collect()
}
