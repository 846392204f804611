//! Which outputs the steps of a run name: those that the root module has to declare. Pure.

use std::collections::BTreeSet;

use super::Pipeline;
use super::plan::{self, Verb};
use crate::config::Environment;
use crate::steps::Work;
use crate::steps::terraform::Action;
use crate::work::needs::Needs;

/// Those of its steps; where the root module is validated, those of every pipeline.
pub(super) fn of(env: &Environment, pipeline: &Pipeline) -> BTreeSet<String> {
    let validates = pipeline.leaves().iter().any(|leaf| *leaf.work == Work::Terraform(Action::Validate));
    let all = env.pipelines.keys().filter(|_| validates).map(|name| plan::pipeline(env, &Verb::named(name)));
    all.flat_map(|pipeline| named(env, &pipeline)).chain(named(env, pipeline)).collect()
}

fn named(env: &Environment, pipeline: &Pipeline) -> BTreeSet<String> {
    let needs = pipeline.leaves().into_iter().map(|leaf| Needs::of(env, leaf.work.kind(), None));
    needs.flat_map(|needs| needs.output_names).collect()
}
