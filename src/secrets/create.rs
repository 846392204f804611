//! New encrypted files: for whom, and what of them is encrypted.

use std::path::{Path, PathBuf};

use super::covered;
use super::error::{SecretsError, shown};
use super::rules::{RULES_FILE, Rules};
use super::store::{Store, fill};
use crate::sops::{Format, KeyGroups, NewFile, Plain, Rule, SopsError};

/// What was asked for instead of what the rules say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Recipients, in place of those of the rule.
    pub recipients: Vec<String>,
    /// What is encrypted, in place of what the rule says.
    pub rule: Option<Rule>,
    /// Leave clear values out of the MAC.
    pub mac_only_encrypted: bool,
}

/// How a new file is encrypted and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// For whom, and what.
    pub new: NewFile,
    /// The line of the rules that says so; none when all of it was asked for.
    pub origin: Option<String>,
}

/// How a new file in a project is to be encrypted, by the rules alone.
pub(crate) fn plan_by_rules(store: &Store<'_>, path: &Path) -> Result<Plan, SecretsError> {
    let named = store.keys().named_rules();
    plan(store.root(), named.as_deref(), &[path.to_owned()], &Wanted::default())
}

/// How a new file at one of these places is to be encrypted: the first that a rule is for counts.
pub(crate) fn plan(
    root: &Path,
    named: Option<&Path>,
    places: &[PathBuf],
    wanted: &Wanted,
) -> Result<Plan, SecretsError> {
    let mut first_error = None;
    let mut found = None;
    for place in places {
        let path = root.join(place);
        let outcome = match Rules::find(root, named, &path) {
            Ok(Some(rules)) => rules.expect_rule(&path).map(|rule| (rule.clone(), rules.clone())),
            Ok(None) => Err(no_rules(root, &path)),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(rule) => {
                found = Some(rule);
                break;
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let mut plan = match (found, first_error) {
        (Some((rule, rules)), _) if wanted.recipients.is_empty() => {
            let origin = format!("the rule at line {} of {}", rule.line, rules.shown);
            Plan { new: rule.new_file(&rules)?, origin: Some(origin) }
        }
        (found, _) if !wanted.recipients.is_empty() => {
            let (rule, mac_only_encrypted) =
                found.map_or((None, false), |(rule, _)| (rule.rule, rule.mac_only_encrypted));
            let recipients = KeyGroups::any_of(wanted.recipients.clone());
            Plan { new: NewFile { recipients, rule, mac_only_encrypted }, origin: None }
        }
        (_, Some(error)) => return Err(error),
        (_, None) => return Err(no_rules(root, root)),
    };
    if wanted.rule.is_some() {
        plan.new.rule.clone_from(&wanted.rule);
    }
    plan.new.mac_only_encrypted |= wanted.mac_only_encrypted;
    Ok(plan)
}

/// An encrypted document from a plain text.
pub(crate) fn create(shown: &str, text: &[u8], format: Format, new: &NewFile) -> Result<Plain, SecretsError> {
    if format == Format::Binary && covered::looks_encrypted(text) {
        let source = SopsError::AlreadyEncrypted { key: "sops".to_owned() };
        return Err(SecretsError::Refused { file: shown.to_owned(), source });
    }
    Plain::create(text, format, new, &mut fill)
        .map_err(|source| SecretsError::Refused { file: shown.to_owned(), source })
}

fn no_rules(root: &Path, path: &Path) -> SecretsError {
    let message = format!("there is no `{RULES_FILE}` that says who may read `{}`", shown(root, path));
    // sops does not read it either, and says so.
    if root.join(".sops.yml").exists() {
        return SecretsError::Rules { message, help: format!("rename `.sops.yml` to `{RULES_FILE}`") };
    }
    SecretsError::Rules {
        message,
        help: "make a key and the rules with `infractl secrets keygen`, or name recipients with `--age`"
            .to_owned(),
    }
}

/// An error unless this is a public key that files can be encrypted for.
pub(crate) fn check_recipient(recipient: &str) -> Result<(), SecretsError> {
    let new = NewFile::for_recipients([recipient]);
    Plain::create(b"", Format::Dotenv, &new, &mut fill).map(drop).map_err(|source| SecretsError::Usage {
        message: source.to_string(),
        help: "give a public key: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`".to_owned(),
    })
}
