//! What one environment becomes, and the names of its pipelines.

use indexmap::IndexMap;
use toml::{Table, Value};

use super::maker::Becomes;
use super::settings::Settings;
use crate::config::verbs::{self, Verb};

/// What one environment becomes.
pub(super) struct One {
    pub name: String,
    pub settings: Settings,
    pub pipelines: IndexMap<String, Vec<Table>>,
    pub made: IndexMap<String, Becomes>,
}

/// A pipeline that does a verb between other steps gets the verb's own name: a step in it that does the verb is then the
/// built-in one. Only where nobody means the bare verb, and in all environments or in none.
pub(super) fn keep_names(all: &mut [One]) {
    for verb in verbs::built_in().filter(|verb| verbs::find(verb).is_some_and(Verb::is_replaceable)) {
        let long = format!("make-{verb}");
        let has = |one: &One| one.pipelines.contains_key(&long);
        if all.iter().any(has) && all.iter().all(|one| !has(one) || is_alone(one, verb, &long)) {
            all.iter_mut().filter(|one| has(one)).for_each(|one| rename(one, verb, &long));
        }
    }
}

/// The pipeline does the verb by itself, and nothing else does.
fn is_alone(one: &One, verb: &str, long: &str) -> bool {
    let does = |steps: &Vec<Table>| steps.iter().filter_map(done).any(|done| leads_to(done, verb));
    let own = one.pipelines.get(long);
    let is_its_own = own.is_some_and(|steps| steps.iter().filter_map(done).any(|done| done == verb));
    let others = one.pipelines.iter().filter(|(name, _)| *name != long);
    let is_called = |becomes: &Becomes| matches!(becomes, Becomes::Verb(name) if leads_to(name, verb));
    is_its_own
        && !one.pipelines.contains_key(verb)
        && !others.map(|(_, steps)| steps).any(does)
        && !one.made.values().any(is_called)
}

fn done(step: &Table) -> Option<&str> {
    step.get("do").and_then(Value::as_str)
}

fn leads_to(name: &str, verb: &str) -> bool {
    let parts = verbs::find(name).map_or(&[][..], |found| found.parts);
    name == verb || parts.iter().any(|part| leads_to(part, verb))
}

fn rename(one: &mut One, verb: &str, long: &str) {
    one.pipelines = std::mem::take(&mut one.pipelines)
        .into_iter()
        .map(|(name, steps)| if name == long { (verb.to_owned(), steps) } else { (name, steps) })
        .collect();
    for step in one.pipelines.values_mut().flatten() {
        if done(step) == Some(long) {
            step.insert("do".to_owned(), verb.into());
        }
    }
    for becomes in one.made.values_mut() {
        if *becomes == Becomes::Pipeline(long.to_owned()) {
            *becomes = Becomes::Pipeline(verb.to_owned());
        }
    }
}
