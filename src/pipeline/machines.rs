//! Built-in steps of the verbs about machines and what runs on them. Pure.

use super::{Step, refused};
use crate::config::Environment;
use crate::config::model::{AnsibleStep, Docker, ImageName};
use crate::steps::Work;
use crate::steps::docker::builds::Builds;
use crate::steps::ecs::check::{self as definitions, Definitions};
use crate::steps::files::env_file::EnvFileStep;
use crate::steps::files::inventory::InventoryStep;
use crate::steps::helm::check::{self as releases, Releases};
use crate::steps::kubernetes::check::{self as objects, Objects};
use crate::steps::nothing::Refused;
use crate::steps::power::{self, Part, PowerStep};

/// By ansible, when nothing else is said.
pub(super) fn deploy(env: &Environment) -> Vec<Step> {
    if env.ansible.is_none() {
        let why = format!("`{}` does not say how it is deployed: there is no pipeline `deploy`", env.name);
        let help = "write `[pipelines] deploy = [ … ]` into environments/defaults.toml";
        return vec![refused("deploy", &why, help)];
    }
    let mut steps = Vec::new();
    if writes_inventory(env) {
        steps.push(Step::new("inventory", Work::Inventory(InventoryStep::Write)));
    }
    steps.push(Step::new("playbook", playbook(env, AnsibleStep::default())));
    steps
}

/// A playbook, as far as this version can run it.
pub(super) fn playbook(env: &Environment, playbook: AnsibleStep) -> Work {
    if env.ansible.as_ref().is_some_and(|ansible| ansible.playbook.is_none()) && playbook.playbook.is_none() {
        return Work::Refused(Refused {
            why: "there is no playbook: neither ansible/playbooks/site.yml nor ansible/site.yml".to_owned(),
            help: "name it: `playbook` in `[ansible]`".to_owned(),
            problem: None,
        });
    }
    Work::Ansible(playbook)
}

/// The playbook takes the inventory that infractl writes.
fn writes_inventory(env: &Environment) -> bool {
    env.inventory.is_some() && env.ansible.as_ref().is_none_or(|ansible| ansible.inventory.is_none())
}

/// What a deploy would change.
pub(super) fn check(env: &Environment) -> Vec<Step> {
    let definitions = definitions::of(env).next().is_some();
    let definitions = definitions.then(|| Step::new("task definitions", Work::Definitions(Definitions)));
    let objects = (!objects::of(env).is_empty()).then(|| Step::new("objects", Work::Objects(Objects)));
    let releases = !releases::of(env).is_empty();
    let releases = releases.then(|| Step::new("helm releases", Work::Releases(Releases)));
    let there = definitions.into_iter().chain(objects).chain(releases);
    if env.ansible.is_none() {
        let why = format!("`{}` does not say what a check is: there is no `[ansible]`", env.name);
        let steps: Vec<Step> = there.collect();
        let no = || vec![refused("check", &why, "write `[pipelines] check = [ … ]`")];
        return if steps.is_empty() { no() } else { steps };
    }
    let mut steps = vec![Step::new("environment file", Work::EnvFile(EnvFileStep::Compare))];
    if writes_inventory(env) {
        steps.push(Step::new("inventory", Work::Inventory(InventoryStep::Compare)));
    }
    let check = AnsibleStep { check: true, ..AnsibleStep::default() };
    steps.push(Step::new("playbook check", playbook(env, check)));
    steps.extend(there);
    steps
}

pub(super) fn inventory(env: &Environment) -> Vec<Step> {
    if env.inventory.is_none() {
        let why = format!("`{}` has no inventory: there is no `[inventory]`", env.name);
        return vec![refused("inventory", &why, "add `[inventory]` and `[hosts]`")];
    }
    vec![Step::new("inventory", Work::Inventory(InventoryStep::Write))]
}

/// Every image of the project.
pub(super) fn build(env: &Environment) -> Vec<Step> {
    if env.images.is_empty() {
        let why = format!("`{}` has nothing to build: there is no `[images]`", env.name);
        return vec![refused("build", &why, "add `[images.NAME]`, or write `[pipelines] build = [ … ]`")];
    }
    let images: Vec<String> = env.images.keys().cloned().collect();
    vec![Step::new("images", Work::Builds(Builds { images, platform: None }))]
}

/// The same, to the registry.
pub(super) fn push(env: &Environment) -> Vec<Step> {
    if env.images.is_empty() {
        let why = format!("`{}` has nothing to push: there is no `[images]`", env.name);
        return vec![refused("push", &why, "add `[images.NAME]`, or write `[pipelines] push = [ … ]`")];
    }
    if env.registry.is_none() {
        let (why, help) = no_registry(env);
        return vec![refused("push", &why, &help)];
    }
    let one = |name: &String| {
        let docker = Docker { push: Some(ImageName(name.clone())), ..Docker::default() };
        Step::new(&format!("push {name}"), Work::Docker(docker))
    };
    env.images.keys().map(one).collect()
}

/// Why nothing can be pushed, and what to do.
pub(super) fn no_registry(env: &Environment) -> (String, String) {
    let why = format!("`{}` has no registry for its images: there is no `[registry]`", env.name);
    (why, "add `[registry]` with `server = \"…\"`".to_owned())
}

/// A verb that is none of the steps of a run: it begins a run of its own.
pub(super) fn by_itself(name: &str) -> Step {
    let why = format!("`{name}` cannot be a step: it is a run of its own");
    let help =
        "go back by itself with `[rollout] on-failure = \"rollback\"`, or write a pipeline of this name";
    refused(name, &why, help)
}

/// How the project's result is looked at: only it knows.
pub(super) fn verify(env: &Environment) -> Vec<Step> {
    let why = format!("`{}` does not say how it is verified: there is no pipeline `verify`", env.name);
    let help = "write what shows that all is well, as `[pipelines] verify = [{ command = [\"…\"] }]`, into \
                environments/defaults.toml";
    vec![refused("verify", &why, help)]
}

/// Machines first: they are what uses the databases.
pub(super) fn stop(env: &Environment, shelve: bool) -> Vec<Step> {
    of_parts(env, "stop", |parts| {
        parts.into_iter().map(|part| power_step(part, PowerStep::Stop { part, shelve })).collect()
    })
}

/// Databases first.
pub(super) fn start(env: &Environment) -> Vec<Step> {
    of_parts(env, "start", |parts| {
        parts.into_iter().rev().map(|part| power_step(part, PowerStep::Start { part })).collect()
    })
}

pub(super) fn state(env: &Environment) -> Vec<Step> {
    of_parts(env, "state", |_| vec![Step::new("state", Work::Power(PowerStep::State))])
}

fn power_step(part: Part, action: PowerStep) -> Step {
    let name = match part {
        Part::Machines => "machines",
        Part::Databases => "databases",
    };
    Step::new(name, Work::Power(action))
}

/// The steps for what can be stopped, or one that says why nothing can be.
fn of_parts(env: &Environment, verb: &str, steps: impl FnOnce(Vec<Part>) -> Vec<Step>) -> Vec<Step> {
    match power::parts(env) {
        Ok(parts) => steps(parts),
        Err((why, help)) => vec![refused(verb, &why, &help)],
    }
}
