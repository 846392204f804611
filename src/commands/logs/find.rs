//! What has a log, and what a name means: tasks first, then services, containers, compose services, hosts.

use super::args::LogsArgs;
use crate::commands::log_names::{containers, projects, services};
use crate::config::Environment;
use crate::config::model::{Compose, Ecs, Task, TaskRunner};
use crate::config::template::Template;
use crate::failure::{Failure, Kind};
use crate::hosts::host::{self, Machine};
use crate::steps::docker::compose_logs;
use crate::steps::meet::meet;
use crate::text::{list, nearest};
use crate::work::StepCx;
use crate::work::needs::Needs;
use crate::work::values::Known;

/// What has a log.
#[derive(Debug, Clone)]
pub(super) enum Source<'a> {
    /// A task of `[tasks]`.
    Task(&'a str, &'a Task),
    /// A service of ECS.
    Service(&'a Ecs, String),
    /// A container of this machine.
    Container(String),
    /// A service of a compose project, and where that is.
    Compose { compose: &'a Compose, service: String, at: Option<Box<Machine>> },
    /// A machine.
    Host(Box<Machine>),
}

impl Source<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Source::Task(name, _) => name,
            Source::Service(_, name) | Source::Container(name) => name,
            Source::Compose { service, .. } => service,
            Source::Host(machine) => &machine.name,
        }
    }
}

/// Opens and reads what the sources need. Secrets are opened always: what is printed is masked.
pub(super) async fn meet_needs(step: &mut StepCx<'_>, is_dry: bool) -> Result<(), Failure> {
    let env = step.env;
    let mut templates: Vec<&Template> = Vec::new();
    for task in env.tasks.values() {
        let all = [&task.cluster, &task.region, &task.definition, &task.log_group, &task.service];
        templates.extend(all.into_iter().flatten().map(|argument| &argument.0));
    }
    for (ecs, name) in services(env) {
        templates.push(name);
        templates.extend([&ecs.cluster, &ecs.region].into_iter().flatten().map(|argument| &argument.0));
    }
    templates.extend(containers(env));
    for compose in projects(env) {
        let all = [&compose.dir, &compose.project, &compose.env_file].into_iter().flatten();
        let all = all.chain(&compose.files).chain(&compose.profiles).chain(&compose.services);
        templates.extend(all.map(|argument| &argument.0).chain(compose.env.values()));
    }
    let mut needs = Needs::of_templates(env, &templates);
    needs.secrets |= !env.secrets.files.is_empty();
    if is_dry {
        needs.secrets = false;
        needs.outputs = false;
    }
    meet(step, &needs).await?;
    for name in env.hosts.keys().filter(|_| !is_dry) {
        meet(step, &Needs::to_log_in(env, name)).await?;
    }
    Ok(())
}

/// The sources that are meant: those named, or all.
pub(super) async fn sources<'a>(
    step: &mut StepCx<'a>,
    wanted: &[&str],
    args: &LogsArgs,
) -> Result<Vec<Source<'a>>, Failure> {
    let env = step.env;
    let known = Known::of(step);
    let mut all: Vec<Source<'a>> = env.tasks.iter().map(|(name, task)| Source::Task(name, task)).collect();
    for (ecs, name) in services(env) {
        let name = known.argument(step, name)?;
        all.push(Source::Service(ecs, name));
    }
    for name in containers(env) {
        all.push(Source::Container(known.argument(step, name)?));
    }
    let is_of_host = args.file.is_some() || args.unit.is_some() || args.container.is_some();
    let is_known = |name: &&str| all.iter().any(|source| source.name() == *name);
    let is_host = |name: &&str| of_hosts(env, name);
    let is_all = wanted.is_empty() && !is_of_host;
    if is_all || wanted.iter().any(|name| !is_known(name) && !is_host(name)) {
        for compose in projects(env) {
            all.extend(of_compose(step, compose).await?);
        }
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|source| seen.insert(source.name().to_owned()));
    if args.task.is_some() {
        all.retain(|source| match source {
            Source::Task(_, task) => task.runner.unwrap_or_default() == TaskRunner::Ecs,
            Source::Service(..) => true,
            _ => false,
        });
    }
    if is_all && !all.is_empty() {
        return Ok(all);
    }
    if wanted.is_empty() {
        let machines: Vec<Source<'a>> = host::all(step, &known)?.into_iter().map(boxed).collect();
        return if machines.is_empty() { Err(nothing(env)) } else { Ok(machines) };
    }
    let mut found = Vec::new();
    for name in wanted {
        match all.iter().find(|source| source.name() == *name && !is_of_host) {
            Some(source) => found.push(source.clone()),
            None if of_hosts(env, name) => {
                found.extend(host::machines(step, &known, name)?.into_iter().map(boxed));
            }
            None => return Err(unknown(env, &all, name)),
        }
    }
    Ok(found)
}

fn boxed<'a>(machine: Machine) -> Source<'a> {
    Source::Host(Box::new(machine))
}

fn of_hosts(env: &Environment, name: &str) -> bool {
    env.hosts.keys().any(|host| {
        name == host || name.strip_prefix(host.as_str()).is_some_and(|rest| rest.starts_with('-'))
    })
}

async fn of_compose<'a>(step: &mut StepCx<'a>, compose: &'a Compose) -> Result<Vec<Source<'a>>, Failure> {
    let machines = match &compose.host {
        Some(host) => host::machines(step, &Known::of(step), &host.0)?.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let mut all = Vec::new();
    for at in machines {
        for service in compose_logs::services(step, at.as_ref(), compose).await? {
            all.push(Source::Compose { compose, service, at: at.clone().map(Box::new) });
        }
    }
    Ok(all)
}

fn nothing(env: &Environment) -> Failure {
    Failure::new(Kind::Config, format!("`{}` has nothing with a log", env.name))
        .help("declare tasks in `[tasks]`, machines in `[hosts]`, or a step `compose`, `docker` or `ecs`")
}

fn unknown(env: &Environment, all: &[Source<'_>], name: &str) -> Failure {
    let hosts = env.hosts.keys().map(String::as_str);
    let names: Vec<&str> = all.iter().map(Source::name).chain(hosts).collect();
    let failure =
        Failure::new(Kind::Usage, format!("nothing of `{}` with a log is called `{name}`", env.name));
    if names.is_empty() {
        return failure
            .help("declare it in `[tasks]` or `[hosts]`, or as a step `compose`, `docker` or `ecs`");
    }
    let near = nearest(name, names.iter().copied());
    let failure =
        near.into_iter().fold(failure, |failure, near| failure.help(format!("did you mean `{near}`?")));
    failure.help(format!("these have one: {}", list(names, "and")))
}
