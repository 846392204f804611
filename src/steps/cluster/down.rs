//! A cluster that is gone: only one that `up` has made is deleted.

use super::host::Said;
use super::look::look;
use super::record::{self, Record};
use super::{host, make, merge, registry};
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::disk;
use crate::failure::Failure;
use crate::tools::clusters::Standing;
use crate::work::StepCx;

/// Sees to it.
pub(super) async fn run(step: &StepCx<'_>, cluster: &Cluster) -> Result<String, Failure> {
    let said = match cluster.kind {
        ClusterKind::Existing => return Ok("never made here, so never deleted".to_owned()),
        ClusterKind::K3s => host::down(step, cluster).await?,
        ClusterKind::K3d | ClusterKind::Kind => containers(step, cluster).await?,
    };
    let record = Record::read(step.env)?.unwrap_or_default();
    if let Some(merged) = &record.merged {
        merge::take_back(step, cluster, merged).await?;
    }
    // A file that was not written here is somebody's.
    let is_ours =
        record::is_own(step.env, &cluster.kubeconfig) || record.file.as_ref() == Some(&cluster.kubeconfig);
    if said.is_gone && is_ours {
        disk::remove(&cluster.kubeconfig)?;
    }
    if said.is_gone {
        record::forget(step.env)?;
    }
    Ok(said.text)
}

async fn containers(step: &StepCx<'_>, cluster: &Cluster) -> Result<Said, Failure> {
    let seen = look(step, cluster).await?;
    let text = match seen.standing {
        Standing::Absent => {
            registry::remove(step, cluster).await?;
            format!("there is no `{}`", cluster.name)
        }
        Standing::Foreign(_) => {
            let text = format!("`{}` was not made by this environment", cluster.name);
            step.cx.ui.warn(format!("{text}: it stays"));
            return Ok(Said { text: format!("left: {text}"), is_gone: false });
        }
        Standing::Half | Standing::Stopped | Standing::Running => {
            make::delete(step, cluster).await?;
            format!("`{}` deleted", cluster.name)
        }
    };
    Ok(Said { text, is_gone: true })
}
