//! The git commit that an image is named after.

use std::path::Path;

use crate::tools::git;
use crate::work::{StepCx, relative};

/// A commit, and whether what is built differs from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    hash: String,
    /// There are changes that are in no commit, new files included.
    pub is_dirty: bool,
}

impl Commit {
    /// The tag of an image: nothing that is in no commit goes by the name of one.
    pub(crate) fn tag(&self) -> String {
        format!("{}{}", self.hash, if self.is_dirty { "-dirty" } else { "" })
    }
}

/// The one that is checked out, with what differs at these paths; none outside git, and before the first commit.
pub(crate) async fn of(step: &StepCx<'_>, paths: &[&Path]) -> Option<Commit> {
    let root = &step.env.root;
    let head = step.cx.runner.run(&git::head(root), &|_, _| ()).await.ok().filter(|done| done.code == 0)?;
    let hash = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let asked = step.cx.runner.run(&git::status(root, paths), &|_, _| ()).await;
    // Where git cannot say, as for a folder outside of the repository, it is not the commit that is built.
    let is_dirty = asked.map_or(true, |done| done.code != 0 || !done.stdout.is_empty());
    Some(Commit { hash, is_dirty })
}

/// Warns that what is built is in no commit.
pub(crate) fn warn(step: &StepCx<'_>, context: &Path, commit: &Commit) {
    let short = &commit.hash[..commit.hash.len().min(12)];
    step.cx.ui.warn_once(format!(
        "`{}` has changes that are not in commit {short}: the tag ends with `-dirty`",
        relative(step, context)
    ));
}
