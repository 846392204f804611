//! Flags for a part of a pipeline, or for all of it as a script.

use clap_complete::engine::ArgValueCandidates;

use super::complete;
use crate::pipeline::select::Selection;

/// Part of a pipeline, or all of it as a script.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Part {
    /// Which steps.
    #[command(flatten)]
    pub steps: Steps,
    /// Print the same as a script for bash that needs no infractl, and run nothing
    #[arg(long, help_heading = PART)]
    pub print: bool,
}

/// Some steps of a pipeline.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Steps {
    /// Begin with this step
    #[arg(long, help_heading = PART, value_name = "STEP", add = ArgValueCandidates::new(complete::steps))]
    pub from: Option<String>,
    /// Do this step only; may be given several times
    #[arg(long, help_heading = PART, value_name = "STEP", add = ArgValueCandidates::new(complete::steps))]
    pub only: Vec<String>,
    /// Leave this step out; may be given several times
    #[arg(long, help_heading = PART, value_name = "STEP", add = ArgValueCandidates::new(complete::steps))]
    pub skip: Vec<String>,
    /// Go on with the last run at the step that failed, if configuration, commit and inputs are the same
    #[arg(long, help_heading = PART, conflicts_with_all = ["from", "only", "skip"])]
    pub resume: bool,
}

const PART: &str = "Part of the pipeline";

impl Steps {
    pub(super) fn selection(&self) -> Selection {
        Selection { from: self.from.clone(), only: self.only.clone(), skip: self.skip.clone() }
    }
}
