//! What the user asked for by signals: counted here, acted upon by the runner.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Kind;

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
    pub fn kind(&self) -> Option<Kind> {
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
}

impl Interrupts {
    /// Hears no signals, only what [`press`](Self::press) and [`hang_up`](Self::hang_up) say: for tests.
    pub fn deaf() -> Self {
        Interrupts(Arc::new(Inner { seen: watch::Sender::default(), muted: AtomicUsize::new(0) }))
    }

    /// Hears SIGINT, SIGQUIT, SIGTERM and SIGHUP from now on: none of them ends this process any more.
    /// Needs a tokio runtime; fails when the operating system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        let interrupts = Interrupts::deaf();
        let mut int = signal(SignalKind::interrupt())?;
        let mut quit = signal(SignalKind::quit())?;
        let mut term = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let heard = interrupts.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = int.recv() => heard.press(Press::Int),
                    Some(()) = quit.recv() => heard.press(Press::Int),
                    Some(()) = term.recv() => heard.press(Press::Term),
                    Some(()) = hangup.recv() => heard.hang_up(),
                    else => break,
                }
            }
        });
        Ok(interrupts)
    }

    /// The user asked to stop. Ignored for [`Press::Int`] while a program owns the terminal.
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

    /// Ends when the user has asked to stop: for whoever waits for something else than a program.
    pub async fn pressed(&self) {
        // Fails only without a sender, and `self` is one.
        let _ = self.watch().wait_for(|seen| seen.presses > 0).await;
    }

    /// Tells of everything that comes from now on.
    pub fn watch(&self) -> watch::Receiver<Seen> {
        self.0.seen.subscribe()
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
