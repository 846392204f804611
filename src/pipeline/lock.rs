//! One pipeline per environment at a time: on this machine, and, when the project wants it, on all machines.
//!
//! Which lock is where and why: `docs/locks.md`.

mod file;
mod owner;
mod pg;
mod pg_tls;
mod place;
mod s3;
mod shared;
mod sign;
mod token;
mod unlock;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::Pipeline;
use crate::steps::{Facts, StepCx, Work, terraform::Action as Terraform};
use crate::text;
use crate::ui::event::Event;

pub use owner::Owner;
pub use token::mark;
pub use unlock::{Locks, look, remove};

use file::FileLock;
use shared::Shared;

/// While it waits, a run says so this often.
const TELL: Duration = Duration::from_secs(10);
/// How often a busy lock of this machine is tried.
const POLL: Duration = Duration::from_millis(100);
/// The same for one on another machine.
const POLL_SHARED: Duration = Duration::from_millis(700);
/// How long a try that is under way may go on after the user asked to stop.
const PATIENCE: Duration = Duration::from_secs(2);
/// Silence after which a shared lock counts as left behind, if the configuration does not say.
const STALE_AFTER: Duration = Duration::from_secs(120);
/// Signs of life in that time.
const BEATS: u32 = 6;

/// What came of one try.
#[derive(Debug)]
enum Attempt<T> {
    /// It is ours. A run that died had left it behind.
    Taken(T, Option<Owner>),
    /// Somebody holds it.
    Busy(Option<Owner>),
}

/// The locks of a run; free when it is dropped, those of other machines when it is [released](Held::release).
#[derive(Debug)]
pub struct Held {
    locks: Option<Arc<Both>>,
    beat: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct Both {
    local: FileLock,
    shared: Option<Shared>,
    /// Why the lock is no longer ours, once that is seen.
    lost: Mutex<Option<String>>,
}

/// Whether a pipeline changes anything that another run on the same environment could step on.
pub fn is_needed(pipeline: &Pipeline) -> bool {
    const READERS: [&str; 8] = ["init", "plan", "validate", "fmt", "output", "check", "state", "drift"];
    !READERS.contains(&pipeline.verb.as_str()) && pipeline.leaves().iter().any(|(work, _)| changes(work))
}

fn changes(work: &Work) -> bool {
    match work {
        Work::Prepare { .. } | Work::Outputs | Work::Confirm { .. } | Work::Wait(_) | Work::Nothing(_) => {
            false
        }
        Work::Terraform(action) => matches!(action, Terraform::Apply { .. } | Terraform::Destroy),
        _ => true,
    }
}

/// Takes the locks that a pipeline needs, waiting as long as `wait` or the configuration says.
pub async fn take(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    wait: Option<Duration>,
    facts: &mut Facts,
) -> Result<Held, Failure> {
    if !is_needed(pipeline) {
        return Ok(Held::nothing());
    }
    let owner = Owner::new(cx, env, &pipeline.verb);
    let wait = wait.or(env.lock.wait.map(|period| period.0)).unwrap_or_default();
    let waiting = Waiting { cx, env, begun: Instant::now(), limit: wait };
    let path = local_path(env);
    let Some(local) = waiting.take(POLL, async || file::try_take(&path, &owner)).await? else {
        return Ok(Held::nothing());
    };
    let shared = if env.lock.shared == Some(true) {
        let mut step = StepCx::new(cx, env, "lock", &[], facts);
        let place = shared::Place::of(&mut step).await?;
        waiting.take(POLL_SHARED, async || place.try_take(&owner).await).await?
    } else {
        None
    };
    Ok(Held::new(cx, env, Both { local, shared, lost: Mutex::default() }, owner))
}

/// Where the lock of this machine is.
fn local_path(env: &Environment) -> PathBuf {
    env.root.join(".infractl/locks").join(format!("{}.json", env.name))
}

fn stale_after(env: &Environment) -> Duration {
    env.lock.stale_after.map_or(STALE_AFTER, |period| period.0)
}

/// The limits of one wait, and whom it is told.
struct Waiting<'a> {
    cx: &'a Ctx,
    env: &'a Environment,
    begun: Instant,
    limit: Duration,
}

impl Waiting<'_> {
    /// Tries until the lock is taken or the time is over; none when an infractl above us holds it.
    async fn take<T>(
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
        let kind = self.cx.interrupts.seen().kind().unwrap_or(Kind::Interrupted);
        Failure::new(kind, format!("stopped while waiting for the lock of `{}`", self.env.name))
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
        failure.help(format!("run `infractl unlock {name}` to release it, if that run is dead"))
    }
}

impl Held {
    pub(super) fn nothing() -> Self {
        Held { locks: None, beat: None }
    }

    fn new(cx: &Ctx, env: &Environment, both: Both, owner: Owner) -> Self {
        let locks = Arc::new(both);
        let (now, ui, name) = (cx.now, Arc::clone(&cx.ui), env.name.clone());
        let weak = Arc::downgrade(&locks);
        let beat = tokio::spawn(async move {
            let every = owner.patience() / BEATS;
            loop {
                tokio::time::sleep(every).await;
                let Some(locks) = weak.upgrade() else { return };
                if let Err(why) = locks.beat(&owner.alive(now())).await {
                    ui.event(Some(&name), Event::Warning(format!("the lock of `{name}` is lost: {why}")));
                    *locks.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    return;
                }
            }
        });
        Held { locks: Some(locks), beat: Some(beat) }
    }

    /// An error when another run has taken the lock over, because this one gave no sign of life for too long.
    pub fn check(&self, environment: &str) -> Result<(), Failure> {
        let lost = self
            .locks
            .as_ref()
            .and_then(|locks| locks.lost.lock().unwrap_or_else(PoisonError::into_inner).clone());
        match lost {
            None => Ok(()),
            Some(why) => Err(Failure::new(Kind::Busy, format!("the lock of `{environment}` is lost: {why}"))
                .help("look at what the other run did before you start again")),
        }
    }

    /// Frees the locks.
    pub async fn release(mut self) -> Result<(), Failure> {
        if let Some(beat) = self.beat.take() {
            beat.abort();
            let _ = beat.await;
        }
        let Some(locks) = self.locks.take() else { return Ok(()) };
        match &locks.shared {
            Some(shared) => shared.release().await,
            None => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(beat) = &self.beat {
            beat.abort();
        }
    }
}

impl Both {
    /// Says in both places that the run lives; an error when the lock is no longer ours.
    async fn beat(&self, owner: &Owner) -> Result<(), String> {
        if !self.local.is_there() {
            return Err("somebody removed `.infractl/locks`".to_owned());
        }
        // A full disk says nothing about who holds the lock.
        let _ = self.local.write(owner);
        match &self.shared {
            Some(shared) => shared.beat(owner).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
