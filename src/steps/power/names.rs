//! Which machines and databases are meant, by their names at the provider.

use super::part::Part;
use crate::config::Environment;
use crate::config::model::{Host, Power, Provider};
use crate::config::template::{Name, Template};
use crate::failure::Failure;
use crate::hosts::host;
use crate::work::StepCx;
use crate::work::values::Known;

/// A machine or a database that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, or its id, at the provider.
    pub(super) name: String,
    /// The host of `[hosts]` that it is.
    pub(super) host: Option<String>,
}

/// Whether the environment has machines that its provider can be asked about.
pub(super) fn has_machines(env: &Environment, power: &Power) -> bool {
    match power.provider {
        Some(Provider::Command) => true,
        Some(Provider::Docker) if power.project.is_some() => true,
        _ => !power.servers.is_empty() || env.hosts.values().any(|host| host.server.is_some()),
    }
}

/// Only then are there as many names as the host has machines; else nobody has to know their addresses.
fn is_from_outputs(host: &Host) -> bool {
    let server = host.server.as_ref();
    server.is_some_and(|server| server.0.names().any(|name| matches!(name, Name::Output(_))))
}

/// What has to be known for the names.
pub(crate) fn templates(env: &Environment) -> Vec<&Template> {
    let Some(power) = &env.power else { return Vec::new() };
    let listed = power.servers.iter().chain(&power.databases);
    let single = [&power.region, &power.resource_group, &power.project];
    let mut all: Vec<&Template> =
        listed.chain(single.into_iter().flatten()).map(|argument| &argument.0).collect();
    for (name, host) in &env.hosts {
        match &host.server {
            Some(_) if is_from_outputs(host) => all.extend(env.host_templates(name)),
            Some(server) => all.push(&server.0),
            None => {}
        }
    }
    all
}

/// The names, each once, in the order of the configuration.
pub(super) fn of(
    step: &StepCx<'_>,
    known: &Known,
    power: &Power,
    part: Part,
) -> Result<Vec<Wanted>, Failure> {
    let mut all: Vec<Wanted> = Vec::new();
    let mut add = |name: String, host: Option<String>| {
        if !all.iter().any(|known| known.name == name) {
            all.push(Wanted { name, host });
        }
    };
    if part == Part::Databases {
        for name in &power.databases {
            add(known.argument(step, &name.0)?, None);
        }
        return Ok(all);
    }
    for (name, host) in &step.env.hosts {
        match &host.server {
            Some(_) if is_from_outputs(host) => {
                for machine in host::machines(step, known, name)? {
                    if let Some(server) = machine.server {
                        add(server, Some(machine.name));
                    }
                }
            }
            Some(server) => add(known.argument(step, &server.0)?, Some(name.clone())),
            None => {}
        }
    }
    for name in &power.servers {
        add(known.argument(step, &name.0)?, None);
    }
    Ok(all)
}
