//! What the user asked for by signals: counted here, acted upon by the runner.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::{Failure, Kind};

/// How soon the main thread has to hear of a press.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the user asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// SIGINT (Ctrl-C) or SIGQUIT.
    Int,
    /// SIGTERM.
    Term,
}

/// What came so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// How often the user asked to stop.
    pub presses: u32,
    /// How they did it first; decides the exit code.
    pub first: Option<Press>,
    /// How they did it last.
    pub last: Option<Press>,
    /// The terminal was closed (SIGHUP). This stops nothing.
    pub hung_up: bool,
}

impl Seen {
    /// How the whole run ends because of it; none if nobody asked to stop.
    pub fn kind(self) -> Option<Kind> {
        self.first.map(|press| match press {
            Press::Int => Kind::Interrupted,
            Press::Term => Kind::Terminated,
        })
    }
}

/// Hears the signals of this process. Clones share what was heard.
#[derive(Debug, Clone)]
pub struct Interrupts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seen: watch::Sender<Seen>,
    muted: AtomicUsize,
    /// Presses that the main thread knows of.
    answered: AtomicU32,
    /// Presses that were for a program that owned the terminal.
    theirs: AtomicU32,
    /// Programs that run.
    programs: AtomicUsize,
}

impl Interrupts {
    /// Hears no signals, only what [`press`](Self::press) and [`hang_up`](Self::hang_up) say: for tests.
    pub fn deaf() -> Self {
        Interrupts(Arc::new(Inner {
            seen: watch::Sender::default(),
            muted: AtomicUsize::new(0),
            answered: AtomicU32::new(0),
            theirs: AtomicU32::new(0),
            programs: AtomicUsize::new(0),
        }))
    }

    /// Hears SIGINT, SIGQUIT, SIGTERM and SIGHUP from now on: none of them ends this process any more.
    /// Needs a tokio runtime; fails when the operating system refuses a handler.
    ///
    /// They are heard on a thread of their own. A main thread that waits for something deaf (a read, the lock of a
    /// file, a question) does not answer: then `deaf` is called on that thread, to end the process.
    pub fn listen(deaf: impl Fn(Kind) + Send + 'static) -> io::Result<Self> {
        let interrupts = Interrupts::deaf();
        let ears = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = ears.enter();
        let mut int = signal(SignalKind::interrupt())?;
        let mut quit = signal(SignalKind::quit())?;
        let mut term = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        drop(inside);
        let heard = interrupts.clone();
        let hear = async move {
            let mut unanswered = pin!(heard.clone().unanswered());
            loop {
                tokio::select! {
                    Some(()) = int.recv() => heard.press(Press::Int),
                    Some(()) = quit.recv() => heard.press(Press::Int),
                    Some(()) = term.recv() => heard.press(Press::Term),
                    Some(()) = hangup.recv() => heard.hang_up(),
                    () = &mut unanswered => {
                        deaf(heard.seen().kind().unwrap_or(Kind::Interrupted));
                        break;
                    }
                    else => break,
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || ears.block_on(hear))?;
        tokio::spawn(interrupts.clone().answer());
        Ok(interrupts)
    }

    /// Says that the main thread hears what comes.
    async fn answer(self) {
        let mut seen = self.watch();
        while seen.changed().await.is_ok() {
            self.0.answered.store(seen.borrow_and_update().presses, Ordering::Relaxed);
        }
    }

    /// Ends when the main thread has not heard of a press for long. With a program under way it takes three presses, as
    /// to kill that.
    async fn unanswered(self) {
        let is_deaf = |seen: &Seen| {
            let wanted = if self.0.programs.load(Ordering::Relaxed) == 0 { 1 } else { 3 };
            seen.presses >= wanted && seen.presses != self.0.answered.load(Ordering::Relaxed)
        };
        let mut seen = self.watch();
        loop {
            // Fails only without a sender, and `self` is one.
            let _ = seen.wait_for(is_deaf).await;
            tokio::time::sleep(PATIENCE).await;
            if is_deaf(&self.seen()) {
                return;
            }
        }
    }

    /// The user asked to stop. Ignored for `Press::Int` while a program owns the terminal.
    pub fn press(&self, press: Press) {
        if press == Press::Int && self.0.muted.load(Ordering::Relaxed) > 0 {
            return;
        }
        self.0.seen.send_modify(|seen| {
            seen.presses += 1;
            seen.first = seen.first.or(Some(press));
            seen.last = Some(press);
        });
    }

    /// The terminal was closed.
    pub fn hang_up(&self) {
        self.0.seen.send_modify(|seen| seen.hung_up = true);
    }

    /// What came so far.
    pub fn seen(&self) -> Seen {
        *self.0.seen.borrow()
    }

    /// True once the user asked to stop.
    pub fn is_pressed(&self) -> bool {
        self.seen().presses > 0
    }

    /// How this run ends because of presses that no program of the terminal took for itself; none if there are none.
    pub(crate) fn ours(&self) -> Option<Kind> {
        let seen = self.seen();
        seen.kind().filter(|_| seen.presses > self.0.theirs.load(Ordering::Relaxed))
    }

    /// The failure of what the user has stopped.
    pub(crate) fn failure(&self, text: impl Into<String>) -> Failure {
        Failure::new(self.seen().kind().unwrap_or(Kind::Interrupted), text)
    }

    /// So many presses were for a program that owned the terminal, and whose exit code says how it took them.
    pub(crate) fn theirs(&self, presses: u32) {
        self.0.theirs.fetch_add(presses, Ordering::Relaxed);
    }

    /// Ends when the user has asked to stop: for whoever waits for something else than a program.
    pub async fn pressed(&self) {
        // Fails only without a sender, and `self` is one.
        let _ = self.watch().wait_for(|seen| seen.presses > 0).await;
    }

    /// The main thread knows of what came so far, and may be deaf for a while: it asks people what is to be done about it.
    pub(crate) fn heard(&self) {
        self.0.answered.store(self.seen().presses, Ordering::Relaxed);
    }

    /// Tells of everything that comes from now on.
    pub fn watch(&self) -> watch::Receiver<Seen> {
        self.0.seen.subscribe()
    }

    /// A program runs as long as this is held.
    #[must_use]
    pub(super) fn program(&self) -> Running {
        self.0.programs.fetch_add(1, Ordering::Relaxed);
        Running(self.clone())
    }

    /// SIGINT and SIGQUIT are not for us as long as this is held: a program owns the terminal.
    #[must_use]
    pub fn mute(&self) -> Mute {
        self.0.muted.fetch_add(1, Ordering::Relaxed);
        Mute(self.clone())
    }
}

/// As long as it lives, SIGINT and SIGQUIT count for nothing.
#[derive(Debug)]
pub struct Mute(Interrupts);

impl Drop for Mute {
    fn drop(&mut self) {
        self.0.0.muted.fetch_sub(1, Ordering::Relaxed);
    }
}

/// As long as it lives, a program runs.
#[derive(Debug)]
pub(super) struct Running(Interrupts);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.programs.fetch_sub(1, Ordering::Relaxed);
    }
}
