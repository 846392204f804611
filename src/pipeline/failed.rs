//! What is done when a step has failed.

use super::engine::PipelineRun;
use super::{OnFailure, Step, told};
use crate::failure::Failure;
use crate::work::Frame;

impl PipelineRun<'_> {
    /// What becomes of a run when a step has failed.
    pub(super) async fn failed(
        &mut self,
        step: &Step,
        failure: Failure,
        frame: &Frame,
        path: &str,
    ) -> Result<(), Failure> {
        if !step.rules.are_for(failure.kind) {
            return Err(failure);
        }
        match &step.rules.on_failure {
            OnFailure::Stop => Err(failure),
            OnFailure::Continue => {
                self.cx.ui.warn(format!("`{}` failed, the pipeline goes on: {:#}", step.name, failure.error));
                Ok(())
            }
            OnFailure::Steps(steps) => {
                // These may stop what gets a share of the traffic.
                let failure = self.goes_back(failure).await;
                let reason = self.cx.masks.mask(&format!("{:#}", failure.error)).into_owned();
                let mut frame = frame.clone();
                // Of a group it is the step in it that failed.
                let inside = self.at.as_deref().and_then(|at| at.strip_prefix(path)?.strip_prefix('/'));
                let failed = inside.unwrap_or(&step.name).to_owned();
                frame.vars.extend(told(failed, reason, self.facts.drift.take()));
                let number = self.number;
                let result = self.steps(steps, &frame, path).await;
                self.number = number;
                self.at = Some(path.to_owned());
                Err(match result {
                    Ok(()) => failure,
                    Err(other) => failure.help(format!(
                        "look at what was done because of it: that failed too: {:#}",
                        other.error
                    )),
                })
            }
        }
    }
}
