//! Signals to a program and everything it started.

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::time::{Instant, sleep};

use crate::platform::{self, Process};

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
                // Those that are dead and only wait to be reaped count for kill(2) of Linux, and are EPERM for that of
                // macOS: ask again, more slowly.
                _ => living(pid).is_none_or(|all| !all.is_empty()),
            },
        }
    }

    /// The names of the programs that are left of its group.
    pub(super) fn left_overs(self) -> String {
        let (Target::Group(pid) | Target::Process(pid)) = self;
        let living = living(pid).unwrap_or_default();
        let mut names: Vec<String> = living.iter().map(|process| format!("`{}`", process.name)).collect();
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

fn living(group: Pid) -> Option<Vec<Process>> {
    platform::living(group.as_raw_nonzero().get().cast_unsigned())
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
