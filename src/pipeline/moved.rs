//! What a run has to do with traffic: plain data.

use indexmap::IndexMap;

use crate::deployments::Open;
use crate::steps::traffic::Weights;
use crate::work::Frame;

/// What a run has to do with traffic.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Rollouts that are not over from before.
    pub(super) open: IndexMap<String, Open>,
    pub(super) moved: Vec<Moved>,
    /// Where a run begins again whose traffic went back.
    pub(super) again: Option<String>,
}

/// A route that this run has moved.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) route: String,
    pub(super) before: Weights,
    /// The way to the step that moved it.
    pub(super) at: Option<String>,
    /// The rollout is over with this run, whatever the shares are.
    pub(super) ends: bool,
    /// What the step could see.
    pub(super) frame: Frame,
}
