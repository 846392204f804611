//! Signals to a program and everything it started.

use std::fs;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, getpgrp, getsid, kill_process, kill_process_group, test_kill_process_group,
};
use tokio::time::{Instant, sleep};

/// Who gets a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The program and everything in its group; it leads the group.
    Group(Pid),
    /// The program alone: it is in our own group.
    Process(Pid),
}

impl Target {
    /// Sends it. That nobody is left to get it is fine.
    pub(super) fn send(self, signal: Signal) {
        let sent = match self {
            Target::Group(pid) => kill_process_group(pid, signal),
            Target::Process(pid) => kill_process(pid, signal),
        };
        if let Err(error) = sent {
            tracing::debug!(?self, ?signal, %error, "signal not sent");
        }
    }

    /// True if, after the program's own end, something of its group is left.
    pub(super) fn has_left_overs(self) -> bool {
        match self {
            Target::Process(_) => false,
            Target::Group(pid) => match test_kill_process_group(pid) {
                Err(Errno::SRCH) => false,
                // Those that are dead and only wait to be reaped count for kill(2): ask again, more slowly.
                _ => is_any_alive(pid).unwrap_or(true),
            },
        }
    }

    /// The names of the programs that are left of its group.
    pub(super) fn left_overs(self) -> String {
        let (Target::Group(pid) | Target::Process(pid)) = self;
        let group = pid.as_raw_nonzero().to_string();
        let mut names: Vec<String> =
            stats().filter(|stat| is_alive_in(stat, &group)).map(|stat| name(&stat)).collect();
        names.sort();
        names.dedup();
        names.join(", ")
    }

    /// Waits until nothing of the group is left; false when that takes longer than `limit`.
    pub(super) async fn is_gone_within(self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut pause = Duration::from_millis(2);
        while self.has_left_overs() {
            if Instant::now() >= end {
                return false;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        true
    }
}

/// Whether `/proc` knows a process of this group that is not a zombie; none if there is no `/proc`.
fn is_any_alive(group: Pid) -> Option<bool> {
    let group = group.as_raw_nonzero().to_string();
    if stats().any(|stat| is_alive_in(&stat, &group)) {
        return Some(true);
    }
    fs::exists("/proc/self/stat").ok().filter(|&known| known).map(|_| false)
}

/// What `/proc` says of each process.
fn stats() -> impl Iterator<Item = String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
}

/// Whether that is of a process of this group that is not a zombie.
fn is_alive_in(stat: &str, group: &str) -> bool {
    let mut fields = after_name(stat);
    let state = fields.next();
    fields.nth(1) == Some(group) && !matches!(state, Some("Z" | "X"))
}

/// "pid (name) state ...".
fn name(stat: &str) -> String {
    let start = stat.find('(').map_or(0, |at| at + 1);
    let end = stat.rfind(')').unwrap_or(stat.len());
    format!("`{}`", stat.get(start..end).unwrap_or_default())
}

/// Whether our group is that of the leader of our session.
pub(super) fn is_of_session_leader() -> bool {
    // Not getsid(2): in a container the leader may be outside, then it answers 0, which is no `Pid`.
    match fs::read_to_string("/proc/self/stat") {
        Ok(stat) => is_of_leader(&stat),
        Err(_) if cfg!(target_os = "linux") => false,
        Err(_) => getsid(None).is_ok_and(|session| session == getpgrp()),
    }
}

fn is_of_leader(stat: &str) -> bool {
    let mut fields = after_name(stat).skip(2);
    let (group, session) = (fields.next(), fields.next());
    group == session && !matches!(group, None | Some("0"))
}

/// "pid (name) state parent group session ...": the name may contain anything.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace()
}

/// Ends the program if the future that watches it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    target: Target,
    signal: Signal,
    is_armed: bool,
}

impl Guard {
    /// A program that must not be killed is only asked to end.
    pub(super) fn new(target: Target, may_kill: bool) -> Self {
        let signal = if may_kill { Signal::KILL } else { Signal::TERM };
        Guard { target, signal, is_armed: true }
    }

    /// It has ended, and its process id may soon be that of another.
    pub(super) fn disarm(&mut self) {
        self.is_armed = false;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.is_armed {
            self.target.send(self.signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_leader;

    #[test]
    fn a_leader_outside_the_container_has_no_number() {
        assert!(is_of_leader("70 (sh) 2) S 12 70 70 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 70 12 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 70 0 0 -1"));
        assert!(!is_of_leader("70 (sh) S 12 0 0 0 -1"));
    }
}
