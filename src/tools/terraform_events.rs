//! The machine-readable stream of `plan -json`, `apply -json` and `destroy -json`: one JSON object a line.
//!
//! Source: terraform's "Machine-Readable UI" documentation, and what 1.11 prints.

use serde::Deserialize;

use super::terraform_digest::Digest;

/// What terraform does to a resource, as its stream names it (`create`, `update`, `delete`, `replace`, …).
pub type Action = String;

/// One line of the stream, as far as infractl uses it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A resource will be changed.
    Planned {
        /// The resource.
        address: String,
        /// What will be done.
        action: Action,
    },
    /// A resource was changed behind terraform's back.
    Drift {
        /// The resource.
        address: String,
        /// What somebody did.
        action: Action,
    },
    /// All counted.
    Summary {
        /// The counts.
        digest: Digest,
        /// `plan`, `apply` or `destroy`.
        operation: String,
    },
    /// Work on a resource begins.
    Started {
        /// The resource.
        address: String,
        /// What is being done.
        action: Action,
    },
    /// A resource is done.
    Completed {
        /// The resource.
        address: String,
        /// What was done.
        action: Action,
        /// How long it took, in seconds.
        seconds: u64,
    },
    /// A resource failed; the reason comes as a diagnostic.
    Errored {
        /// The resource.
        address: String,
    },
    /// A provisioner of a resource says something.
    Provisioner {
        /// The resource.
        address: String,
        /// A line.
        text: String,
    },
    /// An error or a warning.
    Diagnostic(Diagnostic),
    /// Something else, for `-v`: its message.
    Other(String),
    /// Not an event: shown as it is.
    Text(String),
}

/// An error or a warning of terraform, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The headline.
    pub summary: String,
    /// The explanation; may have several lines.
    #[serde(default)]
    pub detail: String,
    /// The resource it is about.
    #[serde(default)]
    pub address: Option<String>,
    /// The place in the root module or a module.
    #[serde(default)]
    pub range: Option<Range>,
    /// The lines at that place.
    #[serde(default)]
    pub snippet: Option<Source>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Range {
    /// Relative to the root module.
    pub filename: String,
    /// Where it begins.
    pub start: Position,
}

/// A line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column.
    #[serde(default)]
    pub column: u64,
}

/// Lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// The block it is in, for instance `resource "aws_instance" "web"`.
    #[serde(default)]
    pub context: Option<String>,
    /// The lines.
    pub code: String,
    /// Line number of the first one.
    pub start_line: u64,
    /// Values of the expressions there.
    #[serde(default)]
    pub values: Vec<ExpressionValue>,
}

/// The value of an expression in a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExpressionValue {
    /// For instance `var.size`.
    #[serde(default)]
    pub traversal: String,
    /// For instance `is a string`.
    #[serde(default)]
    pub statement: String,
}

impl Diagnostic {
    /// As terraform shows it: headline, place, lines, explanation.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let head = if self.severity == "warning" { "Warning" } else { "Error" };
        text.push_str(&format!("{head}: {}\n", self.summary));
        if let Some(address) = &self.address {
            text.push_str(&format!("  with {address},\n"));
        }
        if let Some(range) = &self.range {
            text.push_str(&format!("  on {} line {}", range.filename, range.start.line));
            match self.snippet.as_ref().and_then(|snippet| snippet.context.as_ref()) {
                Some(context) => text.push_str(&format!(", in {context}:\n")),
                None => text.push_str(":\n"),
            }
        }
        if let Some(snippet) = &self.snippet {
            for (number, line) in (snippet.start_line..).zip(snippet.code.lines()) {
                text.push_str(&format!("  {number:>4}: {line}\n"));
            }
            for value in &snippet.values {
                text.push_str(&format!("    {} {}\n", value.traversal, value.statement));
            }
        }
        for line in self.detail.lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "@message", default)]
    message: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    change: Option<Change>,
    #[serde(default)]
    hook: Option<Hook>,
    #[serde(default)]
    changes: Option<Changes>,
    #[serde(default)]
    diagnostic: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    #[serde(default)]
    action: String,
}

#[derive(Deserialize)]
struct Hook {
    resource: Resource,
    #[serde(default)]
    action: String,
    #[serde(default)]
    elapsed_seconds: f64,
    #[serde(default)]
    output: String,
}

#[derive(Deserialize)]
struct Resource {
    addr: String,
}

#[derive(Deserialize)]
struct Changes {
    #[serde(default)]
    add: u64,
    #[serde(default)]
    change: u64,
    #[serde(default)]
    remove: u64,
    #[serde(default)]
    import: u64,
    #[serde(default)]
    operation: String,
}

/// Reads one line of the stream. A line that is no event (a plugin's print, a panic) comes back as text.
pub fn parse(line: &str) -> Event {
    let Ok(parsed) = serde_json::from_str::<Line>(line) else {
        return Event::Text(line.to_owned());
    };
    event(parsed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a run; a negative or huge number saturates"
)]
fn event(line: Line) -> Event {
    let Line { message, kind, change, hook, changes, diagnostic } = line;
    match (kind.as_str(), change, hook, changes, diagnostic) {
        ("planned_change", Some(c), ..) => Event::Planned { address: c.resource.addr, action: c.action },
        ("resource_drift", Some(c), ..) => Event::Drift { address: c.resource.addr, action: c.action },
        ("apply_start", _, Some(h), ..) => Event::Started { address: h.resource.addr, action: h.action },
        ("apply_complete", _, Some(h), ..) => {
            Event::Completed { address: h.resource.addr, action: h.action, seconds: h.elapsed_seconds as u64 }
        }
        ("apply_errored", _, Some(h), ..) => Event::Errored { address: h.resource.addr },
        ("provision_progress", _, Some(h), ..) => {
            Event::Provisioner { address: h.resource.addr, text: h.output }
        }
        ("change_summary", _, _, Some(c), _) => Event::Summary {
            digest: Digest {
                add: c.add,
                change: c.change,
                destroy: c.remove,
                import: c.import,
                ..Digest::default()
            },
            operation: c.operation,
        },
        ("diagnostic", .., Some(d)) => Event::Diagnostic(d),
        _ => Event::Other(message),
    }
}

/// Reads what `validate -json` printed.
pub fn parse_validate(stdout: &[u8]) -> Result<Vec<Diagnostic>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        diagnostics: Vec<Diagnostic>,
    }
    serde_json::from_slice::<Answer>(stdout).map(|answer| answer.diagnostics)
}

#[cfg(test)]
#[path = "terraform_events_tests.rs"]
mod tests;
