//! Removes what infractl keeps of an environment besides its history: after `down` nothing of it is left.

use std::path::PathBuf;

use crate::disk;
use crate::failure::Failure;
use crate::hosts::login;
use crate::text::plural;
use crate::work::{StepCx, relative};

/// Removes it.
pub(crate) fn run(step: &StepCx<'_>) -> Result<String, Failure> {
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
pub(crate) fn describe(step: &StepCx<'_>) -> Vec<String> {
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
