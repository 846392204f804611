//! What is done when we are killed: a shell that waits for the end of its standard input, which is ours, does it.

use std::io;
use std::os::fd::BorrowedFd;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

use super::hangup;

/// Reads both pipes to their ends. They come as its two outputs because `Command` has no other places. Ours do not block,
/// so a copy of ours does not either: `cat` ends with 1 when there is nothing to read yet, and well when nobody can write any
/// more. To open them anew, as `/proc` of Linux can, is not for every system.
const DRAIN: &str = "read -r _
all() { while cat 2>/dev/null; [ $? = 1 ]; do sleep 1; done; }
all <&1 >/dev/null & exec <&2 2>/dev/null >/dev/null; all; wait";

/// Asks a program to end.
const END: &str = "read -r _; kill -TERM \"$1\"";

/// A process that waits for our death. It is ended without a word when we have no need of it any more.
#[derive(Debug)]
struct Waiting(Child);

impl Waiting {
    fn start(script: &str, args: &[&str], out: Stdio, err: Stdio) -> io::Result<Waiting> {
        #[expect(clippy::disallowed_methods, reason = "it works for us, and runs as long as we do")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).args(args).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(out).stderr(err);
        hangup::shield(&mut command, true, false);
        command.spawn().map(Waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It has nothing of its own to save. Killed before its standard input ends, it does not do its work.
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            tracing::debug!(%error, "what waited for our death was not ended");
        }
    }
}

/// Reads on what a program prints: one that is saving its work must not die of a closed pipe.
#[derive(Debug)]
pub(super) struct Drain(#[expect(dead_code, reason = "it is there to be dropped")] Waiting);

impl Drain {
    /// Starts it. None where it cannot be: then the program dies with us, as it does without infractl when its terminal
    /// is killed.
    pub(super) fn of(out: Option<BorrowedFd<'_>>, err: Option<BorrowedFd<'_>>) -> Option<Drain> {
        Drain::start(out?, err?).inspect_err(|error| tracing::debug!(%error, "nobody reads on after us")).ok()
    }

    fn start(out: BorrowedFd<'_>, err: BorrowedFd<'_>) -> io::Result<Drain> {
        let copy = |pipe: BorrowedFd<'_>| pipe.try_clone_to_owned().map(Stdio::from);
        Waiting::start(DRAIN, &[], copy(out)?, copy(err)?).map(Drain)
    }
}

/// Asks a program to end, where the system does not do so by itself.
#[derive(Debug)]
pub(super) struct Ender(#[expect(dead_code, reason = "it is there to be dropped")] Waiting);

impl Ender {
    /// Starts it. None where it cannot be: then the program goes on after us.
    pub(super) fn of(pid: Pid) -> Option<Ender> {
        let pid = pid.as_raw_nonzero().to_string();
        Waiting::start(END, &[&pid], Stdio::null(), Stdio::null())
            .inspect_err(|error| tracing::debug!(%error, "nobody ends it after us"))
            .map(Ender)
            .ok()
    }
}
