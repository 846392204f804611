//! The registry beside a cluster of containers.

use super::ask::{answer, order};
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::failure::{Failure, Kind};
use crate::tools::clusters::registry::{self as tool, Seen};
use crate::tools::clusters::{self, Node};
use crate::tools::docker;
use crate::work::StepCx;

/// The image of the registry when the configuration names none.
const IMAGE: &str = "registry:2";

async fn look(step: &StepCx<'_>, container: &str) -> Result<Option<Seen>, Failure> {
    let what = format!("the registry `{container}` could not be looked at");
    let ids = answer(step, tool::look(container), &what).await?;
    let ids: Vec<String> = String::from_utf8_lossy(&ids).split_whitespace().map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(None);
    }
    Ok(tool::seen(&answer(step, docker::inspect(&ids), &what).await?))
}

/// It is there, it runs, and the machines of the cluster reach it.
pub(super) async fn up(step: &StepCx<'_>, cluster: &Cluster, nodes: &[Node]) -> Result<(), Failure> {
    let (Some(container), Some(section), Some(registry)) =
        (cluster.registry_container(), &cluster.section.registry, &cluster.registry)
    else {
        return Ok(());
    };
    let owner = clusters::owner(step.env);
    let what = format!("the registry `{container}` was not made");
    let seen = look(step, &container).await?;
    match &seen {
        Some(seen) if seen.owner.as_ref() != Some(&owner) => return Err(foreign(&container)),
        Some(seen) if seen.is_running => {}
        Some(_) => order(step, &tool::start(&container), &what).await?,
        None => {
            let image = section.image.as_deref().unwrap_or(IMAGE);
            let port = section.port.unwrap_or_default();
            let made = order(step, &tool::run(&container, port, image, &owner), &what).await;
            if let Err(failure) = made {
                // docker leaves the container when only its port was taken.
                let _ = order(step, &tool::remove(&container), &what).await;
                return Err(failure);
            }
        }
    }
    let network = match cluster.kind {
        ClusterKind::K3d => format!("k3d-{}", cluster.name),
        _ => "kind".to_owned(),
    };
    if !seen.is_some_and(|seen| seen.networks.contains(&network)) {
        order(step, &tool::connect(&network, &container), &format!("`{container}` cannot be reached"))
            .await?;
    }
    if cluster.kind == ClusterKind::Kind {
        for node in nodes.iter().filter(|node| node.is_running) {
            let what = format!("`{}` was not told of the registry", node.name);
            order(step, &tool::tell(&node.name, &registry.here, &container), &what).await?;
        }
    }
    Ok(())
}

/// Programs of the cluster are told of it.
pub(super) async fn announce(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    let Some(registry) = &cluster.registry else { return Ok(()) };
    let what = "the cluster was not told of its registry";
    answer(step, tool::announce(cluster, &registry.here), what).await.map(drop)
}

/// Removes it, if it was made with the cluster.
pub(super) async fn remove(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    let Some(container) = cluster.registry_container() else { return Ok(()) };
    match look(step, &container).await? {
        Some(seen) if seen.owner == Some(clusters::owner(step.env)) => {
            order(step, &tool::remove(&container), &format!("the registry `{container}` is left")).await
        }
        _ => Ok(()),
    }
}

fn foreign(container: &str) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("a container `{container}` is there that this environment has not made"),
    )
    .help("name another one: `registry.name` of `[cluster]`")
    .help(format!("or remove it, if nobody needs it: `docker rm --force {container}`"))
}
