//! Machines and databases: which of them an environment has, and who runs them.

use super::cloud::Cloud;
use super::names;
use crate::config::Environment;
use crate::config::model::{Argument, Power, Provider};
use crate::failure::{Failure, Kind};
use crate::work::StepCx;
use crate::work::values::Known;

/// What is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The `server` of each host, and `[power] servers`.
    Machines,
    /// `[power] databases`.
    Databases,
}

/// What an environment has that can be stopped; `Err` says why nothing can be.
pub(crate) fn parts(env: &Environment) -> Result<Vec<Part>, (String, String)> {
    let name = &env.name;
    let Some(power) = &env.power else {
        let why = format!("`{name}` does not say what can be stopped: there is no `[power]`");
        return Err((
            why,
            "add `[power]` with `provider = \"openstack\"` (or aws, azure, docker, command)".into(),
        ));
    };
    let mut parts = Vec::new();
    if power.provider.is_some() && names::has_machines(env, power) {
        parts.push(Part::Machines);
    }
    if !power.databases.is_empty() || power.database_provider == Some(Provider::Command) {
        parts.push(Part::Databases);
    }
    if parts.is_empty() {
        let why = match power.provider {
            None => format!("`[power]` of `{name}` does not say who runs its machines"),
            Some(_) => format!("`{name}` names nothing that can be stopped"),
        };
        let help = match power.provider {
            None => "add `provider = \"openstack\"` (or aws, azure, docker, command)",
            Some(Provider::Docker) => "add `project` or `servers` to `[power]`",
            Some(_) => "add `server` to a host of `[hosts]`, or `servers` to `[power]`",
        };
        return Err((why, help.to_owned()));
    }
    Ok(parts)
}

/// Who runs that part, with what he has to be told.
pub(super) enum By<'a> {
    Cloud(Cloud),
    Command(&'a Power),
}

impl Part {
    pub(super) fn by<'a>(
        self,
        step: &StepCx<'_>,
        known: &Known,
        power: &'a Power,
    ) -> Result<By<'a>, Failure> {
        let provider = match self {
            Part::Machines => power.provider,
            Part::Databases => power.database_provider.or(power.provider),
        };
        let text = |given: &Option<Argument>| {
            given.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
        };
        Ok(match (self, provider) {
            (_, Some(Provider::Command)) => By::Command(power),
            (Part::Machines, Some(Provider::Openstack)) => By::Cloud(Cloud::Openstack),
            (Part::Machines, Some(Provider::Aws)) => By::Cloud(Cloud::Ec2(text(&power.region)?)),
            (Part::Machines, Some(Provider::Azure)) => By::Cloud(Cloud::Azure(text(&power.resource_group)?)),
            (Part::Machines, Some(Provider::Docker)) => By::Cloud(Cloud::Docker(text(&power.project)?)),
            (Part::Databases, Some(Provider::Aws)) => By::Cloud(Cloud::Rds(text(&power.region)?)),
            (Part::Databases, _) => {
                return Err(Failure::new(Kind::Config, "this provider cannot stop databases")
                    .help("add `database-provider = \"command\"` to `[power]`, with `stop` and `start`"));
            }
            (Part::Machines, None) => return Err(Failure::new(Kind::Config, "`[power]` has no `provider`")),
        })
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Part::Machines => "server",
            Part::Databases => "database",
        }
    }
}
