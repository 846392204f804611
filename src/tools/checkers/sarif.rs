//! SARIF 2.1.0, as far as findings with places go.

use serde_json::Value as Json;

use super::finding::{Finding, text};

/// The results of all runs that were not suppressed.
pub(super) fn read(document: &Json) -> Option<Vec<Finding>> {
    let runs = document["runs"].as_array()?.iter();
    let results = runs.flat_map(|run| run["results"].as_array().into_iter().flatten());
    let results = results.filter(|result| result["suppressions"].as_array().is_none_or(Vec::is_empty));
    Some(
        results
            .map(|result| {
                let place = &result["locations"][0]["physicalLocation"];
                let file = text(&place["artifactLocation"]["uri"]);
                Finding {
                    // What is not said is a warning; what has no level of its own is not said.
                    is_error: result["level"] == "error",
                    message: text(&result["message"]["text"]).unwrap_or_default(),
                    rule: text(&result["ruleId"]).or_else(|| text(&result["rule"]["id"])),
                    file: file.map(|file| file.trim_start_matches("file://").to_owned()),
                    line: place["region"]["startLine"].as_u64().filter(|line| *line > 0),
                    ..Finding::default()
                }
            })
            .collect(),
    )
}
