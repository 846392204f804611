//! What is asked of a run, besides its verb.

use std::sync::Arc;
use std::time::Duration;

use crate::work::SavedPlan;

/// What is asked of a run, besides its verb.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Given after `--`, for the tool.
    pub extra: Vec<String>,
    /// Print the commands, run nothing.
    pub dry_run: bool,
    /// Show what each step took, last.
    pub timings: bool,
    /// How long to wait for the lock of another run; as configured if none.
    pub lock_wait: Option<Duration>,
    /// Try again also what failed in the same way in the last runs.
    pub insist: bool,
    /// The plan that was asked about before; the first apply or destroy carries it out.
    pub plan: Option<Arc<SavedPlan>>,
}
