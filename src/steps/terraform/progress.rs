//! What terraform's stream of a change tells: shown, and summed up.

use crate::steps::terraform::diagnostics;
use crate::tools::terraform::diagnostic::Diagnostic;
use crate::tools::terraform::digest::Digest;
use crate::tools::terraform::events::Event as Told;
use crate::ui::event::Level;
use crate::work::StepCx;

/// Bytes shown of a line that is no event.
const MOST: usize = 4096;

/// Shows an event of the stream.
pub(crate) fn show(step: &StepCx<'_>, told: &Told) {
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
        Told::Planned { address, action, .. } => step.line(Level::Detail, format!("{address}: to {action}")),
        Told::Drift { address, action } => {
            step.line(Level::Normal, format!("{address}: changed behind terraform's back ({action})"));
        }
        Told::Text(text) => step.line(Level::Normal, shortened(text)),
        Told::Other(text) => step.line(Level::Detail, text),
        Told::Started { .. } | Told::Summary { .. } | Told::Outputs(_) => {}
    }
}

/// What is no event may be a piece of one that was too long.
fn shortened(text: &str) -> &str {
    let end = (0..=text.len().min(MOST)).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// What the stream of a change told so far.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) planned: usize,
    pub(crate) done: usize,
    replaced: u64,
    moved: u64,
    forgotten: u64,
    outputs: bool,
    running: Vec<String>,
    digest: Digest,
    pub(crate) finished: bool,
    diagnostics: Vec<Diagnostic>,
    raw: String,
}

impl Progress {
    pub(crate) fn take(&mut self, told: &Told) {
        match told {
            Told::Planned { action, moved, .. } => {
                self.moved += u64::from(*moved);
                match action.as_str() {
                    // Counted as a destroy and a create in the stream: two pieces of work.
                    "replace" => {
                        self.planned += 2;
                        self.replaced += 1;
                    }
                    "remove" | "forget" => self.forgotten += 1,
                    // Nothing is done about these.
                    "move" | "import" | "noop" | "read" => {}
                    _ => self.planned += 1,
                }
            }
            Told::Outputs(change) => self.outputs |= change,
            Told::Started { address, action } => self.running.push(format!("{} {address}", doing(action))),
            Told::Completed { action, .. } if action == "read" => {}
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

    pub(crate) fn text(&self) -> Option<String> {
        if self.planned == 0 {
            return None;
        }
        let now = self.running.last().map_or(String::new(), |running| format!(", {running}"));
        Some(format!("{}/{} resources{now}", self.done, self.planned))
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest {
            add: self.digest.add.saturating_sub(self.replaced),
            destroy: self.digest.destroy.saturating_sub(self.replaced),
            replace: self.replaced,
            moved: self.moved,
            forgotten: self.forgotten,
            outputs: self.outputs,
            ..self.digest
        }
    }

    /// The errors as text, for advice; what was no event, and the tail of standard error, besides.
    pub(crate) fn errors(&self, stderr: &str) -> String {
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
