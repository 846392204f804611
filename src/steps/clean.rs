//! Removes what infractl keeps of an environment besides its history: after `down` nothing of it is left.

use std::path::PathBuf;

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::disk;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::hosts::login;
use crate::text::plural;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::{StepCx, relative};

/// Removes what infractl keeps of the environment besides its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clean;

impl StepKind for Clean {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Writes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move { run(step) })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(describe(step))
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

/// Removes it.
fn run(step: &StepCx<'_>) -> Result<String, Failure> {
    let mut removed = 0;
    for file in files(step) {
        removed += usize::from(disk::remove(&file)?);
    }
    Ok(if removed == 0 {
        "nothing was left".to_owned()
    } else {
        format!("{} removed", plural(removed, "file"))
    })
}

/// What a dry run says of it.
fn describe(step: &StepCx<'_>) -> Vec<String> {
    let remove = |file: PathBuf| format!("rm -f {}", shell_words::quote(&relative(step, &file)));
    files(step).into_iter().map(remove).collect()
}

/// What is there now: notes for the next init, for `when.changed` and for `--resume`.
fn files(step: &StepCx<'_>) -> Vec<PathBuf> {
    let kept = step.env.root.join(".infractl");
    let name = &step.env.name;
    let mut files = vec![
        kept.join(format!("init/{name}.json")),
        kept.join(format!("changed/{name}.json")),
        login::known_hosts(step.env),
    ];
    let resume = kept.join("resume").join(name);
    files.extend(resume.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()));
    files.retain(|file| file.exists());
    files
}
