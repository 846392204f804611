//! Asks before something is changed: about the plan that is kept for it, if there is one.

use std::sync::Arc;

use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::terraform::keep;
use crate::ui::prompt;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, literal};

/// Asks before something is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What is about to happen, for instance "`apply` on `prod`".
    pub question: String,
    /// How it is asked about.
    pub asks: Asks,
}

/// How something is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// For the name of the protected environment.
    Name,
    /// Yes or no.
    Yes,
    /// Yes or no, where the plan destroys or replaces something.
    Destroys,
}

impl StepKind for Confirm {
    fn visit(&self, _: &Environment, _: &mut dyn FnMut(Mention<'_>)) {}

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
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

async fn run(step: &mut StepCx<'_>, confirm: &Confirm) -> Result<String, Failure> {
    let mut question = confirm.question.clone();
    if let Some(plan) = step.facts.plan.as_ref().map(Arc::clone) {
        if plan.planned.is_empty {
            return Ok("nothing changes".to_owned());
        }
        if confirm.asks == Asks::Destroys && plan.planned.is_harmless() {
            return Ok("nothing is destroyed".to_owned());
        }
        keep::tell(step, &plan).await?;
        question = format!("{question} {}", plan.planned.sum());
    }
    let ui = &step.cx.ui;
    match confirm.asks {
        Asks::Name => prompt::confirm_name(ui, &question, &step.env.name)?,
        Asks::Yes | Asks::Destroys if prompt::yes(ui, &format!("{question}. Go on?"))? => {}
        _ => return Err(Failure::new(Kind::Declined, "declined; nothing was done")),
    }
    Ok(String::new())
}
