//! What is made of snapshots that a cloud keeps: for a check, or to be used.

use std::time::Instant;

use serde_json::Value as Json;

use super::asked::{ANSWER, call, failed, only};
use super::cloud::keeper;
use super::entry::{Checked, Entry, damaged};
use super::until::Wait;
use super::way::cleaning;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::snapshots::away::{Marks, State, Thing, gib};
use crate::snapshots::shelf::Kept;
use crate::snapshots::{Manifest, Verified, name};
use crate::text::duration;
use crate::tools::snapshots::{Cloud, New};
use crate::work::StepCx;

/// The cloud has it whole: what the list said, or what it says after a while.
async fn whole(step: &StepCx<'_>, cloud: &dyn Cloud, kept: &Kept) -> Result<Thing, Failure> {
    let Manifest { id, size, name, .. } = &kept.manifest;
    let known = Thing {
        id: id.clone().unwrap_or_default(),
        state: if kept.is_good() { State::Ready } else { State::Pending },
        status: "listed".to_owned(),
        bytes: *size,
        marks: Marks::new(),
    };
    let wait = Wait { cloud, noun: "snapshot", is_new: false };
    if kept.is_good() {
        return wait.ready(step, known).await;
    }
    let what = format!("`{name}` cannot be looked at");
    let stdout = call(step, cloud.look(&known.id)).await?.map_err(|tail| failed(cloud, &tail, "", &what))?;
    wait.ready(step, only(step, cloud.read(&stdout))?).await
}

/// Looks whether it is whole; restores it into something new, if that is asked for, and removes that again.
pub(super) async fn verify(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    kept: &Kept,
) -> Result<Checked, Failure> {
    let manifest = &kept.manifest;
    let (cloud, id) = keeper(step, entry, manifest)?;
    let cloud = cloud.as_ref();
    let (at, begun) = ((step.cx.now)(), Instant::now());
    let bad = |step: &StepCx<'_>, failure: Failure| match failure.kind {
        Kind::Failed
            if !step.cx.interrupts.is_pressed() && step.left().is_none_or(|left| !left.is_zero()) =>
        {
            Ok(Checked::Bad(failure))
        }
        _ => Err(failure),
    };
    let thing = match whole(step, cloud, kept).await {
        Ok(thing) => thing,
        Err(failure) => return bad(step, failure),
    };
    let Some(size) = thing.bytes else {
        return Ok(Checked::Bad(damaged(manifest, "the cloud does not say how large it is")));
    };
    let check = entry.source.verify.as_ref().and_then(|verify| verify.check());
    if !check.is_some_and(|check| check.restore) {
        let how = format!("the cloud has it whole, of {}; it was not restored", gib(size));
        return Ok(Checked::Good(Verified { at, how, seconds: begun.elapsed().as_secs_f64() }));
    }
    let scratch = own(step, &format!("{}-verify", entry.name));
    let class = check.and_then(|check| check.class.as_deref());
    let made = make(step, cloud, manifest, (&id, &scratch, class)).await;
    let (made, failure) = match made {
        Ok(made) => (made.thing, None),
        Err(Unmade { thing: Some(thing), failure }) => (thing, Some(failure)),
        Err(Unmade { thing: None, failure }) => return bad(step, failure),
    };
    let took = begun.elapsed();
    let removed = cloud.remove_new(&made.id);
    let is_removed = cleaning(step, equipped(step, removed.clone())).await.is_ok_and(|done| done.code == 0);
    let stays = |failure: Failure| match is_removed {
        true => failure,
        false => failure.help(format!("remove what the check has made, it costs: `{removed}`")),
    };
    match failure {
        Some(failure) => bad(step, stays(failure)),
        None if !is_removed => Err(stays(Failure::new(
            Kind::Failed,
            format!("the copy is good, but the {} `{}` of the check stays", cloud.noun(), made.id),
        ))),
        None if made.bytes.is_some_and(|restored| restored < size) => {
            Ok(Checked::Bad(damaged(manifest, &format!("what was restored is smaller than {}", gib(size)))))
        }
        None => {
            let how = format!("restored into a new {} within {}", cloud.noun(), duration(took));
            Ok(Checked::Good(Verified { at, how, seconds: took.as_secs_f64() }))
        }
    }
}

/// With the secrets that the step may see.
fn equipped(step: &StepCx<'_>, cmd: Cmd) -> Cmd {
    step.secret_variables()
        .into_iter()
        .fold(cmd.timeout(Some(ANSWER)), |cmd, (name, value)| cmd.secret(name, value))
}

/// A name for something new.
fn own(step: &StepCx<'_>, what: &str) -> String {
    name::name(&step.env.project, &step.env.name, what, (step.cx.now)()).to_lowercase()
}

/// Something new of a snapshot.
struct Made {
    thing: Thing,
    source: Json,
}

/// There is none, or one that is of no use.
struct Unmade {
    thing: Option<Thing>,
    failure: Failure,
}

impl From<Failure> for Unmade {
    fn from(failure: Failure) -> Unmade {
        Unmade { thing: None, failure }
    }
}

async fn make(
    step: &StepCx<'_>,
    cloud: &dyn Cloud,
    manifest: &Manifest,
    (id, name, class): (&str, &str, Option<&str>),
) -> Result<Made, Unmade> {
    let of = manifest.of.as_deref().unwrap_or_default();
    let source = source(step, cloud, manifest, of).await?;
    let marks: Marks = [
        ("project", step.env.project.as_str()),
        ("environment", step.env.name.as_str()),
        ("restored", manifest.name.as_str()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    step.progress(format!("restoring into {name}"));
    let cmd = cloud.restore(id, &New { name, marks: &marks, source: &source, class });
    let told = call(step, cmd.even_if_interrupted()).await?;
    let what = format!("`{}` was not restored", manifest.name);
    let stdout = told.map_err(|tail| failed(cloud, &tail, of, &what))?;
    let thing = only(step, cloud.read_new(&stdout))?;
    let wait = Wait { cloud, noun: cloud.noun(), is_new: true };
    match wait.ready(step, thing.clone()).await {
        Ok(thing) => Ok(Made { thing, source }),
        Err(failure) => Err(Unmade { thing: Some(thing), failure: failure.context(what) }),
    }
}

/// What is known of the thing that it is of; null if it is gone.
async fn source(
    step: &StepCx<'_>,
    cloud: &dyn Cloud,
    manifest: &Manifest,
    of: &str,
) -> Result<Json, Failure> {
    let Some(cmd) = cloud.source(of) else { return Ok(Json::Null) };
    let noun = cloud.noun();
    match call(step, cmd).await? {
        Ok(stdout) => Ok(serde_json::from_slice(&stdout).unwrap_or_default()),
        Err(tail) if cloud.is_gone(&tail) && cloud.needs_source() => {
            let id = manifest.id.as_deref().unwrap_or_default();
            Err(Failure::new(
                Kind::Failed,
                format!("the {noun} `{of}` is gone, and nothing else says in which zone it was"),
            )
            .help(format!(
                "make the new one: `aws ec2 create-volume --snapshot-id {id} --availability-zone ZONE`"
            )))
        }
        Err(tail) if cloud.is_gone(&tail) => {
            step.cx.ui.warn(format!("the {noun} `{of}` is gone: the new one gets the defaults of the cloud for its network and settings"));
            Ok(Json::Null)
        }
        Err(tail) => Err(failed(cloud, &tail, of, &format!("the {noun} `{of}` cannot be looked at"))),
    }
}

/// Restores it into something new, which stays.
pub(super) async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    kept: &Kept,
) -> Result<String, Failure> {
    let manifest = &kept.manifest;
    let (cloud, id) = keeper(step, entry, manifest)?;
    let cloud = cloud.as_ref();
    whole(step, cloud, kept).await?;
    let of = manifest.of.as_deref().unwrap_or_default();
    let new = own(step, &format!("{}-restored", entry.name));
    let made = match make(step, cloud, manifest, (&id, &new, None)).await {
        Ok(made) => made,
        Err(Unmade { failure, .. }) => {
            return Err(failure.help(format!("`{of}` is as it was: nothing was changed in it")));
        }
    };
    let name = &made.thing.id;
    step.cx.ui.note(format!("`{name}` has what `{}` held; `{of}` is as it was", manifest.name));
    for line in cloud.switch(of, name, &made.source) {
        step.cx.ui.note(line);
    }
    Ok(format!("{} is in the new {} {name}", manifest.name, cloud.noun()))
}
