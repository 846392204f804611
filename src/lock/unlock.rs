//! Looks at the locks of an environment from outside, and releases them.

use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::lock::file;
use crate::lock::owner::{Owner, local_path};
use crate::lock::shared::{Place, Seen};
use crate::work::{Facts, StepCx};

/// What was found.
#[derive(Debug)]
pub(crate) struct Locks {
    /// The lock of this machine: its owner, and whether his process lives.
    pub local: Option<(Owner, bool)>,
    /// The lock that other machines see: whose it is, if he says so.
    pub shared: Option<SharedLock>,
    place: Place,
}

/// A lock that other machines see.
#[derive(Debug)]
pub(crate) struct SharedLock {
    /// Who holds it, if that is known.
    pub owner: Option<Owner>,
    /// Its owner gave no sign of life for too long, or is gone.
    pub is_stale: bool,
    /// Where it is.
    pub place: String,
}

/// Looks who holds the locks.
pub(crate) async fn look(cx: &Ctx, env: &Environment) -> Result<Locks, Failure> {
    let path = local_path(env);
    let (is_held, owner) = file::look(&path).map_err(|error| {
        Failure::new(Kind::Failed, format!("the lock `{}` could not be read: {error}", path.display()))
    })?;
    let mut place = Place::Nowhere;
    let mut seen = Seen::default();
    if env.lock.shared == Some(true) {
        let mut facts = Facts::default();
        let mut step = StepCx::new(cx, env, "unlock", &[], &mut facts);
        place = Place::of(&mut step).await?;
        seen = place.look().await?;
    }
    let is_there = seen.is_held || seen.owner.is_some();
    let shared =
        is_there.then(|| SharedLock { owner: seen.owner, is_stale: seen.is_stale, place: place.shown() });
    Ok(Locks { local: owner.map(|owner| (owner, is_held)), shared, place })
}

/// Releases what was found, and only that: the lock of a living process of this machine ends with it, and what somebody
/// took since we looked is his.
pub(crate) async fn remove(cx: &Ctx, env: &Environment, locks: &Locks) -> Result<(), Failure> {
    // The local one first: a run that came while a question was asked has both.
    file::clear(&local_path(env))?;
    if let Some(shared) = &locks.shared {
        locks.place.remove(shared.owner.as_ref(), &Owner::new(cx, env, "unlock")).await?;
    }
    Ok(())
}
