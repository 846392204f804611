//! Waits for a busy lock: as long as was asked for, telling who holds it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::lock::attempt::Attempt;
use crate::lock::file;
use crate::lock::owner::Owner;
use crate::lock::token;
use crate::text;
use crate::ui::event::Event;

/// While it waits, a run says so this often.
const TELL: Duration = Duration::from_secs(10);
/// How long a try that is under way may go on after the user asked to stop.
const PATIENCE: Duration = Duration::from_secs(2);

/// The limits of one wait, and whom it is told.
pub(crate) struct Waiting<'a> {
    pub(crate) cx: &'a Ctx,
    pub(crate) env: &'a Environment,
    pub(crate) begun: Instant,
    pub(crate) limit: Duration,
    /// When the run began that died and left the lock behind.
    pub(crate) left: Cell<Option<Timestamp>>,
}

impl Waiting<'_> {
    /// Tries until the lock is taken or the time is over; none when an infractl above us holds it.
    pub(crate) async fn take<T>(
        &self,
        poll: Duration,
        mut attempt: impl AsyncFnMut() -> Result<Attempt<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        let mut told = None::<Instant>;
        let mut tries = 0_u32;
        loop {
            let holder = match self.unless_interrupted(attempt()).await? {
                Attempt::Taken(lock, left) => {
                    if let Some(left) = left {
                        self.left.set(self.left.get().or(Some(left.start)));
                        self.say(Event::Warning(format!(
                            "the lock of `{}` was left behind by a run that died: {}",
                            self.env.name,
                            left.describe((self.cx.now)())
                        )));
                    }
                    return Ok(Some(lock));
                }
                Attempt::Busy(holder) => holder,
            };
            if holder.as_ref().is_some_and(|holder| token::is_ours(&self.cx.vars, &holder.token)) {
                return Ok(None);
            }
            let waited = self.begun.elapsed();
            if waited >= self.limit {
                return Err(self.busy(holder.as_ref()));
            }
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                told = Some(Instant::now());
                self.say(Event::Note(format!(
                    "waiting for the lock of `{}`, {} of {}: {}",
                    self.env.name,
                    text::duration(waited),
                    text::duration(self.limit),
                    self.describe(holder.as_ref())
                )));
            }
            tries += 1;
            // Not all of those that wait at the same moments.
            let jitter = (std::process::id().wrapping_add(tries.wrapping_mul(7)) % 16) * poll / 32;
            let pause = (poll * 3 / 4 + jitter).min(self.limit.saturating_sub(waited));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cx.interrupts.pressed() => return Err(self.stopped()),
            }
        }
    }

    /// A try that a server lets wait ends soon after the user asked to stop; what it took meanwhile is freed.
    async fn unless_interrupted<T>(
        &self,
        attempt: impl Future<Output = Result<Attempt<T>, Failure>>,
    ) -> Result<Attempt<T>, Failure> {
        let mut attempt = std::pin::pin!(attempt);
        tokio::select! {
            biased;
            result = &mut attempt => return result,
            () = self.cx.interrupts.pressed() => {}
        }
        drop(tokio::time::timeout(PATIENCE, attempt).await);
        Err(self.stopped())
    }

    fn stopped(&self) -> Failure {
        self.cx.interrupts.failure(format!("stopped while waiting for the lock of `{}`", self.env.name))
    }

    fn say(&self, event: Event) {
        self.cx.ui.event(Some(&self.env.name), event);
    }

    fn describe(&self, holder: Option<&Owner>) -> String {
        holder.map_or_else(
            || "held by a run that does not say who it is".to_owned(),
            |holder| holder.describe((self.cx.now)()),
        )
    }

    fn busy(&self, holder: Option<&Owner>) -> Failure {
        let name = &self.env.name;
        let failure = Failure {
            error: anyhow::Error::msg(format!("locked: {}", self.describe(holder)))
                .context(format!("`{name}` is busy with another run")),
            ..Failure::new(Kind::Busy, "")
        };
        let failure = if self.limit.is_zero() {
            failure.help("pass `--lock-wait 10m` to wait for it")
        } else {
            failure.help(format!(
                "pass a longer `--lock-wait`: it took more than {}",
                text::duration(self.limit)
            ))
        };
        match file::left_running(self.env, holder) {
            Some(left) => failure.help(format!(
                "wait for what that run has started, or end it: it was killed itself, and this still runs: {left}"
            )),
            None => failure.help(format!("run `infractl unlock {name}` to release it, if that run is dead")),
        }
    }
}
