//! What one try found out.

use crate::net::answer::Answer;

/// What one try found out.
#[derive(Debug)]
pub(crate) enum Probed {
    /// It is good: a few words.
    Good(String),
    /// It is good, and nothing changes that any more: no time of `hold` is waited for.
    Done(String),
    /// Not yet.
    NotYet(Answer),
    /// Nobody could tell.
    Unknown(Answer),
    /// It will never be good: no further try.
    Never(Answer),
}
