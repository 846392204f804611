//! Asks AWS itself what is asked often: no program is started for it, two milliseconds instead of half a second.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::credentials::{self, CONFIG};
use super::program::change;
use crate::config::model::Reads;
use crate::failure::{Failure, Kind};
use crate::net::answer::Answer;
use crate::net::aws::{self as net, Lent, Place, Service, Session, Wrong};
use crate::net::dial::Dial;
use crate::net::proxies::Proxies;
use crate::net::sign::Keys;
use crate::tools::aws;
use crate::tools::aws::profile::{endpoint, of_config};
use crate::work::StepCx;

/// How often something is asked before it has failed.
const TRIES: u32 = 8;
/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(20);
/// Credentials that end so soon are had anew.
const SOON: SignedDuration = SignedDuration::from_mins(5);
/// A clock that differs by less is not to blame.
const CLOSE: i64 = 60;

/// Who asks, and where.
#[derive(Debug)]
pub(crate) struct Reader {
    session: Arc<Session>,
    /// The variables that say something about AWS, as a program of the step would see them.
    vars: BTreeMap<String, SecretString>,
    config: String,
    profile: Option<String>,
    region: String,
    /// Who says so.
    from: String,
    dial: Dial,
    reads: Reads,
}

/// The profile of whoever asks, if one is named.
pub(super) fn profile(step: &StepCx<'_>) -> Option<String> {
    text(&variables(step), "AWS_PROFILE").or_else(|| text(&variables(step), "AWS_DEFAULT_PROFILE"))
}

fn variables(step: &StepCx<'_>) -> BTreeMap<String, SecretString> {
    let is_told = |name: &str| name.starts_with("AWS_") || name == "HOME";
    let own = step.cx.vars.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    let mut all: BTreeMap<String, SecretString> =
        own.map(|(name, value)| (name.to_owned(), value.to_owned().into())).collect();
    all.extend(step.secret_variables());
    all.retain(|name, value| is_told(name) && !value.expose_secret().is_empty());
    all
}

fn text(vars: &BTreeMap<String, SecretString>, name: &str) -> Option<String> {
    vars.get(name).map(|value| value.expose_secret().to_owned())
}

impl Reader {
    /// For this region, or for that of the variables or of the profile.
    pub(crate) fn of(step: &StepCx<'_>, region: Option<String>) -> Result<Reader, Failure> {
        let vars = variables(step);
        let profile = profile(step);
        let config = credentials::file(&|name: &str| vars.get(name).cloned(), CONFIG);
        let name = profile.as_deref().unwrap_or("default");
        let said = [
            (region.filter(|region| !region.is_empty()), "`region`".to_owned()),
            (text(&vars, "AWS_REGION"), "AWS_REGION".to_owned()),
            (text(&vars, "AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION".to_owned()),
            (of_config(&config, name).remove("region"), format!("the profile `{name}`")),
        ];
        let (region, from) =
            said.into_iter().find_map(|(region, from)| Some((region?, from))).ok_or_else(aws::no_region)?;
        let dial = Dial { proxies: Proxies::of(|name| step.cx.vars.get(name)), at: None };
        let reads = step.env.aws.reads.unwrap_or_default();
        Ok(Reader { session: Arc::clone(&step.facts.aws), vars, config, profile, region, from, dial, reads })
    }

    /// The same in another region: logs may be elsewhere than their task.
    pub(crate) fn in_region(&self, region: &str) -> Reader {
        Reader {
            session: Arc::clone(&self.session),
            vars: self.vars.clone(),
            config: self.config.clone(),
            profile: self.profile.clone(),
            region: region.to_owned(),
            from: "the task definition".to_owned(),
            dial: self.dial.clone(),
            reads: self.reads,
        }
    }

    /// The region that is asked.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The same, with who says so.
    pub(crate) fn said_region(&self) -> String {
        format!("{}, as {} says", self.region, self.from)
    }

    /// Asks until there is an answer or a refusal that stays. A time in an answer may be seconds or a text, by who asked.
    pub(crate) async fn ask(
        &self,
        step: &StepCx<'_>,
        service: &'static Service,
        operation: &str,
        body: &Json,
    ) -> Result<Json, Wrong> {
        let (mut is_renewed, mut is_set) = (false, false);
        for attempt in 1.. {
            let refusal = match self.once(step, service, operation, body).await {
                Err(Wrong::Refused(refusal)) => refusal,
                Err(wrong) if wrong.is_passing() && attempt < TRIES => {
                    tokio::time::sleep(pause(attempt)).await;
                    continue;
                }
                other => return other,
            };
            if refusal.is_of_the_clock() && !is_set && self.set_clock(refusal.date, (step.cx.now)()) {
                is_set = true;
            } else if refusal.is_expired() {
                let is_renewable = self.forget().await;
                if is_renewed || !is_renewable {
                    let failure = aws::over(&refusal.message, self.profile.as_deref());
                    return Err(Wrong::Failed(failure));
                }
                is_renewed = true;
            } else if refusal.is_of_the_signature() && refusal.status != 0 && self.reads == Reads::Auto {
                self.session.by_program.store(true, Ordering::Relaxed);
            } else if refusal.is_passing() && attempt < TRIES {
                tokio::time::sleep(pause(attempt)).await;
            } else {
                return Err(Wrong::Refused(refusal));
            }
        }
        Err(Wrong::Failed(Failure::new(Kind::Bug, "AWS was asked without end")))
    }

    async fn once(
        &self,
        step: &StepCx<'_>,
        service: &'static Service,
        operation: &str,
        body: &Json,
    ) -> Result<Json, Wrong> {
        let place = self.place(service).filter(|_| !self.session.by_program.load(Ordering::Relaxed));
        let keys = match &place {
            Some(_) => self.keys(step).await.map_err(Wrong::Failed)?,
            None => None,
        };
        let (Some(place), Some(keys)) = (place, keys) else {
            return change(step, service, &self.region, operation, body).await;
        };
        let ahead = SignedDuration::from_secs(self.session.ahead.load(Ordering::Relaxed));
        let now = (step.cx.now)();
        let now = now.checked_add(ahead).unwrap_or(now);
        let (operation, body) = (operation.to_owned(), body.to_string());
        let work = move || net::ask(service, &place, &operation, &body, &keys, now);
        let ended = |_| Err(Wrong::Unreached(Answer::new("the request was ended", "try again")));
        tokio::task::spawn_blocking(work).await.unwrap_or_else(ended)
    }

    /// Where a service is; none where only the program can tell.
    fn place(&self, service: &Service) -> Option<Place> {
        let var = |name: &str| text(&self.vars, name);
        let name = self.profile.as_deref().unwrap_or("default");
        let of_profile = of_config(&self.config, name);
        let is_on = |variable: &str, key: &str| {
            let found = var(variable).or_else(|| of_profile.get(key).cloned());
            found.is_some_and(|text| text.eq_ignore_ascii_case("true"))
        };
        let is_odd = is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
            || is_on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
        if self.reads == Reads::Cli || is_odd {
            return None;
        }
        let url = endpoint(service, var, &self.config, name).or_else(|| service.usual(&self.region))?;
        let ca = var("AWS_CA_BUNDLE").or_else(|| of_profile.get("ca_bundle").cloned());
        Some(Place { url, region: self.region.clone(), dial: self.dial.clone(), ca: ca.map(Into::into) })
    }

    /// Who asks; none where only the program can say.
    async fn keys(&self, step: &StepCx<'_>) -> Result<Option<Keys>, Failure> {
        let mut lent = self.session.lent.lock().await;
        let now = (step.cx.now)();
        let is_over = |lent: &Lent| lent.until.is_some_and(|until| until.duration_since(now) < SOON);
        if let Some(lent) = lent.as_ref().filter(|lent| !is_over(lent)) {
            return Ok(Some(lent.keys.clone()));
        }
        let var = |name: &str| self.vars.get(name).cloned();
        let name = self.profile.as_deref().unwrap_or("default");
        let own = credentials::of_variables(&var).or_else(|| credentials::of_files(&var, name));
        if let Some(keys) = own {
            *lent = Some(Lent { keys: keys.clone(), until: None, is_renewable: false });
            return Ok(Some(keys));
        }
        let mut cmd = aws::export_credentials(self.profile.as_deref()).even_if_interrupted();
        for (name, value) in step.secret_variables() {
            cmd = cmd.secret(name, value);
        }
        let told = credentials::of_program(step, &cmd).await.map_err(|error| step.unanswered(error))?;
        match told {
            Ok(had) => Ok(Some(lent.insert(had).keys.clone())),
            Err(done) if aws::cannot_export(&done.tail) && self.reads == Reads::Auto => {
                self.session.by_program.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(done) => {
                let known = aws::who(&done.tail, self.profile.as_deref());
                let unknown = || {
                    Failure::new(Kind::Failed, crate::text::last_line(&done.tail))
                        .context("`aws` gives no credentials")
                        .help("run `aws sts get-caller-identity`: it asks what infractl cannot")
                };
                Err(known.unwrap_or_else(unknown))
            }
        }
    }

    /// What was lent is over; whether something else can be had.
    async fn forget(&self) -> bool {
        let lent = self.session.lent.lock().await.take();
        lent.is_some_and(|lent| lent.is_renewable)
    }

    /// Takes the time of AWS from now on, if ours differs.
    fn set_clock(&self, date: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(ahead) = date.map(|date| date.duration_since(now).as_secs()) else { return false };
        self.session.ahead.store(ahead, Ordering::Relaxed);
        ahead.abs() > CLOSE
    }
}

/// Anything up to twice as long as before: who was refused together does not come again together.
fn pause(attempt: u32) -> Duration {
    let longest = Duration::from_millis(250).saturating_mul(1 << attempt.min(7)).min(LONGEST);
    let random = RandomState::new().hash_one((std::process::id(), attempt));
    longest.mul_f64(f64::from((random % 1000) as u16 + 1) / 1000.0)
}

#[cfg(test)]
mod tests;
