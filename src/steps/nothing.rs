//! Steps that do nothing: there is nothing to do, or it cannot be done. Both say why.

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind, Problem};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

/// Nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing(pub String);

/// Something that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: String,
    /// What to do.
    pub help: String,
    /// The same at the place of the file that asks for it, if one does.
    pub problem: Option<Problem>,
}

impl Refused {
    /// As what ends the run before anything is done.
    pub(crate) fn failure(&self) -> Failure {
        match &self.problem {
            Some(problem) => Failure::problems(Kind::Config, vec![problem.clone()]),
            None => Failure::new(Kind::Config, self.why.as_str()).help(self.help.as_str()),
        }
    }
}

impl StepKind for Nothing {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, _: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move { Ok(self.0.clone()) })
    }

    fn describe(&self, _: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(vec![format!("# {}", self.0)])
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(vec![":".to_owned()])
    }
}

impl StepKind for Refused {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, _: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move { Err(self.failure()) })
    }

    fn describe(&self, _: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Err(self.failure())
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(self.failure())
    }
}
