//! Runs a pipeline: each step in order, with events, until the end or the first failure.

use std::time::{Duration, Instant};

use super::before::{self, refuse};
use super::moved::Traffic;
use super::scenario::{self, Kept};
use super::{Pipeline, Step, What, expects, one_state};
use crate::config::template::Rendered;
use crate::config::verbs::Effect;
use crate::config::{Environment, verbs};
use crate::context::Ctx;
use crate::deployments::run::Writing;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::lock::{self, Held};
use crate::steps::meet::{self, meet};
use crate::text;
use crate::ui::event::{Event, Outcome};
use crate::work::needs::Needs;
use crate::work::{Facts, Frame, Heard, StepCx};

pub use super::options::Options;

/// A failure, and the step it happened in.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Why.
    pub failure: Failure,
    /// The way to the step: its groups and its name, joined by `/`. None when no step had begun.
    pub step: Option<String>,
}

/// Runs every step; what they found out is the result.
pub async fn run(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<Facts, Failure> {
    run_to_step(cx, env, pipeline, options).await.map_err(|stopped| stopped.failure)
}

/// The same; on failure it also tells at which step.
pub(crate) async fn run_to_step(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<Facts, Stopped> {
    let nowhere = |failure| Stopped { failure, step: None };
    let verb = &pipeline.verb;
    let tell = |event| cx.ui.event(Some(&env.name), event);
    let begun = Instant::now();
    if !options.dry_run {
        tell(Event::RunStarted { verb: verb.clone(), steps: pipeline.count() });
    }
    let mut facts =
        Facts { expects: expects::of(env, pipeline), plan: options.plan.clone(), ..Facts::default() };
    facts
        .values
        .extend(options.values.iter().map(|(name, text)| (name.clone(), Rendered::Plain(text.clone()))));
    let may = |()| if options.dry_run { Ok(()) } else { one_state::check(cx, env, pipeline, &facts.modules) };
    let mut refused = refuse(pipeline).and_then(may);
    if refused.is_ok() && !options.dry_run {
        refused = before::programs(cx, env, pipeline).await;
        if before::looks_first(pipeline) {
            facts.stop = std::mem::replace(&mut refused, Ok(())).err();
        }
    }
    if refused.is_ok() {
        refused = Box::pin(scenario::before(cx, env, pipeline, options)).await;
    }
    let held = match (refused, options.dry_run) {
        (Ok(()), true) => Ok(Held::nothing()),
        (Ok(()), false) => {
            Box::pin(lock::take(cx, env, (verb, pipeline.effect()), options.lock_wait, &mut facts)).await
        }
        (Err(failure), _) => Err(failure),
    };
    let ended = |outcome| tell(Event::RunEnded { verb: verb.clone(), outcome, took: begun.elapsed() });
    if let (Err(failure), false) = (&held, options.dry_run) {
        ended(failure.kind.into());
    }
    let held = held.map_err(nowhere)?;
    let mut run = PipelineRun {
        cx,
        env,
        options,
        verb,
        held: &held,
        facts,
        writing: Writing::default(),
        number: 0,
        timings: Vec::new(),
        at: None,
        traffic: Traffic::default(),
        kept: Kept::default(),
    };
    if options.dry_run {
        super::describe::steps(&mut run, &pipeline.steps).await.map_err(nowhere)?;
        return Ok(run.facts);
    }
    let is_report = verbs::find(verb).is_some_and(|verb| verb.is_report);
    let frame = Frame { verb: verb.clone(), is_report, ..Frame::default() };
    let result = run.recorded(&pipeline.steps, &frame).await;
    ended(result.as_ref().map_or_else(|failure| failure.kind.into(), |()| Outcome::Done));
    if options.timings {
        for (name, took) in
            run.timings.iter().map(|(name, took)| (name.as_str(), *took)).chain([("all", begun.elapsed())])
        {
            cx.ui.note(format!("{:>10}  {name}", text::duration(took)));
        }
    }
    let PipelineRun { facts, at, .. } = run;
    match result.and(held.release().await) {
        Ok(()) => Ok(facts),
        Err(failure) => Err(Stopped { failure, step: at }),
    }
}

/// A run under way.
pub(super) struct PipelineRun<'a> {
    pub(super) cx: &'a Ctx,
    pub(super) env: &'a Environment,
    pub(super) options: &'a Options,
    pub(super) verb: &'a str,
    held: &'a Held,
    pub(super) facts: Facts,
    pub(super) writing: Writing,
    pub(super) number: usize,
    timings: Vec<(String, Duration)>,
    pub(super) at: Option<String>,
    pub(super) traffic: Traffic,
    pub(super) kept: Kept,
}

impl PipelineRun<'_> {
    pub(super) fn tell(&self, event: Event) {
        self.cx.ui.event(Some(&self.env.name), event);
    }

    pub(super) fn step_cx<'b>(&'b mut self, step: &'b Step, frame: Frame) -> StepCx<'b> {
        let extra = &self.options.extra;
        StepCx { cx: self.cx, env: self.env, name: &step.name, extra, facts: &mut self.facts, frame }
    }

    /// Boxed: a group of steps holds steps.
    pub(super) fn steps<'b>(
        &'b mut self,
        steps: &'b [Step],
        frame: &'b Frame,
        above: &'b str,
    ) -> BoxFuture<'b, Result<(), Failure>> {
        Box::pin(async move {
            for step in steps {
                let path =
                    if above.is_empty() { step.name.clone() } else { format!("{above}/{}", step.name) };
                Box::pin(self.step(step, frame, &path)).await?;
            }
            Ok(())
        })
    }

    async fn step(&mut self, step: &Step, above: &Frame, path: &str) -> Result<(), Failure> {
        let first = self.number + 1;
        let started = Instant::now();
        let rules = &step.rules;
        let mut frame = Frame { number: first, ..above.clone() };
        if rules.secrets.is_some() {
            frame.secrets.clone_from(&rules.secrets);
        }
        let is_work = matches!(step.what, What::Work(_));
        if is_work || rules.retry.is_some() {
            frame.heard = Some(Heard::below(above.heard.as_ref()));
        }
        self.at = Some(path.to_owned());
        if let Some(begun) = &self.options.begun {
            begun(path);
        }
        if let Some(reason) = self.unwanted(step, &frame).await? {
            self.captured_of_skipped(step, &frame);
            self.number += step.count();
            self.tell(Event::StepStarted { number: first, name: step.name.clone() });
            self.ended(first, step, Outcome::Skipped, reason, started.elapsed());
            return Ok(());
        }
        if is_work {
            self.tell(Event::StepStarted { number: first, name: step.name.clone() });
        }
        let result = match &rules.retry {
            Some(retry) => Box::pin(self.retried(step, retry, &frame, path)).await,
            None => Box::pin(self.once(step, &frame, path)).await,
        };
        self.number = first - 1 + step.count();
        if is_work {
            let (outcome, summary) = match &result {
                Ok(summary) => (Outcome::Done, summary.clone()),
                Err(failure) => (failure.kind.into(), String::new()),
            };
            self.ended(first, step, outcome, summary, started.elapsed());
        }
        match result {
            Ok(_) => self.remember(step, frame),
            Err(failure) => {
                let failure = if is_work { self.explained(step, &frame, failure) } else { failure };
                self.failed(step, failure, above, path).await
            }
        }
    }

    fn ended(&mut self, number: usize, step: &Step, outcome: Outcome, summary: String, took: Duration) {
        self.timings.push((step.name.clone(), took));
        self.tell(Event::StepEnded { number, name: step.name.clone(), outcome, summary, took });
    }

    pub(super) async fn once(&mut self, step: &Step, frame: &Frame, path: &str) -> Result<String, Failure> {
        if let Some(kind) = self.cx.interrupts.seen().kind() {
            return Err(Failure::new(kind, format!("stopped before `{}`", step.name)));
        }
        self.held.check(&self.env.name)?;
        let mut frame = frame.clone();
        if let Some(timeout) = step.rules.timeout {
            let limit = tokio::time::Instant::now() + timeout;
            if frame.limit.is_none_or(|above| limit < above) {
                (frame.limit, frame.timeout) = (Some(limit), timeout);
            }
        }
        frame.attempt = frame.attempt.max(1);
        let work = match &step.what {
            What::Steps(steps) => {
                let result = self.steps(steps, &frame, path).await.map(|()| String::new());
                let summary = self.captured(step, &frame, result)?;
                return self.verified(step, frame, summary).await;
            }
            What::Work(work) => work,
        };
        let cx = self.cx;
        let kind = work.kind();
        self.begins(kind.effect().or(step.rules.effect).unwrap_or(Effect::Changes)).await?;
        let needs = Needs::of(self.env, kind, frame.secrets.as_deref());
        self.moves(step, work, &frame).await?;
        frame.ear = step.rules.ear();
        let mut step_cx = self.step_cx(step, frame.clone());
        let result = ticking(cx, async {
            // What verbs need they open and read themselves, in their own order.
            if step.rules.is_declared {
                meet(&mut step_cx, &needs).await?;
            } else {
                Box::pin(meet::values(&mut step_cx, &needs)).await?;
            }
            kind.run(&mut step_cx).await
        })
        .await;
        let summary = self.captured(step, &frame, result)?;
        frame.ear = None;
        self.verified(step, frame, summary).await
    }
}

/// Lets the reporters know every second that time passes.
pub(crate) async fn ticking<T>(cx: &Ctx, work: impl Future<Output = T>) -> T {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = clock.tick() => cx.ui.tick(),
        }
    }
}
