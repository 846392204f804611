//! terraform: which of its verbs, with what, and what its errors mean.

mod describe;
mod any;
mod change;
mod verify;
mod drift;
pub(crate) mod keep;
pub(crate) mod module;
mod plan;
pub(crate) mod read;
pub(crate) mod known;
pub(crate) mod state;
mod script;
mod root;
mod container;
mod init;
pub(crate) mod bucket;
pub(crate) mod database;
mod progress;
pub(crate) mod diagnostics;
mod providers;
mod staging;
mod package;
pub(crate) mod state_place;
pub(crate) mod seen;
mod cost;
mod shown;
mod call;
mod given;
mod sealed;
mod words;
mod action;

pub(crate) use action::{Action, How, LookForDrift, Reviewed};
pub(crate) use call::{equip, equip_any, failed, program, without_dangling};
pub(crate) use given::names;
pub(crate) use root::root;

use crate::config::Environment;
use crate::config::template::Name;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::steps::terraform::init::Wish;
use crate::tools::terraform::Root;
use crate::tools::terraform::advice;
use crate::tools::terraform::{flags, subcommand};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

impl StepKind for Action {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        starts(env, see);
        match self {
            Action::Fmt { .. } => {}
            Action::Any { words } if !subcommand::find(words).needs_init => {}
            _ => see(Mention::SecretFiles),
        }
        if self.takes_values() {
            see(Mention::Foreign(&["terraform", "vars"]));
            for name in given::names(env) {
                match &name {
                    Name::Value(name) => see(Mention::Value(name)),
                    Name::Image(name) => see(Mention::Image(name)),
                    _ => {}
                }
            }
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self {
            Action::Init
            | Action::Plan { .. }
            | Action::Drift(_)
            | Action::Look { .. }
            | Action::Verify { .. }
            | Action::Validate
            | Action::Fmt { .. } => Effect::Reads,
            Action::Apply { .. } => Effect::Changes,
            Action::Destroy => Effect::Destroys,
            Action::Any { words } => subcommand::find(words).effect,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe::commands(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script::lines(step, self, script)
    }
}

pub(crate) fn starts(env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
    if let Some(terraform) = &env.terraform {
        see(Mention::Starts(terraform.image.as_ref().map_or(&terraform.program, |_| "docker")));
    }
}

/// Reads the outputs: from the state, or those given by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs;

impl StepKind for Outputs {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        starts(env, see);
        see(Mention::State);
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(read::outputs(step))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe::outputs(step)
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

/// Does it. The text says what came of it: for plans and applies the digest.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let root = root(step)?;
    let words = action.command().map(|command| words::words(step, command)).transpose()?.unwrap_or_default();
    match action {
        Action::Fmt { .. } => return read::fmt(step, &root, action).await,
        Action::Any { .. } => return attempt(step, &root, action, &words).await,
        _ => {}
    }
    if action.evaluates() {
        module::check(step)?;
    }
    let wish = if *action == Action::Init { Wish::Asked } else { Wish::IfNeeded };
    init::run(step, &root, wish).await?;
    let changes = matches!(action, Action::Apply { .. } | Action::Verify { .. } | Action::Destroy);
    if changes || matches!(action, Action::Plan { .. } | Action::Drift(_)) {
        known::mask(step, &root).await?;
    }
    if let Action::Apply { plan: Some(Reviewed { file, how: How::Verified }) } = action
        && step.facts.plan.is_none()
    {
        attempt(step, &root, &Action::Verify { plan: file.clone() }, &words).await?;
    }
    match attempt(step, &root, action, &words).await {
        // terraform knows better than our stamp: somebody cleaned up, or another tool was here.
        Err(failure) if !step.facts.initialised && advice::needs_init(&format!("{:#}", failure.error)) => {
            step.line(Level::Normal, "terraform wants an init first");
            init::run(step, &root, Wish::Again).await?;
            attempt(step, &root, action, &words).await
        }
        other => other,
    }
}

async fn attempt(
    step: &mut StepCx<'_>,
    root: &Root,
    action: &Action,
    words: &[String],
) -> Result<String, Failure> {
    let Some(way) = given::way(step, action)? else { return call(step, root, action, words).await };
    let root = Root { values: Some(way.pipe.path().to_owned()), ..root.clone() };
    tokio::select! {
        ended = call(step, &root, action, words) => ended,
        never = way.pipe.give() => match never {},
    }
}

async fn call(
    step: &mut StepCx<'_>,
    root: &Root,
    action: &Action,
    words: &[String],
) -> Result<String, Failure> {
    match action {
        Action::Init | Action::Fmt { .. } => Ok(String::new()),
        Action::Any { words } => any::run(step, root, words).await,
        Action::Plan { json, out, keep: false, .. } if *json || flags::asks(words, "json") => {
            plan::plan_json(step, root, out.as_deref(), words).await
        }
        Action::Plan { out, keep: false, cost, .. } => {
            Box::pin(plan::plan(step, root, out.as_deref(), *cost, words)).await
        }
        Action::Plan { destroy, .. } => keep::keep(step, root, *destroy, words).await,
        Action::Drift(look) => Box::pin(drift::run(step, root, look, words)).await,
        Action::Look { plan } => keep::look(step, root, plan).await,
        Action::Verify { plan } => verify::verify(step, root, plan, words).await,
        Action::Apply { plan } => change::apply(step, root, plan.as_ref(), words).await,
        Action::Destroy => change::destroy(step, root, words).await,
        Action::Validate => read::validate(step, root).await,
    }
}
