//! A lock that is an object beside the state in an S3 bucket, made by conditional writes.
//!
//! The object is there as long as the run lives and says so. All times that are compared come from the server
//! (`Date` and `Last-Modified` of one answer), so clocks that differ do no harm.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::failure::Failure;
use crate::lock::attempt::Attempt;
use crate::lock::owner::Owner;
use crate::net::object::Object;

/// How long a run that ends by a bug, or is told not to wait any more, tries to clean up.
const LAST_CHANCE: Duration = Duration::from_secs(3);

/// A held lock.
#[derive(Debug)]
pub(crate) struct S3Lock {
    object: Arc<Object>,
    token: String,
    /// Of what we wrote last: anything else there is not ours.
    etag: Mutex<String>,
    is_free: AtomicBool,
}

/// What is in the object.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) owner: Option<Owner>,
    pub(crate) is_stale: bool,
    etag: String,
}

impl Object {
    /// What is there; none if there is no object.
    pub(crate) async fn find(self: &Arc<Self>) -> Result<Option<Found>, Failure> {
        let answer = self.ask("GET", Vec::new(), None).await?;
        match (answer.status, &answer.etag) {
            (200, Some(etag)) => {
                let owner = Owner::parse(&answer.body);
                let patience = owner.as_ref().map_or(crate::lock::owner::STALE_AFTER, Owner::patience);
                let is_silent = answer.age.is_some_and(|age| age > patience);
                let is_stale = owner.as_ref().map_or(is_silent, |owner| {
                    !owner.has_heirs_here() && (is_silent || owner.is_dead_here())
                });
                Ok(Some(Found { owner, is_stale, etag: etag.clone() }))
            }
            (404, _) if !String::from_utf8_lossy(&answer.body).contains("NoSuchBucket") => Ok(None),
            _ => Err(self.refused("GET", &answer)),
        }
    }

    /// Writes if the condition holds: the ETag of what is there now, or none if it does not.
    async fn put(
        self: &Arc<Self>,
        owner: &Owner,
        name: &'static str,
        value: String,
    ) -> Result<Option<String>, Failure> {
        let answer = self.ask("PUT", owner.to_json().into_bytes(), Some((name, value))).await?;
        match (answer.status, &answer.etag) {
            (200, Some(etag)) => Ok(Some(etag.clone())),
            // Precondition failed; conflict with another write at the same time; gone.
            (409 | 412, _) => Ok(None),
            (404, _) if name == "if-match" => Ok(None),
            _ => Err(self.refused("PUT", &answer)),
        }
    }

    /// Takes the lock if it is free or was left behind.
    pub(crate) async fn try_take(self: &Arc<Self>, owner: &Owner) -> Result<Attempt<S3Lock>, Failure> {
        let ours = |etag| S3Lock {
            object: Arc::clone(self),
            token: owner.token.clone(),
            etag: Mutex::new(etag),
            is_free: AtomicBool::new(false),
        };
        if let Some(etag) = self.put(owner, "if-none-match", "*".into()).await? {
            return Ok(Attempt::Taken(ours(etag), None));
        }
        match self.find().await? {
            Some(found) if found.is_stale => match self.put(owner, "if-match", found.etag).await? {
                Some(etag) => Ok(Attempt::Taken(ours(etag), found.owner)),
                None => Ok(Attempt::Busy(found.owner)),
            },
            Some(found) => {
                // An earlier try of ours whose answer got lost on its way.
                match found.owner {
                    Some(there) if there.token == owner.token && there.start == owner.start => {
                        Ok(Attempt::Taken(ours(found.etag), None))
                    }
                    there => Ok(Attempt::Busy(there)),
                }
            }
            None => Ok(Attempt::Busy(None)),
        }
    }

    /// Holds on to the lock of a run that was killed; none if it is somebody else's by now.
    pub(crate) async fn adopt(self: &Arc<Self>, killed: &Owner) -> Result<Option<S3Lock>, Failure> {
        let Some(found) = self.find().await? else { return Ok(None) };
        if !found.owner.is_some_and(|there| there.is_same_run(killed)) {
            return Ok(None);
        }
        Ok(self.put(killed, "if-match", found.etag).await?.map(|etag| S3Lock {
            object: Arc::clone(self),
            token: killed.token.clone(),
            etag: Mutex::new(etag),
            is_free: AtomicBool::new(false),
        }))
    }

    /// Takes the lock away from whom we saw; who holds it instead, if somebody took it meanwhile. It is made ours first:
    /// a store need not know conditions for a deletion.
    pub(crate) async fn take_away(
        self: &Arc<Self>,
        seen: Option<&Owner>,
        ours: &Owner,
    ) -> Result<Option<Owner>, Failure> {
        let Some(found) = self.find().await? else { return Ok(None) };
        if let Some(now) = found.owner
            && seen.is_none_or(|seen| !seen.is_same_run(&now))
        {
            return Ok(Some(now));
        }
        match self.put(ours, "if-match", found.etag).await? {
            Some(etag) => self.remove(etag).await.map(|()| None),
            // Somebody else's now, or a sign of life, or released.
            None => Ok(self.find().await?.and_then(|found| found.owner)),
        }
    }

    /// Removes what is there, if it is still this.
    async fn remove(self: &Arc<Self>, etag: String) -> Result<(), Failure> {
        let mut answer = self.ask("DELETE", Vec::new(), Some(("if-match", etag))).await?;
        if matches!(answer.status, 400 | 501) {
            // This store knows no condition here.
            answer = self.ask("DELETE", Vec::new(), None).await?;
        }
        // Gone already, or another run's.
        if matches!(answer.status, 200 | 204 | 404 | 409 | 412) {
            Ok(())
        } else {
            Err(self.refused("DELETE", &answer))
        }
    }
}

impl S3Lock {
    /// Says that the run lives; an error when the lock is somebody else's now.
    pub(crate) async fn beat(&self, owner: &Owner) -> Result<(), String> {
        let known = self.etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.object.put(owner, "if-match", known).await {
            Ok(Some(etag)) => {
                *self.etag.lock().unwrap_or_else(PoisonError::into_inner) = etag;
                Ok(())
            }
            // A sign of life whose answer got lost changed the ETag: whose is it?
            Ok(None) => match self.object.find().await {
                Ok(Some(found)) if found.owner.as_ref().is_some_and(|there| there.token == self.token) => {
                    *self.etag.lock().unwrap_or_else(PoisonError::into_inner) = found.etag;
                    Ok(())
                }
                Ok(Some(Found { owner: Some(there), .. })) => {
                    Err(format!("taken over by {} on {} (`{}`)", there.owner, there.host, there.verb))
                }
                Ok(_) => Err("somebody released it".to_owned()),
                Err(_) => Ok(()),
            },
            // The network may be back before the lock counts as stale.
            Err(_) => Ok(()),
        }
    }

    /// Leaves the object where it is.
    pub(crate) fn leave(&self) {
        self.is_free.store(true, Ordering::Relaxed);
    }

    /// Removes the object, if it is still ours.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        self.is_free.store(true, Ordering::Relaxed);
        match self.object.find().await? {
            Some(found) if found.owner.as_ref().is_some_and(|there| there.token == self.token) => {
                self.object.remove(found.etag).await
            }
            _ => Ok(()),
        }
    }
}

impl Drop for S3Lock {
    fn drop(&mut self) {
        if self.is_free.load(Ordering::Relaxed) {
            return;
        }
        let found = self.object.send("GET", &[], None, LAST_CHANCE);
        if found.is_ok_and(|found| Owner::parse(&found.body).is_some_and(|there| there.token == self.token)) {
            // Else it is left behind, and others see that after a while.
            let _ = self.object.send("DELETE", &[], None, LAST_CHANCE);
        }
    }
}
