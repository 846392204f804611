//! The same care for every verb: order, confirmation, cancellation, events.

pub(crate) mod many;
pub(crate) mod queue;
pub(crate) mod graph;
pub(crate) mod resume;
mod retry;
mod explained;
pub(crate) mod supply;
mod around;
mod failed;
mod capture;
mod deployed;
mod kept;
mod traffic;
pub(crate) mod deploys;
pub(crate) mod engine;
pub(crate) mod recorded;
mod describe;
mod before;
mod expects;
mod one_state;
mod script_rules;
mod script_values;
pub(crate) mod script;
mod scenario;
mod moved;
mod options;
pub(crate) mod window;
pub(crate) mod select;
pub(crate) mod plan;
mod reviewed;
pub(crate) mod own;
mod clusters;
mod machines;
#[cfg(test)]
mod tests;
mod transient;
mod verb;
mod given;

use std::time::Duration;

use indexmap::IndexMap;

use crate::config::model::{Capture, When};
use crate::config::step::Retry;
use crate::config::verbs::Effect;
use crate::failure::Kind;
use crate::steps::Work;
use crate::steps::nothing::Refused;
use crate::steps::terraform;
use crate::work::ear::Ear;
use crate::work::when;

/// What a verb does to one environment: plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The verb, as it was typed.
    pub verb: String,
    /// The environment it works on.
    pub environment: String,
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
    /// Done only when this is not true already.
    pub unless: Option<Box<Work>>,
    /// Waited for after it.
    pub verify: Option<Box<Work>>,
    /// Values that are taken of what it said, by name.
    pub(crate) capture: IndexMap<String, Capture>,
    /// A try is ended when it takes longer.
    pub timeout: Option<Duration>,
    /// Tried again when it fails.
    pub retry: Option<Retry>,
    /// Secrets it may see; all if none are named.
    pub secrets: Option<Vec<String>>,
    /// What happens when it has failed.
    pub on_failure: OnFailure,
    /// That is for when it finds a difference, and not for when it fails.
    pub is_for_difference: bool,
    /// What the project says that its commands do.
    pub effect: Option<Effect>,
    /// It stands in a file of the project.
    pub is_declared: bool,
    /// Why it is not done with the scenario of the environment.
    pub left_out: Option<String>,
}

impl Rules {
    /// Why it is not done in this environment with its scenario, as far as the names tell.
    pub(crate) fn elsewhere(&self, environment: &str) -> Option<String> {
        let named = || self.when.as_ref().and_then(|when| when::elsewhere(environment, when));
        self.left_out.clone().or_else(named)
    }

    /// What happens on failure is meant for one like this.
    pub(super) fn are_for(&self, kind: Kind) -> bool {
        match kind {
            Kind::Failed | Kind::Busy => !self.is_for_difference,
            Kind::Difference => self.is_for_difference,
            _ => false,
        }
    }
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

impl Rules {
    /// What listens to the step; none when nothing is taken of what it says.
    fn ear(&self) -> Option<Ear> {
        let mut said = self.capture.values().filter(|capture| capture.file.is_none()).peekable();
        said.peek()?;
        Some(Ear::new(said.any(|capture| capture.secret)))
    }
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

/// A piece of work, with what the groups around it say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf<'a> {
    /// What it does.
    pub work: &'a Work,
    /// The secrets it may see; all if none are named.
    pub allowed: Option<&'a [String]>,
    /// What it does to the environment.
    pub effect: Effect,
}

impl Pipeline {
    /// How many pieces of work it is.
    pub fn count(&self) -> usize {
        self.steps.iter().map(Step::count).sum()
    }

    /// Every piece of work in order, those on failure included; not those that are for other environments.
    pub(crate) fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut all = Vec::new();
        for step in &self.steps {
            step.leaves(&self.environment, None, &mut all);
        }
        all
    }

    /// What it does to the environment: the greatest of the effects of its leaves.
    pub(crate) fn effect(&self) -> Effect {
        self.leaves().iter().map(|leaf| leaf.effect).max().unwrap_or(Effect::Reads)
    }

    /// A plan that was saved is carried out, or it is said why not.
    pub(crate) fn applies_saved_plan(&self) -> bool {
        let is_one = |work: &Work| {
            matches!(work, Work::Terraform(terraform::Action::Apply { plan: Some(_) }) | Work::Refused(_))
        };
        self.leaves().iter().any(|leaf| is_one(leaf.work))
    }

    /// It ends with taking something down: nothing is changed or brought up after that.
    pub(crate) fn takes_down(&self) -> bool {
        let last =
            self.leaves().into_iter().map(|leaf| leaf.effect).rfind(|effect| *effect >= Effect::Changes);
        last == Some(Effect::Destroys)
    }
}

impl Step {
    /// It is for other environments or scenarios only.
    pub(crate) fn is_elsewhere(&self, environment: &str) -> bool {
        self.rules.elsewhere(environment).is_some()
    }

    /// What the step itself does to the environment, and those in it.
    pub(crate) fn effect(&self, environment: &str) -> Effect {
        let mut all = Vec::new();
        self.leaves(environment, None, &mut all);
        all.iter().map(|leaf| leaf.effect).max().unwrap_or(Effect::Reads)
    }

    fn leaves<'a>(&'a self, environment: &str, above: Option<&'a [String]>, all: &mut Vec<Leaf<'a>>) {
        if self.is_elsewhere(environment) {
            return;
        }
        let allowed = self.rules.secrets.as_deref().or(above);
        // They are done like steps, and only look, but for a request that changes something.
        let around = self.rules.unless.iter().chain(&self.rules.verify);
        all.extend(around.map(|work| Leaf {
            work,
            allowed,
            effect: work.kind().effect().unwrap_or(Effect::Reads),
        }));
        match &self.what {
            What::Work(work) => {
                // A command is taken for a change unless the project says otherwise.
                let effect = work.kind().effect().or(self.rules.effect).unwrap_or(Effect::Changes);
                all.push(Leaf { work, allowed, effect });
            }
            What::Steps(steps) => steps.iter().for_each(|step| step.leaves(environment, allowed, all)),
        }
        if let OnFailure::Steps(steps) = &self.rules.on_failure {
            for step in steps {
                step.leaves(environment, above, all);
            }
        }
    }
}

/// What the steps may know that are done because one has failed, or found something: variables.
fn told(step: String, why: String, drift: Option<String>) -> impl Iterator<Item = (String, String)> {
    let all =
        [("INFRACTL_FAILED_STEP", Some(step)), ("INFRACTL_FAILURE", Some(why)), ("INFRACTL_DRIFT", drift)];
    all.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)))
}

/// A step that says why it cannot be done.
pub(super) fn refused(name: &str, why: &str, help: &str) -> Step {
    Step::new(name, Work::Refused(Refused { why: why.to_owned(), help: help.to_owned(), problem: None }))
}
