//! A lock that is an object beside the state in an S3 bucket, made by conditional writes.
//!
//! The object is there as long as the run lives and says so. All times that are compared come from the server
//! (`Date` and `Last-Modified` of one answer), so clocks that differ do no harm.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::Response;

use super::Attempt;
use super::owner::Owner;
use super::sign::{self, Keys, Request};
use crate::failure::{Failure, Kind};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// How long a run that ends by a bug, or is told not to wait any more, tries to clean up.
const LAST_CHANCE: Duration = Duration::from_secs(3);
/// Answers of the server that are worth another try.
const TRIES: u32 = 4;

/// Where the object is and how it is asked for.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) agent: ureq::Agent,
    /// `https://` or `http://`.
    pub(super) scheme: String,
    /// With its port, if that is not the usual one.
    pub(super) host: String,
    /// Of the object, encoded, with a leading `/`.
    pub(super) path: String,
    pub(super) region: String,
    pub(super) keys: Keys,
    pub(super) now: fn() -> Timestamp,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: u16,
    etag: Option<String>,
    /// How long ago the object was written, by the server's clock.
    age: Option<Duration>,
    body: Vec<u8>,
}

/// A held lock.
#[derive(Debug)]
pub(super) struct S3Lock {
    object: Arc<Object>,
    token: String,
    /// Of what we wrote last: anything else there is not ours.
    etag: Mutex<String>,
    is_free: AtomicBool,
}

/// What is in the object.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) owner: Option<Owner>,
    pub(super) is_stale: bool,
    etag: String,
}

/// Makes requests with the certificates that are given.
pub(super) fn agent(roots: ureq::tls::RootCerts) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .max_redirects(0)
        .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

impl Object {
    /// The address, for messages.
    pub(super) fn shown(&self) -> String {
        format!("{}{}{}", self.scheme, self.host, self.path)
    }

    async fn ask(
        self: &Arc<Self>,
        method: &'static str,
        body: Vec<u8>,
        condition: Option<(&'static str, String)>,
    ) -> Result<Answer, Failure> {
        let mut pause = Duration::from_millis(150);
        for attempt in 1.. {
            let (object, body, condition) = (Arc::clone(self), body.clone(), condition.clone());
            let asked =
                tokio::task::spawn_blocking(move || object.send(method, &body, condition.as_ref(), ANSWER))
                    .await;
            let asked = asked.unwrap_or_else(|error| Err(error.to_string()));
            match asked {
                Ok(answer) if !matches!(answer.status, 500..=599) || answer.status == 501 => {
                    return Ok(answer);
                }
                Ok(answer) if attempt == TRIES => return Err(self.refused(method, &answer)),
                Err(error) if attempt == TRIES => return Err(self.failed(&error)),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        Err(self.failed("no answer"))
    }

    fn send(
        &self,
        method: &str,
        body: &[u8],
        condition: Option<&(&str, String)>,
        limit: Duration,
    ) -> Result<Answer, String> {
        let request = Request { method, host: &self.host, path: &self.path, body, headers: &[] };
        let mut building = ureq::http::Request::builder().method(method).uri(self.shown());
        for (name, value) in sign::headers(request, &self.keys, &self.region, (self.now)()) {
            building = building.header(name, value);
        }
        if let Some((name, value)) = condition {
            building = building.header(*name, value);
        }
        let answered = if body.is_empty() {
            let request = building.body(()).map_err(|error| error.to_string())?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
        } else {
            let request = building.body(body).map_err(|error| error.to_string())?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
        };
        let mut answer = answered.map_err(|error| error.to_string())?;
        let body = answer.body_mut().read_to_vec().map_err(|error| error.to_string())?;
        Ok(Answer {
            status: answer.status().as_u16(),
            etag: header(&answer, "etag"),
            age: age(&answer),
            body,
        })
    }

    fn failed(&self, why: &str) -> Failure {
        Failure {
            error: anyhow::Error::msg(why.to_owned())
                .context(format!("the shared lock `{}` could not be reached", self.shown())),
            ..Failure::new(Kind::Failed, "")
        }
        .help("look at the network, and at AWS_ENDPOINT_URL or `endpoints` in `[terraform.backend]`")
    }

    fn refused(&self, what: &str, answer: &Answer) -> Failure {
        let text = String::from_utf8_lossy(&answer.body);
        let part = |tag: &str| {
            let rest = text.split_once(&format!("<{tag}>"))?.1;
            rest.split_once("</").map(|(found, _)| found.to_owned())
        };
        let code = part("Code").unwrap_or_else(|| format!("status {}", answer.status));
        let message = part("Message").unwrap_or_default();
        let failure = Failure {
            error: anyhow::Error::msg(format!("{what}: {code} {message}").trim().to_owned())
                .context(format!("the shared lock `{}` was refused", self.shown())),
            ..Failure::new(Kind::Failed, "")
        };
        match answer.status {
            501 => failure.help("set `[lock] shared = false`: this store knows no conditional writes"),
            404 => failure.help("look at `bucket` in the backend configuration: there is no such bucket"),
            _ => failure.help("allow s3:GetObject, s3:PutObject and s3:DeleteObject on this object"),
        }
    }

    /// What is there; none if there is no object.
    pub(super) async fn find(self: &Arc<Self>) -> Result<Option<Found>, Failure> {
        let answer = self.ask("GET", Vec::new(), None).await?;
        match (answer.status, &answer.etag) {
            (200, Some(etag)) => {
                let owner = Owner::parse(&answer.body);
                let patience = owner.as_ref().map_or(super::STALE_AFTER, Owner::patience);
                let is_stale = answer.age.is_some_and(|age| age > patience)
                    || owner.as_ref().is_some_and(Owner::is_dead_here);
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
    pub(super) async fn try_take(self: &Arc<Self>, owner: &Owner) -> Result<Attempt<S3Lock>, Failure> {
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

    /// Removes what is there.
    pub(super) async fn remove(self: &Arc<Self>) -> Result<(), Failure> {
        let answer = self.ask("DELETE", Vec::new(), None).await?;
        if matches!(answer.status, 200 | 204 | 404) { Ok(()) } else { Err(self.refused("DELETE", &answer)) }
    }
}

impl S3Lock {
    /// Says that the run lives; an error when the lock is somebody else's now.
    pub(super) async fn beat(&self, owner: &Owner) -> Result<(), String> {
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

    /// Removes the object, if it is still ours.
    pub(super) async fn release(&self) -> Result<(), Failure> {
        self.is_free.store(true, Ordering::Relaxed);
        match self.object.find().await? {
            Some(found) if found.owner.as_ref().is_some_and(|there| there.token == self.token) => {
                self.object.remove().await
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

fn header<T>(answer: &Response<T>, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn age<T>(answer: &Response<T>) -> Option<Duration> {
    let time = |name| jiff::fmt::rfc2822::parse(&header(answer, name)?).ok().map(|zoned| zoned.timestamp());
    Duration::try_from(time("date")?.duration_since(time("last-modified")?)).ok()
}
