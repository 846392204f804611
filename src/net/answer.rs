//! What an attempt to reach something says.

/// What a try says: a few words, and what to check when it was the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// A few words: `connection refused`.
    pub text: String,
    /// What to check: each line begins with a verb.
    pub check: Vec<String>,
    /// No further try says anything else.
    pub is_final: bool,
    /// All that the other side said, for patterns; empty when `text` is all of it.
    pub said: String,
}

impl Answer {
    /// A few words, and one thing to check.
    pub(crate) fn new(text: impl Into<String>, check: impl Into<String>) -> Self {
        Answer { text: text.into(), check: vec![check.into()], is_final: false, said: String::new() }
    }

    /// The same, and no further try says anything else.
    pub(crate) fn last(self) -> Self {
        Answer { is_final: true, ..self }
    }
}
