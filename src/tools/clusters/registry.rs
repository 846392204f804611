//! The registry of images beside a cluster: a container that its machines know by name.

use serde_json::{Value as Json, json};

use super::{OWNER, at, owned};
use crate::config::cluster::Cluster;
use crate::exec::{Cmd, Io};
use crate::tools::kubernetes;

/// What is seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whose it is, where it says so.
    pub(crate) owner: Option<String>,
    /// It runs.
    pub(crate) is_running: bool,
    /// The networks that it is in.
    pub(crate) networks: Vec<String>,
}

/// The container, as JSON on standard output: an empty list where there is none of that name.
pub(crate) fn look(container: &str) -> Cmd {
    let exact = format!("name=^/?{}$", regex::escape(container));
    let list = ["ps", "--all", "--no-trunc", "--filter", &exact, "--format", "{{.ID}}"];
    Cmd::new("docker").args(list).io(Io::Capture)
}

/// What `docker container inspect` printed of it.
pub(crate) fn seen(printed: &[u8]) -> Option<Seen> {
    let all: Json = serde_json::from_slice(printed).ok()?;
    let one = all.get(0)?;
    let networks = at(one, &["NetworkSettings", "Networks"]).as_object();
    Some(Seen {
        owner: owned(at(one, &["Config", "Labels", OWNER])),
        is_running: at(one, &["State", "Running"]) == true,
        networks: networks.into_iter().flat_map(|all| all.keys().cloned()).collect(),
    })
}

/// Makes it.
pub(crate) fn run(container: &str, port: u16, image: &str, owner: &str) -> Cmd {
    Cmd::new("docker").args(["run", "--detach", "--restart", "unless-stopped", "--name", container]).args([
        "--label",
        &format!("{OWNER}={owner}"),
        "--publish",
        &format!("127.0.0.1:{port}:5000"),
        image,
    ])
}

/// Starts it again.
pub(crate) fn start(container: &str) -> Cmd {
    Cmd::new("docker").args(["start", container])
}

/// Lets the machines of a cluster reach it.
pub(crate) fn connect(network: &str, container: &str) -> Cmd {
    Cmd::new("docker").args(["network", "connect", network, container])
}

/// Removes it with what it holds.
pub(crate) fn remove(container: &str) -> Cmd {
    Cmd::new("docker").args(["rm", "--force", "--volumes", container])
}

/// Tells a machine of kind that what is called `here` is in the container.
pub(crate) fn tell(node: &str, here: &str, container: &str) -> Cmd {
    let folder = format!("/etc/containerd/certs.d/{here}");
    let line = format!("mkdir -p '{folder}' && cat >'{folder}/hosts.toml'");
    let text = format!("[host.\"http://{container}:5000\"]\n");
    Cmd::new("docker").args(["exec", "-i", node, "sh", "-c", &line]).input(text.into())
}

/// Tells programs of the cluster where images are pushed to, in the place that Kubernetes has agreed on for that.
pub(crate) fn announce(cluster: &Cluster, here: &str) -> Cmd {
    let hosting = format!("host: \"{here}\"\nhelp: \"https://kind.sigs.k8s.io/docs/user/local-registry/\"\n");
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "local-registry-hosting", "namespace": "kube-public" },
        "data": { "localRegistryHosting.v1": hosting },
    });
    kubernetes::kubectl(cluster).args(["apply", "--filename", "-"]).input(map.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_container_says_whose_it_is_and_where() {
        let printed = json!([{
            "Config": { "Labels": { "infractl.environment": "shop/dev" } }, "State": { "Running": false },
            "NetworkSettings": { "Networks": { "bridge": {}, "k3d-lab": {} } }
        }]);
        let seen = seen(printed.to_string().as_bytes()).unwrap();
        assert_eq!((seen.owner.as_deref(), seen.is_running), (Some("shop/dev"), false));
        assert_eq!(seen.networks, ["bridge", "k3d-lab"]);
        assert_eq!(super::seen(b"[]"), None);
        assert_eq!(look("a.b").args[4], r"name=^/?a\.b$");
    }
}
