//! The deployment records that a run leaves.

use super::Step;
use super::engine::PipelineRun;
use crate::config::verbs::Effect;
use crate::deployments;
use crate::deployments::run::Writing;
use crate::failure::Failure;
use crate::work::{Frame, StepCx};

/// What writes them, for messages.
const RECORD: &str = "record";

impl PipelineRun<'_> {
    /// All steps, between the records.
    pub(super) async fn recorded(&mut self, steps: &[Step], frame: &Frame) -> Result<(), Failure> {
        let mut step = StepCx::new(self.cx, self.env, RECORD, &[], &mut self.facts);
        self.writing = Box::pin(Writing::new(&mut step, self.options.meant.as_ref())).await?;
        if !self.env.snapshots.is_empty() {
            self.facts.pinned = deployments::snapshots(&self.env.home, &self.env.name).ok();
        }
        self.may_move(steps).await?;
        let result = self.steps(steps, frame, "").await;
        let result = self.settled(result).await;
        let result = match self.is_kept(result.as_ref().copied()) {
            Err(lost) if result.is_ok() => Err(lost),
            _ => result,
        };
        let mut step = StepCx::new(self.cx, self.env, RECORD, &[], &mut self.facts);
        let kept = Box::pin(self.writing.ended(&mut step, self.verb, result.as_ref().copied())).await;
        match (result, kept) {
            (Ok(()), kept) => kept,
            (Err(failure), Ok(())) => Err(failure),
            (Err(failure), Err(lost)) => {
                Err(failure.help(format!("look at the deployment records too: {:#}", lost.error)))
            }
        }
    }

    /// Before a step with this effect.
    pub(super) async fn begins(&mut self, effect: Effect) -> Result<(), Failure> {
        if effect < Effect::Changes {
            return Ok(());
        }
        self.brings_up()?;
        let mut step = StepCx::new(self.cx, self.env, RECORD, &[], &mut self.facts);
        Box::pin(self.writing.begins(&mut step, self.verb)).await
    }
}
