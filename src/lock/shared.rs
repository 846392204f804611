//! The lock that keeps other machines out: beside the state, wherever that is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::failure::{Failure, Kind};
use crate::lock::attempt::Attempt;
use crate::lock::file::{self, FileLock};
use crate::lock::owner::Owner;
use crate::lock::pg::{self, PgLock};
use crate::lock::place;
use crate::lock::s3::S3Lock;
use crate::net::object::Object;
use crate::steps::opened;
use crate::steps::terraform::state_place;
use crate::work::StepCx;

/// Where it is.
#[derive(Debug)]
pub(crate) enum Place {
    S3(Arc<Object>),
    Pg(Box<pg::Server>),
    File(PathBuf),
    /// There is no state, or another environment's: nothing to be beside of.
    Nowhere,
}

/// Held.
#[derive(Debug)]
pub(crate) enum Shared {
    S3(S3Lock),
    Pg(PgLock),
    File(FileLock),
    Nothing,
}

/// Who holds it, as far as can be seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) owner: Option<Owner>,
    /// Somebody holds it now: an object, a connection, a process.
    pub(crate) is_held: bool,
    /// It gave no sign of life for too long.
    pub(crate) is_stale: bool,
}

impl Place {
    /// Finds it by the backend of the root module; opens the secrets for that.
    pub(crate) async fn of(step: &mut StepCx<'_>) -> Result<Place, Failure> {
        if step.env.terraform.is_none() {
            return Ok(Place::Nowhere);
        }
        opened::secrets(step).await?;
        let backend = state_place::backend(step)?;
        match backend.kind.as_str() {
            "s3" => Ok(Place::S3(Arc::new(place::object(step, &backend, place::SUFFIX).await?))),
            "pg" => Ok(Place::Pg(Box::new(place::server(step, &backend)?))),
            "local" => Ok(Place::File(place::beside_file(step, &backend, place::SUFFIX)?)),
            other => Err(Failure::new(
                Kind::Config,
                format!("`[lock] shared` is set, and there is no shared lock for the backend `{other}` of `{}`", step.env.name),
            )
            .help("set `[lock] shared = false` for this environment: shared locks exist for s3, pg and local state")),
        }
    }

    /// For messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Place::S3(object) => object.shown(),
            Place::Pg(server) => server.shown(),
            Place::File(path) => path.display().to_string(),
            Place::Nowhere => "nowhere".to_owned(),
        }
    }

    /// Takes it if it is free or was left behind.
    pub(crate) async fn try_take(&self, owner: &Owner) -> Result<Attempt<Shared>, Failure> {
        Ok(match self {
            Place::S3(object) => object.try_take(owner).await?.map(Shared::S3),
            Place::Pg(server) => server.try_take(owner).await?.map(Shared::Pg),
            Place::File(path) => file::try_take(path, owner)?.map(Shared::File),
            Place::Nowhere => Attempt::Taken(Shared::Nothing, None),
        })
    }

    /// Looks who holds it.
    pub(crate) async fn look(&self) -> Result<Seen, Failure> {
        Ok(match self {
            Place::S3(object) => match object.find().await? {
                Some(found) => Seen { owner: found.owner, is_held: true, is_stale: found.is_stale },
                None => Seen::default(),
            },
            Place::Pg(server) => {
                let found = server.find().await?;
                let is_left = found.holder.is_none()
                    && found.owner.as_ref().is_some_and(|owner| !owner.has_heirs_here());
                let is_stale = found.is_stale || is_left;
                Seen { owner: found.owner, is_held: found.holder.is_some(), is_stale }
            }
            Place::File(path) => {
                let (is_held, owner) = file::look(path).map_err(|error| {
                    Failure::new(
                        Kind::Failed,
                        format!("the lock `{}` could not be read: {error}", path.display()),
                    )
                })?;
                Seen { is_stale: owner.is_some() && !is_held, owner, is_held }
            }
            Place::Nowhere => Seen::default(),
        })
    }

    /// Holds on to the lock of a run that was killed; none if it is somebody else's by now.
    pub(crate) async fn adopt(&self, killed: &Owner) -> Result<Option<Shared>, Failure> {
        Ok(match self {
            Place::S3(object) => object.adopt(killed).await?.map(Shared::S3),
            Place::Pg(server) => server.adopt(killed).await?.map(Shared::Pg),
            Place::File(_) | Place::Nowhere => None,
        })
    }

    /// Frees it, if it is still held by whom we saw; `ours` is who does so.
    pub(crate) async fn remove(&self, seen: Option<&Owner>, ours: &Owner) -> Result<(), Failure> {
        let taken = match self {
            Place::S3(object) => object.take_away(seen, ours).await?,
            _ => self.look().await?.owner.filter(|now| seen.is_none_or(|seen| !seen.is_same_run(now))),
        };
        if let Some(now) = taken {
            return Err(Failure::new(
                Kind::Busy,
                format!(
                    "somebody took the lock at {} meanwhile: `{}` by {} on {} (pid {})",
                    self.shown(),
                    now.verb,
                    now.owner,
                    now.host,
                    now.pid
                ),
            )
            .help("look again with `infractl unlock`"));
        }
        match self {
            Place::Pg(server) => server.remove().await,
            Place::File(path) => file::clear(path),
            Place::S3(_) | Place::Nowhere => Ok(()),
        }
    }
}

impl Shared {
    /// It is on another machine, which does not know what this one still runs.
    pub(crate) fn is_far(&self) -> bool {
        matches!(self, Shared::S3(_) | Shared::Pg(_))
    }

    /// Leaves it to whoever takes it over, with what it says of its owner.
    pub(crate) fn leave(self) {
        if let Shared::S3(lock) = self {
            lock.leave();
        }
    }

    /// Says that the run lives; an error when the lock is no longer ours.
    pub(crate) async fn beat(&self, owner: &Owner) -> Result<(), String> {
        match self {
            Shared::S3(lock) => lock.beat(owner).await,
            Shared::Pg(lock) => lock.beat(owner).await,
            Shared::File(lock) => {
                let _ = lock.write(owner);
                if lock.is_there() { Ok(()) } else { Err("somebody released it".to_owned()) }
            }
            Shared::Nothing => Ok(()),
        }
    }

    /// Frees it.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        match self {
            Shared::S3(lock) => lock.release().await,
            Shared::Pg(lock) => lock.release().await,
            Shared::File(_) | Shared::Nothing => Ok(()),
        }
    }
}

impl<T> Attempt<T> {
    fn map<U>(self, into: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Attempt::Taken(lock, left) => Attempt::Taken(into(lock), left),
            Attempt::Busy(holder) => Attempt::Busy(holder),
        }
    }
}
