//! The mechanism of a step: what it works with, what it needs to know, the values of its templates, its conditions, and
//! how it is told as a script. Nothing here names a kind of step.

pub(crate) mod picked;
pub(crate) mod marked;
pub(crate) mod when;
pub(crate) mod child;
pub(crate) mod typed;
pub(crate) mod values;
pub(crate) mod needs;
pub(crate) mod root_module;
pub(crate) mod kind;
pub(crate) mod script;
pub(crate) mod schedule;
mod cx;
mod started;
pub(crate) mod container;
mod heard;
pub(crate) mod ear;
mod facts;
pub(crate) mod images;
pub(crate) mod modules;
pub(crate) mod connections;

use std::path::Path;

use crate::exec::Cmd;
use crate::failure::Failure;

pub(crate) use cx::{Frame, StepCx};
pub(crate) use facts::{Facts, OpenedPlan, SavedPlan};
pub(crate) use heard::{Crash, Heard};

/// What a comparison of a file came to; a difference is remembered. `is_stale` is none where there is no file.
pub(crate) fn compared(step: &mut StepCx<'_>, shown: &str, is_stale: Option<bool>) -> String {
    let text = match is_stale {
        Some(false) => return format!("{shown} is up to date"),
        Some(true) => format!("{shown} is stale"),
        None => format!("{shown} is missing"),
    };
    step.facts.differences.push(text.clone());
    text
}

/// What came of writing a file again when a destroy left something; it stays as it was when that is not to be done.
pub(crate) fn of_what_is_left(step: &StepCx<'_>, shown: &str, written: Result<String, Failure>) -> String {
    match written {
        Ok(written) => format!("{written}, of what is left"),
        Err(failure) => {
            step.cx.ui.warn(format!("`{shown}` stays as it was: {:#}", failure.error));
            format!("{shown} stays")
        }
    }
}

/// A path as people know it: relative to the project.
pub(crate) fn relative(step: &StepCx<'_>, path: &Path) -> String {
    below(&step.env.root, path)
}

/// The same for a root that is known.
pub(crate) fn below(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}

/// A command with the folder it runs in, as one line of shell.
pub(crate) fn shown_in(cmd: &Cmd) -> String {
    let cmd = container::shown(cmd);
    match &cmd.dir {
        Some(dir) => format!("(cd {} && {cmd})", shell_words::quote(&dir.to_string_lossy())),
        None => cmd.to_string(),
    }
}
