//! Traffic, shared out between two sides: the shares are read first, set, and read again until they are so.

mod script;
mod store;
mod alb;
mod route53;
pub(crate) mod caddy;
mod own;
mod sides;
pub(crate) mod weights;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::sides::Ears;
use self::sides::stopped;
use self::store::Store;
pub(crate) use self::weights::Weights;
use crate::config::Environment;
use crate::config::model::{LiveOrIdle, Route, RouteKind, Side, TrafficStep};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::text::{duration, list, nearest};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::schedule::pause;
use crate::work::script::Script;

/// Between two looks whether it is so.
const BETWEEN: Duration = Duration::from_millis(500);
/// How long a side behind Caddy may still answer what it was asked.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the way back is tried.
const TRIES: u32 = 3;

/// A step `traffic`, with what only the verb can ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What the project says.
    pub step: TrafficStep,
    /// Exactly these, in the place of what `step` says.
    pub(crate) exactly: Option<Weights>,
    /// The rollout is over with it, whatever the shares are then.
    pub ends: bool,
}

impl StepKind for Traffic {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if let Some(route) = env.routes.get(&self.step.route.0) {
            visit(route, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let store = Store::of(step, &self.step.route.0)?;
        let wanted = match (self.exactly, self.ends) {
            (Some(weights), _) => weights.to_string(),
            (None, true) => "as they are".to_owned(),
            (None, false) => self.step.wanted(),
        };
        Ok(vec![format!("# traffic of `{}` at {}: {wanted}", self.step.route.0, store.shown())])
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.traffic(step, self)
    }
}

/// Tells everything that a route refers to.
pub(crate) fn visit(route: &Route, see: &mut dyn FnMut(Mention<'_>)) {
    route.arguments().for_each(|argument| see(Mention::Public(&argument.0)));
    for line in [&route.get, &route.set].into_iter().flatten() {
        crate::steps::command::visit(&line.clone().into_table(), see);
    }
    match route.kind {
        RouteKind::Caddy => {}
        RouteKind::Command => see(Mention::Program),
        // Who asks AWS may be among the secrets.
        RouteKind::Alb | RouteKind::Route53 => {
            see(Mention::Program);
            see(Mention::Starts("aws"));
        }
    }
}

/// A route by its name.
pub(crate) fn route<'a>(env: &'a Environment, name: &str) -> Result<&'a Route, Failure> {
    env.routes.get(name).ok_or_else(|| {
        let failure = Failure::new(Kind::Usage, format!("`{}` has no route `{name}`", env.name));
        let names: Vec<&String> = env.routes.keys().collect();
        match (nearest(name, &names), names.as_slice()) {
            (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
            (None, []) => failure.help(format!("declare it: `[routes.{name}]`")),
            (None, names) => failure.help(format!("name one of {}", list(names, "or"))),
        }
    })
}

/// What the store says now.
pub(crate) async fn look(step: &StepCx<'_>, name: &str) -> Result<Weights, Failure> {
    let store = Store::of(step, name)?;
    store.read(step, Ears::Open).await.map_err(|failure| unread(step, name, failure))
}

/// A side of a route, by what it gets now.
pub(crate) async fn side(step: &StepCx<'_>, name: &str, which: LiveOrIdle) -> Result<String, Failure> {
    let weights = look(step, name).await?;
    let side = match which {
        LiveOrIdle::Live => weights.live(),
        LiveOrIdle::Idle => weights.idle(),
    };
    side.map(|side| side.word().to_owned()).ok_or_else(|| no_side(step, name, weights))
}

/// What the step wants, where the shares are these.
pub(crate) fn wanted(step: &StepCx<'_>, traffic: &Traffic, now: Weights) -> Result<Weights, Failure> {
    let wanted = match (traffic.exactly, traffic.ends) {
        (Some(weights), _) => Some(weights),
        (None, true) => Some(now),
        (None, false) => now.wanted(&traffic.step),
    };
    wanted.ok_or_else(|| no_side(step, &traffic.step.route.0, now))
}

fn no_side(step: &StepCx<'_>, name: &str, now: Weights) -> Failure {
    let env = &step.env.name;
    let text = format!("no side of `{name}` gets nothing while the other gets everything: {now}");
    Failure::new(Kind::Failed, text).help(format!(
        "give one of them everything: `infractl traffic {env} {name} --green 0`, or `--green 100`"
    ))
}

fn unread(step: &StepCx<'_>, name: &str, failure: Failure) -> Failure {
    failure.context(format!("the traffic of `{name}` of `{}` could not be looked at", step.env.name))
}

async fn run(step: &mut StepCx<'_>, traffic: &Traffic) -> Result<String, Failure> {
    let name = &traffic.step.route.0;
    let store = Store::of(step, name)?;
    let before = store.read(step, Ears::Open).await.map_err(|failure| unread(step, name, failure))?;
    let wanted = wanted(step, traffic, before)?;
    if before.is_like(wanted) {
        return Ok(format!("{before}: nothing to do"));
    }
    step.progress(format!("{before} -> {wanted}"));
    let now = put(step, &store, wanted, traffic.step.wait.map(|wait| wait.0), Ears::Open).await?;
    let left = before.live().filter(|left| now.idle() == Some(*left));
    let left = left.or_else(|| now.idle());
    let drained = match left {
        Some(side) => drain(step, &store, side, traffic.step.drain.map(|drain| drain.0)).await?,
        None => String::new(),
    };
    Ok(format!("{before} -> {now}{drained}"))
}

/// Sets the shares, and looks until they are so.
async fn put(
    step: &StepCx<'_>,
    store: &Store,
    wanted: Weights,
    limit: Option<Duration>,
    ears: Ears,
) -> Result<Weights, Failure> {
    let limit = limit.unwrap_or_else(|| store.patience());
    let begun = Instant::now();
    let written = store.write(step, wanted, ears).await?;
    loop {
        let last = match store.read(step, ears).await {
            Ok(now) if now.is_like(wanted) && store.is_done(step, &written, ears).await? => {
                rest(step, written.rest, ears, "what resolvers remember is over").await?;
                return Ok(now);
            }
            Ok(now) => now.to_string(),
            Err(failure) if matches!(failure.kind, Kind::Failed | Kind::Busy) => {
                format!("{:#}", failure.error)
            }
            Err(failure) => return Err(failure),
        };
        if begun.elapsed() + BETWEEN > limit {
            let text = format!(
                "{} was told, and does not say {wanted} after {}: {last}",
                store.shown(),
                duration(limit)
            );
            return Err(
                Failure::new(Kind::Failed, text).help("give the step a longer `wait`, if that was expected")
            );
        }
        rest(step, BETWEEN, ears, "the shares are set").await?;
    }
}

/// Waits; an error when somebody who is heard asks to stop.
async fn rest(step: &StepCx<'_>, length: Duration, ears: Ears, until: &str) -> Result<(), Failure> {
    if length > BETWEEN {
        step.progress(format!("{} until {until}", duration(length)));
    }
    if ears == Ears::Shut {
        tokio::time::sleep(length).await;
        return Ok(());
    }
    if step.left().is_some_and(|left| left < length) {
        return Err(StepCx::too_late(format!("no time is left until {until}")));
    }
    if pause(length, &step.cx.interrupts).await { Ok(()) } else { Err(stopped(step)) }
}

/// Waits until a side has answered what it was asked.
async fn drain(
    step: &StepCx<'_>,
    store: &Store,
    side: Side,
    limit: Option<Duration>,
) -> Result<String, Failure> {
    let (Store::Caddy(caddy), limit) = (store, limit) else {
        if let Some(length) = limit {
            rest(step, length, Ears::Open, "what is under way is answered").await?;
        }
        return Ok(String::new());
    };
    let limit = limit.unwrap_or(DRAIN);
    let begun = Instant::now();
    loop {
        let open = caddy.under_way(step, side).await?;
        let is_over = begun.elapsed() >= limit;
        match open {
            Some(0) => return Ok(String::new()),
            None if is_over => return Ok(String::new()),
            Some(open) if is_over => {
                let side = side.word();
                step.cx
                    .ui
                    .warn(format!("{open} requests to {side} are still under way after {}", duration(limit)));
                return Ok(format!(", {open} still under way"));
            }
            open => {
                let count = open.map_or_else(|| "what".to_owned(), |open| format!("{open} requests"));
                let left = duration(limit.saturating_sub(begun.elapsed()));
                step.progress(format!("{count} may still be under way to {}: {left} at most", side.word()));
            }
        }
        rest(step, BETWEEN.min(limit), Ears::Open, "they are answered").await?;
    }
}

/// Lets these shares return, whoever asks to stop meanwhile: what the store says then.
pub(crate) async fn back(step: &StepCx<'_>, name: &str, before: Weights) -> Result<Weights, Failure> {
    let store = Store::of(step, name)?;
    let mut number = 1;
    loop {
        let result = async {
            let now = store.read(step, Ears::Shut).await?;
            if now.is_like(before) { Ok(now) } else { put(step, &store, before, None, Ears::Shut).await }
        };
        match result.await {
            Err(failure) if number < TRIES => {
                step.say(&format!("{:#}: once more", failure.error));
                tokio::time::sleep(BETWEEN * number).await;
                number += 1;
            }
            result => return result,
        }
    }
}
