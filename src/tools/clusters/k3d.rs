//! k3d: k3s in containers.

use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;

use super::{MADE_OF, Node, OWNER, at, owned};
use crate::config::cluster::{Cluster, PortMapping};
use crate::exec::{Cmd, Io};
use crate::tools::kubernetes;

fn k3d(cluster: &Cluster) -> Cmd {
    kubernetes::alone(Cmd::new("k3d"), cluster)
}

/// All its clusters, as JSON on standard output: to ask for one that is not there is an error like any other.
pub(crate) fn list(cluster: &Cluster) -> Cmd {
    k3d(cluster).args(["cluster", "list", "-o", "json"]).io(Io::Capture)
}

/// The machines of this one in what `list` printed; none where that is no answer.
pub(crate) fn nodes(printed: &[u8], name: &str) -> Option<Vec<Node>> {
    let all: Json = serde_json::from_slice(printed).ok()?;
    let all = if all.is_null() { Vec::new() } else { all.as_array()?.clone() };
    let nodes = all
        .iter()
        .filter(|cluster| cluster["name"] == name)
        .filter_map(|cluster| cluster["nodes"].as_array());
    let is_machine =
        |node: &&Json| matches!(node["role"].as_str(), Some("server" | "agent" | "loadbalancer"));
    Some(nodes.flatten().filter(is_machine).map(node).collect())
}

fn node(json: &Json) -> Node {
    let label = |name: &str| owned(at(json, &["runtimeLabels", name]));
    Node {
        name: owned(&json["name"]).unwrap_or_default(),
        is_running: at(json, &["State", "Running"]) == true,
        is_new: at(json, &["State", "Status"]) == "created",
        owner: label(OWNER),
        digest: label(MADE_OF),
    }
}

/// Makes it. `registries` is the file that tells its machines of the registry.
pub(crate) fn create(
    cluster: &Cluster,
    owner: &str,
    digest: &str,
    registries: Option<&Path>,
    wait: Duration,
) -> Cmd {
    let section = &cluster.section;
    let mut cmd = k3d(cluster).args(["cluster", "create", &cluster.name]);
    let path = |path: &Path| path.to_string_lossy().into_owned();
    if let Some(config) = &section.config {
        cmd = cmd.args(["--config", &path(&config.0)]);
    }
    cmd = cmd.args(["--wait", "--timeout", &format!("{}s", wait.as_secs())]);
    cmd = cmd.args(["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"]);
    for label in [format!("{OWNER}={owner}@server:*"), format!("{MADE_OF}={digest}@server:*")] {
        cmd = cmd.args(["--runtime-label", &label]);
    }
    if section.config.is_none() {
        let port = section.api_port.map_or_else(|| "random".to_owned(), |port| port.to_string());
        cmd = cmd.args(["--api-port", &format!("127.0.0.1:{port}")]);
    }
    let numbers = [("--servers", section.servers), ("--agents", section.agents)];
    for (flag, number) in numbers.into_iter().filter_map(|(flag, number)| Some((flag, number?))) {
        cmd = cmd.args([flag, &number.to_string()]);
    }
    let texts = [
        ("--image", &section.image),
        ("--servers-memory", &section.memory),
        ("--agents-memory", &section.memory),
        ("--gpus", &section.gpus),
    ];
    for (flag, text) in texts.into_iter().filter_map(|(flag, text)| Some((flag, text.as_ref()?))) {
        cmd = cmd.args([flag, text]);
    }
    for port in section.ports.iter().filter_map(|port| PortMapping::parse(port)) {
        cmd = cmd.args(["--port", &format!("{}@loadbalancer", published(&port))]);
    }
    if let Some(file) = registries {
        cmd = cmd.args(["--registry-config", &path(file)]);
    }
    let disabled = section.disable.iter().map(|part| format!("--disable={part}@server:*"));
    let without_network = ["--flannel-backend=none@server:*", "--disable-network-policy@server:*"];
    let network = without_network.into_iter().filter(|_| section.cni == Some(false)).map(str::to_owned);
    for arg in disabled.chain(network) {
        cmd = cmd.args(["--k3s-arg", &arg]);
    }
    cmd.args(section.args.iter().cloned())
}

fn published(port: &PortMapping) -> String {
    let address = port.address.as_ref().map(|address| format!("{address}:")).unwrap_or_default();
    format!("{address}{}:{}{}", port.here, port.inside, if port.is_udp { "/udp" } else { "" })
}

/// Starts it again.
pub(crate) fn start(cluster: &Cluster, wait: Duration) -> Cmd {
    let timeout = format!("{}s", wait.as_secs());
    k3d(cluster).args(["cluster", "start", &cluster.name, "--wait", "--timeout", &timeout])
}

/// Deletes it.
pub(crate) fn delete(cluster: &Cluster) -> Cmd {
    k3d(cluster).args(["cluster", "delete", &cluster.name])
}

/// How it is reached, on standard output: never to be shown.
pub(crate) fn kubeconfig(cluster: &Cluster) -> Cmd {
    k3d(cluster).args(["kubeconfig", "get", &cluster.name]).io(Io::Capture)
}

/// The file that tells its machines where the registry is: both names lead to the container.
pub(crate) fn registries(inside: &str, here: &str, container: &str) -> String {
    let mut names = vec![inside, here];
    names.dedup();
    let mirrors =
        names.iter().map(|name| format!("  \"{name}\":\n    endpoint:\n      - http://{container}:5000\n"));
    format!("mirrors:\n{}", mirrors.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cluster::tests::cluster_in;

    #[test]
    fn what_the_file_says_becomes_arguments() {
        let of = |text: &str, registries: Option<&Path>| {
            let made = create(&cluster_in(text), "shop/dev", "0a1b", registries, Duration::from_secs(300));
            made.args.join(" ")
        };
        let begin = "cluster create lab --wait --timeout 300s --kubeconfig-update-default=false \
                     --kubeconfig-switch-context=false --runtime-label infractl.environment=shop/dev@server:* \
                     --runtime-label infractl.cluster=0a1b@server:* --api-port 127.0.0.1:";
        assert_eq!(of("kind = 'k3d'\nname = 'lab'", None), format!("{begin}random"));
        let text = "kind = 'k3d'\nname = 'lab'\nservers = 3\nagents = 2\napi-port = 6550\nimage = 'i'\nmemory = '4g'\n\
                    gpus = 'all'\nports = ['80:8080', '127.0.0.1:53:53/udp']\ndisable = ['traefik']\ncni = false\n\
                    registry = { port = 5001 }\nargs = ['--no-lb']";
        assert_eq!(
            of(text, Some(Path::new("/r.yaml"))),
            format!(
                "{begin}6550 --servers 3 --agents 2 --image i --servers-memory 4g --agents-memory 4g --gpus all \
                 --port 80:8080@loadbalancer --port 127.0.0.1:53:53/udp@loadbalancer --registry-config /r.yaml \
                 --k3s-arg --disable=traefik@server:* --k3s-arg --flannel-backend=none@server:* \
                 --k3s-arg --disable-network-policy@server:* --no-lb"
            )
        );
        assert!(of("kind = 'k3d'\nconfig = '/c.yaml'", None).contains("--config /c.yaml --wait"));
    }

    #[test]
    fn its_machines_are_read_from_the_list() {
        let list = serde_json::json!([
            { "name": "other", "nodes": [{ "name": "o", "role": "server", "State": { "Running": true } }] },
            { "name": "lab", "serversRunning": 1, "nodes": [
                { "name": "k3d-lab-server-0", "role": "server", "env": ["K3S_TOKEN=CANARY"],
                  "runtimeLabels": { "infractl.environment": "shop/dev", "infractl.cluster": "0a1b" },
                  "State": { "Running": true, "Status": "running" } },
                { "name": "k3d-lab-serverlb", "role": "loadbalancer", "State": { "Running": false, "Status": "created" } },
                { "name": "k3d-lab-tools", "role": "noRole", "State": { "Running": true } }
            ] }
        ]);
        let nodes = nodes(list.to_string().as_bytes(), "lab").unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!((nodes[0].is_running, nodes[0].owner.as_deref()), (true, Some("shop/dev")));
        assert_eq!((nodes[1].is_running, nodes[1].is_new), (false, true));
        assert_eq!(super::nodes(b"[]", "lab"), Some(Vec::new()));
        assert_eq!(super::nodes(b"null", "lab"), Some(Vec::new()));
        assert_eq!(super::nodes(b"FATA[0000] no", "lab"), None);
    }
}
