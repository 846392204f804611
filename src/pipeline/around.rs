//! What is asked before a step and after it: `when`, `unless` and `verify`.

use super::Step;
use super::engine::{PipelineRun, ticking};
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::steps::{Work, wait};
use crate::work::needs::Needs;
use crate::work::{Frame, when};

impl PipelineRun<'_> {
    /// Why the step is not done here; none when it is.
    pub(super) async fn unwanted(&mut self, step: &Step, frame: &Frame) -> Result<Option<String>, Failure> {
        if let Some(reason) = step.rules.elsewhere(&self.env.name) {
            return Ok(Some(reason));
        }
        if let Some(when) = &step.rules.when {
            let mut step_cx = self.step_cx(step, frame.clone());
            if when.output.is_some() {
                let needs = Needs::outputs(step_cx.env);
                meet(&mut step_cx, &needs).await?;
            }
            if let Some(reason) = when::unwanted(&step_cx, when)? {
                return Ok(Some(reason));
            }
        }
        self.is_true_already(step, frame).await
    }

    pub(super) fn remember(&mut self, step: &Step, frame: Frame) -> Result<(), Failure> {
        match &step.rules.when {
            Some(when) if when.changed.is_some() => when::remember(&self.step_cx(step, frame), when),
            _ => Ok(()),
        }
    }

    /// Why there is nothing to do; none when there is. An error when nobody can tell.
    async fn is_true_already(&mut self, step: &Step, frame: &Frame) -> Result<Option<String>, Failure> {
        let Some(Work::Wait(unless)) = step.rules.unless.as_deref() else { return Ok(None) };
        let needs = Needs::of(self.env, unless, frame.secrets.as_deref());
        let cx = self.cx;
        let mut step_cx = self.step_cx(step, frame.clone());
        ticking(cx, async {
            meet(&mut step_cx, &needs).await?;
            let found = wait::holds(&mut step_cx, unless).await?;
            Ok(found.map(|text| format!("{text}: nothing to do")))
        })
        .await
    }

    /// What came of a step, once what must be true after it is.
    pub(super) async fn verified(
        &mut self,
        step: &Step,
        frame: Frame,
        summary: String,
    ) -> Result<String, Failure> {
        let Some(Work::Wait(verify)) = step.rules.verify.as_deref() else { return Ok(summary) };
        let needs = Needs::of(self.env, verify, frame.secrets.as_deref());
        let cx = self.cx;
        let mut step_cx = self.step_cx(step, frame);
        let found = ticking(cx, async {
            meet(&mut step_cx, &needs).await?;
            wait::run(&mut step_cx, verify).await
        });
        let found = found.await.map_err(|failure| {
            failure.context(format!("`{}` was done, and cannot be verified", step.name))
        })?;
        let all = [summary, format!("verified: {found}")];
        Ok(all.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "))
    }
}
