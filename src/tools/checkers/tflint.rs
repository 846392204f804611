//! tflint.

use serde_json::Value as Json;

use super::finding::{Finding, text};
use crate::exec::Cmd;

/// It reads `.tflint.hcl` of the folder.
pub(super) fn call() -> Cmd {
    Cmd::new("tflint").arg("--format=json")
}

/// Issues of rules, and what kept it from looking.
pub(super) fn read(document: &Json) -> Option<Vec<Finding>> {
    let issues = document["issues"].as_array()?.iter().map(|issue| Finding {
        is_error: issue["rule"]["severity"] == "error",
        message: text(&issue["message"]).unwrap_or_default(),
        rule: text(&issue["rule"]["name"]),
        file: text(&issue["range"]["filename"]),
        line: issue["range"]["start"]["line"].as_u64().filter(|line| *line > 0),
        ..Finding::default()
    });
    let errors = document["errors"].as_array().into_iter().flatten().map(|error| Finding {
        is_error: error["severity"] != "warning",
        message: [text(&error["summary"]), text(&error["message"])]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
        rule: None,
        file: text(&error["range"]["filename"]),
        line: error["range"]["start"]["line"].as_u64().filter(|line| *line > 0),
        ..Finding::default()
    });
    Some(issues.chain(errors).collect())
}
