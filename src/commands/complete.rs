//! What a shell completes besides environments: hosts, steps, names of secrets, outputs, runs. Files are read; no program is
//! started and nothing is decrypted.

use clap_complete::engine::CompletionCandidate;

use super::{in_use, log_names, target};
use crate::config::{Environment, Project};
use crate::history;
use crate::pipeline::plan::{self, Verb};
use crate::pipeline::select;
use crate::secrets;
use crate::work::modules::Modules;

fn candidates<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<CompletionCandidate> {
    names.into_iter().map(|name| CompletionCandidate::new(name.into())).collect()
}

/// The words that were typed so far.
fn words() -> Vec<String> {
    std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The environment that the words name, else the one in use, else the project's default.
fn environment() -> Option<Environment> {
    let project: Project = target::around()?;
    let named = words().into_iter().find(|word| project.environments.contains(word));
    let name =
        named.or_else(|| in_use::read(&project).ok().flatten()).or(project.default_environment.clone())?;
    project.environment(&name).ok()
}

/// Hosts of the environment.
pub(super) fn hosts() -> Vec<CompletionCandidate> {
    candidates(environment().into_iter().flat_map(|env| env.hosts.into_keys()))
}

/// Environments, and what has a log in the one that was typed.
pub(super) fn with_logs() -> Vec<CompletionCandidate> {
    let names = environment().map(|env| log_names::names(&env)).unwrap_or_default();
    target::environments().into_iter().chain(candidates(names)).collect()
}

/// Environments, and the snapshots of the one that was typed.
pub(super) fn with_snapshots() -> Vec<CompletionCandidate> {
    let names = environment().map(|env| env.snapshots.into_keys().collect::<Vec<_>>()).unwrap_or_default();
    target::environments().into_iter().chain(candidates(names)).collect()
}

/// Steps of the verb or pipeline that was typed.
pub(super) fn steps() -> Vec<CompletionCandidate> {
    let Some(env) = environment() else { return Vec::new() };
    // The first word is the program's own name, behind a `--`.
    let verb = words().into_iter().skip(2).find(|word| !word.starts_with('-') && *word != env.name);
    let Some(verb) = verb else { return Vec::new() };
    let pipeline = plan::pipeline(&env, &Verb::named(&verb));
    let mut names: Vec<String> = select::paths(&pipeline).into_iter().flatten().collect();
    names.sort();
    names.dedup();
    candidates(names)
}

/// Names of the secrets of the environment.
pub(super) fn secret_names() -> Vec<CompletionCandidate> {
    let files = environment().map(|env| env.secrets.files).unwrap_or_default();
    let mut names: Vec<String> =
        files.iter().filter_map(|file| secrets::names(file).ok()).flatten().collect();
    names.sort();
    names.dedup();
    candidates(names)
}

/// Outputs of the environment, as its files declare them.
pub(super) fn outputs() -> Vec<CompletionCandidate> {
    let Some(env) = environment() else { return Vec::new() };
    let module = env.terraform.as_ref().and_then(|terraform| Modules::default().get(&terraform.dir).ok());
    let declared = module.map(|module| module.declared.outputs.clone()).unwrap_or_default();
    candidates(declared.into_iter().chain(env.outputs.into_keys()))
}

/// Numbers of runs, the last one first.
pub(super) fn runs() -> Vec<CompletionCandidate> {
    let numbers = target::around().map(|project| history::Store::of(&project.root).numbers());
    candidates(numbers.unwrap_or_default().into_iter().rev().map(|number| number.to_string()))
}
