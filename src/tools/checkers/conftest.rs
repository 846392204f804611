//! conftest. It knows files, no lines.

use serde_json::Value as Json;

use super::finding::{Finding, text};
use crate::exec::Cmd;

/// What terraform keeps in the folder is not the project's.
pub(super) fn call() -> Cmd {
    Cmd::new("conftest").args(["test", "--output=json", r"--ignore=\.terraform", "."])
}

/// Failures and warnings of each file.
pub(super) fn read(document: &Json) -> Option<Vec<Finding>> {
    let mut found = Vec::new();
    for file in document.as_array()? {
        file.as_object()?;
        for (key, is_error) in [("failures", true), ("warnings", false)] {
            for one in file[key].as_array().into_iter().flatten() {
                found.push(Finding {
                    is_error,
                    message: text(&one["msg"]).unwrap_or_default(),
                    rule: text(&file["namespace"]).filter(|name| name != "main"),
                    file: text(&file["filename"]).filter(|name| name != "Combined"),
                    ..Finding::default()
                });
            }
        }
    }
    Some(found)
}
