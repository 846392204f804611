//! A finding, whoever found it.

use serde_json::Value as Json;

use crate::text::plain;

/// What a program finds fault with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// It fails because of it.
    pub(crate) is_error: bool,
    /// What is wrong.
    pub(crate) message: String,
    /// The rule that says so, by the name that the program has for it.
    pub(crate) rule: Option<String>,
    /// The file, as seen from the folder that it ran in.
    pub(crate) file: Option<String>,
    /// The line, from 1.
    pub(crate) line: Option<u64>,
    /// The column, from 1.
    pub(crate) column: Option<u64>,
}

/// A text of a document that is not empty, without what drives a terminal.
pub(super) fn text(value: &Json) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(|text| plain(text).into_owned())
}
