//! Documents for programs, as they are printed.

use serde::Serialize;

/// A document on one line.
pub(crate) fn line(document: &impl Serialize) -> String {
    format!("{}\n", serde_json::to_string(document).unwrap_or_default())
}

/// A document on several lines.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(document).unwrap_or_default())
}
