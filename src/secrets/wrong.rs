//! What is wrong with a file, for people.

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The file as the user knows it.
    pub file: String,
    /// What is wrong; never a value.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}
