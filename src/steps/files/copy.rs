//! Copies files and folders of the project to another folder of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::config::Environment;
use crate::config::model::Copy;
use crate::config::verbs::Effect;
use crate::disk;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::files::{rendered, send};
use crate::text::plural;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative};

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
    let to = target(step, &values::argument(step, &copy.to.0)?);
    check(step, copy, &to)?;
    let rendered = rendered::files(step, copy).await?;
    let mut kept: BTreeSet<PathBuf> = rendered.iter().map(|file| to.join(&file.name)).collect();
    let mut count = rendered.len();
    for file in rendered::plain(copy) {
        let name = file.0.file_name().ok_or_else(|| {
            Failure::new(Kind::Config, format!("`{}` has no name to be copied under", file.0.display()))
        })?;
        let mode = copy.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        count += one(&file.0, &to.join(name), mode, &mut kept)?;
    }
    if !rendered.is_empty() {
        fs::create_dir_all(&to).map_err(|error| failed("created", &to, &error))?;
        rendered::write(&rendered, &to)?;
    }
    let mut text = format!("{} to {}", plural(count, "file"), relative(step, &to));
    if copy.delete {
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
    let to = quoted(&target(step, &to));
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

/// Where they go: below the project, unless the path is absolute.
pub(crate) fn target(step: &StepCx<'_>, to: &str) -> PathBuf {
    step.env.root.join(to).components().filter(|part| *part != Component::CurDir).collect()
}

/// Everything is there, and nothing would be lost by `delete`.
fn check(step: &StepCx<'_>, copy: &Copy, to: &Path) -> Result<(), Failure> {
    for file in rendered::plain(copy).chain(&copy.templates) {
        if !file.0.exists() {
            return Err(Failure::new(Kind::Failed, format!("there is no `{}`", relative(step, &file.0))));
        }
        if to.starts_with(&file.0) {
            let message = format!("`{}` cannot be copied into itself", relative(step, &file.0));
            return Err(Failure::new(Kind::Config, message));
        }
    }
    let holds_source = rendered::plain(copy).chain(&copy.templates).any(|file| file.0.starts_with(to));
    if copy.delete && (step.env.root.starts_with(to) || holds_source || to.parent().is_none()) {
        let message = format!("`delete` in `{}` would remove more than what was copied", relative(step, to));
        return Err(
            Failure::new(Kind::Config, message).help("copy to a folder of its own, or leave `delete` out")
        );
    }
    Ok(())
}

/// Copies a file or what is in a folder; links are followed. How many files it were.
fn one(from: &Path, to: &Path, mode: Option<u32>, kept: &mut BTreeSet<PathBuf>) -> Result<usize, Failure> {
    kept.insert(to.to_owned());
    if from.is_dir() {
        fs::create_dir_all(to).map_err(|error| failed("created", to, &error))?;
        let mut count = 0;
        let entries = from.read_dir().map_err(|error| failed("read", from, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed("read", from, &error))?;
            count += one(&entry.path(), &to.join(entry.file_name()), mode, kept)?;
        }
        return Ok(count);
    }
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(|error| failed("created", folder, &error))?;
    // Beside its place and renamed: a reader sees the old file or the new one.
    let beside = tempfile::Builder::new()
        .prefix(".infractl-copy-")
        .tempfile_in(folder)
        .map_err(|error| failed("created", folder, &error))?;
    fs::copy(from, beside.path()).map_err(|error| failed("copied", from, &error))?;
    if let Some(mode) = mode {
        disk::set_mode(beside.path(), mode)?;
    }
    beside.persist(to).map_err(|error| failed("written", to, &error.error))?;
    Ok(1)
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
    fn files_and_folders_are_copied_and_the_rest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join("a"), "1");
        write(&from.join("deep/er/b"), "2");
        write(&to.join("old"), "x");
        write(&to.join("from/deep/old"), "x");
        let mut kept = BTreeSet::new();
        assert_eq!(one(&from, &to.join("from"), Some(0o640), &mut kept).unwrap(), 2);
        assert_eq!(prune(&to, &kept).unwrap(), 2);
        assert_eq!(fs::read_to_string(to.join("from/deep/er/b")).unwrap(), "2");
        assert_eq!(disk::mode_of(&to.join("from/a")).unwrap(), Some(0o640));
        assert!(!to.join("old").exists() && !to.join("from/deep/old").exists());
        assert_eq!(to.join("from").read_dir().unwrap().count(), 2, "nothing temporary is left");
    }
}
