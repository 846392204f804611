//! Stops, starts and shows machines and databases, through the program of their provider.

mod cloud;
mod command;
mod describe;
mod names;
mod round;
mod state;
mod verdict;

use std::time::Duration;

use crate::config::Environment;
use crate::config::model::{Argument, CommandTable, Power, PowerMode, Provider};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::meet::meet;
use crate::tools::power::Goal;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

use cloud::Cloud;

/// How long to wait for the goal, if the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The `server` of each host, and `[power] servers`.
    Machines,
    /// `[power] databases`.
    Databases,
}

/// What is done with the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pause them.
    Stop {
        /// Which.
        part: Part,
        /// Give them back, whatever `mode` says.
        shelve: bool,
    },
    /// Go on.
    Start {
        /// Which.
        part: Part,
    },
    /// Show them.
    State,
}

impl StepKind for Action {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Program);
        names::templates(env).into_iter().for_each(|template| see(Mention::Template(template)));
        commands(env).iter().for_each(|line| super::command::visit(line, see));
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self {
            Action::State => Effect::Reads,
            Action::Start { .. } => Effect::Changes,
            Action::Stop { .. } => Effect::Stops,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
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

/// The commands of the provider `command`.
fn commands(env: &Environment) -> Vec<CommandTable> {
    let Some(power) = &env.power else { return Vec::new() };
    let given = [&power.stop, &power.start, &power.state].into_iter().flatten();
    given.map(|line| line.clone().into_table()).collect()
}

/// Who runs that part, with what he has to be told.
enum By<'a> {
    Cloud(Cloud),
    Command(&'a Power),
}

impl Part {
    fn by<'a>(self, step: &StepCx<'_>, known: &Known, power: &'a Power) -> Result<By<'a>, Failure> {
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

    fn noun(self) -> &'static str {
        match self {
            Part::Machines => "server",
            Part::Databases => "database",
        }
    }
}

/// What `stop` does where the configuration does not say.
fn mode(power: &Power, shelve: bool) -> PowerMode {
    match (shelve, power.mode, power.provider) {
        (true, ..) => PowerMode::Shelve,
        (false, Some(mode), _) => mode,
        (false, None, Some(Provider::Azure)) => PowerMode::Deallocate,
        (false, None, _) => PowerMode::Stop,
    }
}

fn asked(power: &Power, action: Action) -> Option<(Part, Goal)> {
    match action {
        Action::Stop { part: Part::Machines, shelve } => {
            Some((Part::Machines, Goal::Off(mode(power, shelve))))
        }
        Action::Stop { part, .. } => Some((part, Goal::Off(PowerMode::Stop))),
        Action::Start { part } => Some((part, Goal::On)),
        Action::State => None,
    }
}

fn configured(env: &Environment) -> Result<&Power, Failure> {
    parts(env).map_err(|(why, help)| Failure::new(Kind::Config, why).help(help))?;
    env.power.as_ref().ok_or_else(|| Failure::new(Kind::Config, "there is no `[power]`"))
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let power = configured(step.env)?;
    let needs = Needs::of(step.env, action, step.frame.secrets.as_deref());
    meet(step, &needs).await?;
    let Some((part, goal)) = asked(power, *action) else {
        return state::run(step, power).await;
    };
    let known = Known::of(step);
    match part.by(step, &known, power)? {
        By::Command(power) => command::run(step, power, goal).await,
        By::Cloud(cloud) => {
            if step.cx.interrupts.is_pressed() {
                return Err(step.interrupted(format!("stopped before `{}`", step.name)));
            }
            let names = names::of(step, &known, power, part)?;
            let limit = power.timeout.map_or(TIMEOUT, |period| period.0);
            round::bring(step, &cloud, part, &names, goal, limit).await
        }
    }
}

/// What a dry run says.
pub(crate) fn describe(step: &mut StepCx<'_>, action: &Action) -> Result<Vec<String>, Failure> {
    let power = configured(step.env)?;
    let known = Known::shown(step, action);
    let Some((part, goal)) = asked(power, *action) else {
        return state::describe(step, &known, power);
    };
    match part.by(step, &known, power)? {
        By::Command(power) => command::describe(step, power, goal),
        By::Cloud(cloud) => {
            let names = names::of(step, &known, power, part)?;
            let limit = power.timeout.map_or(TIMEOUT, |period| period.0);
            Ok(cloud.describe(&names, goal, limit))
        }
    }
}
