//! What has a log in an environment, as its configuration says. Nobody is asked.

use crate::config::Environment;
use crate::config::model::{Compose, Docker, Ecs};
use crate::config::step::{Action, Step};
use crate::config::template::Template;

/// The steps of its pipelines.
fn steps(env: &Environment) -> impl Iterator<Item = &Step> {
    env.pipelines.values().flatten()
}

/// The services of ECS, with their names.
pub(super) fn services(env: &Environment) -> impl Iterator<Item = (&Ecs, &Template)> {
    steps(env).filter_map(|step| match &step.action {
        Action::Ecs(ecs) => Some((ecs, &ecs.service.as_ref()?.0)),
        _ => None,
    })
}

/// The names of containers of this machine.
pub(super) fn containers(env: &Environment) -> impl Iterator<Item = &Template> {
    steps(env).filter_map(|step| match &step.action {
        Action::Docker(Docker { run: Some(_), name: Some(name), .. }) => Some(&name.0),
        _ => None,
    })
}

/// The compose projects, each once.
pub(super) fn projects(env: &Environment) -> Vec<&Compose> {
    let place = |one: &Compose| (one.host.clone(), one.dir.clone(), one.files.clone(), one.project.clone());
    let mut all: Vec<&Compose> = Vec::new();
    for step in steps(env) {
        if let Action::Compose(compose) = &step.action
            && !all.iter().any(|known| place(known) == place(compose))
        {
            all.push(compose);
        }
    }
    all
}

/// The names that are known without asking anybody.
pub(super) fn names(env: &Environment) -> Vec<String> {
    let is_known = |template: &&Template| template.names().next().is_none();
    let literal = |template: &Template| template.literals().collect::<String>();
    let mut all: Vec<String> = env.tasks.keys().cloned().collect();
    all.extend(services(env).map(|(_, name)| name).filter(is_known).map(literal));
    all.extend(containers(env).filter(is_known).map(literal));
    let of_compose = projects(env).into_iter().flat_map(|compose| &compose.services);
    all.extend(of_compose.map(|service| &service.0).filter(is_known).map(literal));
    all.extend(env.hosts.keys().cloned());
    let mut seen = std::collections::HashSet::new();
    all.retain(|name| seen.insert(name.clone()));
    all
}
