//! Volumes of docker on this machine: packed by a container that does nothing else.

use std::time::Instant;

use super::entry::{Checked, Entry};
use super::sealing::Sealing;
use super::way::{Via, cleaning};
use crate::exec::{Cmd, Done, InputPart, Io};
use crate::failure::{Failure, Kind};
use crate::snapshots::{Manifest, Verified, name};
use crate::text::{duration, list};
use crate::work::values::argument;
use crate::work::{StepCx, child};

/// The image that packs, when none is named.
const IMAGE: &str = "busybox";
/// What `tar` begins with here.
const TAR: &[u8] = b"./";

/// Packs it.
pub(super) async fn create(step: &mut StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    let volume = volume(step, entry)?;
    child::judge(step, &docker(step, &["volume", "inspect", &volume]).await?)?;
    if !entry.source.live {
        is_at_rest(step, &volume).await?;
    }
    let mut manifest = entry.begin(step)?;
    let place = entry.shelf.file(&format!("{}.tar.age", manifest.name));
    let sealing = Sealing::begin(step, &place)?;
    step.progress(format!("packing {volume}"));
    let cmd = packer(entry, &format!("{volume}:/volume:ro"), &["tar", "-C", "/volume", "-cf", "-", "."]);
    let done = step.run(&cmd.into_sink(sealing.sink())).await?;
    manifest.stored = Some(sealing.settle(step, &done, TAR, |done| child::judge(step, done))?);
    manifest.of = Some(volume);
    entry.shelf.keep(&manifest)?;
    Ok(manifest)
}

/// Unpacks it into a new volume, which is removed, however it went.
pub(super) async fn verify(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<Checked, Failure> {
    let (at, begun) = ((step.cx.now)(), Instant::now());
    let scratch = name::scratch(at);
    let filled = Box::pin(fill(step, entry, manifest, &scratch)).await;
    let took = begun.elapsed();
    let removed = cleaning(step, command(&["volume", "rm", "--force", &scratch])).await;
    let is_removed = removed.is_ok_and(|done| done.code == 0);
    let left = |failure: Failure| match is_removed {
        true => failure,
        false => failure.help(format!("remove what is left: `docker volume rm {scratch}`")),
    };
    match filled {
        Ok(()) if is_removed => {
            let how = format!("unpacked within {}", duration(took));
            Ok(Checked::Good(Verified { at, how, seconds: took.as_secs_f64() }))
        }
        Ok(()) => {
            Err(left(Failure::new(Kind::Failed, "the copy is good, but the volume of the check stays")))
        }
        Err(failure) if failure.kind == Kind::Failed && !step.cx.interrupts.is_pressed() => {
            Ok(Checked::Bad(left(failure)))
        }
        Err(failure) => Err(left(failure)),
    }
}

/// Unpacks it into a new volume.
pub(super) async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<String, Failure> {
    let volume = volume(step, entry)?;
    if let Some(of) = manifest.of.as_ref().filter(|of| **of != volume) {
        let message =
            format!("`{}` is a snapshot of the volume `{of}`, and `of` names `{volume}`", manifest.name);
        return Err(Failure::new(Kind::Usage, message).help("name a snapshot of that volume, or change `of`"));
    }
    let new = format!("{volume}_restored_{}", name::unique((step.cx.now)()));
    if let Err(failure) = Box::pin(fill(step, entry, manifest, &new)).await {
        let removed = docker(step, &["volume", "rm", "--force", &new]).await;
        let failure = failure.help(format!("`{volume}` is as it was: nothing was changed in it"));
        return Err(match removed {
            Ok(done) if done.code == 0 => failure,
            _ => failure.help(format!("remove what is left: `docker volume rm {new}`")),
        });
    }
    step.cx.ui.note(format!("switch: let the containers use the volume `{new}`; `{volume}` is as it was"));
    Ok(format!("{} is in the new volume {new}", manifest.name))
}

async fn fill(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
    volume: &str,
) -> Result<(), Failure> {
    let supply = entry.opened(step, manifest).await?;
    let label = format!("infractl.environment={}", step.env.name);
    child::judge(step, &docker(step, &["volume", "create", "--label", &label, volume]).await?)?;
    step.progress(format!("unpacking into {volume}"));
    let cmd = packer(entry, &format!("{volume}:/volume"), &["tar", "-C", "/volume", "-xf", "-"]);
    let done = step.run(&cmd.parts(vec![InputPart::Supply(supply)])).await?;
    child::judge(step, &done)
}

/// A volume that somebody writes to would be packed half written.
async fn is_at_rest(step: &StepCx<'_>, volume: &str) -> Result<(), Failure> {
    let filter = format!("volume={volume}");
    let done = docker(step, &["ps", "--filter", &filter, "--format", "{{.Names}}"]).await?;
    child::judge(step, &done)?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let users: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let message =
        format!("the volume `{volume}` is used by {}, which may be writing to it", list(&users, "and"));
    Err(Failure::new(Kind::Failed, message)
        .help("stop them before, in a step of its own; a database is better kept with `kind = \"postgres\"`")
        .help("write `live = true`, if a copy that is half written is good enough"))
}

fn packer(entry: &Entry<'_>, mount: &str, words: &[&str]) -> Cmd {
    let image = match Via::of(entry.source.via.as_deref()) {
        Via::Image(image) => image,
        _ => IMAGE,
    };
    Cmd::new("docker")
        .args(["run", "--rm", "--interactive", "--network", "none", "--volume", mount, image])
        .args(words.iter().copied())
        .io(Io::Capture)
}

async fn docker(step: &StepCx<'_>, words: &[&str]) -> Result<Done, Failure> {
    step.quietly(&command(words)).await.map_err(|error| step.unanswered(error))
}

fn command(words: &[&str]) -> Cmd {
    Cmd::new("docker").args(words.iter().copied()).io(Io::Capture)
}

/// The volume that is meant.
fn volume(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<String, Failure> {
    match &entry.source.of {
        Some(of) => argument(step, &of.0),
        None => Err(Failure::new(Kind::Config, format!("`[snapshots.{}]` has no `of`", entry.name))),
    }
}
