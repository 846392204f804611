//! Keeps secrets out of core dumps.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::platform;

/// Forbids core dumps of this process and, on Linux, that other processes of the same user read its memory
/// or environment. To be called first in `main`.
///
/// Programs we start inherit the limit of 0 and may raise it again: their environment holds secrets too, so
/// the user's own limit is not given back to them. That others may not read their memory ends with `exec`.
pub(crate) fn forbid_core_dumps() -> io::Result<()> {
    let limit = getrlimit(Resource::Core);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: limit.maximum })?;
    platform::forbid_looks()
}
