//! A process, and whether it is there: the same on both.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// A process of this machine and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub pid: u32,
    /// The name of its program.
    pub name: String,
}

/// Whether there is no process of this number: neither one of ours nor of somebody else, not even one that only waits to
/// be reaped.
pub(crate) fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // EPERM would be a living process of somebody else.
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}
