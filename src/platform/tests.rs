//! Linux has both ways: what one of them says, the other says too.

use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Process, is_gone, linux, portable};

/// Neither is on every machine; with `CI` set they are.
fn is_there(program: &str) -> bool {
    let is_there = which::which_in(program, Some(portable::PATH), "/").is_ok();
    #[expect(clippy::disallowed_methods, reason = "tests have no Ctx")]
    let is_needed = std::env::var_os("CI").is_some();
    assert!(is_there || !is_needed, "no `{program}`");
    is_there
}

/// A program that leads a group of its own and waits.
fn waits(program: &mut Command) -> std::io::Result<std::process::Child> {
    program.process_group(0).stdin(Stdio::piped()).spawn()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "processes to look at")]
fn both_ways_know_the_same_processes_of_a_group() {
    let mut child = waits(&mut Command::new("cat")).unwrap();
    let group = child.id();
    if is_there("ps") {
        let expected = vec![Process { pid: group, name: "cat".to_owned() }];
        assert_eq!(portable::living(group).unwrap(), expected);
        assert_eq!(linux::living(group).unwrap(), expected);
    }
    // Dead and not reaped: nobody who lives.
    child.kill().unwrap();
    let is_dead = || linux::living(group).unwrap().is_empty();
    while !is_dead() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(!is_gone(group), "its number is not free yet");
    if is_there("ps") {
        assert_eq!(portable::living(group), Some(Vec::new()));
    }
    child.wait().unwrap();
    assert!(is_gone(group));
}

#[test]
fn both_ways_know_who_leads_the_session() {
    // In a container that somebody entered the leader is outside, and has no number here: `getsid` answers 0, which its
    // type cannot hold. macOS has no such containers.
    if linux::knows_session_leader() {
        assert_eq!(portable::is_of_session_leader(), linux::is_of_session_leader());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a process to look at, a fixture")]
fn both_ways_know_who_has_a_file_open() {
    if !is_there("lsof") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("-a lock");
    let held = std::fs::File::create(&path).unwrap();
    assert_eq!(
        (portable::holders(&path), linux::holders(&path)),
        (Vec::new(), Vec::new()),
        "only we have it"
    );
    let mut child = waits(Command::new("cat").stdout(held)).unwrap();
    let expected = vec![Process { pid: child.id(), name: "cat".to_owned() }];
    assert_eq!(portable::holders(&path), expected);
    assert_eq!(linux::holders(&path), expected);
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(portable::holders(&dir.path().join("none")), Vec::new());
}

#[test]
fn both_ways_know_who_listens() {
    if !is_there("lsof") {
        return;
    }
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let root = Path::new("/");
    let own = std::process::id();
    for listener in [portable::listener, linux::listener] {
        assert_eq!(listener(root, port).map(|process| process.pid), Some(own));
    }
    assert_eq!(portable::listens(root, port), Some(true));
    drop(held);
    assert_eq!((portable::listens(root, port), portable::listener(root, port)), (None, None));
}

#[test]
fn both_ways_know_this_boot() {
    if is_there("sysctl") {
        let boot = portable::boot().unwrap();
        assert!(boot.len() == 36 && linux::boot().unwrap().starts_with(&boot), "{boot}");
    }
    assert_eq!(portable::ask("no-such-program", &[]), None);
}

#[test]
fn a_pipe_that_is_opened_anew_blocks_and_a_copy_does_not() {
    let (out, _writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&out, true).unwrap();
    let blocks = |pipe: std::io::Result<OwnedFd>| {
        !rustix::fs::fcntl_getfl(pipe.unwrap()).unwrap().contains(rustix::fs::OFlags::NONBLOCK)
    };
    assert!(blocks(linux::opened_anew(out.as_fd())));
    assert!(!blocks(portable::opened_anew(out.as_fd())));
}
