//! What terraform's stream of a change tells: shown, and summed up.

use super::{StepCx, diagnostics};
use crate::tools::terraform_digest::Digest;
use crate::tools::terraform_events::{Diagnostic, Event as Told};
use crate::ui::event::Level;

/// Shows an event of the stream.
pub(super) fn show(step: &StepCx<'_>, told: &Told) {
    match told {
        Told::Diagnostic(diagnostic) => {
            let level = if diagnostic.severity == "error" { Level::Important } else { Level::Normal };
            for line in diagnostic.text().lines() {
                step.line(level, line);
            }
            diagnostics::tell(step, diagnostic);
        }
        Told::Completed { address, action, seconds } => {
            step.line(Level::Detail, format!("{address}: {action} complete after {seconds} s"));
        }
        Told::Errored { address } => step.line(Level::Normal, format!("{address}: failed")),
        Told::Provisioner { address, text } => step.line(Level::Detail, format!("{address}: {text}")),
        Told::Planned { address, action } => step.line(Level::Detail, format!("{address}: to {action}")),
        Told::Drift { address, action } => {
            step.line(Level::Normal, format!("{address}: changed behind terraform's back ({action})"));
        }
        Told::Text(text) => step.line(Level::Normal, text),
        Told::Other(text) => step.line(Level::Detail, text),
        Told::Started { .. } | Told::Summary { .. } => {}
    }
}

/// What the stream of a change told so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) planned: usize,
    pub(super) done: usize,
    replaced: u64,
    running: Vec<String>,
    digest: Digest,
    pub(super) finished: bool,
    diagnostics: Vec<Diagnostic>,
    raw: String,
}

impl Progress {
    pub(super) fn take(&mut self, told: &Told) {
        match told {
            Told::Planned { action, .. } => {
                self.planned += 1;
                if action == "replace" {
                    // Counted as a destroy and a create in the stream: two pieces of work.
                    self.planned += 1;
                    self.replaced += 1;
                }
            }
            Told::Started { address, action } => self.running.push(format!("{} {address}", doing(action))),
            Told::Completed { address, .. } | Told::Errored { address } => {
                self.running
                    .retain(|running| running.split_once(' ').is_none_or(|(_, name)| name != address));
                if matches!(told, Told::Completed { .. }) {
                    self.done += 1;
                }
            }
            Told::Summary { digest, operation } => {
                self.digest = *digest;
                self.finished = operation != "plan";
            }
            Told::Diagnostic(diagnostic) if diagnostic.severity == "error" => {
                self.diagnostics.push(diagnostic.clone());
            }
            Told::Text(text) if self.raw.len() < 8192 => {
                self.raw.push_str(text);
                self.raw.push('\n');
            }
            _ => {}
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        if self.planned == 0 {
            return None;
        }
        let now = self.running.last().map_or(String::new(), |running| format!(", {running}"));
        Some(format!("{}/{} resources{now}", self.done, self.planned))
    }

    pub(super) fn digest(&self) -> Digest {
        Digest {
            add: self.digest.add.saturating_sub(self.replaced),
            destroy: self.digest.destroy.saturating_sub(self.replaced),
            replace: self.replaced,
            ..self.digest
        }
    }

    /// The errors as text, for advice; what was no event, and the tail of standard error, besides.
    pub(super) fn errors(&self, stderr: &str) -> String {
        let mut text: String = self.diagnostics.iter().map(|found| found.text() + "\n").collect();
        text.push_str(&self.raw);
        text.push_str(stderr);
        text
    }
}

fn doing(action: &str) -> &'static str {
    match action {
        "create" => "creating",
        "update" => "changing",
        "delete" => "destroying",
        "read" => "reading",
        _ => "working on",
    }
}
