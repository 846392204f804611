//! The revision of a task definition: registered when the file means something else.

use serde_json::{Value as Json, json};

use super::find::cluster_is_there;
use super::images::with_images;
use super::wanted::{Asked, Wanted, file, needs, without_absent};
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::{Reader, change};
use crate::steps::meet::meet;
use crate::tools::aws::definition::{Definition, Revision};
use crate::work::StepCx;
use crate::work::values::Known;

/// The revision that is run, and what was done for it, in a few words.
pub(crate) struct Registered {
    pub revision: Revision,
    pub summary: String,
}

/// What is asked, with all values known, and the images in their containers.
pub(super) async fn prepared(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<Wanted, Failure> {
    let mut wanted = filled(step, asked).await?;
    without_absent(step, asked, &wanted)?;
    with_images(step, asked, &mut wanted).await?;
    Ok(wanted)
}

/// What is asked, with all values known.
pub(super) async fn filled(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<Wanted, Failure> {
    let file = file(step, asked.task)?;
    let needs = needs(step, asked, file.as_ref());
    meet(step, &needs).await?;
    let (wanted, cleaned) = Wanted::of(step, &Known::of(step), asked, file)?;
    if let Some(cleaned) = cleaned {
        step.cx.ui.note(cleaned);
    }
    Ok(wanted)
}

/// A step that only registers.
pub(super) async fn run(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<String, Failure> {
    let wanted = prepared(step, asked).await?;
    let reader = Reader::of(step, wanted.region.clone())?;
    Ok(registered(step, &reader, asked.name, &wanted).await?.summary)
}

/// What AWS has under a name: a family, whose newest is meant, or a revision.
pub(crate) async fn revision(
    step: &StepCx<'_>,
    reader: &Reader,
    name: &str,
) -> Result<Option<Revision>, Failure> {
    let body = json!({ "taskDefinition": name, "include": ["TAGS"] });
    match reader.ask(step, &ECS, "DescribeTaskDefinition", &body).await {
        Ok(answer) => Ok(Revision::of(answer)),
        Err(Wrong::Refused(refusal)) if refusal.message.contains("Unable to describe task definition") => {
            Ok(None)
        }
        Err(wrong) => Err(wrong.failure(&format!("the task definition `{name}` could not be looked at"))),
    }
}

/// Registers the definition if it means something else than what AWS has.
pub(crate) async fn registered(
    step: &StepCx<'_>,
    reader: &Reader,
    task: &str,
    wanted: &Wanted,
) -> Result<Registered, Failure> {
    step.progress(format!("looking at the task definition {}", wanted.family));
    let found = revision(step, reader, &wanted.family).await?;
    let Some(definition) = &wanted.definition else {
        let none = || {
            Failure::new(
                Kind::Failed,
                format!("AWS has no task definition `{}` in {}", wanted.family, reader.said_region()),
            )
            .help(format!(
                "add `definition-file` to `[tasks.{task}]`, or name the family: `definition = \"…\"`"
            ))
            .help("check the region and the account: `aws sts get-caller-identity`")
        };
        let revision = found.ok_or_else(none)?;
        return Ok(Registered { summary: revision.name.clone(), revision });
    };
    if let Some(found) = found {
        let differences = found.differs(definition);
        if differences.is_empty() {
            return Ok(Registered { summary: format!("{} unchanged", found.name), revision: found });
        }
        for line in &differences {
            step.say(line);
        }
    }
    let revision = register(step, reader, definition).await?;
    step.say(&format!("registered {}", revision.name));
    Ok(Registered { summary: format!("{} registered", revision.name), revision })
}

pub(super) async fn register(
    step: &StepCx<'_>,
    reader: &Reader,
    definition: &Definition,
) -> Result<Revision, Failure> {
    let send = async |is_tagged| -> Result<Json, Wrong> {
        change(step, &ECS, reader.region(), "RegisterTaskDefinition", &definition.input(is_tagged)).await
    };
    let mut answer = send(true).await;
    // Who may register need not be allowed to tag.
    if let Err(Wrong::Refused(refusal)) = &answer
        && refusal.message.contains("TagResource")
    {
        answer = send(false).await;
    }
    let answer = answer.map_err(|wrong| wrong.failure("the task definition was not registered"))?;
    Revision::of(answer).ok_or_else(|| Failure::new(Kind::Failed, "AWS names no revision in its answer"))
}

/// How the file differs from what AWS has, as lines; for checks and dry runs.
pub(crate) async fn compared(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<Vec<String>, Failure> {
    let wanted = prepared(step, asked).await?;
    let reader = Reader::of(step, wanted.region.clone())?;
    let Some(definition) = &wanted.definition else { return Ok(Vec::new()) };
    if asked.task.cluster.is_some() {
        cluster_is_there(step, &reader, &wanted.cluster).await?;
    }
    Ok(match revision(step, &reader, &wanted.family).await? {
        Some(found) => found.differs(definition),
        None => vec![format!("{}: nothing → its first revision", wanted.family)],
    })
}
