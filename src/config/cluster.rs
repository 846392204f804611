//! The cluster of an environment, ready to use.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::config::model::{ClusterKind, ClusterRegistry, ClusterSection};
use crate::config::resolve::Setting;

/// The cluster of Kubernetes that steps work with.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// What makes it.
    pub kind: ClusterKind,
    /// Its name; that of its context where nothing makes it.
    pub name: String,
    /// The file that says how it is reached, absolute.
    pub kubeconfig: PathBuf,
    /// Its context in that file.
    pub context: String,
    /// The registry that it takes images from.
    pub registry: Option<Registry>,
    /// What the configuration says of it.
    pub(crate) section: ClusterSection,
}

/// A registry beside a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// How the cluster calls it.
    pub inside: String,
    /// How this machine calls it.
    pub here: String,
}

/// What a template may name of a cluster.
pub(crate) const NAMES: [&str; 4] = ["kubeconfig", "context", "registry", "registry-host"];

impl Cluster {
    pub(super) fn new(section: ClusterSection, setting: Setting<'_>) -> Cluster {
        let own = || named_after(setting.project, setting.environment);
        let name = match (section.kind, &section.context) {
            (ClusterKind::Existing, Some(context)) => context.clone(),
            (ClusterKind::K3s, context) => context.clone().unwrap_or_else(|| "default".to_owned()),
            _ => section.name.clone().unwrap_or_else(own),
        };
        let usual = match section.kind {
            // Where there is no home, that is said when the file is read.
            ClusterKind::Existing => {
                setting.path("~/.kube/config").unwrap_or_else(|_| "~/.kube/config".into())
            }
            _ => setting.root.join(".infractl/kube").join(setting.environment),
        };
        Cluster {
            kind: section.kind,
            kubeconfig: section.kubeconfig.as_ref().map_or(usual, |path| path.0.clone()),
            context: match section.kind {
                ClusterKind::K3d => format!("k3d-{name}"),
                ClusterKind::Kind => format!("kind-{name}"),
                ClusterKind::K3s | ClusterKind::Existing => name.clone(),
            },
            registry: section.registry.as_ref().map(|registry| Registry::new(registry, section.kind, &name)),
            name,
            section,
        }
    }

    /// What a template names of it; none where there is no registry.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        match name {
            "kubeconfig" => Some(self.kubeconfig.to_string_lossy().into_owned()),
            "context" => Some(self.context.clone()),
            "registry" => self.registry.as_ref().map(|registry| registry.inside.clone()),
            "registry-host" => self.registry.as_ref().map(|registry| registry.here.clone()),
            _ => None,
        }
    }

    /// The name of the container of its registry.
    pub(crate) fn registry_container(&self) -> Option<String> {
        Some(container(self.section.registry.as_ref()?, &self.name))
    }
}

/// A port of this machine that leads into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortMapping {
    /// Address of this machine, if one is said.
    pub(crate) address: Option<String>,
    /// Port of this machine.
    pub(crate) here: u16,
    /// Port in the cluster.
    pub(crate) inside: u16,
    /// Whether it is one of UDP.
    pub(crate) is_udp: bool,
}

impl PortMapping {
    /// What `[ADDRESS:]PORT:PORT[/PROTOCOL]` means.
    pub(crate) fn parse(text: &str) -> Option<PortMapping> {
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (rest, inside) = ports.rsplit_once(':')?;
        let (address, here) =
            rest.rsplit_once(':').map_or((None, rest), |(address, here)| (Some(address), here));
        let port = |text: &str| text.parse().ok().filter(|port| *port > 0);
        let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        (matches!(protocol, "tcp" | "udp") && address.is_none_or(is_address)).then_some(PortMapping {
            address: address.map(str::to_owned),
            here: port(here)?,
            inside: port(inside)?,
            is_udp: protocol == "udp",
        })
    }
}

impl Registry {
    fn new(registry: &ClusterRegistry, kind: ClusterKind, cluster: &str) -> Registry {
        let port = registry.port.unwrap_or_default();
        let here = || registry.host.clone().unwrap_or_else(|| format!("localhost:{port}"));
        match kind {
            // Its machines know it by the name of its container, and by the port that it has here.
            ClusterKind::K3d => {
                Registry { inside: format!("{}:{port}", container(registry, cluster)), here: here() }
            }
            // Its machines are told to ask the container for what is called as it is here.
            ClusterKind::Kind => Registry { inside: here(), here: here() },
            ClusterKind::K3s | ClusterKind::Existing => {
                let inside = registry.name.clone().unwrap_or_default();
                Registry { here: registry.host.clone().unwrap_or_else(|| inside.clone()), inside }
            }
        }
    }
}

fn container(registry: &ClusterRegistry, cluster: &str) -> String {
    registry.name.clone().unwrap_or_else(|| format!("{cluster}-registry"))
}

/// `PROJECT-ENVIRONMENT` as the name of a cluster.
fn named_after(project: &str, environment: &str) -> String {
    let written = format!("{project}-{environment}").to_lowercase();
    let fit: String =
        written.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    fit.trim_matches('-').to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// A cluster that a file says so much of.
    pub(crate) fn cluster_in(section: &str) -> Cluster {
        let vars = BTreeMap::from([("HOME".into(), "/home/x".into())]);
        let setting =
            Setting { root: Path::new("/shop"), project: "The Shop", environment: "dev.eu", vars: &vars };
        Cluster::new(toml::from_str(section).unwrap(), setting)
    }

    fn values(section: &str) -> [Option<String>; 4] {
        NAMES.map(|name| cluster_in(section).value(name))
    }

    fn is(values: [Option<String>; 4], expected: [&str; 4]) {
        assert_eq!(values.map(Option::unwrap_or_default), expected);
    }

    #[test]
    fn a_silent_file_means_what_the_program_calls_it() {
        is(values("kind = 'k3d'"), ["/shop/.infractl/kube/dev.eu", "k3d-the-shop-dev-eu", "", ""]);
        is(values("kind = 'kind'\nname = 'lab'"), ["/shop/.infractl/kube/dev.eu", "kind-lab", "", ""]);
        is(values("kind = 'k3s'"), ["/shop/.infractl/kube/dev.eu", "default", "", ""]);
        is(values("kind = 'existing'\ncontext = 'a@b'"), ["/home/x/.kube/config", "a@b", "", ""]);
    }

    #[test]
    fn a_port_here_leads_to_one_inside() {
        let port = |text: &str| {
            PortMapping::parse(text).map(|port| (port.address, port.here, port.inside, port.is_udp))
        };
        assert_eq!(port("80:8080"), Some((None, 80, 8080, false)));
        assert_eq!(port("127.0.0.1:53:53/udp"), Some((Some("127.0.0.1".to_owned()), 53, 53, true)));
        assert_eq!(port("[::1]:443:443"), Some((Some("[::1]".to_owned()), 443, 443, false)));
        for wrong in
            ["80", "0:80", "80:0", "x:80", "80:70000", "localhost:80:80", "80:80/sctp", "80:80@server:0", ""]
        {
            assert_eq!(port(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_registry_has_a_name_inside_and_one_here() {
        let registry = |section: &str| {
            let [_, _, inside, here] = values(section);
            (inside.unwrap(), here.unwrap())
        };
        let pair = |inside: &str, here: &str| (inside.to_owned(), here.to_owned());
        assert_eq!(
            registry("kind = 'k3d'\nname = 'lab'\nregistry = { port = 5001 }"),
            pair("lab-registry:5001", "localhost:5001")
        );
        assert_eq!(
            registry(
                "kind = 'k3d'\nregistry = { port = 5001, name = 'reg.localhost', host = 'reg.localhost:5001' }"
            ),
            pair("reg.localhost:5001", "reg.localhost:5001")
        );
        assert_eq!(
            registry("kind = 'kind'\nname = 'lab'\nregistry = { port = 5001 }"),
            pair("localhost:5001", "localhost:5001")
        );
        assert_eq!(
            registry(
                "kind = 'existing'\ncontext = 'a'\nregistry = { name = 'reg.lab:5000', host = 'localhost:5000' }"
            ),
            pair("reg.lab:5000", "localhost:5000")
        );
    }
}
