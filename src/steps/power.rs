//! Stops, starts and shows machines and databases, through the program of their provider.

mod describe;
mod state;
mod command;
mod verdict;
mod round;
mod part;
mod names;
mod cloud;

use std::time::Duration;

use crate::config::Environment;
use crate::config::model::{CommandTable, Power, PowerMode, Provider};
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

use part::By;
pub(crate) use part::Part;
pub(crate) use part::parts;

/// How long to wait for the goal, if the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What is done with the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerStep {
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

impl StepKind for PowerStep {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Program);
        let program = env.power.as_ref().and_then(|power| power.provider?.program());
        if let Some(program) = program {
            see(Mention::Starts(program));
        }
        for template in names::templates(env) {
            see(Mention::Template(template));
        }
        for line in commands(env) {
            super::command::visit(&line, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self {
            PowerStep::State => Effect::Reads,
            PowerStep::Start { .. } => Effect::Changes,
            PowerStep::Stop { .. } => Effect::Stops,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, *self)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

/// The commands of the provider `command`.
fn commands(env: &Environment) -> Vec<CommandTable> {
    let Some(power) = &env.power else { return Vec::new() };
    let given = [&power.stop, &power.start, &power.state].into_iter().flatten();
    given.map(|line| line.clone().into_table()).collect()
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

fn asked(power: &Power, action: PowerStep) -> Option<(Part, Goal)> {
    match action {
        PowerStep::Stop { part: Part::Machines, shelve } => {
            Some((Part::Machines, Goal::Off(mode(power, shelve))))
        }
        PowerStep::Stop { part, .. } => Some((part, Goal::Off(PowerMode::Stop))),
        PowerStep::Start { part } => Some((part, Goal::On)),
        PowerStep::State => None,
    }
}

fn configured(env: &Environment) -> Result<&Power, Failure> {
    parts(env).map_err(|(why, help)| Failure::new(Kind::Config, why).help(help))?;
    env.power.as_ref().ok_or_else(|| Failure::new(Kind::Config, "there is no `[power]`"))
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &PowerStep) -> Result<String, Failure> {
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
fn describe(step: &mut StepCx<'_>, action: PowerStep) -> Result<Vec<String>, Failure> {
    let power = configured(step.env)?;
    let known = Known::shown(step, &action);
    let Some((part, goal)) = asked(power, action) else {
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
