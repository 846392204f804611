//! Asks for the name of a protected environment.

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::ui::prompt;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, literal};

/// Asks for the name of a protected environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What is about to happen, for instance "`apply` changes `prod`".
    pub question: String,
}

impl StepKind for Confirm {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            prompt::confirm_name(&step.cx.ui, &self.question, &step.env.name).map(|()| String::new())
        })
    }

    fn describe(&self, _: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(vec![format!("# ask: {}", self.question)])
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.helpers.insert("confirm");
        let question = literal(&self.question.replace('`', ""));
        Ok(vec![format!("confirm {question} {}", literal(&step.env.name))])
    }
}
