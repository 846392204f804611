//! A task that is followed, and who hears its log.

use crate::steps::aws::Reader;
use crate::tools::aws::definition::Revision;
use crate::tools::aws::task::Task;

/// A task that is followed.
pub(super) struct Following<'a> {
    pub reader: &'a Reader,
    pub cluster: &'a str,
    pub task: Task,
    pub revision: Revision,
    pub main: String,
    /// So often Ctrl-C was pressed before.
    pub presses: u32,
}

/// What gets the lines of its log.
pub(crate) type OnLog<'a> = &'a (dyn Fn(&str) + Send + Sync);
