//! Puts objects there in the order that they need, and says what changed.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::calls::{namespace, server_side};
use super::manifests;
use crate::config::model::Kubernetes;
use crate::exec::Done;
use crate::failure::{Failure, Kind};
use crate::steps::kubectl::{json, kubectl, refused, try_look};
use crate::text::plural;
use crate::tools::kubernetes::manifests::{Id, Ordered, joined, objects};
use crate::tools::kubernetes::refusals::Refusal;
use crate::tools::kubernetes::verdict::{Verdict, condition};
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// So long what a step has just made may be unknown to the rest of it.
const LATE: Duration = Duration::from_secs(60);
/// So long a new kind may take to be served.
const ESTABLISHED: Duration = Duration::from_secs(60);
/// Between two tries.
const EVERY: Duration = Duration::from_secs(1);

/// What came of all objects.
#[derive(Default)]
struct Counts {
    created: usize,
    changed: usize,
    unchanged: usize,
}

/// Puts them there.
pub(super) async fn run(step: &mut StepCx<'_>, kubernetes: &Kubernetes) -> Result<String, Failure> {
    let texts = manifests::texts(step, kubernetes).await?;
    let all = Ordered::of(texts.iter().map(ExposeSecret::expose_secret));
    if all.len() == 0 {
        let message = format!("`{}` has nothing to put there: there is no object in its files", step.name);
        return Err(Failure::new(Kind::Config, message).help("name files with objects in them"));
    }
    let known = Known::of(step);
    let mut counts = Counts::default();
    for rank in all.ranks() {
        let text: SecretString = joined(rank).into();
        let before = before(step, &known, kubernetes, &text).await?;
        let there = put(step, &known, kubernetes, &all, text).await?;
        for (id, version) in &there {
            match before.get(id) {
                None => {
                    counts.created += 1;
                    step.say(&format!("{id}: created"));
                }
                Some(known) if known != version => {
                    counts.changed += 1;
                    step.say(&format!("{id}: changed"));
                }
                Some(_) => counts.unchanged += 1,
            }
        }
        let kinds: Vec<&str> =
            there.keys().filter(|id| id.is_definition()).map(|id| id.name.as_str()).collect();
        if !kinds.is_empty() {
            established(step, &kinds).await?;
        }
    }
    Ok(counts.words())
}

impl Counts {
    fn words(&self) -> String {
        let all = plural(self.created + self.changed + self.unchanged, "object");
        match (self.created, self.changed) {
            (0, 0) => format!("{all}, unchanged"),
            (created, 0) => format!("{all}, {created} created"),
            (0, changed) => format!("{all}, {changed} changed"),
            (created, changed) => format!("{all}, {created} created, {changed} changed"),
        }
    }
}

/// The versions of those that are there already. Of what the cluster does not know yet there is none.
async fn before(
    step: &StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
    text: &SecretString,
) -> Result<BTreeMap<Id, String>, Failure> {
    let cmd = kubectl(step)?.args(["get", "--ignore-not-found", "-o", "json", "-f", "-"]);
    let cmd = cmd.args(namespace(step, known, kubernetes)?).input(text.clone());
    match try_look(step, &cmd).await {
        Ok(done) => Ok(objects(&done.stdout)),
        Err(unseen) if unseen.refusal == Some(Refusal::UnknownKind) => Ok(BTreeMap::new()),
        Err(unseen) => Err(unseen.failure),
    }
}

/// One rank; again while the cluster does not know yet what this step has just made.
async fn put(
    step: &mut StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
    all: &Ordered,
    text: SecretString,
) -> Result<BTreeMap<Id, String>, Failure> {
    let cmd = server_side(step, known, kubernetes, "apply")?.args(["-o", "json", "-f", "-"]).input(text);
    let begun = Instant::now();
    loop {
        let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
        if done.interrupted {
            return Err(step.interrupted(format!("`{}` was stopped: some objects may be there", step.name)));
        }
        if done.code == 0 {
            return Ok(objects(&done.stdout));
        }
        let is_late = match Refusal::of(&done.tail) {
            Some(Refusal::UnknownKind) => !all.definitions.is_empty(),
            Some(Refusal::NoAccount) => true,
            _ => false,
        };
        if !is_late || begun.elapsed() >= LATE {
            return Err(told(step, &done));
        }
        step.progress(format!("waits for what was just made: {}", crate::text::last_line(&done.tail)));
        if !pause(EVERY, &step.cx.interrupts).await {
            return Err(step.interrupted(format!("`{}` was stopped: some objects may be there", step.name)));
        }
    }
}

/// What kubectl said, line by line, and what it means.
fn told(step: &StepCx<'_>, done: &Done) -> Failure {
    let lines: Vec<&str> = done.tail.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() > 1 {
        for line in lines {
            step.say(line);
        }
    }
    refused(done).context(format!("not everything of `{}` is there", step.name))
}

/// Waits until the new kinds are served.
async fn established(step: &StepCx<'_>, kinds: &[&str]) -> Result<(), Failure> {
    let cmd = kubectl(step)?.args(["get", "-o", "json", "customresourcedefinitions"]);
    let begun = Instant::now();
    loop {
        let done = match try_look(step, &cmd).await {
            Ok(done) => done,
            Err(unseen) if unseen.is_passing && begun.elapsed() < ESTABLISHED => {
                if !pause(EVERY, &step.cx.interrupts).await {
                    return Err(step.interrupted(format!("`{}` was stopped", step.name)));
                }
                continue;
            }
            Err(unseen) => return Err(unseen.failure),
        };
        let list = json(&done)?.unwrap_or_default();
        let is_late = |object: &serde_json::Value| {
            let name =
                object.pointer("/metadata/name").and_then(serde_json::Value::as_str).unwrap_or_default();
            kinds.contains(&name) && !matches!(condition(object, "Established"), Verdict::Good(_))
        };
        let late = list["items"].as_array().into_iter().flatten().find(|object| is_late(object));
        let Some(late) = late else { return Ok(()) };
        let name = late.pointer("/metadata/name").and_then(serde_json::Value::as_str).unwrap_or_default();
        if begun.elapsed() >= ESTABLISHED {
            let words = match condition(late, "NamesAccepted") {
                Verdict::Good(text) | Verdict::NotYet(text) | Verdict::Never(text) => text,
            };
            return Err(Failure::new(
                Kind::Failed,
                format!("the kind `{name}` is not served after a minute: {words}"),
            )
            .help("look at it: `kubectl describe customresourcedefinition NAME`"));
        }
        step.progress(format!("waits for the kind {name}"));
        if !pause(EVERY, &step.cx.interrupts).await {
            return Err(step.interrupted(format!("`{}` was stopped", step.name)));
        }
    }
}
