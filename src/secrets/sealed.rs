//! Other files that hold secrets of an environment, such as saved plans: encrypted for those who read its secrets.
//!
//! In the form that SOPS has for files of any kind: the same keys, groups and questions open them, and so do
//! `infractl secrets decrypt` and sops.

use std::path::Path;

use jiff::Timestamp;

use super::covered::looks_encrypted;
use super::labels::bare;
use super::{Keys, SecretsError, Store, Vars, create, fill, store, terminal};
use crate::config::Environment;
use crate::exec::Runner;
use crate::sops::{Format, KeyGroups, NewFile, Text};

/// Encrypts it; none when the project names nobody who could read it.
pub(crate) fn seal(
    runner: &dyn Runner,
    vars: &Vars,
    env: &Environment,
    (file, bytes): (&Path, &[u8]),
    now: Timestamp,
) -> Result<Option<Vec<u8>>, SecretsError> {
    let keys = Keys::new(vars.clone(), Vec::new(), terminal(true));
    let store = Store::new(env.root.clone(), keys, runner);
    let Some(recipients) = recipients(&store, env, file)? else { return Ok(None) };
    // What a rule leaves in clear is meant for files of secrets.
    let new = NewFile { recipients, rule: None, mac_only_encrypted: false };
    let plain = create::create(&store.shown(file), bytes, Format::Binary, &new)?;
    let sealed = plain.seal(now, &mut fill).map_err(|source| store.refused(file, source))?;
    store.verified(file, &plain, &sealed).map(Some)
}

/// Those for whom a file is encrypted; none when the project names nobody who could read it.
pub(super) fn recipients(
    store: &Store<'_>,
    env: &Environment,
    file: &Path,
) -> Result<Option<KeyGroups>, SecretsError> {
    Ok(match readers(env)? {
        Some(readers) => Some(readers),
        None => create::plan_by_rules(store, file).ok().map(|plan| plan.new.recipients),
    })
}

/// Those who read all secrets of an environment; none when it has no file of secrets.
fn readers(env: &Environment) -> Result<Option<KeyGroups>, SecretsError> {
    let mut found: Option<Vec<String>> = None;
    let mut last = None;
    for file in env.secrets.files.iter().filter(|file| file.is_file()) {
        let groups = store::read(&env.root, file, None)?.key_groups();
        if groups.groups.len() > 1 {
            return Ok(Some(groups));
        }
        let own: Vec<String> = groups.groups.into_iter().flatten().collect();
        let is_own = |key: &String| own.iter().any(|other| bare(other) == bare(key));
        found = Some(match found {
            Some(mut all) => {
                all.retain(is_own);
                all
            }
            None => own.clone(),
        });
        last = Some(own);
    }
    let all = found.filter(|all| !all.is_empty()).or(last);
    Ok(all.filter(|all| !all.is_empty()).map(KeyGroups::any_of))
}

/// Whether a file was encrypted like that.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{") && looks_encrypted(bytes)
}

/// Opens one with the keys of whoever runs infractl.
pub(crate) async fn open(
    runner: &dyn Runner,
    vars: &Vars,
    env: &Environment,
    no_input: bool,
    file: &Path,
) -> Result<Text, SecretsError> {
    let keys = Keys::new(vars.clone(), env.secrets.identities.clone(), terminal(no_input));
    let mut store = Store::new(env.root.clone(), keys, runner);
    let opened = store.open(file, Some(Format::Binary)).await?;
    opened.plain.to_bytes(Format::Binary).map_err(|source| store.refused(file, source))
}
