//! Secrets that are looked for.

use std::fs;
use std::path::{Path, PathBuf};

/// Every secret of a test begins like this, and must never be seen where it was not asked for.
pub(crate) const CANARY: &str = "CANARY-7f3a-";

/// Files in a folder that hold one of these texts. What comes and goes meanwhile is not looked at, nor what links lead to:
/// programs of many megabytes, and files that are looked at where they are.
pub(crate) fn holding<S: AsRef<str>>(folder: &Path, texts: &[S]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        let holds = || fs::read(&path).is_ok_and(|bytes| texts.iter().any(|text| has(&bytes, text.as_ref())));
        if kind.is_dir() {
            found.extend(holding(&path, texts));
        } else if kind.is_file() && holds() {
            found.push(path);
        }
    }
    found
}

/// Files in a folder that hold a canary.
pub(crate) fn in_clear(folder: &Path) -> Vec<PathBuf> {
    holding(folder, &[CANARY])
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}
