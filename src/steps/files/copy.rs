//! Copies files and folders of the project to another folder of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use tempfile::NamedTempFile;

use crate::config::Environment;
use crate::config::model::Copy;
use crate::config::verbs::Effect;
use crate::disk::{self, open_file};
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::files::items::{self, Content, Item};
use crate::steps::files::{place, rendered, send};
use crate::text::plural;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative};

/// So much of a file is copied before signals are heard.
const PIECE: u64 = 8 * 1024 * 1024;
impl StepKind for Copy {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Template(&self.to.0));
        if let Some(host) = &self.host {
            see(Mention::Host(&host.0));
        }
        self.files.iter().chain(&self.templates).for_each(|file| see(Mention::File(&file.0)));
    }

    fn effect(&self) -> Option<Effect> {
        Some(if self.host.is_some() { Effect::Changes } else { Effect::Writes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        if self.host.is_some() || !self.templates.is_empty() {
            return Err(no_script(step));
        }
        script.copy(step, self, &marked(step, self))
    }
}

/// Copies them; with `delete` what is not among them goes.
pub(crate) async fn run(step: &mut StepCx<'_>, copy: &Copy) -> Result<String, Failure> {
    if let Some(host) = &copy.host {
        return send::run(step, copy, &host.0).await;
    }
    let to = target(step, copy, &values::argument(step, &copy.to.0)?)?;
    let mut items = items::find(step, copy).await?;
    items.extend(rendered::files(step, copy).await?);
    put(step, &items, &to, copy.delete).await?;
    let count = items.iter().filter(|item| item.is_file()).count();
    let mut text = format!("{} to {}", plural(count, "file"), relative(step, &to));
    if copy.delete {
        let kept = items.iter().map(|item| to.join(&item.path)).collect();
        let removed = prune(&to, &kept)?;
        if removed > 0 {
            text.push_str(&format!(", {removed} removed"));
        }
    }
    Ok(text)
}

/// What a dry run says: the same with `install` and `cp`.
pub(crate) fn describe(step: &StepCx<'_>, copy: &Copy) -> Result<Vec<String>, Failure> {
    if let Some(host) = &copy.host {
        return send::describe(step, copy, &host.0);
    }
    let to = Known::shown(step, copy).argument(step, &copy.to.0)?;
    let quoted = |path: &Path| shell_words::quote(&relative(step, path)).into_owned();
    let to = quoted(&target(step, copy, &to)?);
    let files: Vec<String> = rendered::plain(copy).map(|file| quoted(&file.0)).collect();
    let mut lines = vec![format!("mkdir -p {to}")];
    if copy.delete {
        lines.push(format!("# remove from {to} what is not copied"));
    }
    if !files.is_empty() {
        lines.push(format!("cp -RL {} {to}/", files.join(" ")));
    }
    lines.extend(rendered::describe(step, copy)?);
    if let Some(mode) = &copy.mode {
        lines.push(format!("# mode {mode} for each file"));
    }
    Ok(lines)
}

/// Where they go: below the project, unless the path is absolute; an error where something would be lost.
pub(crate) fn target(step: &StepCx<'_>, copy: &Copy, to: &str) -> Result<PathBuf, Failure> {
    let to = place::real(&step.env.root.join(to));
    place::check(step, copy, &to)?;
    Ok(to)
}

/// Writes all of them below a folder. One that is made here gets its mode when everything is in it.
async fn put(step: &StepCx<'_>, items: &[Item], to: &Path, delete: bool) -> Result<(), Failure> {
    let mut made = Vec::new();
    fs::create_dir_all(to).map_err(|error| failed("created", to, &error))?;
    for item in items {
        let path = to.join(&item.path);
        if item.is_file() {
            write(step, item, &path).await?;
            continue;
        }
        // With `delete` nothing is written to where a link leads.
        if delete && path.is_symlink() {
            disk::remove(&path)?;
        }
        if !path.is_dir() {
            fs::create_dir(&path).map_err(|error| failed("created", &path, &error))?;
            made.push((path, item.mode));
        }
    }
    for (folder, mode) in made.iter().rev() {
        disk::set_mode(folder, *mode)?;
    }
    Ok(())
}

/// Beside its place and renamed: a reader sees the old file or the new one.
async fn write(step: &StepCx<'_>, item: &Item, to: &Path) -> Result<(), Failure> {
    let folder = to.parent().unwrap_or(to);
    let beside = tempfile::Builder::new().prefix(".infractl-copy-").tempfile_in(folder);
    let mut beside: NamedTempFile = beside.map_err(|error| failed("created", folder, &error))?;
    match &item.content {
        Content::Folder => {}
        Content::Text(text) => {
            let written = beside.write_all(text.expose_secret().as_bytes());
            written.map_err(|error| failed("written", to, &error))?;
        }
        Content::File { from, changed, .. } => {
            let file = open_file(from)?;
            loop {
                let piece = io::copy(&mut (&file).take(PIECE), beside.as_file_mut());
                if piece.map_err(|error| failed("copied", from, &error))? < PIECE {
                    break;
                }
                step.go_on().await?;
            }
            let dated = beside.as_file().set_modified(*changed);
            dated.map_err(|error| failed("copied", from, &error))?;
        }
    }
    disk::set_mode(beside.path(), item.mode)?;
    beside.persist(to).map(drop).map_err(|error| failed("written", to, &error.error))
}

/// Removes everything in a folder that was not copied. How many files and folders it were.
fn prune(dir: &Path, kept: &BTreeSet<PathBuf>) -> Result<usize, Failure> {
    let mut removed = 0;
    let entries = dir.read_dir().map_err(|error| failed("read", dir, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if kept.contains(&path) {
            if is_dir {
                removed += prune(&path, kept)?;
            }
            continue;
        }
        let done = if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        done.map_err(|error| failed("removed", &path, &error))?;
        removed += 1;
    }
    Ok(removed)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("`{}` could not be {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn what_was_not_copied_goes_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (to, outside) = (dir.path().join("to"), dir.path().join("outside"));
        for file in ["to/app/deep/b", "to/app/deep/old", "to/old/x", "outside/x"] {
            write(&dir.path().join(file), "x");
        }
        std::os::unix::fs::symlink(&outside, to.join("app/link")).unwrap();
        let kept = ["app", "app/deep", "app/deep/b"].map(|path| to.join(path));
        assert_eq!(prune(&to, &kept.into()).unwrap(), 3);
        assert!(
            to.join("app/deep/b").exists() && !to.join("old").exists() && !to.join("app/link").is_symlink()
        );
        assert!(outside.join("x").exists());
    }
}
