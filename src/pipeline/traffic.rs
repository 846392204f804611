//! Traffic that a run moves: what was there before is written down first, and returns when the run fails or is interrupted.

use std::time::Instant;

use super::Step;
use super::engine::{PipelineRun, ticking};
use super::moved::Moved;
use crate::config::Environment;
use crate::config::model::{RouteOnFailure, ValueFrom};
use crate::config::verbs::Effect;
use crate::deployments::record::{Moves, What};
use crate::deployments::{Open, store};
use crate::failure::{Failure, Kind};
use crate::steps::Work;
use crate::steps::meet::{self, meet};
use crate::steps::traffic;
use crate::ui::event::{Event, Outcome};
use crate::work::needs::Needs;
use crate::work::{Frame, StepCx};

/// The verb that ends a rollout.
const VERB: &str = "traffic";

impl PipelineRun<'_> {
    /// An error where a rollout is open that this run would get in the way of.
    pub(super) async fn may_move(&mut self, steps: &[Step]) -> Result<(), Failure> {
        if self.env.routes.is_empty() || !self.is_about_traffic(steps) {
            return Ok(());
        }
        let mut step = StepCx::new(self.cx, self.env, VERB, &[], &mut self.facts);
        self.traffic.open = Box::pin(store::all(&mut step)).await?.standing.open;
        match self.traffic.open.first() {
            Some((route, open)) if self.verb != VERB => Err(busy(&self.env.name, route, open)),
            _ => Ok(()),
        }
    }

    /// It moves traffic, or changes what gets it.
    fn is_about_traffic(&self, steps: &[Step]) -> bool {
        let mut leaves = Vec::new();
        for step in steps {
            step.leaves(&self.env.name, None, &mut leaves);
        }
        let is_one = |work: &Work, effect| match work {
            Work::Traffic(_) => true,
            Work::Terraform(_) => effect >= Effect::Changes,
            _ => false,
        };
        self.options.meant.as_ref().is_some_and(|meant| meant.deploys)
            || leaves.iter().any(|leaf| is_one(leaf.work, leaf.effect))
    }

    /// Before a step that moves traffic: what is there is written down, so that whoever comes after a run that was killed
    /// knows it.
    pub(super) async fn moves(&mut self, step: &Step, work: &Work, frame: &Frame) -> Result<(), Failure> {
        let Work::Traffic(wish) = work else { return Ok(()) };
        let route = wish.step.route.0.clone();
        if let Some(moved) = self.traffic.moved.iter_mut().find(|moved| moved.route == route) {
            moved.ends |= wish.ends;
            return Ok(());
        }
        let is_open = self.traffic.open.contains_key(&route);
        let needs = Needs::of(self.env, work.kind(), frame.secrets.as_deref());
        let mut step_cx = self.step_cx(step, frame.clone());
        meet(&mut step_cx, &needs).await?;
        let before = traffic::look(&step_cx, &route).await?;
        let is_as_wanted = before.is_like(traffic::wanted(&step_cx, wish, before)?);
        if is_as_wanted && !is_open {
            return Ok(());
        }
        if before.is_whole() {
            // Its sides are what they were before it was moved, whoever asks for them later.
            let (env, names) = (step_cx.env, values_of(step_cx.env, &route));
            meet::values(&mut step_cx, &Needs::of_values(env, &names)).await?;
        }
        if !is_open {
            self.write_down(What::Moves(Moves { route: route.clone(), weights: before })).await?;
        }
        let frame = Frame { limit: None, ear: None, ..frame.clone() };
        self.traffic.moved.push(Moved { route, before, at: self.at.clone(), ends: wish.ends, frame });
        Ok(())
    }

    /// After the last step, or the one that failed.
    pub(super) async fn settled(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = result {
            let failure = self.goes_back(failure).await;
            // Whoever resumes the run has to move it anew.
            self.at = self.traffic.again.take().or(self.at.take());
            return Err(failure);
        }
        for moved in std::mem::take(&mut self.traffic.moved) {
            let name = format!("{VERB} {}", moved.route);
            let mut step_cx = StepCx::new(self.cx, self.env, &name, &[], &mut self.facts);
            step_cx.frame = moved.frame;
            let now = traffic::look(&step_cx, &moved.route).await?;
            if now.is_whole() || moved.ends {
                self.write_down(What::Settled(Moves { route: moved.route, weights: now })).await?;
            } else {
                let (env, route) = (&self.env.name, &moved.route);
                self.cx.ui.note(format!(
                    "the rollout of `{route}` of `{env}` stays open with {now}: `infractl traffic {env} {route} --green 100` \
                     goes on, `--back` goes back"
                ));
            }
        }
        Ok(())
    }

    /// Lets what was there before this run return: the failure, with what could not.
    pub(super) async fn goes_back(&mut self, mut failure: Failure) -> Failure {
        let env = self.env;
        for moved in std::mem::take(&mut self.traffic.moved).into_iter().rev() {
            let route = &moved.route;
            let ways = format!("`infractl traffic {} {route} --back`", env.name);
            let on_failure = env.routes.get(route).and_then(|route| route.on_failure).unwrap_or_default();
            if on_failure == RouteOnFailure::Keep {
                failure = failure
                    .help(format!("look at `{route}`: its shares stay as they are; go back with {ways}"));
                continue;
            }
            self.traffic.again.clone_from(&moved.at);
            if let Err(why) = self.one_back(&moved).await {
                failure = failure.help(format!(
                    "take the traffic of `{route}` back with {ways}: that failed too: {:#}",
                    why.error
                ));
            }
        }
        failure
    }

    async fn one_back(&mut self, moved: &Moved) -> Result<(), Failure> {
        let name = format!("{VERB} {} back", moved.route);
        let (number, started, cx) = (self.number, Instant::now(), self.cx);
        self.tell(Event::StepStarted { number, name: name.clone() });
        let mut step_cx = StepCx::new(self.cx, self.env, &name, &[], &mut self.facts);
        step_cx.frame = moved.frame.clone();
        let result = ticking(cx, traffic::back(&step_cx, &moved.route, moved.before)).await;
        let (outcome, summary) = match &result {
            Ok(now) => (Outcome::Done, now.to_string()),
            Err(failure) => (failure.kind.into(), String::new()),
        };
        self.tell(Event::StepEnded { number, name, outcome, summary, took: started.elapsed() });
        let now = result?;
        if self.traffic.open.contains_key(&moved.route) {
            // It was open before this run, and is as it was then.
            return Ok(());
        }
        self.write_down(What::Settled(Moves { route: moved.route.clone(), weights: now })).await
    }

    async fn write_down(&mut self, what: What) -> Result<(), Failure> {
        let mut step = StepCx::new(self.cx, self.env, VERB, &[], &mut self.facts);
        Box::pin(store::add(&mut step, what)).await.map(|_| ())
    }
}

/// The values that are a side of a route.
fn values_of(env: &Environment, route: &str) -> Vec<String> {
    let is_its = |from: &ValueFrom| from.route.as_ref().is_some_and(|own| own.0 == route);
    env.values.iter().filter(|(_, from)| is_its(from)).map(|(name, _)| name.clone()).collect()
}

/// Another rollout is open.
fn busy(env: &str, route: &str, open: &Open) -> Failure {
    let since = open.since.strftime("%Y-%m-%d %H:%M UTC");
    let text = format!(
        "a rollout of `{route}` of `{env}` is open since {since}, by {}@{}: it began with {}",
        open.by, open.host, open.before
    );
    Failure::new(Kind::Busy, text)
        .help(format!("see what is there: `infractl traffic {env}`"))
        .help(format!("go back to what it began with: `infractl traffic {env} {route} --back`"))
        .help(format!("go on: `infractl traffic {env} {route} --green 100`"))
        .help(format!("keep what is there, as the end of it: `infractl traffic {env} {route} --keep`"))
}
