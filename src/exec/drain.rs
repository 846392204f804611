//! Reads on what a program prints when we are killed: one that is saving its work must not die of a closed pipe.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::process::{Child, Command, Stdio};

use super::hangup;

/// Waits for the end of its standard input, which is ours, then reads both pipes to their ends. They come as its two
/// outputs because `Command` has no other places.
const SCRIPT: &str = "read -r _; cat <&1 >/dev/null 2>&1 & exec cat <&2 >/dev/null 2>&1";

/// A process that holds both pipes of a program open, and reads them only after our death.
#[derive(Debug)]
pub(super) struct Drain(Child);

impl Drain {
    /// Starts it. None where it cannot be: then the program dies with us, as it does without infractl when its terminal
    /// is killed.
    pub(super) fn of(out: Option<BorrowedFd<'_>>, err: Option<BorrowedFd<'_>>) -> Option<Drain> {
        Drain::start(out?, err?).inspect_err(|error| tracing::debug!(%error, "nobody reads on after us")).ok()
    }

    fn start(out: BorrowedFd<'_>, err: BorrowedFd<'_>) -> io::Result<Drain> {
        // Opened anew: ours do not block, and a copy of ours would not either.
        let anew = |pipe: BorrowedFd<'_>| File::open(format!("/proc/self/fd/{}", pipe.as_raw_fd()));
        #[expect(clippy::disallowed_methods, reason = "it reads for us, and runs as long as we do")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(anew(out)?).stderr(anew(err)?);
        hangup::shield(&mut command, true, false);
        command.spawn().map(Drain)
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // It has nothing of its own to save.
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            tracing::debug!(%error, "what would have read on was not ended");
        }
    }
}
