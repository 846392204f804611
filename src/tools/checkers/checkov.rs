//! checkov.

use serde_json::Value as Json;

use super::finding::{Finding, text};
use crate::exec::Cmd;
use crate::text::plural;

/// What it finds in the root module, without asking its maker for links and severities.
pub(super) fn call() -> Cmd {
    let args = [
        "--directory",
        ".",
        "--framework",
        "terraform",
        "--output",
        "json",
        "--compact",
        "--quiet",
        "--skip-download",
    ];
    Cmd::new("checkov").args(args)
}

/// Checks that failed. It prints one report, or a list with one for each framework; one without results where there was
/// nothing to look at.
pub(super) fn read(document: &Json) -> Option<Vec<Finding>> {
    let reports = document.as_array().map_or(std::slice::from_ref(document), Vec::as_slice);
    let mut found = Vec::new();
    for report in reports {
        let results = report.as_object()?.get("results").unwrap_or(&Json::Null);
        found.extend(results["failed_checks"].as_array().into_iter().flatten().map(failed));
        let unreadable = results["parsing_errors"].as_array();
        found.extend(unreadable.into_iter().flatten().map(unread));
        // A short report counts them without their names; checkov itself ends with 0.
        let count = report["summary"]["parsing_errors"].as_u64().filter(|_| unreadable.is_none());
        let count = count.and_then(|count| usize::try_from(count).ok());
        found.extend(count.filter(|count| *count > 0).map(unnamed));
    }
    Some(found)
}

fn failed(check: &Json) -> Finding {
    let name = text(&check["check_name"]).unwrap_or_default();
    Finding {
        is_error: true,
        message: match text(&check["resource"]) {
            Some(resource) => format!("{resource}: {name}"),
            None => name,
        },
        rule: text(&check["check_id"]),
        file: file(&check["file_path"]),
        line: check["file_line_range"][0].as_u64().filter(|line| *line > 0),
        ..Finding::default()
    }
}

fn unread(path: &Json) -> Finding {
    let message = "the file could not be read".to_owned();
    Finding { is_error: true, message, file: file(path), ..Finding::default() }
}

fn unnamed(count: usize) -> Finding {
    let message = format!("{} could not be read", plural(count, "file"));
    Finding { is_error: true, message, ..Finding::default() }
}

/// Seen from the folder, with a slash before it.
fn file(path: &Json) -> Option<String> {
    text(path).map(|path| path.trim_start_matches('/').to_owned())
}
