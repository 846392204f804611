//! The files that the rules of a project are for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::SecretsError;
use super::rules::{RULES_FILE, Rules};
use crate::disk;

/// Folders that hold no file of the project's own.
const SKIPPED: [&str; 6] = [".git", ".terraform", ".infractl", "target", "node_modules", ".venv"];

/// Longer files are no files of secrets.
const LONGEST: u64 = 64 << 20;

/// Endings of what stands beside files of secrets and is none.
const BESIDE: [&str; 6] = [".example", ".md", ".sample", ".template", ".toml", ".pub"];

/// A file that a rule is for.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// The rules.
    pub rules: Rules,
    /// The number of its rule.
    pub rule: usize,
    /// Whether it looks encrypted by sops.
    pub is_encrypted: bool,
}

/// Every file of a project that a rule is for, in order of their paths. A rule without a pattern is for every file,
/// so there only those count that look encrypted.
pub(crate) fn files(root: &Path, named: Option<&Path>) -> Result<Vec<Covered>, SecretsError> {
    let mut found = Vec::new();
    match named {
        Some(named) => walk(root, root, Some(&Rules::read(root, named)?), true, &mut found)?,
        None => walk(root, root, None, false, &mut found)?,
    }
    // A link to a file is the file: it counts once, by its own name.
    found.sort_by_cached_key(|file| (file.path.is_symlink(), file.path.clone()));
    let mut seen = HashSet::new();
    found.retain(|file| seen.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone())));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(
    root: &Path,
    folder: &Path,
    above: Option<&Rules>,
    is_named: bool,
    found: &mut Vec<Covered>,
) -> Result<(), SecretsError> {
    let own = folder.join(RULES_FILE);
    let own = if !is_named && own.is_file() { Some(Rules::read(root, &own)?) } else { None };
    let rules = own.as_ref().or(above);
    let Ok(entries) = folder.read_dir() else { return Ok(()) };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let (path, name) = (entry.path(), entry.file_name());
        if kind.is_dir() {
            // What another infractl writes at this moment is no file of its own.
            let is_unfinished = name.to_string_lossy().contains(disk::MARK);
            if !is_unfinished && !SKIPPED.iter().any(|skipped| name == *skipped) {
                walk(root, &path, rules, is_named, found)?;
            }
        } else if let Some(rules) = rules
            && (kind.is_file() || (kind.is_symlink() && path.is_file()))
        {
            found.extend(covered(&path, rules)?);
        }
    }
    Ok(())
}

/// The rule for a file, if one is.
pub(crate) fn covered(path: &Path, rules: &Rules) -> Result<Option<Covered>, SecretsError> {
    let relative = rules.relative(path).to_string_lossy().into_owned();
    let Some(rule) = rules.rules.iter().position(|rule| rule.matches(&relative)) else { return Ok(None) };
    if is_beside(path) || path.metadata().is_ok_and(|meta| meta.len() > LONGEST) {
        return Ok(None);
    }
    let is_encrypted = looks_encrypted(&disk::read(path)?);
    if rules.rules[rule].pattern.is_none() && !is_encrypted {
        return Ok(None);
    }
    Ok(Some(Covered { path: path.to_owned(), rules: rules.clone(), rule, is_encrypted }))
}

/// True for templates, notes and settings that stand beside files of secrets.
pub(crate) fn is_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    BESIDE.iter().any(|end| name.ends_with(end))
        || matches!(&*name, ".gitignore" | ".gitattributes" | ".gitkeep" | RULES_FILE)
}

/// True for a text with the metadata of sops, damaged or not.
pub(crate) fn looks_encrypted(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    let block = has(b"\nsops:") || bytes.starts_with(b"sops:") || has(b"\"sops\":");
    (has(b"sops_mac=") || has(b"sops_version="))
        || (block && (has(b"lastmodified") || has(b"ENC[AES256_GCM")))
}
