//! What the engine says of the machine that its containers run on, and who publishes ports there.

use serde_json::Value as Json;

use crate::exec::{Cmd, Io};

/// The machine of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Engine {
    /// Bytes of memory, all of it.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// Where images and volumes are kept, as the engine sees it.
    pub root: String,
    /// The kernel, as it calls itself.
    pub kernel: String,
    /// The system: `Debian GNU/Linux 12`, `Docker Desktop`.
    pub system: String,
}

/// What the engine says of itself, as JSON on standard output.
pub(crate) fn info() -> Cmd {
    Cmd::new("docker").args(["info", "--format", "{{json .}}"]).io(Io::Capture)
}

/// What it said; none when no engine has answered.
pub(crate) fn parse(stdout: &[u8]) -> Option<Engine> {
    let said: Json = serde_json::from_slice(stdout).ok()?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    // The client tells of itself when there is no engine.
    let memory = said["MemTotal"].as_u64().filter(|memory| *memory > 0)?;
    Some(Engine {
        memory,
        cpus: said["NCPU"].as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        root: text("DockerRootDir"),
        kernel: text("KernelVersion"),
        system: text("OperatingSystem"),
    })
}

/// A container that publishes ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    /// Its name.
    pub name: String,
    /// Ports of the machine, first and last.
    pub ports: Vec<(u16, u16)>,
    /// The folder of the compose project that it is of; empty if of none.
    pub folder: String,
    /// The cluster of k3d or kind that it is a node of; empty if of none.
    pub cluster: String,
}

/// The containers that publish one of these ports, each on a line.
pub(crate) fn publishing(ports: &[u16]) -> Cmd {
    let filters = ports.iter().flat_map(|port| ["--filter".to_owned(), format!("publish={port}")]);
    let form = "{{.Names}}\t{{.Ports}}\t{{.Label \"com.docker.compose.project.working_dir\"}}\t\
                {{.Label \"k3d.cluster\"}}{{.Label \"io.x-k8s.kind.cluster\"}}";
    Cmd::new("docker").arg("ps").args(filters).args(["--format", form]).io(Io::Capture)
}

/// What those lines say.
pub(crate) fn published(stdout: &[u8]) -> Vec<Published> {
    let one = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let (name, ports) = (fields.next()?, fields.next()?);
        let ports = ports.split(", ").filter_map(from).collect();
        let (folder, cluster) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        Some(Published { name, ports, folder, cluster })
    };
    String::from_utf8_lossy(stdout).lines().filter_map(one).collect()
}

/// `0.0.0.0:8000-8002->80-82/tcp`: the ports of the machine.
fn from(text: &str) -> Option<(u16, u16)> {
    let (outside, _) = text.split_once("->")?;
    let ports = outside.rsplit(':').next()?;
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_tells_of_its_machine_and_a_client_alone_of_none() {
        let said = br#"{"MemTotal":25000000000,"NCPU":8,"DockerRootDir":"/var/lib/docker","KernelVersion":"6.1.0","OperatingSystem":"Debian"}"#;
        let engine = parse(said).unwrap();
        assert_eq!(
            (engine.memory, engine.cpus, engine.root.as_str()),
            (25_000_000_000, 8, "/var/lib/docker")
        );
        let alone = br#"{"MemTotal":0,"NCPU":0,"ServerErrors":["Cannot connect to the Docker daemon"]}"#;
        assert_eq!(parse(alone), None);
        assert_eq!(parse(b"not json"), None);
    }

    #[test]
    fn ports_of_containers_are_read_with_whose_they_are() {
        let said = b"web\t0.0.0.0:8081->80/tcp, [::]:8081->80/tcp, 443/tcp\t/srv/lab\t\nk3d-lab-serverlb\t127.0.0.1:8000-8002->80-82/tcp\t\tlab\n";
        let all = published(said);
        assert_eq!(all[0].ports, [(8081, 8081), (8081, 8081)]);
        assert_eq!((all[0].folder.as_str(), all[1].cluster.as_str()), ("/srv/lab", "lab"));
        assert_eq!(all[1].ports, [(8000, 8002)]);
        assert!(published(b"\n").is_empty());
    }

    #[test]
    fn one_question_is_asked_for_all_ports() {
        let args = publishing(&[80, 81]).args;
        assert_eq!(args[..5], ["ps", "--filter", "publish=80", "--filter", "publish=81"]);
    }
}
