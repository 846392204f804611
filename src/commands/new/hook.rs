//! The git repository of a new project, and the hook that keeps secrets in clear out of it.

use std::path::{Path, PathBuf};

use crate::commands::secrets::{check, git};
use crate::context::Ctx;
use crate::disk::{self, repository};
use crate::failure::{Failure, Kind};
use crate::starter::{Fate, Item};

/// Makes a repository; false without git, for then there is none.
pub(super) async fn repository(cx: &Ctx, root: &Path) -> Result<bool, Failure> {
    match git::change(cx, root, &["init", "--quiet"]).await {
        Err(failure) if failure.kind == Kind::Tool => Ok(false),
        other => other.map(|()| true),
    }
}

/// The hook as a dry run tells of it.
pub(super) async fn foreseen(cx: &Ctx, root: &Path, items: &mut Vec<Item>) -> Result<(), Failure> {
    if !repository::is_around(root) {
        items.push(item(PathBuf::from(".git/hooks/pre-commit"), Fate::New)?);
    } else if let Some(path) = place(cx, root).await? {
        let fate = if path.symlink_metadata().is_ok() { Fate::Kept } else { Fate::New };
        items.push(item(path, fate)?);
    }
    Ok(())
}

/// Writes the hook where there is none. What else is to be done is told.
pub(super) async fn install(cx: &Ctx, root: &Path, items: &mut Vec<Item>) -> Result<Vec<String>, Failure> {
    let by_hand =
        |why: &str| Ok(vec![format!("{why}: let it run `infractl secrets check --staged` before a commit")]);
    if !repository::is_around(root) {
        return Ok(Vec::new());
    }
    if git::line(cx, root, &["config", "--get", "core.hooksPath"]).await?.is_some_and(|path| !path.is_empty())
    {
        return by_hand("git takes its hooks from `core.hooksPath`");
    }
    let Some(path) = place(cx, root).await? else { return Ok(Vec::new()) };
    if path.symlink_metadata().is_ok() {
        let is_ours = disk::read_lossy_if_there(&path)?.is_some_and(|text| text.contains(check::MARK));
        items.push(item(path, Fate::Kept)?);
        return if is_ours {
            Ok(Vec::new())
        } else {
            by_hand("the repository has a hook `pre-commit` of its own")
        };
    }
    let item = item(path, Fate::New)?;
    disk::write(&item.path, &item.text, item.mode)?;
    items.push(item);
    Ok(Vec::new())
}

async fn place(cx: &Ctx, root: &Path) -> Result<Option<PathBuf>, Failure> {
    let dir = root.ancestors().find(|dir| dir.is_dir()).unwrap_or(root);
    let hooks = git::line(cx, dir, &["rev-parse", "--git-path", "hooks"]).await?;
    Ok(hooks.map(|hooks| dir.join(hooks).join("pre-commit")))
}

fn item(path: PathBuf, fate: Fate) -> Result<Item, Failure> {
    Ok(Item { path, text: check::hook("#!/bin/sh\n")?.into_bytes(), mode: 0o755, fate })
}
