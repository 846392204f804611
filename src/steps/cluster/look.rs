//! How a cluster of containers stands.

use super::ask::answer;
use super::record::Record;
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::tools::clusters::{self, Made, Node, Standing, k3d, kind};
use crate::tools::docker;
use crate::work::StepCx;

/// A cluster as it is, as it was made, and as it is wanted.
pub(super) struct Look {
    /// Its machines.
    pub(super) nodes: Vec<Node>,
    /// How it stands.
    pub(super) standing: Standing,
    /// What is known of how it was made.
    pub(super) record: Option<Record>,
    /// Whose it would be.
    pub(super) owner: String,
    /// What the configuration asks for.
    pub(super) wanted: Made,
}

/// Looks at it.
pub(super) async fn look(step: &StepCx<'_>, cluster: &Cluster) -> Result<Look, Failure> {
    let nodes = nodes(step, cluster).await?;
    let owner = clusters::owner(step.env);
    let record = Record::read(step.env)?.filter(|record| record.name == cluster.name);
    let standing = match clusters::standing(&nodes, &owner) {
        Standing::Running | Standing::Stopped if record.as_ref().is_some_and(|record| !record.is_whole) => {
            Standing::Half
        }
        standing => standing,
    };
    let config = cluster.section.config.as_ref().map(|file| disk::read_named(&file.0)).transpose()?;
    Ok(Look { nodes, standing, record, owner, wanted: clusters::made_of(cluster, config.as_deref()) })
}

/// Its machines.
pub(super) async fn nodes(step: &StepCx<'_>, cluster: &Cluster) -> Result<Vec<Node>, Failure> {
    let what = format!("the clusters of {} could not be listed", cluster.kind.word());
    let nodes = if cluster.kind == ClusterKind::K3d {
        k3d::nodes(&answer(step, k3d::list(cluster), &what).await?, &cluster.name)
    } else {
        let ids = answer(step, kind::containers(cluster), &what).await?;
        let ids: Vec<String> = String::from_utf8_lossy(&ids).split_whitespace().map(str::to_owned).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        kind::nodes(&answer(step, docker::inspect(&ids), &what).await?)
    };
    nodes.ok_or_else(|| {
        Failure::new(Kind::Failed, "what it printed is no JSON that it is known for").context(what)
    })
}

impl Look {
    /// Whether it was made of something else than is wanted now: the lines that say what.
    pub(super) fn differs(&self) -> Option<Vec<String>> {
        let wanted = clusters::digest(&self.wanted);
        let was = self.nodes.iter().find_map(|node| node.digest.as_ref())?;
        if *was == wanted {
            return None;
        }
        let record = self.record.as_ref().filter(|record| clusters::digest(&record.made) == *was);
        Some(record.map_or_else(
            || vec!["what it was made of is not known in this folder".to_owned()],
            |record| clusters::differences(&record.made, &self.wanted),
        ))
    }
}
