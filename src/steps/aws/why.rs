//! Why a task of ECS failed, said where it is run.

use super::crashes;
use crate::config::model::{Argument, Diagnosis};
use crate::failure::Failure;
use crate::text::list;
use crate::tools::aws::stopped::Stopped;
use crate::tools::aws::verdict::{Verdict, verdict};
use crate::work::values::Known;
use crate::work::{Crash, StepCx};

/// So much of what was seen is shown; the first says most.
const SHOWN: usize = 8;

/// A failure with what it means, what was seen, and what looks closer; `own` are the rules of the task.
pub(crate) fn why(step: &StepCx<'_>, own: &[Diagnosis], stopped: &Stopped, failure: Failure) -> Failure {
    let Verdict { branch, others, evidence, crash } = verdict(own, stopped);
    let before = if stopped.service.is_empty() { crashes::note(step, &crash) } else { 0 };
    if let Some(heard) = &step.frame.heard {
        heard.crashed(&Crash { what: crash, retry: branch.retry.filter(|_| branch.is_own) });
    }
    let said = format!("{:#}", failure.error);
    let mut told = failure.context(format!("{}: {}", branch.name, branch.says));
    for line in evidence.iter().filter(|line| !said.contains(line.as_str())).take(SHOWN) {
        told = told.help(format!("see: {}", step.cx.masks.mask(line)));
    }
    let known = Known::of(step);
    let one = |look: &Argument| {
        known.argument(step, &look.0).unwrap_or_else(|_| step.env.step_name(look.0.as_str()))
    };
    for look in &branch.look {
        told = told.help(format!("look: `{}`", step.cx.masks.mask(&one(look))));
    }
    if !others.is_empty() {
        told = told.help(format!("see also {}: seen too", list(&others, "and")));
    }
    told = match before {
        0 => told,
        1 => told.help("it was the same the last time"),
        times => told.help(format!("it was the same the last {times} times")),
    };
    match branch.retry {
        Some(true) => told.help("run it again: this may be well in a moment"),
        _ => told,
    }
}
