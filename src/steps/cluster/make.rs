//! Clusters of containers: made, started, deleted.

use std::time::Duration;

use super::ask::order;
use super::look::Look;
use super::record::{self, Record};
use super::{look, registry};
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::disk;
use crate::exec::{Cmd, Stopping};
use crate::failure::Failure;
use crate::tools::clusters::{Standing, digest, k3d, kind, standing};
use crate::work::StepCx;

/// How long a cluster may take when the configuration says nothing.
const WAIT: Duration = Duration::from_secs(5 * 60);

/// How long it may take.
pub(super) fn patience(cluster: &Cluster) -> Duration {
    cluster.section.wait.map_or(WAIT, |wait| wait.0)
}

/// The command that makes it.
pub(super) fn command(step: &StepCx<'_>, cluster: &Cluster, look: &Look) -> Cmd {
    let digest = digest(&look.wanted);
    let cmd = if cluster.kind == ClusterKind::K3d {
        let registries = cluster.registry.as_ref().map(|_| record::registries(step.env));
        k3d::create(cluster, &look.owner, &digest, registries.as_deref(), patience(cluster))
    } else {
        let config = kind::config(cluster, &look.owner, &digest, &record::folder(step.env));
        kind::create(cluster, &config)
    };
    cmd.stopping(Stopping {
        waits_for: format!("{} ends", cluster.kind.word()),
        loses: "the cluster is half made then".to_owned(),
        after_kill: "the cluster is half made: the next `up` deletes it and makes it again".to_owned(),
    })
}

/// Makes it.
pub(super) async fn create(step: &StepCx<'_>, cluster: &Cluster, look: &Look) -> Result<(), Failure> {
    step.progress(format!("makes `{}`", cluster.name));
    let merged = look.record.as_ref().and_then(|record| record.merged.clone());
    let mut record =
        Record { name: cluster.name.clone(), made: look.wanted.clone(), merged, ..Record::default() };
    record.write(step.env)?;
    if let Some(folder) = cluster.kubeconfig.parent() {
        disk::make_private_dir(folder)?;
    }
    if let (ClusterKind::K3d, Some(registry), Some(container)) =
        (cluster.kind, &cluster.registry, cluster.registry_container())
    {
        let text = k3d::registries(&registry.inside, &registry.here, &container);
        disk::write(&record::registries(step.env), text.as_bytes(), 0o600)?;
    }
    let what = format!("`{}` was not made", cluster.name);
    if let Err(failure) = order(step, &command(step, cluster, look), &what).await {
        if step.cx.interrupts.is_pressed() {
            return Err(failure);
        }
        return Err(left(step, cluster, &look.owner, failure).await);
    }
    record.is_whole = true;
    record.write(step.env)
}

/// A making that failed: programs take away what they have made, as a rule.
async fn left(step: &StepCx<'_>, cluster: &Cluster, owner: &str, failure: Failure) -> Failure {
    let Ok(nodes) = look::nodes(step, cluster).await else { return failure };
    match standing(&nodes, owner) {
        Standing::Absent => {
            // What a later look finds of that name is not a rest of this.
            let _ = record::forget(step.env);
            failure
        }
        _ => failure.help("run it again: what is left of it is deleted then, and made again"),
    }
}

/// Starts it again.
pub(super) async fn start(step: &StepCx<'_>, cluster: &Cluster, look: &Look) -> Result<(), Failure> {
    step.progress(format!("starts `{}`", cluster.name));
    let cmd = match cluster.kind {
        ClusterKind::K3d => k3d::start(cluster, patience(cluster)),
        _ => kind::start(&look.nodes),
    };
    order(step, &cmd, &format!("`{}` was not started", cluster.name))
        .await
        .map_err(|failure| failure.help(again(step)))
}

/// What helps when a cluster that was made does not come back.
pub(super) fn again(step: &StepCx<'_>) -> String {
    format!("make it again, if it does not get well: `infractl recreate {}`", step.env.name)
}

/// Deletes it, with its registry. That goes first: k3d leaves a network in which something is that it has not made.
pub(super) async fn delete(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    step.progress(format!("deletes `{}`", cluster.name));
    registry::remove(step, cluster).await?;
    let cmd = match cluster.kind {
        ClusterKind::K3d => k3d::delete(cluster),
        _ => kind::delete(cluster),
    };
    order(step, &cmd, &format!("`{}` was not deleted", cluster.name)).await
}
