//! Ends the connections to machines that are gone and forgets their host keys.

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::hosts::login;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

/// Forgets the machines of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forget;

impl StepKind for Forget {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Writes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move { login::run_forget(step) })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(login::describe_forget(step))
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(login::describe_forget(step))
    }
}
