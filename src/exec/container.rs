//! The container that a program runs in instead of on this machine, as plain data.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// A container that a program runs in. Paths are the same inside and outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// The image, by a name, a tag or a digest.
    pub image: String,
    /// The environment, for the name and the labels.
    pub environment: String,
    /// What can be read, as far as it is there.
    pub readable: BTreeSet<PathBuf>,
    /// What can be written as well.
    pub writable: BTreeSet<PathBuf>,
    /// The home folder: empty but for what is mounted.
    pub home: PathBuf,
    /// Variables of our own environment that go along, by name.
    pub variables: BTreeSet<String>,
}
