//! Where each environment stands with its `[ttl]`.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::deployments;
use crate::config::model::{Provider, TtlAction};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::deployments::lease::{Down, Seen, Term};
use crate::failure::Failure;
use crate::steps::power::{self, PowerStep};
use crate::tools::power::Is as Machine;
use crate::work::{Facts, StepCx};

/// An environment and where it stands.
#[derive(Debug)]
pub(crate) struct Look {
    /// Its name.
    pub name: String,
    /// What its files say; none when they are wrong.
    pub env: Option<Environment>,
    /// What brought it up.
    pub up: Option<Seen>,
    /// Where it stands.
    pub is: Is,
}

/// Where it stands.
#[derive(Debug)]
pub(crate) enum Is {
    /// It has no `[ttl]`.
    Endless,
    /// It has one that does nothing.
    Kept,
    /// By its records.
    At(Term),
    /// It was stopped, and runs again by itself.
    Again(Down),
    /// It is over, and something that stays depends on it.
    Held { over: Timestamp, by: String },
    /// It is over, and its window is closed.
    Closed { over: Timestamp, until: String },
    /// Nobody can tell.
    Wrong(Option<Failure>),
}

impl Look {
    /// It is to be taken down now.
    pub(crate) fn is_due(&self) -> bool {
        matches!(self.is, Is::At(Term::Over(_)) | Is::Again(_))
    }

    /// When its time was over.
    pub(crate) fn over_since(&self) -> Option<Timestamp> {
        match self.is {
            Is::At(Term::Over(end)) | Is::Held { over: end, .. } | Is::Closed { over: end, .. } => Some(end),
            _ => None,
        }
    }

    /// What happens then.
    pub(crate) fn action(&self) -> Option<TtlAction> {
        self.env.as_ref()?.ttl.as_ref()?.action()
    }

    /// Why nobody can tell; told once.
    pub(super) fn wrong(&mut self) -> Option<Failure> {
        match &mut self.is {
            Is::Wrong(failure) => failure.take(),
            _ => None,
        }
    }
}

/// All environments of the project.
pub(super) async fn all(cx: &Ctx, project: &Project) -> Vec<Look> {
    join_all(project.environments.iter().map(async |name| match project.environment(name) {
        Ok(env) => Box::pin(one(cx, env)).await,
        Err(failure) => Look { name: name.clone(), env: None, up: None, is: Is::Wrong(Some(failure)) },
    }))
    .await
}

async fn one(cx: &Ctx, env: Environment) -> Look {
    let (up, is) = match standing(cx, &env).await {
        Ok(found) => found,
        Err(failure) => (None, Is::Wrong(Some(failure))),
    };
    Look { name: env.name.clone(), env: Some(env), up, is }
}

async fn standing(cx: &Ctx, env: &Environment) -> Result<(Option<Seen>, Is), Failure> {
    let Some(ttl) = &env.ttl else { return Ok((None, Is::Endless)) };
    if ttl.action().is_none() {
        return Ok((None, Is::Kept));
    }
    let records = deployments::records(cx, env).await?;
    if let Err(failure) = deployments::check(&env.name, &records.broken) {
        cx.ui.warn(format!("{:#}", failure.error));
    }
    let lease = records.standing.lease;
    let now = (cx.now)();
    let is = match lease.term(ttl, now) {
        Term::Down(down) if runs_again(cx, env, &down, now).await? => Is::Again(down),
        term => Is::At(term),
    };
    Ok((lease.up().cloned(), is))
}

/// AWS starts a stopped database again after seven days: from so long after a stop somebody looks.
const STAYS: Duration = Duration::from_secs(6 * 24 * 3600);

/// Whether something of it runs that was stopped.
async fn runs_again(cx: &Ctx, env: &Environment, down: &Down, now: Timestamp) -> Result<bool, Failure> {
    let Some(power) = &env.power else { return Ok(false) };
    let is_of_aws = power.database_provider.or(power.provider) == Some(Provider::Aws);
    let age = Duration::try_from(now.duration_since(down.seen.at)).unwrap_or_default();
    if down.is_destroyed || power.databases.is_empty() || !is_of_aws || age < STAYS {
        return Ok(false);
    }
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "state", &[], &mut facts);
    // Nobody asked for its table.
    "state".clone_into(&mut step.frame.verb);
    power::run(&mut step, &PowerStep::State).await?;
    let state = facts.state.unwrap_or_default();
    let runs = state.rows().any(|(_, row)| row.found.state == Machine::On);
    Ok(runs)
}
