//! Whether objects of Kubernetes are as they should be: what is not there yet is waited for, what never gets well is not.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::evidence::{Seen, events, text_of};
use super::{Answer, Probed};
use crate::config::model::Argument;
use crate::config::step::Aspect;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::steps::kubectl::{cluster, json, kubectl, try_look};
use crate::tools::kubernetes::pods::{Watched, trouble};
use crate::tools::kubernetes::refusals::Refusal;
use crate::tools::kubernetes::verdict::{self, Verdict, newest, selector};
use crate::work::StepCx;
use crate::work::script::{Script, literal, no_script};
use crate::work::values::Known;

/// What is looked at, and what was seen so far.
#[derive(Debug)]
pub(crate) struct Objects {
    aspect: Look,
    /// `KIND/NAME`, or a kind.
    of: String,
    namespace: Option<String>,
    selector: Option<String>,
    was_there: bool,
    is_hopeless: bool,
    watched: Watched,
    /// Warnings about a quota at the first look, by how often each came.
    quota: Option<BTreeMap<String, u64>>,
    last: Option<Seen>,
}

/// What of an object is looked at, rendered.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Rollout,
    Job,
    Condition(String),
}

fn answer(failure: &Failure) -> Answer {
    Answer { check: failure.help.clone(), ..Answer::new(format!("{:#}", failure.error), "") }
}

impl Objects {
    /// With these values; `words` are the namespace and the labels.
    pub(super) fn of(
        step: &StepCx<'_>,
        known: &Known,
        aspect: &Aspect,
        of: &Argument,
        words: [Option<&Argument>; 2],
    ) -> Result<Objects, Failure> {
        cluster(step)?;
        let text = |one: &Argument| known.argument(step, &one.0);
        let [namespace, selector] = words.map(|word| word.map(text).transpose());
        let of = text(of)?;
        let with = |kind: &str| if of.contains('/') { of.clone() } else { format!("{kind}/{of}") };
        let (aspect, of) = match aspect {
            Aspect::Rollout => (Look::Rollout, with("deployment")),
            Aspect::Job => (Look::Job, with("job")),
            Aspect::Condition(name) => (Look::Condition(text(name)?), of.clone()),
        };
        let (namespace, selector) = (namespace?, selector?);
        Ok(Objects {
            aspect,
            of,
            namespace,
            selector,
            was_there: false,
            is_hopeless: false,
            watched: Watched::default(),
            quota: None,
            last: None,
        })
    }

    fn get(&self, step: &StepCx<'_>) -> Result<Cmd, Failure> {
        let mut cmd = kubectl(step)?.args(["get", &self.of, "--ignore-not-found", "-o", "json"]);
        if let Some(namespace) = &self.namespace {
            cmd = cmd.args(["--namespace", namespace]);
        }
        if let Some(selector) = &self.selector {
            cmd = cmd.args(["--selector", selector]);
        }
        Ok(cmd)
    }

    /// One try.
    pub(super) async fn probe(&mut self, step: &StepCx<'_>) -> Probed {
        let cmd = match self.get(step) {
            Ok(cmd) => cmd,
            Err(failure) => return Probed::Never(answer(&failure).last()),
        };
        let found = match try_look(step, &cmd).await {
            Ok(done) => json(&done).ok().flatten().unwrap_or_default(),
            Err(unseen) => {
                let answer = answer(&unseen.failure);
                return match unseen.refusal {
                    // What brings the kind may be on its way.
                    Some(Refusal::UnknownKind | Refusal::NoNamespace) => Probed::NotYet(answer),
                    _ if unseen.is_passing => Probed::Unknown(answer),
                    _ => Probed::Never(answer.last()),
                };
            }
        };
        let all = match found.get("items").and_then(Json::as_array) {
            Some(items) => items.clone(),
            None => Some(found).filter(Json::is_object).into_iter().collect(),
        };
        if all.is_empty() {
            return self.absent();
        }
        self.was_there = true;
        let count = all.len();
        let mut good = String::new();
        for object in &all {
            let verdict = match &self.aspect {
                Look::Rollout => verdict::rollout(object),
                Look::Job => verdict::job(object),
                Look::Condition(name) => verdict::condition(object, name),
            };
            let named = |text: String| {
                if count == 1 { text } else { format!("{}: {text}", text_of(object, "/metadata/name")) }
            };
            match verdict {
                Verdict::Good(text) => good = if count == 1 { text } else { format!("{count} objects") },
                Verdict::NotYet(text) => return self.not_yet(step, object, named(text)).await,
                Verdict::Never(text) => {
                    self.not_yet(step, object, String::new()).await;
                    self.is_hopeless = true;
                    return Probed::Never(Answer::new(named(text), self.check()).last());
                }
            }
        }
        self.last = None;
        if self.aspect == Look::Job { Probed::Done(good) } else { Probed::Good(good) }
    }

    fn absent(&self) -> Probed {
        if self.was_there && self.aspect == Look::Job {
            let text = format!("{} was there and is gone before its end was seen", self.of);
            let check = "give it a longer `ttlSecondsAfterFinished`, and look what else removes it";
            return Probed::Never(Answer::new(text, check).last());
        }
        let text = match &self.selector {
            Some(selector) => format!("there are no {} with {selector} yet", self.of),
            None => format!("there is no {} yet", self.of),
        };
        let check = "check the name and the namespace, and that a step before it makes it";
        Probed::NotYet(Answer::new(text, check))
    }

    /// Its pods say more, and may say that no waiting helps.
    async fn not_yet(&mut self, step: &StepCx<'_>, object: &Json, text: String) -> Probed {
        let mut seen = Seen {
            namespace: text_of(object, "/metadata/namespace").to_owned(),
            name: text_of(object, "/metadata/name").to_owned(),
            troubles: Vec::new(),
        };
        if matches!(self.aspect, Look::Condition(_)) {
            self.last = Some(seen);
            return Probed::NotYet(Answer::new(text, self.check()));
        }
        if let Some(pods) = self.pods(step, object).await {
            seen.troubles = pods.iter().filter_map(trouble).collect();
        }
        let hopeless = self.watched.look(&seen.troubles, Instant::now());
        let quota = if seen.troubles.is_empty() { self.over_quota(step, &seen).await } else { None };
        let first = seen.troubles.first().map(|trouble| format!("; {trouble}")).unwrap_or_default();
        self.last = Some(seen);
        match hopeless.or(quota) {
            Some(why) => {
                self.is_hopeless = true;
                Probed::Never(Answer::new(why, self.check()).last())
            }
            None => Probed::NotYet(Answer::new(format!("{text}{first}"), self.check())),
        }
    }

    fn check(&self) -> String {
        let namespace = self.namespace.as_ref().map_or(String::new(), |namespace| format!(" -n {namespace}"));
        format!("look at it: `kubectl describe {}{namespace}`", self.of)
    }

    /// Its pods; those of an older kind do not count.
    async fn pods(&self, step: &StepCx<'_>, object: &Json) -> Option<Vec<Json>> {
        let selector = selector(object)?;
        let is_deployment = text_of(object, "/kind") == "Deployment";
        let what = if is_deployment { "pods,replicasets" } else { "pods" };
        let namespace = text_of(object, "/metadata/namespace");
        let cmd = kubectl(step).ok()?.args(["get", what, "-o", "json", "--namespace", namespace]);
        let cmd = cmd.args(["--selector", &selector]);
        let done = try_look(step, &cmd).await.ok()?;
        let found = json(&done).ok()??;
        let (sets, pods): (Vec<Json>, Vec<Json>) =
            found["items"].as_array()?.iter().cloned().partition(|one| text_of(one, "/kind") == "ReplicaSet");
        let newest = newest(object, &sets);
        let is_newest = |pod: &Json| match &newest {
            Some((label, value)) => text_of(pod, &format!("/metadata/labels/{label}")) == value,
            None => !is_deployment,
        };
        Some(pods.into_iter().filter(is_newest).collect())
    }

    /// A warning about a quota that came since the first look.
    async fn over_quota(&mut self, step: &StepCx<'_>, seen: &Seen) -> Option<String> {
        let events = events(step, &seen.namespace).await?;
        let ours = |event: &&Json| {
            text_of(event, "/involvedObject/name") == seen.name
                && text_of(event, "/message").contains("exceeded quota")
        };
        let count = |event: &Json| {
            let count = ["/series/count", "/count"].iter().find_map(|path| event.pointer(path)?.as_u64());
            count.unwrap_or(1)
        };
        let ours: Vec<&Json> = events.iter().filter(ours).collect();
        let now: BTreeMap<String, u64> =
            ours.iter().map(|event| (text_of(event, "/metadata/uid").to_owned(), count(event))).collect();
        let Some(before) = &self.quota else {
            self.quota = Some(now);
            return None;
        };
        let is_new = |event: &&&Json| {
            let uid = text_of(event, "/metadata/uid");
            before.get(uid).is_none_or(|before| *before < count(event))
        };
        ours.iter().find(is_new).map(|event| text_of(event, "/message").to_owned())
    }

    /// Says in the end what the pods, the warnings and the log of a container that crashed say.
    pub(super) async fn explain(&self, step: &mut StepCx<'_>) {
        if let Some(seen) = &self.last {
            seen.explain(step).await;
        }
    }

    /// The API has answered, and what it says never gets well: it is not as it should be.
    pub(super) fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// What is waited for, for people.
    pub(super) fn what(&self) -> String {
        let namespace = self.namespace.as_ref().map_or(String::new(), |namespace| format!(" in {namespace}"));
        match &self.aspect {
            Look::Rollout => format!("{}{namespace} to run as it was written", self.of),
            Look::Job => format!("{}{namespace} to end well", self.of),
            Look::Condition(name) => format!("{name} of {}{namespace}", self.of),
        }
    }

    /// The same question as lines of bash.
    pub(super) fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<String, Failure> {
        let mut cmd = kubectl(step)?;
        if let Some(namespace) = &self.namespace {
            cmd = cmd.args(["--namespace", namespace]);
        }
        let named = step.frame.secrets.clone().unwrap_or_default();
        match &self.aspect {
            Look::Rollout => {
                let cmd = cmd.args(["rollout", "status", "--watch=false", &self.of]);
                let line = script.command_seeing(step, &cmd, Some(&named));
                Ok(format!(
                    "{line} | grep -Eq 'successfully rolled out|rolling update complete|roll out complete'"
                ))
            }
            Look::Job => Ok(self.status(step, script, cmd, "Complete=True", &named)),
            Look::Condition(_) if !self.of.contains('/') => Err(no_script(step)),
            Look::Condition(name) => Ok(self.status(step, script, cmd, name, &named)),
        }
    }

    fn status(
        &self,
        step: &StepCx<'_>,
        script: &mut Script,
        cmd: Cmd,
        wanted: &str,
        named: &[String],
    ) -> String {
        let (name, status) = wanted.split_once('=').unwrap_or((wanted, "True"));
        let path = format!("jsonpath={{.status.conditions[?(@.type==\"{name}\")].status}}");
        let line = script.command_seeing(step, &cmd.args(["get", &self.of, "-o", &path]), Some(named));
        format!("[ \"$({line})\" = {} ]", literal(status))
    }
}
