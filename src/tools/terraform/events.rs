//! The machine-readable stream of `plan -json`, `apply -json` and `destroy -json`: one JSON object a line.
//!
//! Source: terraform's "Machine-Readable UI" documentation, and what 1.11 prints.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tools::terraform;
use crate::tools::terraform::diagnostic::{Diagnostic, clean};
use crate::tools::terraform::digest::Digest;

/// What terraform does to a resource, as its stream names it (`create`, `update`, `delete`, `replace`, …).
pub(crate) type Action = String;

/// One line of the stream, as far as infractl uses it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A resource will be changed.
    Planned {
        /// The resource.
        address: String,
        /// What will be done.
        action: Action,
        /// It had another address before.
        moved: bool,
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
    /// Outputs were looked at; true when some of them change.
    Outputs(bool),
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
    #[serde(default)]
    outputs: Option<BTreeMap<String, OutputChange>>,
}

#[derive(Deserialize)]
struct OutputChange {
    /// In a plan; an output that was applied has none.
    #[serde(default)]
    action: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    #[serde(default)]
    previous_resource: Option<Resource>,
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
pub(crate) fn parse(line: &str) -> Event {
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
    let Line { message, kind, change, hook, changes, diagnostic, outputs } = line;
    match (kind.as_str(), change, hook, changes, diagnostic) {
        ("planned_change", Some(c), ..) => Event::Planned {
            address: c.resource.addr,
            moved: c.previous_resource.is_some(),
            action: c.action,
        },
        ("resource_drift", Some(c), ..) => Event::Drift { address: c.resource.addr, action: c.action },
        ("apply_start", _, Some(h), ..) => Event::Started { address: h.resource.addr, action: h.action },
        ("apply_complete", _, Some(h), ..) => {
            Event::Completed { address: h.resource.addr, action: h.action, seconds: h.elapsed_seconds as u64 }
        }
        ("apply_errored", _, Some(h), ..) => Event::Errored { address: h.resource.addr },
        ("provision_progress", _, Some(h), ..) => {
            Event::Provisioner { address: h.resource.addr, text: clean(&h.output).into_owned() }
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
        ("outputs", ..) => {
            let changes = |change: &OutputChange| change.action.as_deref().is_some_and(|done| done != "noop");
            Event::Outputs(outputs.is_some_and(|all| all.values().any(changes)))
        }
        ("diagnostic", .., Some(d)) => Event::Diagnostic(d.cleaned()),
        _ => Event::Other(clean(&message).into_owned()),
    }
}

/// Reads what `validate -json` printed.
pub(crate) fn parse_validate(stdout: &[u8]) -> Result<Vec<Diagnostic>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        diagnostics: Vec<Diagnostic>,
    }
    serde_json::from_slice::<Answer>(terraform::document(stdout))
        .map(|answer| answer.diagnostics.into_iter().map(Diagnostic::cleaned).collect())
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
