//! One try to take a lock.

use super::owner::Owner;

/// What came of one try.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    /// It is ours. A run that died had left it behind.
    Taken(T, Option<Owner>),
    /// Somebody holds it.
    Busy(Option<Owner>),
}
