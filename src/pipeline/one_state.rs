//! Two environments must not have one state: what one of them applies, the other would take down.

use super::Pipeline;
use crate::config::verbs::Effect;
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::steps::Work;
use crate::steps::terraform::{Action as Terraform, state_place};
use crate::text::list;
use crate::work::modules::{self, Modules};

/// An error that names the other environments that have the state of this one, if something is to be changed, or the
/// configuration is to be checked.
pub(super) fn check(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    modules: &Modules,
) -> Result<(), Failure> {
    let validate = Work::Terraform(Terraform::Validate);
    if pipeline.effect() == Effect::Reads && !pipeline.leaves().iter().any(|leaf| *leaf.work == validate) {
        return Ok(());
    }
    let Some(terraform) = &env.terraform else { return Ok(()) };
    let backend = modules.get(&terraform.dir).unwrap_or_default().declared.backend.clone();
    let Some(own) = state_place::of(env, &cx.vars.0, backend) else { return Ok(()) };
    let places = cx.states.get_or_init(|| places(cx, env, &own));
    let others: Vec<&String> = places
        .iter()
        .filter(|(name, place)| *place == own && *name != env.name)
        .map(|(name, _)| name)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let (name, all) = (&env.name, list(&others, "and"));
    Err(Failure::new(
        Kind::Config,
        format!("`{name}` and {all} have one state: what one of them makes, the other would take down"),
    )
    .help("give each a state of its own: `{{environment}}` in `key` of `[terraform.backend]`, or as `workspace` in `[terraform]`")
    .help("read `infractl help terraform`, on states and plans"))
}

/// Where each environment of the project has its state; of this one it is known.
fn places(cx: &Ctx, env: &Environment, own: &str) -> Vec<(String, String)> {
    let found;
    let project = if let Some(project) = cx.project.get().filter(|project| project.root == env.root) {
        project
    } else {
        let Ok(project) = Project::find(&env.root, Some(&env.root)) else { return Vec::new() };
        found = project.with_vars(cx.vars.0.clone());
        &found
    };
    let place = |name: &String| {
        if *name == env.name {
            return Some((name.clone(), own.to_owned()));
        }
        let other = project.outline(name)?;
        let declared = other.terraform.as_ref().and_then(|terraform| modules::backend(&terraform.dir));
        Some((name.clone(), state_place::of(&other, &cx.vars.0, declared)?))
    };
    project.environments.iter().filter_map(place).collect()
}
