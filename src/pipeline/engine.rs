//! Runs a pipeline: each step in order, with events, until the end or the first failure.

use std::time::{Duration, Instant};

use super::{Pipeline, Step, lock};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::steps::{self, Facts, StepCx};
use crate::ui::event::{Event, Outcome};

/// What was asked of the run, besides its verb.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Given after `--`, for the tool.
    pub extra: Vec<String>,
    /// Print the commands, run nothing.
    pub dry_run: bool,
    /// Show what each step took, last.
    pub timings: bool,
    /// How long to wait for the lock of another run; as configured if none.
    pub lock_wait: Option<Duration>,
}

/// Runs every step; what they found out is the result.
pub async fn run(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    if options.dry_run {
        return describe(cx, env, pipeline, options, &mut facts).await.map(|()| facts);
    }
    let held = lock::take(cx, env, pipeline, options.lock_wait, &mut facts).await?;
    let begun = Instant::now();
    let tell = |event| cx.ui.event(Some(&env.name), event);
    tell(Event::RunStarted { verb: pipeline.verb.clone(), steps: pipeline.steps.len() });
    let mut timings = Vec::new();
    let mut result = Ok(());
    for (number, step) in (1..).zip(&pipeline.steps) {
        let started = Instant::now();
        result = match held.check(&env.name) {
            Ok(()) => one(cx, env, options, &mut facts, number, step).await,
            lost => lost,
        };
        timings.push((step.name.clone(), started.elapsed()));
        if result.is_err() {
            break;
        }
    }
    let outcome = match &result {
        Ok(()) => Outcome::Done,
        Err(failure) => outcome(failure.kind),
    };
    tell(Event::RunEnded { verb: pipeline.verb.clone(), outcome, took: begun.elapsed() });
    if options.timings {
        for (name, took) in timings.into_iter().chain([("all".to_owned(), begun.elapsed())]) {
            cx.ui.note(format!("{:>10}  {name}", crate::text::duration(took)));
        }
    }
    let released = held.release().await;
    result.and(released).map(|()| facts)
}

async fn one(
    cx: &Ctx,
    env: &Environment,
    options: &Options,
    facts: &mut Facts,
    number: usize,
    step: &Step,
) -> Result<(), Failure> {
    let tell = |event| cx.ui.event(Some(&env.name), event);
    tell(Event::StepStarted { number, name: step.name.clone() });
    let started = Instant::now();
    let mut step_cx = StepCx { cx, env, name: &step.name, extra: &options.extra, facts };
    let result = if let Some(kind) = cx.interrupts.seen().kind() {
        Err(Failure::new(kind, format!("stopped before `{}`", step.name)))
    } else {
        ticking(cx, steps::run(&mut step_cx, &step.work)).await
    };
    let (outcome, summary) = match &result {
        Ok(summary) => (Outcome::Done, summary.clone()),
        Err(failure) => (outcome(failure.kind), String::new()),
    };
    tell(Event::StepEnded { number, name: step.name.clone(), outcome, summary, took: started.elapsed() });
    result.map(|_| ())
}

fn outcome(kind: Kind) -> Outcome {
    match kind {
        Kind::Difference => Outcome::Difference,
        Kind::Interrupted | Kind::Terminated | Kind::Declined => Outcome::Interrupted,
        _ => Outcome::Failed,
    }
}

/// Lets the reporters know every second that time passes.
async fn ticking<T>(cx: &Ctx, work: impl Future<Output = T>) -> T {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = clock.tick() => cx.ui.tick(),
        }
    }
}

/// Prints what would run: data, so it goes to standard output.
async fn describe(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
    facts: &mut Facts,
) -> Result<(), Failure> {
    for step in &pipeline.steps {
        let mut step_cx = StepCx { cx, env, name: &step.name, extra: &options.extra, facts };
        for line in steps::describe(&mut step_cx, &step.work).await? {
            cx.ui.data(format!("{}\n", cx.masks.mask(&line)).as_bytes())?;
        }
    }
    Ok(())
}
