//! A forge that is asked: waited for while it starts or is busy, and what it has against something told.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::config::model::Visibility;
use crate::failure::{Failure, Kind};
use crate::net::dial::Dial;
use crate::net::http::{Reply, Request, status};
use crate::steps::http;
use crate::text::duration;
use crate::tools::forge::{self, Call, Made, Owner, Place};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// How long one request may take.
const EACH: Duration = Duration::from_secs(30);
/// How long a forge is waited for, when the step has no limit: one that starts takes minutes.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked whether something is there that was said to be.
const LOOKS: u32 = 8;

/// A forge that has answered.
pub(super) struct Api<'a> {
    step: &'a StepCx<'a>,
    place: &'a Place,
    token: &'a SecretString,
    dial: Dial,
    ca: Option<PathBuf>,
    until: Instant,
    login: Option<String>,
}

/// A repository that is there.
#[derive(Debug)]
pub(super) struct There {
    /// It was made just now.
    pub(super) is_new: bool,
    /// Its default branch, if it has one.
    pub(super) default: Option<String>,
}

/// What became of a request.
enum Heard {
    Answer(Reply),
    /// Nobody knows whether it was done.
    Lost,
}

/// When waiting ends.
pub(super) fn until(step: &StepCx<'_>) -> Instant {
    Instant::now() + step.left().map_or(PATIENCE, |left| left.min(PATIENCE))
}

impl<'a> Api<'a> {
    /// Waits until the forge answers, and knows the token.
    pub(super) async fn open(
        step: &'a StepCx<'a>,
        place: &'a Place,
        token: &'a SecretString,
        ca: Option<PathBuf>,
    ) -> Result<Api<'a>, Failure> {
        let dial = http::dial(step, &Known::default(), None)?;
        let mut api = Api { step, place, token, dial, ca, until: until(step), login: None };
        let reply = api.ask(&place.who()).await?;
        match reply.status {
            200 => {
                let answer = reply.json().map_err(|answer| {
                    Failure::new(
                        Kind::Failed,
                        format!("`{}` is no {}: {}", place.server, place.name(), answer.text),
                    )
                    .help("check `server` and `forge`")
                })?;
                let login = ["login", "username"].iter().find_map(|key| answer[key].as_str());
                api.login = login.map(str::to_owned);
            }
            // It may not say who it is, which it does not have to.
            403 => {}
            404 => {
                let message = format!("`{}` has no API of {}", place.server, place.name());
                return Err(Failure::new(Kind::Failed, message).help("check `server` and `forge`"));
            }
            _ => return Err(api.refused(&reply, "say who has the token")),
        }
        Ok(api)
    }

    /// The repository, made if it is missing.
    pub(super) async fn ensure(
        &self,
        name: &str,
        visibility: Visibility,
        branch: &str,
    ) -> Result<There, Failure> {
        for look in 0..LOOKS {
            if let Some(there) = self.find(name).await? {
                return Ok(there);
            }
            let owner = self.owner().await?;
            let call = self.place.make(name, owner, visibility, branch);
            let Heard::Answer(reply) = self.once(&call).await? else { continue };
            match forge::made(reply.status, &reply.text()) {
                Made::New => return Ok(There { is_new: true, default: default_of(&reply) }),
                // Somebody else was faster; it may take a moment until all of the forge knows.
                Made::Exists => self.rest(Duration::from_millis(250 << look.min(3))).await?,
                // What several do at once is too much for a small data base.
                Made::Refused if reply.status >= 500 && look + 1 < LOOKS => {
                    self.rest(Duration::from_secs(1)).await?;
                }
                Made::Refused => {
                    let shown = format!("make `{}/{name}`", self.place.owner);
                    return Err(self.refused(&reply, &shown));
                }
            }
        }
        let message = format!("`{}/{name}` is taken, and this token may not see it", self.place.owner);
        Err(Failure::new(Kind::Failed, message)
            .help(self.place.scopes())
            .help("or take another `name` or `owner`"))
    }

    /// The repository, if it is there.
    pub(super) async fn find(&self, name: &str) -> Result<Option<There>, Failure> {
        let reply = self.ask(&self.place.find(name)).await?;
        match reply.status {
            200 => Ok(Some(There { is_new: false, default: default_of(&reply) })),
            404 => Ok(None),
            _ => Err(self.refused(&reply, &format!("look for `{}/{name}`", self.place.owner))),
        }
    }

    /// Makes a branch that was pushed the default one.
    pub(super) async fn set_default(&self, name: &str, branch: &str) -> Result<(), Failure> {
        let reply = self.ask(&self.place.set_default(name, branch)).await?;
        match reply.status {
            200..=299 => Ok(()),
            _ => Err(self
                .refused(&reply, &format!("make `{branch}` the default branch"))
                .help("the branch itself is pushed: run it again when this is mended")),
        }
    }

    async fn owner(&self) -> Result<Owner, Failure> {
        let call = match self.place.find_owner(self.login.as_deref()) {
            Ok(call) => call,
            Err(owner) => return Ok(owner),
        };
        let reply = self.ask(&call).await?;
        if matches!(reply.status, 401 | 500..) {
            return Err(self.refused(&reply, "look for the owner"));
        }
        let answer = reply.json().unwrap_or_default();
        self.place.owner(reply.status, &answer).ok_or_else(|| {
            let message = format!("{} has no user or group `{}`", self.place.name(), self.place.owner);
            Failure::new(Kind::Failed, message).help("mend `owner`, or make the group first")
        })
    }

    /// Asks until there is an answer.
    async fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        loop {
            if let Heard::Answer(reply) = self.once(call).await? {
                return Ok(reply);
            }
        }
    }

    /// Asks once; waits where the forge is not ready or wants to be left alone.
    async fn once(&self, call: &Call) -> Result<Heard, Failure> {
        let step = self.step;
        let request = self.request(call);
        let Some(result) = http::ask(step, &request, EACH).await else {
            return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
        };
        let now = (step.cx.now)();
        let (why, wait) = match result {
            Ok(reply) if matches!(reply.status, 429 | 502..=504) || is_limited(&reply) => {
                let wait = reply.retry_after(now);
                (format!("status {}", status(reply.status)), wait)
            }
            Ok(reply) => return Ok(Heard::Answer(reply)),
            Err(trouble) if trouble.answer.is_final => {
                let message = format!("{} cannot be reached: {}", self.place.name(), trouble.answer.text);
                return Err(Failure { help: trouble.answer.check, ..Failure::new(Kind::Failed, message) });
            }
            Err(trouble) => (trouble.answer.text, None),
        };
        let wait = wait.unwrap_or(Duration::from_secs(2)).max(Duration::from_millis(100));
        if Instant::now() + wait >= self.until {
            let message = format!("waited in vain for {} at {}: {why}", self.place.name(), self.place.server);
            return Err(Failure::new(Kind::Failed, message)
                .help("look at its log, or give the step a longer `timeout`"));
        }
        step.line(
            Level::Normal,
            format!("{} is not ready ({why}): again in {}", self.place.name(), duration(wait)),
        );
        self.rest(wait).await?;
        Ok(Heard::Lost)
    }

    fn request(&self, call: &Call) -> Request {
        let headers = self.place.headers(self.token.expose_secret()).into_iter();
        let mut headers: Vec<(String, SecretString)> =
            headers.map(|(name, value)| (name.to_owned(), value.into())).collect();
        if call.body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned().into()));
        }
        Request {
            method: call.method,
            url: call.url.clone(),
            headers,
            body: call.body.as_ref().map(|body| body.to_string().into()),
            redirects: false,
            dial: self.dial.clone(),
            ca: self.ca.clone(),
        }
    }

    async fn rest(&self, length: Duration) -> Result<(), Failure> {
        if pause(length, &self.step.cx.interrupts).await {
            return self.step.go_on().await;
        }
        let step = self.step;
        Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)))
    }

    /// What it means that it did not do it.
    fn refused(&self, reply: &Reply, what: &str) -> Failure {
        let forge = self.place.name();
        let said = reply.json().ok().and_then(|answer| forge::said(&answer));
        let said = reply.refusal(said, 300);
        let failure = |text: String| Failure::new(Kind::Failed, text);
        match reply.status {
            401 => failure(format!("{forge} does not know the token ({said})"))
                .help("see whether it was revoked or has run out, and make another one")
                .help(self.place.scopes()),
            403 => {
                failure(format!("{forge} does not let this token {what} ({said})")).help(self.place.scopes())
            }
            404 => failure(format!("{forge} finds nothing to {what} ({said})"))
                .help(format!("see whether `{}` is there", self.place.owner))
                .help(self.place.scopes()),
            300..=399 => failure(format!(
                "{forge} sends elsewhere ({said}): {}",
                reply.header("location").unwrap_or("?")
            ))
            .help("write the address that it names in `server`, or the owner's new name in `owner`"),
            _ => failure(format!("{forge} does not {what} ({said})")),
        }
    }
}

/// GitHub says 403 to who asks too much, and when the next request may come.
fn is_limited(reply: &Reply) -> bool {
    reply.status == 403 && reply.header("retry-after").is_some()
}

fn default_of(reply: &Reply) -> Option<String> {
    let answer: Json = reply.json().ok()?;
    answer["default_branch"].as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}
