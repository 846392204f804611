//! `--resume`: where the last run of a pipeline stopped, and what it was a run of.
//!
//! A note in `.infractl/resume/ENVIRONMENT/PIPELINE.json` (mode 0600) names the step and holds digests only: no
//! value of a secret, no argument.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Pipeline;
use super::engine::Options;
use super::options::Begun;
use super::select::{Selection, paths};
use crate::config::Environment;
use crate::config::chosen::Chosen;
use crate::context::Ctx;
use crate::disk::{self, repository};
use crate::failure::{Failure, Kind};
use crate::text::hex;
use crate::work::kind::Mention;

/// The last run that did not reach its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The way to the step it stopped at.
    step: String,
    /// When, in UTC.
    at: String,
    /// What it was a run of.
    fingerprint: Fingerprint,
    only: Vec<String>,
    skip: Vec<String>,
}

/// What a run is a run of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    /// Digest of the configuration, merged.
    configuration: String,
    /// Commit that is checked out; none outside git.
    commit: Option<String>,
    /// Digest of what was given after `--`.
    arguments: String,
    /// Digests of the files it works with, by their path in the project.
    files: BTreeMap<String, String>,
}

/// Remembers where a run stopped.
pub(crate) fn remember(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    selection: &Selection,
    options: &Options,
    step: &str,
) -> Result<(), Failure> {
    note(cx, selection, step, fingerprint(env, pipeline, options)).write(env, &pipeline.verb)
}

/// Remembers each step when it begins, so that a run that is killed can be resumed.
pub(crate) fn follow(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    selection: &Selection,
    options: &Options,
) -> Begun {
    let known: Vec<String> = paths(pipeline).into_iter().map(|path| path.join("/")).collect();
    let (env, verb) = (env.clone(), pipeline.verb.clone());
    let note = note(cx, selection, "", fingerprint(&env, pipeline, options));
    Arc::new(move |step| {
        if known.iter().any(|path| path == step) {
            // Only a run that is killed needs it, and what cannot be written is said when it fails.
            let written = Note { step: step.to_owned(), ..note.clone() }.write(&env, &verb);
            tracing::debug!(step, ok = written.is_ok(), "noted for --resume");
        }
    })
}

fn note(cx: &Ctx, selection: &Selection, step: &str, fingerprint: Fingerprint) -> Note {
    Note {
        step: step.to_owned(),
        at: (cx.now)().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        fingerprint,
        only: selection.only.clone(),
        skip: selection.skip.clone(),
    }
}

impl Note {
    fn write(&self, env: &Environment, verb: &str) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| {
            Failure::new(Kind::Bug, format!("the note for `--resume` could not be written: {error}"))
        })?;
        Ok(disk::write(&file(env, verb), &bytes, disk::PRIVATE)?)
    }
}

/// The run reached its end: there is nothing to resume.
pub(crate) fn forget(env: &Environment, verb: &str) -> Result<(), Failure> {
    disk::remove(&file(env, verb)).map(|_| ()).map_err(Failure::from)
}

/// The part of the pipeline that is left of the last run, if everything is as it was then.
pub(crate) fn rest(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<Selection, Failure> {
    let verb = &pipeline.verb;
    let read = disk::read(&file(env, verb));
    let Some(note) = read.ok().and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok()) else {
        return Err(Failure::new(
            Kind::Usage,
            format!("nothing to resume: no run of `{verb}` on `{}` has stopped", env.name),
        )
        .help(format!("run it whole: `infractl {verb} {}`", env.name)));
    };
    let now = fingerprint(env, pipeline, options);
    let differs = differences(&note.fingerprint, &now);
    if !differs.is_empty() {
        let failure = Failure::new(Kind::Usage, differs.join("\n"))
            .context(format!("`{verb}` of {} cannot be resumed: it would be another run", note.at));
        return Err(failure.help(format!(
            "run it whole, or begin where it stopped all the same: `infractl {verb} {} --from {}`",
            env.name,
            shell_words::quote(&note.step)
        )));
    }
    cx.ui.note(format!("`{verb}` goes on at `{}`, where it stopped at {}", note.step, note.at));
    Ok(Selection { from: Some(note.step), only: note.only, skip: note.skip })
}

fn file(env: &Environment, verb: &str) -> PathBuf {
    env.home.join(".infractl/resume").join(&env.name).join(format!("{verb}.json"))
}

/// What is not as it was, one line each.
fn differences(then: &Fingerprint, now: &Fingerprint) -> Vec<String> {
    let mut all = Vec::new();
    if then.configuration != now.configuration {
        all.push("the configuration was changed".to_owned());
    }
    if then.commit != now.commit {
        let short = |commit: &Option<String>| {
            commit.as_ref().map_or("none".to_owned(), |id| id.chars().take(12).collect())
        };
        all.push(format!(
            "another commit is checked out: {}, then {}",
            short(&now.commit),
            short(&then.commit)
        ));
    }
    if then.arguments != now.arguments {
        all.push("other arguments were given after `--`".to_owned());
    }
    let names = then.files.keys().chain(now.files.keys().filter(|name| !then.files.contains_key(*name)));
    for name in names {
        match (then.files.get(name), now.files.get(name)) {
            (Some(_), None) => all.push(format!("{name} is gone")),
            (None, Some(_)) => all.push(format!("{name} is new")),
            (before, after) if before != after => all.push(format!("{name} was changed")),
            _ => {}
        }
    }
    all
}

fn fingerprint(env: &Environment, pipeline: &Pipeline, options: &Options) -> Fingerprint {
    let mut files = BTreeMap::new();
    for path in inputs(env, pipeline) {
        if let Ok(bytes) = disk::read(&path) {
            let name = path.strip_prefix(&env.root).unwrap_or(&path).display().to_string();
            files.insert(name, digest([bytes.as_slice()]));
        }
    }
    let document = env.document.to_json().to_string();
    // Two scenarios may say the same and have other steps.
    let scenario = env.scenario.as_ref().map(Chosen::name);
    Fingerprint {
        configuration: digest(
            [Some(&document), scenario.as_ref()].into_iter().flatten().map(String::as_bytes),
        ),
        commit: repository::head(&env.root),
        arguments: digest(options.extra.iter().map(String::as_bytes)),
        files,
    }
}

/// The files it works with: secrets as they lie on the disk, the root module, what is copied.
fn inputs(env: &Environment, pipeline: &Pipeline) -> Vec<PathBuf> {
    let mut all = env.secrets.files.clone();
    if let Some(terraform) = &env.terraform {
        all.extend(terraform.var_files.iter().cloned());
        let files = terraform.dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        all.extend(files.filter(|path| is_module_file(path)));
    }
    for leaf in pipeline.leaves() {
        leaf.work.kind().visit(env, &mut |mention| {
            if let Mention::File(path) = mention
                && path.is_file()
            {
                all.push(path.to_owned());
            }
        });
    }
    all.sort();
    all.dedup();
    all
}

fn is_module_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];
    !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end))
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let file = |name: &str, digest: &str| (name.to_owned(), digest.to_owned());
        let then = Fingerprint {
            configuration: "a".into(),
            commit: Some("0123456789abcdef".into()),
            arguments: "x".into(),
            files: [file("gone.tf", "1"), file("main.tf", "1"), file("same.tf", "1")].into(),
        };
        assert!(differences(&then, &then.clone()).is_empty());
        let now = Fingerprint {
            configuration: "b".into(),
            commit: None,
            arguments: "y".into(),
            files: [file("main.tf", "2"), file("new.tf", "1"), file("same.tf", "1")].into(),
        };
        assert_eq!(
            differences(&then, &now),
            [
                "the configuration was changed",
                "another commit is checked out: none, then 0123456789ab",
                "other arguments were given after `--`",
                "gone.tf is gone",
                "main.tf was changed",
                "new.tf is new",
            ]
        );
    }
}
