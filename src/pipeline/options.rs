//! What is asked of a run, besides its verb.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::deployments::run::Meant;
use crate::work::SavedPlan;

/// What is asked of a run, besides its verb.
#[derive(Clone, Default)]
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
    /// Why it may be done outside of the window of the environment.
    pub outside_window: Option<String>,
    /// Bring it up also where the machine has less than it needs.
    pub ignore_needs: bool,
    /// The plan that was asked about before; the first apply or destroy carries it out.
    pub plan: Option<Arc<SavedPlan>>,
    /// Values that are known from before, by name.
    pub(crate) values: IndexMap<String, String>,
    /// What its deployment records say; none where it deploys nothing.
    pub(crate) meant: Option<Meant>,
    /// Hears the way to each step that begins.
    pub(crate) begun: Option<Begun>,
    /// Hears the lines of a dry run, which are not printed then; nothing is asked of anybody for them.
    pub(crate) told: Option<Begun>,
}

/// Hears the way to a step, or a line.
pub(crate) type Begun = Arc<dyn Fn(&str) + Send + Sync>;

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}
