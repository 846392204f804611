//! `terraform fmt -check -diff`: a difference for each file.

use super::finding::Finding;

/// The files, each with the first line that would be another.
pub(super) fn read(text: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut next = None;
    for line in text.lines() {
        if let Some(file) = line.strip_prefix("--- old/") {
            found.push(Finding {
                is_error: true,
                message: "the file is not formatted".to_owned(),
                file: Some(file.to_owned()),
                ..Finding::default()
            });
            next = None;
            continue;
        }
        let Some(file) = found.last_mut().filter(|file| file.line.is_none()) else { continue };
        match next {
            None => next = line.strip_prefix("@@ -").and_then(first),
            Some(at) if line.starts_with(['-', '+']) => file.line = Some(at.max(1)),
            Some(at) => next = Some(at + 1),
        }
    }
    found
}

/// `12,5 +12,6 @@` begins at line 12.
fn first(hunk: &str) -> Option<u64> {
    hunk.split([',', ' ']).next()?.parse().ok()
}
