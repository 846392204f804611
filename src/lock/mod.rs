//! One pipeline per environment at a time: on this machine, and, when the project wants it, on all machines.
//!
//! Which lock is where and why: `docs/locks.md`.

mod unlock;
mod keeper;
pub(crate) mod beside;
mod shared;
mod s3;
mod place;
mod pg;
mod waiting;
mod file;
mod attempt;
mod owner;
mod token;

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Environment;
use crate::config::verbs::{self, Effect};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::ui::event::Event;
use crate::work::{Facts, StepCx};

pub(crate) use crate::lock::file::left_running;
pub(crate) use crate::lock::keeper::keep;
pub(crate) use crate::lock::owner::{Owner, person};
pub(crate) use crate::lock::token::mark;
pub(crate) use crate::lock::unlock::{look, remove};

use crate::lock::file::FileLock;
use crate::lock::keeper::Keeper;
use crate::lock::shared::Shared;
use crate::lock::waiting::Waiting;

/// How often a busy lock of this machine is tried.
const POLL: Duration = Duration::from_millis(100);
/// The same for one on another machine.
const POLL_SHARED: Duration = Duration::from_millis(700);
/// Signs of life in that time.
const BEATS: u32 = 6;

/// The locks of a run; free when it is dropped, those of other machines when it is [released](Held::release).
#[derive(Debug)]
pub(crate) struct Held {
    locks: Option<Arc<Both>>,
    beat: Option<tokio::task::JoinHandle<()>>,
    /// Goes last: it is told that the locks are free.
    _keeper: Option<Keeper>,
}

#[derive(Debug)]
struct Both {
    local: FileLock,
    shared: Option<Shared>,
    /// Why the lock is no longer ours, once that is seen.
    lost: Mutex<Option<String>>,
}

/// Takes the locks that a run with this effect needs, waiting as long as `wait` or the configuration says.
pub(crate) async fn take(
    cx: &Ctx,
    env: &Environment,
    (verb, effect): (&str, Effect),
    wait: Option<Duration>,
    facts: &mut Facts,
) -> Result<Held, Failure> {
    if effect == Effect::Reads {
        return Ok(Held::nothing());
    }
    let owner = Owner::new(cx, env, verb);
    let wait = wait.or(env.lock.wait.map(|period| period.0)).unwrap_or_default();
    let waiting = Waiting { cx, env, begun: Instant::now(), limit: wait, left: Cell::default() };
    let path = owner::local_path(env);
    let Some(local) = waiting.take(POLL, async || file::try_take(&path, &owner)).await? else {
        return Ok(Held::nothing());
    };
    let shared = if env.lock.shared == Some(true) && !verbs::makes_backend(verb) {
        let mut step = StepCx::new(cx, env, "lock", &[], facts);
        let place = Box::pin(shared::Place::of(&mut step)).await?;
        Box::pin(waiting.take(POLL_SHARED, async || place.try_take(&owner).await)).await?
    } else {
        None
    };
    facts.left_behind = waiting.left.get();
    Ok(Held::new(cx, env, Both { local, shared, lost: Mutex::default() }, owner))
}

impl Held {
    pub(crate) fn nothing() -> Self {
        Held { locks: None, beat: None, _keeper: None }
    }

    fn new(cx: &Ctx, env: &Environment, both: Both, owner: Owner) -> Self {
        let is_far = both.shared.as_ref().is_some_and(Shared::is_far);
        let keeper = is_far.then(|| Keeper::start(cx, env, &both.local, &owner)).flatten();
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
        Held { locks: Some(locks), beat: Some(beat), _keeper: keeper }
    }

    /// An error when another run has taken the lock over, because this one gave no sign of life for too long.
    pub(crate) fn check(&self, environment: &str) -> Result<(), Failure> {
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
    pub(crate) async fn release(mut self) -> Result<(), Failure> {
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
