//! Waits for a program and ends it when the user or its time limit says so: `docs/design/signals.md`.

use std::future::pending;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::group::Target;
use super::{Cmd, Press, Seen};

/// How long what is left of a program may go on after it was asked to end, if `grace` does not say.
const SAVING: Duration = Duration::from_secs(30);
/// How long what is left of a program may take to end when asked, and to vanish when killed.
const SWEEP: Duration = Duration::from_secs(1);

/// How long what is left of a program may take to end by itself.
const MOMENT: Duration = Duration::from_millis(50);

/// The state of one running program.
pub(super) struct Watcher<'a> {
    cmd: &'a Cmd,
    target: Target,
    forwards: bool,
    notice: &'a (dyn Fn(&str) + Send + Sync),
    /// Presses before it was started; they are not for it.
    before: u32,
    handled: u32,
    /// It got SIGINT or SIGTERM. It must never get a second one: it would give up what it is saving.
    was_asked: bool,
    was_killed: bool,
    timed_out: bool,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        cmd: &'a Cmd,
        target: Target,
        forwards: bool,
        before: u32,
        notice: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Self {
        Watcher {
            cmd,
            target,
            forwards,
            notice,
            before,
            handled: before,
            was_asked: false,
            was_killed: false,
            timed_out: false,
        }
    }

    /// True if it was ended because of its time limit.
    pub(super) fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// Waits for its end.
    pub(super) async fn wait(
        &mut self,
        child: &mut Child,
        seen: &mut watch::Receiver<Seen>,
    ) -> io::Result<ExitStatus> {
        let mut deadline = self.cmd.timeout.and_then(after);
        loop {
            tokio::select! {
                biased;
                now = next(seen) => self.heed(now),
                status = child.wait() => return status,
                () = until(deadline) => {
                    deadline = if self.timed_out {
                        self.kill();
                        None
                    } else {
                        self.timed_out = true;
                        self.ask(Signal::TERM);
                        self.cmd.grace.and_then(after)
                    };
                }
            }
        }
    }

    /// Ends what the program left running in its group.
    pub(super) async fn sweep(&mut self, seen: &mut watch::Receiver<Seen>) {
        let target = self.target;
        if self.was_asked && !self.was_killed {
            // A wrapper dies of the signal at once; what it runs may still be saving.
            let limit = self.cmd.grace.unwrap_or(SAVING);
            if target.is_gone_within(SWEEP.min(limit)).await {
                return;
            }
            let (program, seconds) = (&self.cmd.program, limit.as_secs());
            (self.notice)(&format!(
                "`{program}` has ended; waiting up to {seconds} s for what it left running"
            ));
            let killed = async {
                while !self.was_killed {
                    let now = next(seen).await;
                    self.heed(now);
                }
            };
            tokio::select! {
                () = killed => {}
                is_gone = target.is_gone_within(limit) => if is_gone { return },
            }
        }
        if !self.was_asked && !self.was_killed && !target.is_gone_within(MOMENT).await {
            (self.notice)(&format!(
                "`{}` has ended; what it left running in the background is ended too: {}",
                self.cmd.program,
                target.left_overs()
            ));
        }
        target.send(Signal::TERM);
        if !target.is_gone_within(SWEEP).await {
            target.send(Signal::KILL);
            target.is_gone_within(SWEEP).await;
        }
    }

    /// Acts on each press that is new.
    fn heed(&mut self, seen: Seen) {
        let program = &self.cmd.program;
        let stopping = &self.cmd.stopping;
        let say = |own: &str, general: &str, more: &str| {
            let general = || format!("`{program}` {general}");
            let text = if own.is_empty() { general() } else { own.to_owned() };
            (self.notice)(&format!("{text}{more}"));
        };
        while self.handled < seen.presses {
            self.handled += 1;
            match self.handled - self.before {
                1 => {
                    let press = if self.before == 0 { seen.first } else { seen.last };
                    say(&stopping.waits_for, "is asked to stop; waiting for it", "");
                    if self.forwards {
                        self.ask(if press == Some(Press::Term) { Signal::TERM } else { Signal::INT });
                    }
                }
                2 => say(
                    &stopping.loses,
                    "is still stopping; killing it may leave its work half done",
                    "; to kill it, interrupt once more",
                ),
                _ => {
                    self.kill();
                    say(&stopping.after_kill, "was killed; its work may be half done", "");
                }
            }
        }
    }

    fn ask(&mut self, signal: Signal) {
        if !self.was_asked {
            self.was_asked = true;
            self.target.send(signal);
        }
    }

    fn kill(&mut self) {
        self.was_killed = true;
        self.target.send(Signal::KILL);
    }
}

async fn next(seen: &mut watch::Receiver<Seen>) -> Seen {
    match seen.changed().await {
        Ok(()) => *seen.borrow_and_update(),
        // Nobody is left who could tell.
        Err(_) => pending().await,
    }
}

fn after(limit: Duration) -> Option<Instant> {
    Instant::now().checked_add(limit)
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
