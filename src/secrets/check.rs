//! What is wrong with the files of secrets, as far as it shows without a key.

use std::collections::BTreeSet;
use std::path::Path;

use super::covered::{self, Covered};
use super::error::{SecretsError, help_for, shown};
use super::labels::Labels;
use super::names::Remarks;
use super::rules::Rules;
use super::wrong::Wrong;
use super::{differs, sensitive};
use crate::sops::{self, Encrypted, Finding, Format};

/// Looks at the text of one file that a rule is for.
pub(crate) fn text(root: &Path, file: &Covered, bytes: &[u8], labels: &Labels) -> Vec<Wrong> {
    let name = shown(root, &file.path);
    let wrong = |message: String, help: Option<String>| Wrong { file: name.clone(), message, help };
    let rule = &file.rules.rules[file.rule];
    let format = format(&file.path, bytes);
    if !covered::looks_encrypted(bytes) {
        if bytes.trim_ascii().is_empty() {
            return Vec::new();
        }
        return vec![wrong(
            format!("not encrypted, and the rule at line {} of {} is for it", rule.line, file.rules.shown),
            Some(format!("run `infractl secrets encrypt --in-place {name}`")),
        )];
    }
    let mut found: Vec<Wrong> = Vec::new();
    let mut clear = Vec::new();
    for finding in sops::inspect(bytes, format) {
        match finding {
            Finding::Broken(error) => found.push(wrong(error.to_string(), help_for(&error, &name))),
            Finding::ClearValue { key } => clear.push(key),
            // sops tolerates it, and so do we.
            Finding::ClearComment { .. } => {}
        }
    }
    if !clear.is_empty() {
        found.push(wrong(
            format!("in clear, although they should be encrypted: {}", clear.join(", ")),
            Some(format!("change those secrets where they are used, take the last good version with `git checkout -- {name}` and set them with `infractl secrets set {name}`")),
        ));
    }
    if let Ok(encrypted) = Encrypted::parse(bytes, format) {
        found.extend(differs::readers(&encrypted, &file.rules, rule, &name, labels));
        found.extend(differs::content(&encrypted, &file.rules, rule, &name));
        if let Some(map) = encrypted.branches().first().filter(|_| format == Format::Dotenv) {
            let remarks = Remarks::of_names(map).wrong;
            if !remarks.is_empty() {
                let help = format!("change it with `infractl secrets edit {name}`");
                found.push(wrong(format!("no program can use this: {}", remarks.join(", ")), Some(help)));
            }
        }
    }
    found
}

/// What a file of this name and text is read as.
pub(crate) fn format(path: &Path, bytes: &[u8]) -> Format {
    super::store::parse(path, bytes, None)
        .map_or_else(|_| Format::from_path(&path.to_string_lossy()), |encrypted| encrypted.format())
}

/// Looks at every file of a project that a rule is for.
pub(crate) fn project(root: &Path, named: Option<&Path>) -> Result<Vec<Wrong>, SecretsError> {
    let labels = Labels::of_project(root, named);
    let mut found = Vec::new();
    for file in covered::files(root, named)? {
        let bytes = crate::disk::read(&file.path)?;
        found.extend(text(root, &file, &bytes, &labels));
    }
    Ok(found)
}

/// Looks at a text that is about to be committed under this name. `names` are those of all secrets.
pub(crate) fn staged(
    root: &Path,
    named: Option<&Path>,
    path: &Path,
    bytes: &[u8],
    names: &BTreeSet<String>,
    labels: &Labels,
) -> Result<Vec<Wrong>, SecretsError> {
    let file = shown(root, path);
    if let Some(rules) = Rules::find(root, named, path)? {
        let relative = rules.relative(path).to_string_lossy().into_owned();
        let rule = rules.rules.iter().position(|rule| rule.matches(&relative));
        let is_encrypted = covered::looks_encrypted(bytes);
        if let Some(rule) = rule.filter(|&rule| {
            !covered::is_beside(path) && (rules.rules[rule].pattern.is_some() || is_encrypted)
        }) {
            let covered = Covered { path: path.to_owned(), rules, rule, is_encrypted };
            return Ok(text(root, &covered, bytes, labels));
        }
    }
    Ok(sensitive::found(&file, bytes).or_else(|| plain(&file, bytes, names)).into_iter().collect())
}

/// A private key, or values under the names of secrets, in a file that nothing encrypts.
fn plain(file: &str, bytes: &[u8], names: &BTreeSet<String>) -> Option<Wrong> {
    let finder = memchr::memmem::Finder::new(b"AGE-SECRET-KEY-1");
    let says_harmless =
        file.contains("PROTECTS-NOTHING") || file.contains("test") || file.contains("fixture");
    if !says_harmless {
        let is_key =
            |at: usize| bytes[at + 16..].iter().take_while(|b| b.is_ascii_alphanumeric()).count() >= 50;
        if finder.find_iter(bytes).any(is_key) {
            return Some(Wrong {
                file: file.to_owned(),
                message: "holds a private age key".to_owned(),
                help: Some(format!("take it out of the commit with `git rm --cached {file}`")),
            });
        }
    }
    let ends = [".env", ".tfvars", ".envrc"];
    let is_candidate =
        ends.iter().any(|end| file.ends_with(end)) || file.contains("/.env.") || file.starts_with(".env.");
    if !is_candidate || covered::looks_encrypted(bytes) {
        return None;
    }
    let mut found = BTreeSet::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let line = line.trim().trim_start_matches("export ");
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
        if names.contains(key) && !value.is_empty() && !value.starts_with(['$', '<', '{']) {
            found.insert(key.to_owned());
        }
    }
    if found.is_empty() {
        return None;
    }
    let names: Vec<_> = found.into_iter().collect();
    Some(Wrong {
        file: file.to_owned(),
        message: format!("has values of {} in clear", names.join(", ")),
        help: Some(format!(
            "take it out of the commit with `git rm --cached {file}` and name it in .gitignore"
        )),
    })
}

/// The names of all secrets of a project.
pub(crate) fn names(root: &Path, named: Option<&Path>) -> Result<BTreeSet<String>, SecretsError> {
    let mut names = BTreeSet::new();
    for file in covered::files(root, named)?.into_iter().filter(|file| file.is_encrypted) {
        names.extend(super::names(&file.path).unwrap_or_default());
    }
    Ok(names)
}
