//! Removes objects, and waits until they are gone; what holds them is told, and never taken away.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::calls::namespace;
use super::manifests::inside;
use crate::config::model::{Argument, Kubernetes};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::kubectl::{json, kubectl, refused, try_look};
use crate::text::{duration, plural};
use crate::tools::kubernetes::gone::held;
use crate::tools::kubernetes::manifests::{Ordered, joined, known as known_of, name_of};
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// How long it is waited for when the step has no limit.
const LIMIT: Duration = Duration::from_secs(300);
/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// What is named, in the words of kubectl.
enum Target {
    /// `KIND/NAME`.
    Object(String),
    /// The documents of files.
    Documents(Vec<String>),
}

/// Removes them.
pub(super) async fn run(step: &mut StepCx<'_>, kubernetes: &Kubernetes) -> Result<String, Failure> {
    let known = Known::of(step);
    let within = namespace(step, &known, kubernetes)?;
    let mut all = Vec::new();
    for one in &kubernetes.delete {
        let mut target = target(step, &named(step, &known, one)?)?;
        let there = there(step, &mut target, &within).await?;
        if there.is_empty() {
            continue;
        }
        let cmd =
            on(kubectl(step)?.arg("delete"), &target, &within).args(["--ignore-not-found", "--wait=false"]);
        let done = step.run(&cmd).await?;
        if done.interrupted {
            return Err(step.interrupted(format!("`{}` was stopped", step.name)));
        }
        if done.code != 0 {
            return Err(refused(&done));
        }
        String::from_utf8_lossy(&done.stdout).lines().for_each(|line| step.say(line));
        all.extend(there);
    }
    gone(step, &all).await?;
    Ok(match all.len() {
        0 => "nothing was there".to_owned(),
        count => format!("{} gone", plural(count, "object")),
    })
}

/// The name of a file, or of an object.
fn named(step: &StepCx<'_>, known: &Known, one: &Argument) -> Result<String, Failure> {
    let text = known.argument(step, &one.0)?;
    if is_file(&text) || text.split('/').filter(|part| !part.is_empty()).count() == 2 {
        return Ok(text);
    }
    Err(Failure::new(Kind::Config, format!("`{text}` names no object"))
        .help("write `KIND/NAME`, such as `job/migrate`, or a file that ends in .yaml, .yml or .json"))
}

fn is_file(text: &str) -> bool {
    [".yaml", ".yml", ".json", "/"].iter().any(|end| text.ends_with(end))
}

fn target(step: &StepCx<'_>, name: &str) -> Result<Target, Failure> {
    if !is_file(name) {
        return Ok(Target::Object(name.to_owned()));
    }
    let mut texts = Vec::new();
    for file in inside(step, &step.env.root.join(name))? {
        texts.push(crate::disk::read_text(&file)?);
    }
    Ok(Target::Documents(Ordered::of(texts.iter().map(String::as_str)).into_all()))
}

/// A call about it.
fn on(cmd: Cmd, target: &Target, within: &[String]) -> Cmd {
    let cmd = match target {
        Target::Object(name) => cmd.arg(name),
        Target::Documents(documents) => cmd.args(["-f", "-"]).input(joined(documents).into()),
    };
    cmd.args(within.iter().cloned())
}

/// The same as one would type it.
pub(super) fn commands(
    step: &StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
) -> Result<Vec<Cmd>, Failure> {
    let limit = format!("--timeout={}s", step.frame.limit.map_or(LIMIT, |_| step.frame.timeout).as_secs());
    let within = namespace(step, known, kubernetes)?;
    let one = |one: &Argument| {
        let name = named(step, known, one)?;
        let cmd = kubectl(step)?.arg("delete");
        let cmd = if is_file(&name) { cmd.args(["-f", &name]) } else { cmd.arg(name) };
        Ok(cmd.args(within.iter().cloned()).args(["--ignore-not-found", "--wait=true", &limit]))
    };
    kubernetes.delete.iter().map(one).collect()
}

/// Those that are there. Of a kind that the cluster does not know there is none.
async fn there(step: &StepCx<'_>, target: &mut Target, within: &[String]) -> Result<Vec<Json>, Failure> {
    loop {
        if let Target::Documents(documents) = target
            && documents.is_empty()
        {
            return Ok(Vec::new());
        }
        let cmd = on(kubectl(step)?.args(["get", "--ignore-not-found", "-o", "json"]), target, within);
        let unseen = match try_look(step, &cmd).await {
            Ok(done) => {
                let json = json(&done)?.unwrap_or_default();
                return Ok(match json.get("items").and_then(Json::as_array) {
                    Some(items) => items.clone(),
                    None => Some(json).filter(Json::is_object).into_iter().collect(),
                });
            }
            Err(unseen) => unseen,
        };
        let Target::Documents(documents) = target else { return Err(unseen.failure) };
        let before = documents.len();
        *documents = known_of(std::mem::take(documents), &unseen.said);
        if documents.len() == before {
            return Err(unseen.failure);
        }
    }
}

fn uid(object: &Json) -> &str {
    object.pointer("/metadata/uid").and_then(Json::as_str).unwrap_or_default()
}

/// Waits until none of them is left. Another one of the same name is another one.
async fn gone(step: &StepCx<'_>, all: &[Json]) -> Result<(), Failure> {
    let uids: BTreeSet<&str> = all.iter().map(uid).collect();
    let begun = Instant::now();
    let limit = step.left().unwrap_or(LIMIT);
    let mut target = Target::Documents(all.iter().map(name_of).collect());
    let mut lines: Vec<String> = Vec::new();
    loop {
        let found = there(step, &mut target, &[]).await;
        let is_late = begun.elapsed() + EVERY >= limit;
        match found {
            Ok(mut left) => {
                left.retain(|object| uids.contains(uid(object)));
                if left.is_empty() {
                    return Ok(());
                }
                lines = left.iter().flat_map(held).collect();
            }
            // The time was over before kubectl had answered.
            Err(_) if is_late && !lines.is_empty() && !step.cx.interrupts.is_pressed() => {}
            Err(failure) => return Err(failure),
        }
        if is_late {
            for line in &lines {
                step.say(line);
            }
            let first = lines.first().cloned().unwrap_or_default();
            let message = format!("not gone after {}: {first}", duration(begun.elapsed()));
            return Err(Failure::new(Kind::Failed, message).help(
                "let what set the finalizers finish: they are never taken away here, for what they stand for would be left behind",
            ));
        }
        step.progress(lines.first().cloned().unwrap_or_default());
        if !pause(EVERY, &step.cx.interrupts).await {
            return Err(
                step.interrupted(format!("`{}` was stopped: what was deleted goes on going", step.name))
            );
        }
    }
}
