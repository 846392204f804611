//! The copies of an entry, wherever they are kept: in a folder of the project, or by a cloud.

use super::entry::Entry;
use super::{cloud, command};
use crate::config::model::SnapshotKind;
use crate::failure::{Failure, Kind};
use crate::snapshots::Manifest;
use crate::snapshots::shelf::Kept;
use crate::work::{StepCx, relative};

/// All of them, newest first.
pub(super) async fn all(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<Vec<Kept>, Failure> {
    if entry.kind.is_away() { cloud::all(step, entry).await } else { Ok(entry.shelf.all()?) }
}

/// The copy that is meant: by its name, else the newest that is good.
pub(super) async fn copy(
    step: &StepCx<'_>,
    entry: &Entry<'_>,
    wanted: Option<&str>,
) -> Result<Kept, Failure> {
    let all = all(step, entry).await?;
    let kept = match wanted {
        None => all.iter().find(|kept| kept.is_good()).or(all.first()).cloned(),
        Some(wanted) => match all.into_iter().find(|kept| kept.manifest.name == wanted) {
            None if !entry.kind.is_away() => entry.shelf.named(wanted)?,
            found => found,
        },
    };
    let env = &step.env.name;
    let Some(kept) = kept else { return Err(missing(step, entry, wanted)) };
    if let Some(other) = entry.shelf.stranger(&kept.manifest) {
        let message =
            format!("`{}` is a snapshot of {other}, not of `{}` of `{env}`", kept.manifest.name, entry.name);
        return Err(Failure::new(Kind::Usage, message)
            .help(format!("see those of `{env}`: `infractl snapshot list {env}`")));
    }
    Ok(kept)
}

fn missing(step: &StepCx<'_>, entry: &Entry<'_>, wanted: Option<&str>) -> Failure {
    let what = wanted.map_or_else(
        || format!("there is no snapshot of `{}`", entry.name),
        |wanted| format!("there is no snapshot `{wanted}`"),
    );
    let place = match entry.kind.is_away() {
        true => format!("at `{}` with the tags of `{}`", entry.kind.word(), step.env.name),
        false => format!("in `{}`", relative(step, entry.shelf.folder())),
    };
    let env = &step.env.name;
    Failure::new(Kind::Failed, format!("{what} {place}"))
        .help(format!("make one: `infractl snapshot create {env} {}`", entry.name))
        .help(format!("see what is there: `infractl snapshot list {env}`"))
}

/// Writes down what is known of one now.
pub(super) async fn note(step: &StepCx<'_>, entry: &Entry<'_>, manifest: &Manifest) -> Result<(), Failure> {
    match entry.kind.is_away() {
        true => cloud::note(step, entry, manifest).await,
        false => Ok(entry.shelf.keep(manifest)?),
    }
}

/// Removes one.
pub(super) async fn remove(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<(), Failure> {
    if entry.kind.is_away() {
        return cloud::remove(step, entry, manifest).await;
    }
    if entry.kind == SnapshotKind::Command {
        command::remove(step, entry, manifest).await?;
    }
    Ok(entry.shelf.remove(manifest)?)
}
