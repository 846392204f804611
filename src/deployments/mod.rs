//! What was deployed where: records that cannot be changed unseen, and what follows from them.

pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod tagged;
pub(crate) mod promotion;
pub(crate) mod back;
mod standing;
pub(crate) mod lease;
mod chain;
pub(crate) mod job;
pub(crate) mod record;

pub(crate) use record::Release;
pub(crate) use standing::{Deployment, Open, Standing};

use std::collections::BTreeSet;
use std::path::Path;

use crate::failure::Failure;

/// The snapshots that deployments of an environment name, by their identifiers, as far as this machine knows: none of them
/// is for `prune` to take. A run that makes one says so by [`Facts::keep_snapshot`](crate::work::Facts::keep_snapshot).
pub(crate) fn snapshots(root: &Path, environment: &str) -> Result<BTreeSet<String>, Failure> {
    let records = store::here(root, environment)?;
    Ok(records.standing.deployments.into_iter().filter_map(|deployment| deployment.snapshot).collect())
}
