//! What is done when we are killed: a shell that waits for the end of its standard input, which is ours, does it.

use std::io;
use std::os::fd::BorrowedFd;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

use super::hangup;
use crate::platform;

/// Reads both pipes to their ends. They come as its two outputs because `Command` has no other places. Where they
/// cannot be opened anew they do not block, as ours do not: `cat` ends with 1 when there is nothing to read yet, and well when
/// nobody can write any more.
const DRAIN: &str = "read -r _
all() { while cat 2>/dev/null; [ $? = 1 ]; do sleep 0.1 2>/dev/null || sleep 1; done; }
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
        let anew = |pipe: BorrowedFd<'_>| platform::opened_anew(pipe).map(Stdio::from);
        Waiting::start(DRAIN, &[], anew(out)?, anew(err)?).map(Drain)
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process to end")]
    fn a_program_is_asked_to_end_when_we_die_and_not_when_we_need_it_no_more() {
        let mut program = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = program.id().to_string();
        let waiting = || Waiting::start(END, &[&pid], Stdio::null(), Stdio::null()).unwrap();
        drop(waiting());
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(program.try_wait().unwrap(), None);
        // Our death is the end of its standard input.
        let mut died = waiting();
        drop(died.0.stdin.take());
        assert_eq!(program.wait().unwrap().signal(), Some(libc::SIGTERM));
    }

    #[test]
    fn what_is_printed_after_our_death_is_read_to_its_end() {
        let (out, mut to_out) = std::io::pipe().unwrap();
        let (err, mut to_err) = std::io::pipe().unwrap();
        for pipe in [&out, &err] {
            rustix::io::ioctl_fionbio(pipe, true).unwrap();
        }
        let anew = |pipe: BorrowedFd<'_>| Stdio::from(platform::opened_anew(pipe).unwrap());
        // As where it cannot be opened anew.
        let copy = |pipe: BorrowedFd<'_>| Stdio::from(pipe.try_clone_to_owned().unwrap());
        let mut died = Waiting::start(DRAIN, &[], anew(out.as_fd()), copy(err.as_fd())).unwrap();
        drop((out, err));
        drop(died.0.stdin.take());
        let text = vec![b'x'; 100_000];
        // There is nothing to read yet, and then more than a pipe holds.
        std::thread::sleep(Duration::from_millis(50));
        for _ in 0..2 {
            to_out.write_all(&text).unwrap();
            to_err.write_all(&text).unwrap();
        }
        drop((to_out, to_err));
        assert!(died.0.wait().unwrap().success(), "it ends by itself");
    }
}
