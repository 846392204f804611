//! kind: Kubernetes in containers.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Node, at, owned};
use crate::config::cluster::{Cluster, PortMapping};
use crate::exec::{Cmd, Io};
use crate::tools::kubernetes;

/// Its machines carry no labels of ours. A folder that they mount says whose they are, and what they were made of.
const MARK: &str = "/infractl/";

fn kind(cluster: &Cluster) -> Cmd {
    kubernetes::alone(Cmd::new("kind"), cluster).unset("KIND_CLUSTER_NAME")
}

/// The identifiers of the containers of its machines, on standard output.
pub(crate) fn containers(cluster: &Cluster) -> Cmd {
    let label = format!("label=io.x-k8s.kind.cluster={}", cluster.name);
    let cmd =
        Cmd::new("docker").args(["ps", "--all", "--no-trunc", "--filter", &label, "--format", "{{.ID}}"]);
    cmd.io(Io::Capture)
}

/// The machines in what `docker container inspect` printed; none where that is no answer.
pub(crate) fn nodes(printed: &[u8]) -> Option<Vec<Node>> {
    let all: Json = serde_json::from_slice(printed).ok()?;
    Some(all.as_array()?.iter().map(node).collect())
}

fn node(json: &Json) -> Node {
    let mut mounts = json["Mounts"].as_array().into_iter().flatten();
    let mark = mounts.find_map(|mount| mount["Destination"].as_str()?.strip_prefix(MARK));
    let (owner, digest) = mark.and_then(|mark| mark.rsplit_once('/')).unzip();
    Node {
        name: owned(&json["Name"]).unwrap_or_default().trim_start_matches('/').to_owned(),
        is_running: at(json, &["State", "Running"]) == true,
        is_new: at(json, &["State", "Status"]) == "created",
        owner: owner.map(str::to_owned),
        digest: digest.map(str::to_owned),
    }
}

/// Its file. `folder` is one of this machine that its machines mount.
pub(crate) fn config(cluster: &Cluster, owner: &str, digest: &str, folder: &Path) -> Json {
    let section = &cluster.section;
    let mark =
        json!({ "hostPath": folder, "containerPath": format!("{MARK}{owner}/{digest}"), "readOnly": true });
    let servers = section.servers.unwrap_or(1);
    let count = servers + section.agents.unwrap_or(0);
    let nodes = (0..count).map(|number| {
        let role = if number < servers { "control-plane" } else { "worker" };
        let mut node = json!({ "role": role, "extraMounts": [mark] });
        if number == 0 && !section.ports.is_empty() {
            let ports = section.ports.iter().filter_map(|port| PortMapping::parse(port));
            node["extraPortMappings"] = ports.map(|port| published(&port)).collect();
        }
        node
    });
    let mut networking = json!({ "apiServerAddress": "127.0.0.1" });
    if let Some(port) = section.api_port {
        networking["apiServerPort"] = port.into();
    }
    if section.cni == Some(false) {
        networking["disableDefaultCNI"] = true.into();
    }
    json!({
        "kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": nodes.collect::<Vec<_>>(), "networking": networking,
    })
}

fn published(port: &PortMapping) -> Json {
    let protocol = if port.is_udp { "UDP" } else { "TCP" };
    let mut all = json!({ "containerPort": port.inside, "hostPort": port.here, "protocol": protocol });
    if let Some(address) = &port.address {
        all["listenAddress"] = address.trim_matches(['[', ']']).into();
    }
    all
}

/// Makes it of its file. It waits for nothing: what it can see is less than what is needed.
pub(crate) fn create(cluster: &Cluster, config: &Json) -> Cmd {
    let kubeconfig = cluster.kubeconfig.to_string_lossy();
    let cmd = kind(cluster).args(["create", "cluster", "--name", &cluster.name, "--config", "-"]);
    let cmd = cmd.args(["--kubeconfig", &kubeconfig]);
    let cmd = cluster.section.image.iter().fold(cmd, |cmd, image| cmd.args(["--image", image]));
    cmd.args(cluster.section.args.iter().cloned()).input(config.to_string().into())
}

/// Starts its machines again: it has no word for that.
pub(crate) fn start(nodes: &[Node]) -> Cmd {
    let stopped = nodes.iter().filter(|node| !node.is_running).map(|node| node.name.clone());
    Cmd::new("docker").arg("start").args(stopped)
}

/// Deletes it.
pub(crate) fn delete(cluster: &Cluster) -> Cmd {
    let kubeconfig = cluster.kubeconfig.to_string_lossy();
    kind(cluster).args(["delete", "cluster", "--name", &cluster.name, "--kubeconfig", &kubeconfig])
}

/// How it is reached, on standard output: never to be shown.
pub(crate) fn kubeconfig(cluster: &Cluster) -> Cmd {
    kind(cluster).args(["get", "kubeconfig", "--name", &cluster.name]).io(Io::Capture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cluster::tests::cluster_in;

    #[test]
    fn what_the_file_says_becomes_that_of_kind() {
        let cluster = cluster_in(
            "kind = 'kind'\nname = 'lab'\nagents = 1\nports = ['80:30080', '127.0.0.1:53:53/udp']\napi-port = 6550\n\
             cni = false\nimage = 'kindest/node:v1'",
        );
        let config = config(&cluster, "shop/dev", "0a1b", Path::new("/shop/.infractl/cluster"));
        let mount = json!({ "hostPath": "/shop/.infractl/cluster", "containerPath": "/infractl/shop/dev/0a1b", "readOnly": true });
        assert_eq!(
            config,
            json!({
                "kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4",
                "nodes": [
                    { "role": "control-plane", "extraMounts": [mount], "extraPortMappings": [
                        { "containerPort": 30080, "hostPort": 80, "protocol": "TCP" },
                        { "containerPort": 53, "hostPort": 53, "protocol": "UDP", "listenAddress": "127.0.0.1" }
                    ] },
                    { "role": "worker", "extraMounts": [mount] }
                ],
                "networking": { "apiServerAddress": "127.0.0.1", "apiServerPort": 6550, "disableDefaultCNI": true }
            })
        );
        assert_eq!(
            create(&cluster, &config).args.join(" "),
            "create cluster --name lab --config - --kubeconfig /shop/.infractl/kube/dev.eu --image kindest/node:v1"
        );
    }

    #[test]
    fn a_machine_says_by_what_it_mounts_whose_it_is() {
        let printed = json!([
            { "Name": "/lab-control-plane", "State": { "Running": true, "Status": "running" },
              "Mounts": [{ "Destination": "/var" }, { "Destination": "/infractl/shop/dev/0a1b" }] },
            { "Name": "/lab-worker", "State": { "Running": false, "Status": "created" }, "Mounts": [] }
        ]);
        let nodes = nodes(printed.to_string().as_bytes()).unwrap();
        assert_eq!(nodes[0].owner.as_deref(), Some("shop/dev"));
        assert_eq!((nodes[0].digest.as_deref(), nodes[0].name.as_str()), (Some("0a1b"), "lab-control-plane"));
        assert_eq!((nodes[1].owner.as_deref(), nodes[1].is_new), (None, true));
        assert_eq!(start(&nodes).args, ["start", "lab-worker"]);
    }
}
