//! What a program without a terminal needs done between fork and exec: the only unsafe code.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::platform;

/// The program starts with SIGHUP ignored and, with `own_session`, in a session and so a process group of its
/// own.
///
/// A session and not only a group: a program in a background group that reads the terminal (`/dev/tty`, for
/// a password) is stopped for ever; without a terminal it fails at once and says why. SIGHUP: a closed
/// terminal must not end a program that is saving its work, and an ignored signal stays ignored across exec.
/// With `dies_with_us` it is asked to end when infractl is killed, which nobody else would tell it; where the system has
/// no such call, [`Ender`](super::after_death::Ender) does.
/// None of it can be asked of `Command` by safe means.
#[expect(unsafe_code, reason = "no safe way to have a signal ignored in the child only")]
pub(super) fn shield(command: &mut Command, own_session: bool, dies_with_us: bool) {
    let prepare = move || {
        // Fails only for the leader of a group, which a process just forked is not.
        if own_session {
            rustix::process::setsid()?;
        }
        if dies_with_us {
            platform::die_with_parent()?;
        }
        // SAFETY: `signal` has no memory-safety requirements for SIG_IGN, which installs no handler.
        if unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(std::io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed. It makes
    // three: setsid(2) and signal(2), which POSIX lists as such, and prctl(2) on Linux; it takes no lock and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}
