//! Every other system: POSIX, and what `ps`, `lsof` and `sysctl` say, in words that the programs of Linux understand too.
//! What they do not say is not known, and nothing depends on it.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{getpgrp, getsid};

use super::process::Process;

/// Nobody tells a program that its parent died: infractl starts one that does.
pub(crate) const HAS_DEATH_SIGNAL: bool = false;

/// No folder is in memory.
pub(crate) const MEMORY: Option<&str> = None;

/// Where these programs are: macOS has `lsof` and `sysctl` in `/usr/sbin`.
pub(super) const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

/// Seconds after which `lsof` leaves out what the kernel does not tell: a network file system that is gone.
const PATIENCE: &str = "2";

/// What a program prints that asks the kernel for us; none when it is not there or prints nothing. That it ended badly says
/// only that one of the things it was asked for was not found.
pub(super) fn ask(program: &str, args: &[&str]) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "it stands for a system call, and gets nothing of ours")]
    let mut command = Command::new(program);
    command.args(args).env_clear().envs([("PATH", PATH), ("LC_ALL", "C")]).current_dir("/");
    let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// There is no such call.
#[expect(clippy::unnecessary_wraps, reason = "the other way can fail")]
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(())
}

/// There is no such call.
#[expect(clippy::unnecessary_wraps, reason = "the other way can fail")]
pub(crate) fn forbid_looks() -> io::Result<()> {
    Ok(())
}

/// The end of a pipe. It cannot be opened anew (`/dev/fd` of macOS gives copies): a copy, which blocks no more than ours.
pub(crate) fn opened_anew(pipe: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    pipe.try_clone_to_owned()
}

/// This boot: a UUID that is drawn at each, by the name of macOS and by that of Linux; `sysctl` passes over one that is not
/// there. None where the system does not say.
pub(crate) fn boot() -> Option<String> {
    ask("sysctl", &["-n", "kern.bootsessionuuid", "kernel.random.boot_id"])
}

/// The processes of this group, without zombies; none if `ps` is not there.
pub(crate) fn living(group: u32) -> Option<Vec<Process>> {
    let text = ask("ps", &["-A", "-o", "pid=", "-o", "pgid=", "-o", "stat=", "-o", "comm="])?;
    Some(text.lines().filter_map(|line| living_in(line, group)).collect())
}

/// "  70    70 Ss   /bin/sh": macOS prints the whole path of a program.
fn living_in(line: &str, group: u32) -> Option<Process> {
    let (pid, rest) = line.trim_start().split_once(' ')?;
    let (of, rest) = rest.trim_start().split_once(' ')?;
    let (state, name) = rest.trim_start().split_once(' ')?;
    let is_it = of.parse() == Ok(group) && !state.starts_with(['Z', 'X']);
    let name = name.trim().rsplit('/').next()?.to_owned();
    is_it.then_some(Process { pid: pid.parse().ok()?, name })
}

/// Whether our group is that of the leader of our session.
pub(crate) fn is_of_session_leader() -> bool {
    getsid(None).is_ok_and(|session| session == getpgrp())
}

/// The processes that have this file open, as far as we may know; not this one.
pub(crate) fn holders(file: &Path) -> Vec<Process> {
    // After `--`: a name that begins with a dash is a name.
    let text = ask("lsof", &["-S", PATIENCE, "-w", "-F", "pc", "--", &file.to_string_lossy()]);
    let mut all = listed(&text.unwrap_or_default());
    all.retain(|process| process.pid != std::process::id());
    all
}

/// Whether somebody listens at this port: true, or nobody tells, for we see only our own programs. `root` is for those who
/// read it from files.
pub(crate) fn listens(root: &Path, port: u16) -> Option<bool> {
    listener(root, port).map(|_| true)
}

/// The program that listens there, as far as we may know.
pub(crate) fn listener(_root: &Path, port: u16) -> Option<Process> {
    let address = format!("-iTCP:{port}");
    let text = ask("lsof", &["-S", PATIENCE, "-w", "-n", "-P", &address, "-s", "TCP:LISTEN", "-F", "pc"])?;
    listed(&text).into_iter().next()
}

/// What `lsof -F pc` prints: a line `p70`, then a line `csh`; lines of other letters are of files.
fn listed(text: &str) -> Vec<Process> {
    let mut all: Vec<Process> = Vec::new();
    for line in text.lines() {
        if let Some(pid) = line.strip_prefix('p').and_then(|pid| pid.parse().ok()) {
            all.push(Process { pid, name: String::new() });
        } else if let (Some(name), Some(last)) = (line.strip_prefix('c'), all.last_mut()) {
            name.clone_into(&mut last.name);
        }
    }
    all
}

/// Nobody tells: whether there is a route to anywhere else.
pub(crate) fn route_leads_out() -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ps_of_macos_says() {
        let named = |pid, name: &str| Some(Process { pid, name: name.to_owned() });
        assert_eq!(living_in("  501   501 Ss+  -zsh", 501), named(501, "-zsh"));
        let path = "71234   501 S    /Applications/Docker.app/Contents/MacOS/com.docker backend";
        assert_eq!(living_in(path, 501), named(71234, "com.docker backend"));
        assert_eq!(living_in("71234   501 Z    (sh)", 501), None);
        assert_eq!(living_in("71234  1501 S    sh", 501), None);
        assert_eq!(living_in("", 501), None);
    }

    #[test]
    fn what_lsof_says_is_read_by_its_letters() {
        let named = |pid, name: &str| Process { pid, name: name.to_owned() };
        assert_eq!(listed("p12\ncnginx\nf6\np70\ncsh\nfcwd\n"), [named(12, "nginx"), named(70, "sh")]);
        assert!(listed("").is_empty() && listed("cnginx\npx\n").is_empty());
    }

    #[test]
    fn what_there_is_no_call_for_is_said_and_is_no_error() {
        assert!(!HAS_DEATH_SIGNAL && MEMORY.is_none() && route_leads_out().is_none());
        die_with_parent().and_then(|()| forbid_looks()).unwrap();
    }
}
