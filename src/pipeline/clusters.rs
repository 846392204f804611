//! The cluster of an environment around the built-in steps of `up` and `down`. Pure.

use super::Step;
use crate::config::Environment;
use crate::config::model::{ClusterKind, ClusterStep};
use crate::steps::Work;

fn step(env: &Environment, to: ClusterStep) -> Option<Step> {
    let cluster = env.cluster.as_ref()?;
    // What makes one of somebody else may be the root module: nobody can wait for it before that.
    (cluster.kind != ClusterKind::Existing)
        .then(|| Step::new(&format!("cluster {}", to.word()), Work::Cluster(to)))
}

/// It is there before anything is put into it.
pub(super) fn up(env: &Environment, steps: Vec<Step>) -> Vec<Step> {
    step(env, ClusterStep::Up).into_iter().chain(steps).collect()
}

/// It goes when terraform has taken away what it has put there and elsewhere, and before what infractl keeps.
pub(super) fn down(env: &Environment, mut steps: Vec<Step>) -> Vec<Step> {
    let last = steps.len().saturating_sub(1);
    steps.splice(last..last, step(env, ClusterStep::Down));
    steps
}
