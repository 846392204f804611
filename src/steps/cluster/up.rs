//! A cluster that is there, runs, and can be used.

use super::ask::answer;
use super::look::{Look, look};
use super::record::Record;
use super::{host, kubeconfig, make, merge, ready, registry};
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::failure::{Failure, Kind};
use crate::tools::clusters::{Standing, k3d, kind};
use crate::work::StepCx;

/// Sees to it.
pub(super) async fn run(step: &StepCx<'_>, cluster: &Cluster) -> Result<String, Failure> {
    // What is needed last is asked for first: nothing is made that cannot be looked at then.
    answer(step, kubeconfig::program(cluster), "kubectl does not run").await?;
    let said = match cluster.kind {
        ClusterKind::Existing => {
            kubeconfig::check_existing(step, cluster).await?;
            "was there"
        }
        ClusterKind::K3s => host::up(step, cluster).await?,
        ClusterKind::K3d | ClusterKind::Kind => containers(step, cluster).await?,
    };
    let usable = match ready::api(step, cluster).await {
        Ok(()) => {
            registry_of(step, cluster).await?;
            ready::usable(step, cluster, cluster.section.cni != Some(false)).await
        }
        Err(failure) => Err(failure),
    };
    let usable = usable.map_err(|failure| match said {
        "started" | "was there" if is_of_containers(cluster) => failure.help(make::again(step)),
        _ => failure,
    })?;
    if cluster.section.merge_kubeconfig == Some(true) {
        merge::merge(step, cluster).await?;
    }
    Ok(format!("`{}` {said}: {usable}", cluster.context))
}

fn is_of_containers(cluster: &Cluster) -> bool {
    matches!(cluster.kind, ClusterKind::K3d | ClusterKind::Kind)
}

async fn registry_of(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    if is_of_containers(cluster) { registry::announce(step, cluster).await } else { Ok(()) }
}

/// One of containers is there and runs; what was done for that.
async fn containers(step: &StepCx<'_>, cluster: &Cluster) -> Result<&'static str, Failure> {
    let mut seen = look(step, cluster).await?;
    if let Standing::Foreign(whose) = &seen.standing {
        return Err(foreign(cluster, whose.as_deref()));
    }
    if seen.standing == Standing::Half {
        step.cx.ui.warn(format!("`{}` is half made: it is deleted and made again", cluster.name));
        make::delete(step, cluster).await?;
        seen = Look { nodes: Vec::new(), standing: Standing::Absent, ..seen };
    }
    if let Some(lines) = seen.differs() {
        return Err(different(step, cluster, &lines));
    }
    let said = match seen.standing {
        Standing::Absent => {
            make::create(step, cluster, &seen).await?;
            "made"
        }
        Standing::Stopped => {
            make::start(step, cluster, &seen).await?;
            "started"
        }
        _ => "was there",
    };
    if said != "was there" {
        seen = look(step, cluster).await?;
    }
    registry::up(step, cluster, &seen.nodes).await?;
    reach(step, cluster, seen).await?;
    Ok(said)
}

/// Keeps how it is reached.
async fn reach(step: &StepCx<'_>, cluster: &Cluster, seen: Look) -> Result<(), Failure> {
    let cmd =
        if cluster.kind == ClusterKind::K3d { k3d::kubeconfig(cluster) } else { kind::kubeconfig(cluster) };
    let what = format!("{} does not say how `{}` is reached", cluster.kind.word(), cluster.name);
    let text = answer(step, cmd, &what).await?;
    let context = kubeconfig::write(step, cluster, &String::from_utf8_lossy(&text)).await?;
    let made = || Record { name: cluster.name.clone(), made: seen.wanted.clone(), ..Record::default() };
    let record = seen.record.unwrap_or_else(made);
    let file = Some(cluster.kubeconfig.clone());
    Record { is_whole: true, server: context.server, file, ..record }.write(step.env)
}

fn foreign(cluster: &Cluster, whose: Option<&str>) -> Failure {
    let (name, kind) = (&cluster.name, cluster.kind.word());
    let text = match whose {
        Some(whose) => format!("the cluster `{name}` of {kind} is that of `{whose}`"),
        None => format!("there is a cluster `{name}` of {kind} that infractl has not made"),
    };
    let delete = match cluster.kind {
        ClusterKind::K3d => format!("k3d cluster delete {name}"),
        _ => format!("kind delete cluster --name {name}"),
    };
    Failure::new(Kind::Failed, text)
        .help("give this one another `name` in `[cluster]`")
        .help(format!("or delete that one, if nobody needs it: `{delete}`"))
        .help(format!("or use it as it is: `kind = \"existing\"`, `context = \"{}\"`", cluster.context))
}

fn different(step: &StepCx<'_>, cluster: &Cluster, lines: &[String]) -> Failure {
    let text = format!("`{}` was made of something else: {}", cluster.name, lines.join("; "));
    Failure::new(Kind::Failed, text)
        .help(format!("make it again, without what is in it: `infractl recreate {}`", step.env.name))
        .help("or put the configuration back")
}
