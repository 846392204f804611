//! The same care for every verb: order, confirmation, cancellation, events.

mod describe;
pub(crate) mod engine;
pub(crate) mod graph;
mod machines;
pub(crate) mod many;
pub(crate) mod own;
pub(crate) mod plan;
pub(crate) mod queue;
pub(crate) mod resume;
mod retry;
pub(crate) mod script;
pub(crate) mod select;
#[cfg(test)]
mod tests;
mod transient;
mod verb;

use std::time::Duration;

use crate::config::model::When;
use crate::config::step::Retry;
use crate::steps::Work;

/// What a verb does to one environment: plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The verb, as it was typed.
    pub verb: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// For people, history and selection.
    pub name: String,
    /// What it does.
    pub what: What,
    /// What any kind of step may say.
    pub rules: Rules,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a pipeline has few steps, and each is read in many places")]
pub enum What {
    /// One piece of work.
    Work(Work),
    /// The steps of another verb or pipeline.
    Steps(Vec<Step>),
}

/// What any kind of step may say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Done only when all of this is true.
    pub when: Option<When>,
    /// A try is ended when it takes longer.
    pub timeout: Option<Duration>,
    /// Tried again when it fails.
    pub retry: Option<Retry>,
    /// Secrets it may see; all if none are named.
    pub secrets: Option<Vec<String>>,
    /// What happens when it has failed.
    pub on_failure: OnFailure,
    /// It stands in a file of the project.
    pub is_declared: bool,
}

/// What happens when a step has failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum OnFailure {
    /// The pipeline has failed.
    #[default]
    Stop,
    /// A warning, and on.
    Continue,
    /// These steps, then the pipeline has failed.
    Steps(Vec<Step>),
}

impl Step {
    /// A step with a name.
    pub fn new(name: &str, work: Work) -> Self {
        Step { name: name.to_owned(), what: What::Work(work), rules: Rules::default() }
    }

    /// The steps of another verb under its name.
    pub fn group(name: &str, steps: Vec<Step>) -> Self {
        Step { name: name.to_owned(), what: What::Steps(steps), rules: Rules::default() }
    }

    /// How many pieces of work it is.
    pub fn count(&self) -> usize {
        match &self.what {
            What::Work(_) => 1,
            What::Steps(steps) => steps.iter().map(Step::count).sum(),
        }
    }
}

/// A piece of work with the secrets it may see.
pub(crate) type Leaf<'a> = (&'a Work, Option<&'a [String]>);

impl Pipeline {
    /// How many pieces of work it is.
    pub fn count(&self) -> usize {
        self.steps.iter().map(Step::count).sum()
    }

    /// Every piece of work in order, those on failure included, with the secrets it may see.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut all = Vec::new();
        for step in &self.steps {
            leaves(step, None, &mut all);
        }
        all
    }
}

fn leaves<'a>(step: &'a Step, above: Option<&'a [String]>, all: &mut Vec<Leaf<'a>>) {
    let allowed = step.rules.secrets.as_deref().or(above);
    match &step.what {
        What::Work(work) => all.push((work, allowed)),
        What::Steps(steps) => {
            for step in steps {
                leaves(step, allowed, all);
            }
        }
    }
    if let OnFailure::Steps(steps) = &step.rules.on_failure {
        for step in steps {
            leaves(step, above, all);
        }
    }
}
