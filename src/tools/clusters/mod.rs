//! Programs that make clusters of Kubernetes: what they are asked, what is seen of their machines, what their errors mean.

pub(crate) mod k3d;
pub(crate) mod kind;
pub(crate) mod kubeconfig;
pub(crate) mod ready;
pub(crate) mod registry;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::config::Environment;
use crate::config::cluster::Cluster;
use crate::text::{self, plain};

/// The label of what an environment has made: whose it is.
pub(crate) const OWNER: &str = "infractl.environment";
/// The label of a machine: what it was made of.
pub(crate) const MADE_OF: &str = "infractl.cluster";

/// Whose a cluster is: `PROJECT/ENVIRONMENT`, of letters that labels and paths take.
pub(crate) fn owner(env: &Environment) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let fit = |name: &str| name.chars().map(fit).collect::<String>();
    format!("{}/{}", fit(&env.project), fit(&env.name))
}

/// What a cluster is made of, and cannot change as long as it lives: by the key of the configuration.
pub(crate) type Made = BTreeMap<String, String>;

/// What the configuration asks for. `config` is what the program's own file holds.
pub(crate) fn made_of(cluster: &Cluster, config: Option<&[u8]>) -> Made {
    let section = &cluster.section;
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let list = |all: &[String]| (!all.is_empty()).then(|| all.join(" "));
    let registry = section.registry.as_ref().map(|registry| {
        let container = cluster.registry_container().unwrap_or_default();
        let here = cluster.registry.as_ref().map(|registry| registry.here.clone()).unwrap_or_default();
        format!("{container} {} {here}", registry.port.unwrap_or_default())
    });
    let all = [
        ("servers", number(section.servers)),
        ("agents", number(section.agents)),
        ("image", section.image.clone()),
        ("ports", list(&section.ports)),
        ("api-port", number(section.api_port.map(u32::from))),
        ("registry", registry),
        ("disable", list(&section.disable)),
        ("cni", section.cni.map(|cni| cni.to_string())),
        ("memory", section.memory.clone()),
        ("gpus", section.gpus.clone()),
        ("args", list(&section.args)),
        ("config", config.map(short)),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// The same in a few letters, for a label.
pub(crate) fn digest(made: &Made) -> String {
    let lines: Vec<String> = made.iter().map(|(key, value)| format!("{key}={value}")).collect();
    short(lines.join("\n").as_bytes())
}

fn short(bytes: &[u8]) -> String {
    text::hex(&Sha256::digest(bytes))[..16].to_owned()
}

/// Which keys differ, a line for each.
pub(crate) fn differences(was: &Made, wanted: &Made) -> Vec<String> {
    let shown =
        |value: Option<&String>| value.map_or_else(|| "not said".to_owned(), |value| format!("`{value}`"));
    let mut keys: Vec<&String> = was.keys().chain(wanted.keys()).collect();
    keys.sort();
    keys.dedup();
    let differs = keys.into_iter().filter(|key| was.get(*key) != wanted.get(*key));
    differs
        .map(|key| format!("`{key}` was {}, and is {} now", shown(was.get(key)), shown(wanted.get(key))))
        .collect()
}

/// A machine of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Name of its container.
    pub(crate) name: String,
    /// It runs.
    pub(crate) is_running: bool,
    /// It was made and never started.
    pub(crate) is_new: bool,
    /// Whose it is, where it says so.
    pub(crate) owner: Option<String>,
    /// What it was made of, where it says so.
    pub(crate) digest: Option<String>,
}

/// How a cluster stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none of that name.
    Absent,
    /// Somebody else made it.
    Foreign(Option<String>),
    /// It was begun and not finished.
    Half,
    /// It is whole, and some of its machines do not run.
    Stopped,
    /// All its machines run.
    Running,
}

/// How the machines of a cluster stand that `owner` may have made.
pub(crate) fn standing(nodes: &[Node], owner: &str) -> Standing {
    let Some(first) = nodes.first() else { return Standing::Absent };
    if !nodes.iter().any(|node| node.owner.as_deref() == Some(owner)) {
        let whose = nodes.iter().find_map(|node| node.owner.clone());
        return Standing::Foreign(whose.or_else(|| first.owner.clone()));
    }
    if nodes.iter().any(|node| node.is_new) {
        Standing::Half
    } else if nodes.iter().all(|node| node.is_running) {
        Standing::Running
    } else {
        Standing::Stopped
    }
}

/// A field of a document, by its way.
fn at<'a>(json: &'a Json, way: &[&str]) -> &'a Json {
    way.iter().fold(json, |json, key| &json[*key])
}

fn owned(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

/// Known errors: a part of the text, and what to do.
const KNOWN: [(&[&str], &str); 8] = [
    (
        &["port is already allocated", "address already in use", "Bind for ", "access permissions"],
        "free the port that the line names, or change `ports`, `api-port` or `registry.port` of `[cluster]`",
    ),
    (
        &[
            "Cannot connect to the Docker daemon",
            "docker.sock",
            "failed to get docker client",
            "docker API at",
        ],
        "start docker: no engine answers",
    ),
    (&["permission denied while trying to connect"], "add yourself to the group `docker`, and log in again"),
    (
        &["too many open files", "inotify"],
        "raise the limit: `sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`",
    ),
    (
        &["pull access denied", "manifest unknown", "failed to pull", "not found: manifest", "No such image"],
        "check `image` of `[cluster]`, and whether this machine reaches the registry it comes from",
    ),
    (&["no space left on device"], "free space for docker: `docker system df` shows what takes it"),
    (
        &["requires cgroup v2"],
        "check how docker runs with cgroups: https://kind.sigs.k8s.io/docs/user/known-issues",
    ),
    (&["already exist"], "look who makes it at the same time, then run it again"),
];

/// What a program said when it failed: the line that tells why, and what to do.
pub(crate) fn why(tail: &str) -> (String, Option<&'static str>) {
    let tail = plain(tail);
    let known = KNOWN.iter().find(|(parts, _)| parts.iter().any(|part| tail.contains(part)));
    let is_error = |line: &&str| {
        ["ERRO[", "FATA[", "ERROR:", "level=error", "level=fatal"].iter().any(|mark| line.contains(mark))
    };
    let names = |line: &&str| known.is_some_and(|(parts, _)| parts.iter().any(|part| line.contains(part)));
    let is_dockers = |line: &&str| line.contains("Error response from daemon: ");
    let found = [tail.lines().find(names), tail.lines().find(is_dockers), tail.lines().find(is_error)];
    let line = found.into_iter().flatten().next();
    let line = line.unwrap_or_else(|| text::last_line(&tail)).trim();
    let said =
        line.split_once("] ").filter(|(mark, _)| mark.starts_with(['E', 'F'])).map_or(line, |(_, said)| said);
    (said.trim_start_matches("ERROR: ").to_owned(), known.map(|(_, help)| *help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cluster::tests::cluster_in;

    fn node(is_running: bool, is_new: bool, owner: Option<&str>) -> Node {
        Node { name: "n".into(), is_running, is_new, owner: owner.map(str::to_owned), digest: None }
    }

    #[test]
    fn how_machines_stand_is_how_their_cluster_stands() {
        let own = Some("shop/dev");
        let stands = |nodes: &[Node]| standing(nodes, "shop/dev");
        assert_eq!(stands(&[]), Standing::Absent);
        assert_eq!(stands(&[node(true, false, own), node(true, false, None)]), Standing::Running);
        assert_eq!(stands(&[node(true, false, own), node(false, false, None)]), Standing::Stopped);
        assert_eq!(stands(&[node(true, false, own), node(false, true, None)]), Standing::Half);
        assert_eq!(stands(&[node(true, false, None)]), Standing::Foreign(None));
        assert_eq!(
            stands(&[node(false, true, None), node(true, false, Some("shop/rec"))]),
            Standing::Foreign(Some("shop/rec".into()))
        );
    }

    #[test]
    fn what_differs_is_told_by_its_key() {
        let made = |text: &str| made_of(&cluster_in(text), None);
        let (was, wanted) = (
            made("kind = 'k3d'\nagents = 2\nports = ['80:80']\nwait = '1m'"),
            made(
                "kind = 'k3d'\nagents = 3\ndisable = ['traefik']\nports = ['80:80']\nmerge-kubeconfig = true",
            ),
        );
        assert_ne!(digest(&was), digest(&wanted));
        assert_eq!(digest(&was), digest(&made("kind = 'k3d'\nports = ['80:80']\nagents = 2")));
        assert_eq!(
            differences(&was, &wanted),
            ["`agents` was `2`, and is `3` now", "`disable` was not said, and is `traefik` now"]
        );
        let config = |bytes: &[u8]| made_of(&cluster_in("kind = 'k3d'\nconfig = 'x'"), Some(bytes));
        assert_ne!(digest(&config(b"a")), digest(&config(b"b")));
    }

    #[test]
    fn the_line_that_tells_why_is_found() {
        let said = "INFO[0000] Prep: Network\nERRO[0002] Failed Cluster Start: port is already allocated\n\
                    ERRO[0002] Failed to create cluster >>> Rolling Back\n\
                    FATA[0003] Cluster creation FAILED, all changes have been rolled back!";
        let (line, help) = why(said);
        assert_eq!(line, "Failed Cluster Start: port is already allocated");
        assert!(help.unwrap().starts_with("free the port"));
        let (line, help) =
            why("Creating cluster \"lab\" ...\nERROR: failed to create cluster: broken\nstack");
        assert_eq!((line.as_str(), help), ("failed to create cluster: broken", None));
        assert_eq!(why("one\ntwo\n").0, "two");
        let (line, help) = why(
            "cgroup v1 is deprecated\nERROR: failed to create cluster: command \"docker run\" failed\n\n\
             Command Output: docker: Error response from daemon: no caps",
        );
        assert_eq!(
            (line.as_str(), help),
            ("Command Output: docker: Error response from daemon: no caps", None)
        );
    }
}
