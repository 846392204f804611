//! Where the values come from that the steps of a run name: every one is captured before it is used, or known from
//! before. Pure, but for the notes of the last run.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::select::{Selection, paths};
use super::{OnFailure, Pipeline, Step, What, plan, recorded};
use crate::config::Environment;
use crate::config::model::Capture;
use crate::config::verbs::Effect;
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::work::needs::Needs;

/// A pipeline whose values are all known when they are used, and those that are known from before.
pub(crate) struct Supplied {
    /// With the steps in front that say again what is a secret.
    pub pipeline: Pipeline,
    /// Those of the last run, by name.
    pub values: IndexMap<String, String>,
    /// When that was.
    pub at: String,
}

/// Gives the selected steps the values that they use; an error when nobody can.
pub(crate) fn supplied(
    env: &Environment,
    whole: &Pipeline,
    selected: Pipeline,
    selection: &Selection,
) -> Result<Supplied, Failure> {
    let recorded = recorded::read(env, &whole.verb);
    let mut values = IndexMap::new();
    let mut first: Vec<Step> = Vec::new();
    let mut missing = missing(env, &selected);
    while !missing.is_empty() {
        let (name, user) = missing.remove(0);
        let Some((path, step, capture)) = capturing(env, whole, &name) else {
            return Err(nobody(env, whole, &name, &user));
        };
        if selection.is_all() {
            return Err(late(env, whole, &name, &user, &step.name));
        }
        match recorded.values.get(&name).filter(|_| !capture.secret) {
            Some(value) => drop(values.insert(name, value.clone())),
            None if step.effect(&env.name) == Effect::Reads => {
                if !first.iter().any(|known| known.name == step.name) {
                    let mut again = step.clone();
                    again.rules.when = None;
                    first.push(again);
                }
                let alone = Pipeline { steps: vec![step.clone()], ..whole.clone() };
                let known = |name: &String| {
                    values.contains_key(name)
                        || first.iter().any(|step| step.rules.capture.contains_key(name))
                };
                missing.extend(self::missing(env, &alone).into_iter().filter(|(name, _)| !known(name)));
            }
            None => return Err(left_out(env, whole, &name, &user, &path, capture)),
        }
    }
    if first.is_empty() {
        return Ok(Supplied { pipeline: selected, values, at: recorded.at });
    }
    let order: Vec<String> = whole.steps.iter().flat_map(names).collect();
    first.sort_by_key(|step| order.iter().position(|name| *name == step.name));
    let steps = first.into_iter().chain(selected.steps).collect();
    let pipeline = plan::prepared(env, Pipeline { steps, ..whole.clone() });
    Ok(Supplied { pipeline, values, at: recorded.at })
}

/// The names of a step and of those in it.
fn names(step: &Step) -> Vec<String> {
    let inside = match &step.what {
        What::Steps(steps) => steps.iter().flat_map(names).collect(),
        What::Work(_) => Vec::new(),
    };
    std::iter::once(step.name.clone()).chain(inside).collect()
}

/// Values that a step names before one has captured them, each with the step.
fn missing(env: &Environment, pipeline: &Pipeline) -> Vec<(String, String)> {
    let mut way = Way { env, captured: BTreeSet::new(), missing: Vec::new() };
    way.steps(&pipeline.steps);
    way.missing
}

struct Way<'a> {
    env: &'a Environment,
    captured: BTreeSet<String>,
    missing: Vec<(String, String)>,
}

impl Way<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps.iter().filter(|step| !step.is_elsewhere(&self.env.name)) {
            let rules = &step.rules;
            if let Some(unless) = &rules.unless {
                self.uses(Needs::of(self.env, unless.kind(), None), step);
            }
            match &step.what {
                What::Work(work) => self.uses(Needs::of(self.env, work.kind(), None), step),
                What::Steps(inside) => self.steps(inside),
            }
            if let OnFailure::Steps(instead) = &rules.on_failure {
                let before = self.captured.clone();
                self.steps(instead);
                self.captured = before;
            }
            self.captured.extend(rules.capture.keys().cloned());
            if let Some(verify) = &rules.verify {
                self.uses(Needs::of(self.env, verify.kind(), None), step);
            }
        }
    }

    fn uses(&mut self, needs: Needs, step: &Step) {
        let read = |name: &String| self.env.values.contains_key(name);
        let names = needs.value_names.into_iter().filter(|name| !read(name) && !self.captured.contains(name));
        for name in names.collect::<Vec<_>>() {
            if !self.missing.iter().any(|(known, _)| *known == name) {
                self.missing.push((name, step.name.clone()));
            }
        }
    }
}

/// The step that captures a value, with the way to it.
fn capturing<'a>(
    env: &Environment,
    whole: &'a Pipeline,
    name: &str,
) -> Option<(String, &'a Step, &'a Capture)> {
    fn find<'a>(
        env: &Environment,
        steps: &'a [Step],
        above: &str,
        name: &str,
    ) -> Option<(String, &'a Step, &'a Capture)> {
        steps.iter().filter(|step| !step.is_elsewhere(&env.name)).find_map(|step| {
            let path = if above.is_empty() { step.name.clone() } else { format!("{above}/{}", step.name) };
            if let Some(capture) = step.rules.capture.get(name) {
                return Some((path, step, capture));
            }
            match &step.what {
                What::Steps(inside) => find(env, inside, &path, name),
                What::Work(_) => None,
            }
        })
    }
    find(env, &whole.steps, "", name)
}

fn nobody(env: &Environment, whole: &Pipeline, name: &str, user: &str) -> Failure {
    let message = format!("`{user}` uses `{{{{value.{name}}}}}`, which no step of `{}` captures", whole.verb);
    let own = env.pipelines.keys().filter(|own| {
        let pipeline = plan::pipeline(env, &plan::Verb::named(own));
        capturing(env, &pipeline, name).is_some()
    });
    let own: Vec<String> = own.cloned().collect();
    let captures = if own.len() == 1 { "captures" } else { "capture" };
    let help = match own.as_slice() {
        [] => "capture it in a step before, or declare it in `[values]`".to_owned(),
        own => format!("{} {captures} it: capture it in a step before this one as well", list(own, "and")),
    };
    problem(env, whole, name, message, help)
}

fn late(env: &Environment, whole: &Pipeline, name: &str, user: &str, step: &str) -> Failure {
    let message = format!("`{user}` uses `{{{{value.{name}}}}}` before `{step}` captures it");
    problem(env, whole, name, message, format!("put `{step}` first"))
}

/// At the first place where the pipeline names the value, if a file has it.
fn problem(env: &Environment, whole: &Pipeline, name: &str, message: String, help: String) -> Failure {
    match env.document.value_problem(&whole.verb, name, message.clone(), help.clone()) {
        Some(problem) => Failure::problems(Kind::Config, vec![problem]),
        None => Failure::new(Kind::Config, message).help(help),
    }
}

fn left_out(
    env: &Environment,
    whole: &Pipeline,
    name: &str,
    user: &str,
    path: &str,
    capture: &Capture,
) -> Failure {
    let why = if capture.secret { "secret values are kept nowhere" } else { "no run has captured it yet" };
    let message =
        format!("`{user}` uses the value `{name}`, and `{path}`, which captures it, is left out: {why}");
    // The way to a step may have a shorter name that nobody else has.
    let from = paths(whole).into_iter().map(|path| path.join("/")).find(|known| known == path);
    Failure::new(Kind::Usage, message)
        .help(format!(
            "begin there: `infractl {} {} --from {}`",
            whole.verb,
            env.name,
            shell_words::quote(&from.unwrap_or_else(|| path.to_owned()))
        ))
        .help("or write `effect = \"reads\"` on that step, if doing it again changes nothing: it is then done first")
}
