//! What one side of a merge did, and which side counts in doubt.

use crate::sops::Node;

/// Which side wins where both changed the same value differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// Neither: it is a conflict, and ours stays.
    Neither,
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
}

pub(super) enum Change<'a> {
    Set(&'a Node),
    Unset,
}
