//! The verbs of the runbook, each with what a dry run says.

use std::sync::{Arc, Mutex, PoisonError};

use super::form::{cell, code, table};
use crate::config::Environment;
use crate::config::verbs::{self, Effect};
use crate::context::Ctx;
use crate::pipeline::engine::{self, Options};
use crate::pipeline::plan::{self, Verb};

/// A verb, and what it would do.
pub(super) struct Told {
    name: String,
    effect: Effect,
    /// The lines of a dry run.
    pub(super) lines: Vec<String>,
    /// Why it does nothing here.
    refused: Option<String>,
}

/// All of them: those that have steps in every project, what only looks first; then the project's own.
pub(super) async fn all(cx: &Ctx, env: &Environment) -> Vec<Told> {
    let mut usual: Vec<&str> = verbs::built_in().filter(|name| is_told(name)).collect();
    usual.sort_by_key(|name| verbs::find(name).map(|verb| verb.effect));
    let own = env.pipelines.keys().map(String::as_str).filter(|name| !usual.contains(name));
    let names: Vec<&str> = usual.iter().copied().chain(own).collect();
    let mut all = Vec::new();
    for name in names {
        all.push(Box::pin(told(cx, env, name)).await);
    }
    all
}

/// Not what only makes files here, and not what a section of its own tells.
fn is_told(name: &str) -> bool {
    let is_more = verbs::find(name).is_some_and(|verb| verb.effect != Effect::Writes);
    is_more && verbs::is_kept(name) && !verbs::makes_backend(name) && !["promote", "rollback"].contains(&name)
}

async fn told(cx: &Ctx, env: &Environment, name: &str) -> Told {
    let pipeline = plan::pipeline(env, &Verb::named(name));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&lines);
    let hear = move |line: &str| hears.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    let options = Options { dry_run: true, told: Some(Arc::new(hear)), ..Options::default() };
    let ended = Box::pin(engine::run(cx, env, &pipeline, &options)).await;
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let refused = ended.err().map(|failure| format!("{:#}", failure.error));
    Told { name: name.to_owned(), effect: pipeline.effect(), lines, refused }
}

/// The section about them.
pub(super) fn section(env: &Environment, all: &[Told]) -> String {
    let mut text = format!(
        "\n## Verbs\n\nWhat each of them does, as `--dry-run` says it. `infractl VERB {0} --print` prints the same as a script for \
         bash, for a day without infractl. After a failure: `--resume` goes on where it stopped.\n",
        env.name
    );
    for told in all.iter().filter(|told| told.refused.is_none()) {
        text.push_str(&one(env, told));
    }
    let refused: Vec<[String; 2]> =
        all.iter().filter_map(|told| Some([code(&told.name), cell(told.refused.as_deref()?)])).collect();
    if !refused.is_empty() {
        text.push_str("\n### Not here\n");
        text.push_str(&table(["verb", "why"], refused));
    }
    text
}

fn one(env: &Environment, told: &Told) -> String {
    let name = &env.name;
    let mut text = format!("\n### `infractl {} {name}`\n\n{}", told.name, words(told.effect));
    if told.effect >= Effect::Changes && env.protected {
        text.push_str(&format!(" Asks for the name of `{name}`; where nobody is asked: `--confirm {name}`."));
    }
    let lines: Vec<&str> = told.lines.iter().flat_map(|line| line.lines()).map(str::trim_end).collect();
    text.push('\n');
    if !lines.is_empty() {
        text.push_str(&format!("\n{}\n", crate::text::fenced(&lines.join("\n"))));
    }
    text
}

fn words(effect: Effect) -> &'static str {
    match effect {
        Effect::Reads => "Looks, and changes nothing.",
        Effect::Writes => "Writes files on this machine, and changes nothing elsewhere.",
        Effect::Changes => "Changes the environment: one run at a time.",
        Effect::Stops => "Takes something away for a while: the environment has to be named.",
        Effect::Destroys => "**Takes something down for good**: the environment has to be named.",
    }
}
