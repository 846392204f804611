//! Snapshots that a cloud keeps, through its own program: volumes, disks, databases. What is known of them are their tags.

use super::asked::{call, failed, only, unknown};
use super::entry::Entry;
use super::until::Wait;
use crate::config::model::{Argument, SnapshotKind};
use crate::failure::{Failure, Kind};
use crate::history;
use crate::snapshots::Manifest;
use crate::snapshots::away::{self, Thing};
use crate::snapshots::shelf::Kept;
use crate::tools::snapshots::{Cinder, Cloud, Disk, Ebs, Rds};
use crate::work::StepCx;
use crate::work::values::argument;

/// What a snapshot is of.
fn of(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<String, Failure> {
    match &entry.source.of {
        Some(of) => argument(step, &of.0),
        None => Err(Failure::new(Kind::Config, format!("`[snapshots.{}]` has no `of`", entry.name))),
    }
}

/// Whoever keeps snapshots of this; at AWS an id of a volume tells it from a database.
fn cloud(step: &StepCx<'_>, entry: &Entry<'_>, is_volume: bool) -> Result<Box<dyn Cloud>, Failure> {
    let text = |key: &Option<Argument>| {
        let text = key.as_ref().map(|key| argument(step, &key.0)).transpose();
        text.map(|text| text.filter(|text| !text.is_empty()))
    };
    let region = text(&entry.source.region)?;
    Ok(match entry.kind {
        SnapshotKind::Openstack => Box::new(Cinder(region)),
        SnapshotKind::Azure => Box::new(Disk(text(&entry.source.resource_group)?.unwrap_or_default())),
        _ if is_volume => Box::new(Ebs(region)),
        _ => Box::new(Rds(region)),
    })
}

fn is_volume(of: &str) -> bool {
    of.starts_with("vol-")
}

/// Whoever keeps this one.
pub(super) fn keeper(
    step: &StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<(Box<dyn Cloud>, String), Failure> {
    let id = manifest.id.clone().unwrap_or_default();
    Ok((cloud(step, entry, id.starts_with("snap-"))?, id))
}

/// All of an entry, newest first, whichever machine has made them.
pub(super) async fn all(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<Vec<Kept>, Failure> {
    // What it is of may be gone, and its name with it: then both are asked.
    let mut all = match (entry.kind, of(step, entry)) {
        (SnapshotKind::Aws, Ok(of)) => listed(step, entry, is_volume(&of)).await?,
        (SnapshotKind::Aws, Err(_)) => {
            let (volumes, databases) = tokio::join!(listed(step, entry, true), listed(step, entry, false));
            [volumes?, databases?].concat()
        }
        _ => listed(step, entry, true).await?,
    };
    all.sort_by(|one, other| {
        (other.manifest.created, &other.manifest.name).cmp(&(one.manifest.created, &one.manifest.name))
    });
    Ok(all)
}

async fn listed(step: &StepCx<'_>, entry: &Entry<'_>, is_volume: bool) -> Result<Vec<Kept>, Failure> {
    let cloud = cloud(step, entry, is_volume)?;
    let things = things(step, cloud.as_ref()).await?;
    let kept = things.iter().filter_map(|thing| away::kept(thing, entry.kind.word()));
    Ok(kept.filter(|kept| entry.shelf.stranger(&kept.manifest).is_none()).collect())
}

async fn things(step: &StepCx<'_>, cloud: &dyn Cloud) -> Result<Vec<Thing>, Failure> {
    let told = call(step, cloud.list(&step.env.project, &step.env.name)).await?;
    let what = format!("the snapshots of `{}` cannot be listed", step.env.name);
    let stdout = told.map_err(|tail| failed(cloud, &tail, "", &what))?;
    cloud.read(&stdout).map_err(|why| unknown(step, &why))
}

/// Makes one.
pub(super) async fn create(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    let of = of(step, entry)?;
    let cloud = cloud(step, entry, is_volume(&of))?;
    let cloud = cloud.as_ref();
    let mut manifest = entry.begin(step)?;
    manifest.of = Some(of.clone());
    let call_id = format!("{}-{}-{}", history::host(), std::process::id(), (step.cx.now)().as_nanosecond());
    let marks = away::marks(&manifest, &call_id);
    step.progress(format!("asking for a snapshot of {of}"));
    let cmd = cloud.create(&of, &manifest.name, &marks, entry.source.live);
    let thing = match call(step, cmd.even_if_interrupted()).await? {
        Ok(stdout) => only(step, cloud.read(&stdout))?,
        Err(tail) => {
            let failure = failed(cloud, &tail, &of, &format!("there is no snapshot of `{of}`"));
            lost(step, cloud, &tail, &call_id).await.ok_or(failure)?
        }
    };
    let wait = Wait { cloud, noun: "snapshot", is_new: false };
    let thing = wait.ready(step, thing).await?;
    manifest.size = thing.bytes;
    manifest.id = Some(thing.id);
    Ok(manifest)
}

/// The one that was made although the answer got lost.
async fn lost(step: &StepCx<'_>, cloud: &dyn Cloud, tail: &str, call_id: &str) -> Option<Thing> {
    if !cloud.is_doubtful(tail) || step.cx.interrupts.is_pressed() {
        return None;
    }
    let all = things(step, cloud).await.ok()?;
    all.into_iter().find(|thing| thing.marks.get("call").is_some_and(|call| call == call_id))
}

/// Removes one.
pub(super) async fn remove(step: &StepCx<'_>, entry: &Entry<'_>, manifest: &Manifest) -> Result<(), Failure> {
    let (cloud, id) = keeper(step, entry, manifest)?;
    match call(step, cloud.remove(&id)).await? {
        Err(tail) if !cloud.is_gone(&tail) => {
            let of = manifest.of.as_deref().unwrap_or_default();
            Err(failed(cloud.as_ref(), &tail, of, &format!("`{}` was not removed", manifest.name)))
        }
        _ => Ok(()),
    }
}

/// Writes down beside it what a check has found.
pub(super) async fn note(step: &StepCx<'_>, entry: &Entry<'_>, manifest: &Manifest) -> Result<(), Failure> {
    let (cloud, id) = keeper(step, entry, manifest)?;
    let told = call(step, cloud.mark(&id, &away::found(manifest))).await?;
    let what = format!("what was found of `{}` cannot be written down", manifest.name);
    told.map(drop).map_err(|tail| failed(cloud.as_ref(), &tail, "", &what))
}
