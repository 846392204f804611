//! Whether a verb or pipeline deploys, and whether it looks then whether all is well. Pure.

use super::Pipeline;
use super::select::Selection;
use crate::config::Environment;
use crate::config::model::ClusterStep;
use crate::config::step::{Action, OnFailure, Step};
use crate::config::verbs::{self, Turn};
use crate::deployments::run::Meant;
use crate::steps::Work;
use crate::steps::power::PowerStep;
use crate::steps::terraform::Action as Terraform;
use crate::work::when;

/// What the records of a run will say. A part of a pipeline deploys no release: what runs then has no name.
pub(crate) fn meant(env: &Environment, name: &str, selection: &Selection) -> Meant {
    let is_part = !selection.only.is_empty() || !selection.skip.is_empty();
    // `up` does without.
    let has_deploy = env.pipelines.contains_key("deploy") || env.ansible.is_some();
    Meant {
        deploys: has_deploy && !is_part && does(env, name, "deploy", false, &mut Vec::new()),
        verifies: selection.is_all() && does(env, name, "verify", true, &mut Vec::new()),
        ..Meant::default()
    }
}

/// What a run means for the `[ttl]` of the environment: by its verb, else by the last of its steps that brings something up
/// or takes it down. A part of a pipeline takes nothing down for good.
pub(crate) fn turn(env: &Environment, pipeline: &Pipeline, is_part: bool) -> Option<Turn> {
    env.ttl.as_ref()?.action()?;
    way(pipeline, is_part)
}

/// Whether a run brings something up, stops it, or takes it down: as above, of any environment.
pub(crate) fn way(pipeline: &Pipeline, is_part: bool) -> Option<Turn> {
    let by_verb = verbs::find(&pipeline.verb).and_then(|verb| verb.turn);
    let of_work = |work: &Work| match work {
        Work::Terraform(Terraform::Apply { .. })
        | Work::Power(PowerStep::Start { .. })
        | Work::Cluster(ClusterStep::Up) => Some(Turn::Up),
        Work::Power(PowerStep::Stop { .. }) => Some(Turn::Stops),
        Work::Terraform(Terraform::Destroy) | Work::Cluster(ClusterStep::Down) => Some(Turn::Destroys),
        Work::Terraform(Terraform::Any { words }) => match words.first()?.as_str() {
            "apply" => Some(Turn::Up),
            "destroy" => Some(Turn::Destroys),
            _ => None,
        },
        _ => None,
    };
    let leaves = pipeline.leaves();
    let turn = by_verb.or_else(|| leaves.iter().rev().find_map(|leaf| of_work(leaf.work)))?;
    (turn == Turn::Up || !is_part).then_some(turn)
}

/// Whether one verb or pipeline does another; `surely` when nothing may leave it out.
fn does<'a>(
    env: &'a Environment,
    name: &'a str,
    wanted: &str,
    surely: bool,
    above: &mut Vec<&'a str>,
) -> bool {
    if name == wanted {
        return true;
    }
    if above.contains(&name) {
        return false;
    }
    above.push(name);
    let found = match env.pipelines.get(name) {
        Some(steps) => steps.iter().any(|step| match &step.action {
            Action::Do(called, _) if !may_be_left_out(env, step, surely) => {
                does(env, called, wanted, surely, above)
            }
            _ => false,
        }),
        None => verbs::find(name)
            .is_some_and(|verb| verb.parts.iter().any(|part| does(env, part, wanted, surely, above))),
    };
    above.pop();
    found
}

fn may_be_left_out(env: &Environment, step: &Step, surely: bool) -> bool {
    let is_elsewhere = step.when.as_ref().is_some_and(|when| when::left_out(env, when).is_some());
    let may_be = step.when.is_some() || step.unless.is_some() || step.on_failure == OnFailure::Continue;
    is_elsewhere || (surely && may_be)
}
