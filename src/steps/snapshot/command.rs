//! Snapshots by commands of the project: what they say is believed only when their list says it too.

use std::time::Instant;

use super::entry::{Checked, Entry};
use crate::config::model::{CommandLine, CommandTable, SnapshotVerify};
use crate::exec::{Cmd, Done, Io};
use crate::failure::{Failure, Kind};
use crate::snapshots::{Manifest, Verified};
use crate::steps::command::build;
use crate::text::{duration, last_line, plain};
use crate::work::values::Known;
use crate::work::{StepCx, child};

/// Tells a command which snapshot is meant.
const VARIABLE: &str = "INFRACTL_SNAPSHOT";

/// Makes one.
pub(super) async fn create(step: &mut StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    let manifest = entry.begin(step)?;
    let create = table(entry, "create", entry.source.create.as_ref())?;
    let done = run(step, &create, &manifest.name).await?;
    child::judge(step, &done)?;
    if !is_listed(step, entry, &manifest.name).await? {
        let message = format!(
            "`create` ended well, and `list` does not show `{}`: there is no snapshot",
            manifest.name
        );
        return Err(Failure::new(Kind::Failed, message).help(format!(
            "let `create` make one with the name in `{VARIABLE}`, and `list` print one name a line"
        )));
    }
    entry.shelf.keep(&manifest)?;
    Ok(manifest)
}

/// Checks one.
pub(super) async fn verify(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<Checked, Failure> {
    let check = entry.source.verify.as_ref().and_then(SnapshotVerify::command);
    let check = check.ok_or_else(|| missing(entry, "verify"))?;
    if !is_listed(step, entry, &manifest.name).await? {
        return Ok(Checked::Bad(gone(manifest)));
    }
    let (at, begun) = ((step.cx.now)(), Instant::now());
    let done = run(step, &check, &manifest.name).await?;
    let took = begun.elapsed();
    match child::judge(step, &done) {
        Ok(()) => {
            let how = format!("its `verify` ended well within {}", duration(took));
            Ok(Checked::Good(Verified { at, how, seconds: took.as_secs_f64() }))
        }
        Err(failure) if failure.kind == Kind::Failed => Ok(Checked::Bad(failure)),
        Err(failure) => Err(failure),
    }
}

/// Restores one.
pub(super) async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<String, Failure> {
    let restore = table(entry, "restore", entry.source.restore.as_ref())?;
    if !is_listed(step, entry, &manifest.name).await? {
        return Err(gone(manifest));
    }
    let done = run(step, &restore, &manifest.name).await?;
    child::judge(step, &done).map_err(|failure| {
        failure.help("look at what is there: a restore that fails in the middle may have changed a part")
    })?;
    Ok(format!("{} is restored", manifest.name))
}

/// Removes one.
pub(super) async fn remove(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let remove = table(entry, "remove", entry.source.remove.as_ref())?;
    let done = run(step, &remove, &manifest.name).await?;
    child::judge(step, &done)?;
    if is_listed(step, entry, &manifest.name).await? {
        let message = format!("`remove` ended well, and `list` still shows `{}`", manifest.name);
        return Err(Failure::new(Kind::Failed, message));
    }
    Ok(())
}

async fn is_listed(step: &mut StepCx<'_>, entry: &Entry<'_>, name: &str) -> Result<bool, Failure> {
    let list = table(entry, "list", entry.source.list.as_ref())?;
    let cmd = build(step, &list, &Known::of(step))?.io(Io::Capture);
    let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
    if done.code != 0 && !done.interrupted {
        let why = last_line(&plain(&done.tail)).to_owned();
        return Err(Failure::new(Kind::Failed, why)
            .context(format!("`list` of `[snapshots.{}]` ended with exit code {}", entry.name, done.code)));
    }
    child::judge(step, &done)?;
    Ok(String::from_utf8_lossy(&done.stdout).lines().any(|line| line.trim() == name))
}

async fn run(step: &mut StepCx<'_>, table: &CommandTable, name: &str) -> Result<Done, Failure> {
    let cmd: Cmd = build(step, table, &Known::of(step))?.env(VARIABLE, name);
    step.run(&cmd).await
}

fn table(entry: &Entry<'_>, key: &str, line: Option<&CommandLine>) -> Result<CommandTable, Failure> {
    line.cloned().map(CommandLine::into_table).ok_or_else(|| missing(entry, key))
}

fn missing(entry: &Entry<'_>, key: &str) -> Failure {
    Failure::new(Kind::Config, format!("`[snapshots.{}]` has no `{key}`", entry.name))
        .help(format!("add `{key} = …`: a command, which gets the name as `{VARIABLE}`"))
}

fn gone(manifest: &Manifest) -> Failure {
    Failure::new(Kind::Failed, format!("`list` does not show `{}`: it is gone", manifest.name))
}
