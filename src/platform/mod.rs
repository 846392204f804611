//! What Linux and macOS do differently, in one place. `linux` asks the kernel's own files and calls; `portable` has what
//! POSIX gives and what the programs of both systems say (`ps`, `lsof`, `sysctl`). macOS has `portable`; on Linux its own
//! tests run it, and the feature `test-portable` makes all of infractl use it. What is weaker there: `docs/platforms.md`.

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "infractl runs on Linux and macOS. On Windows, build and run it in WSL: https://learn.microsoft.com/windows/wsl"
);

#[cfg(target_os = "linux")]
#[cfg_attr(feature = "test-portable", expect(dead_code, reason = "the other way is tried"))]
mod linux;
#[cfg(any(test, feature = "test-portable", not(target_os = "linux")))]
mod portable;
mod process;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::fs::File;
use std::io;

use rustix::io::Errno;

#[cfg(all(target_os = "linux", not(feature = "test-portable")))]
use linux as here;
#[cfg(any(feature = "test-portable", not(target_os = "linux")))]
use portable as here;

pub(crate) use here::{
    HAS_DEATH_SIGNAL, MEMORY, boot, die_with_parent, forbid_looks, holders, is_of_session_leader, listener,
    listens, living, opened_anew, route_leads_out,
};
pub(crate) use process::{Process, is_gone};

/// Waits until what was written is on the disk. Rust's library asks macOS for more than for its own disk (`F_FULLFSYNC`),
/// which network shares refuse that know no more than fsync(2).
pub(crate) fn sync(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| or_plainly(file, error))
}

/// The same without the times of the file, where that is less work.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data().or_else(|error| or_plainly(file, error))
}

fn or_plainly(file: &File, error: io::Error) -> io::Result<()> {
    let refusals = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOTTY, Errno::INVAL];
    if refusals.iter().any(|refusal| error.raw_os_error() == Some(refusal.raw_os_error())) {
        return Ok(rustix::fs::fsync(file)?);
    }
    Err(error)
}
