//! Tells what terraform says about places in files, and what it counted, to whoever listens: CI, reports, history.

use std::path::{Component, Path, PathBuf};

use crate::tools::terraform::diagnostic::Diagnostic;
use crate::tools::terraform::digest::Digest;
use crate::ui::event::{self, Event, Severity};
use crate::work::StepCx;

/// Tells a diagnostic with its place relative to the project.
pub(crate) fn tell(step: &StepCx<'_>, found: &Diagnostic) {
    // terraform names files as seen from the root module.
    let dir = step.env.terraform.as_ref().map_or(&step.env.root, |terraform| &terraform.dir);
    let file = found.range.as_ref().map(|range| place(step, dir, &range.filename));
    let diagnostic = event::Diagnostic {
        severity: if found.severity == "error" { Severity::Error } else { Severity::Warning },
        summary: found.summary.clone(),
        detail: found.detail.trim().to_owned(),
        file,
        line: found.range.as_ref().map(|range| range.start.line),
    };
    step.event(Event::Diagnostic { name: step.name.to_owned(), diagnostic });
}

/// Tells what a plan or an apply counted.
pub(crate) fn counted(step: &StepCx<'_>, digest: Digest) {
    let Digest { add, change, destroy, replace, import, moved, forgotten, outputs } = digest;
    let outputs = outputs || moved + forgotten > 0;
    let changes = event::Changes { add, change, destroy, replace, import, outputs };
    step.event(Event::Changes { name: step.name.to_owned(), changes });
}

/// A file as people know it, which is named as seen from this folder.
pub(crate) fn place(step: &StepCx<'_>, dir: &Path, file: &str) -> String {
    let path = without_dots(&dir.join(file));
    path.strip_prefix(&step.env.root).unwrap_or(&path).display().to_string()
}

/// The path without `.` and `..`, by its words alone: symbolic links are not looked at.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_words() {
        assert_eq!(
            without_dots(Path::new("/p/environments/dev/../../modules/x/./main.tf")),
            Path::new("/p/modules/x/main.tf")
        );
    }
}
