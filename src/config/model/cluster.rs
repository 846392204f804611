//! `[cluster]`: the cluster of Kubernetes that steps work with.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FilePath, Period};

/// The cluster of Kubernetes that steps work with: `{{cluster.kubeconfig}}`, `{{cluster.context}}`, and with a registry
/// `{{cluster.registry}}` and `{{cluster.registry-host}}` in text. Steps never use the current context of your own
/// configuration
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ClusterSection {
    /// What makes it
    pub kind: ClusterKind,
    /// Its name (k3d, kind)
    ///
    /// Default: `PROJECT-ENVIRONMENT` in small letters
    ///
    /// Example: `name = "data-stack-lab"`
    pub name: Option<String>,
    /// The file that says how it is reached: written by the step `cluster`, mode 0600, and removed with the cluster; with
    /// `existing` a file that is there and stays as it is
    ///
    /// Default: `.infractl/kube/ENVIRONMENT`, with `existing` `~/.kube/config`
    #[schemars(example = &".kube/lab")]
    pub kubeconfig: Option<FilePath>,
    /// Name of its context in that file (k3s, existing)
    ///
    /// Default: `default` with k3s
    ///
    /// Example: `context = "lab-admin"`
    pub context: Option<String>,
    /// Machines of its control plane (k3d, kind)
    ///
    /// Default: `1`
    #[schemars(range(min = 1, max = 9))]
    pub servers: Option<u32>,
    /// Machines that only do the work (k3d, kind)
    ///
    /// Default: `0`
    #[schemars(range(min = 0, max = 99))]
    pub agents: Option<u32>,
    /// Image of its machines (k3d, kind)
    ///
    /// Default: that of the program's version
    ///
    /// Example: `image = "rancher/k3s:v1.33.6-k3s1"`
    pub image: Option<String>,
    /// Ports of this machine that lead into it, `[ADDRESS:]PORT:PORT[/udp]`: with k3d to its load balancer, with kind to
    /// its first machine (k3d, kind)
    ///
    /// Example: `ports = ["80:80", "127.0.0.1:8443:443"]`
    #[serde(default)]
    pub ports: Vec<String>,
    /// Port of 127.0.0.1 where its API answers (k3d, kind)
    ///
    /// Default: any that is free
    #[schemars(example = 6550)]
    #[schemars(range(min = 1, max = 65535))]
    pub api_port: Option<u16>,
    /// The registry that it takes images from
    ///
    /// Example: `registry = { port = 5001 }`
    pub registry: Option<ClusterRegistry>,
    /// Parts of k3s that it goes without (k3d)
    ///
    /// Example: `disable = ["traefik", "servicelb"]`
    #[serde(default)]
    pub disable: Vec<String>,
    /// Whether it brings a network for its pods; without one, its machines get ready only when a later step has installed
    /// another, and `{ cluster = "wait" }` after that one waits for them
    ///
    /// Default: `true`
    pub cni: Option<bool>,
    /// Most memory that each machine may take (k3d)
    ///
    /// Example: `memory = "4g"`
    pub memory: Option<String>,
    /// Graphics cards that it may use, for which the engine of docker needs the runtime of NVIDIA (k3d)
    ///
    /// Example: `gpus = "all"`
    pub gpus: Option<String>,
    /// More arguments for the program when it makes the cluster (k3d, kind)
    ///
    /// Example: `args = ["--k3s-arg", "--kubelet-arg=max-pods=200@server:*"]`
    #[serde(default)]
    pub args: Vec<String>,
    /// The program's own file, in the place of `servers`, `agents`, `ports` and the like (k3d)
    ///
    /// Example: `config = "lab/k3d.yaml"`
    pub config: Option<FilePath>,
    /// Whether your own `~/.kube/config` gets the cluster as well; its other contexts and the current one stay (k3d, kind, k3s)
    ///
    /// Default: `false`
    pub merge_kubeconfig: Option<bool>,
    /// Whether `up` may start k3s on this machine, and `down` stop it; that needs the rights of root (k3s)
    ///
    /// Default: `false`
    pub managed: Option<bool>,
    /// How long to wait until it can be used
    ///
    /// Default: `5m`
    pub wait: Option<Period>,
}

/// What makes a cluster
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// The program k3d: k3s in containers
    K3d,
    /// The program kind: Kubernetes in containers
    Kind,
    /// k3s on this machine
    K3s,
    /// Somebody else: it is there, and never made nor deleted
    Existing,
}

impl ClusterKind {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ClusterKind::K3d => "k3d",
            ClusterKind::Kind => "kind",
            ClusterKind::K3s => "k3s",
            ClusterKind::Existing => "existing",
        }
    }
}

/// A registry of images beside a cluster
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ClusterRegistry {
    /// Port of this machine where it answers; made with the cluster (k3d, kind)
    #[schemars(example = 5001)]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Name of its container (k3d, kind); how the cluster calls it, with its port (k3s, existing)
    ///
    /// Default: the name of the cluster with `-registry` (k3d, kind)
    #[schemars(example = &"registry.example")]
    pub name: Option<String>,
    /// How this machine calls it: `{{cluster.registry-host}}`
    ///
    /// Default: `localhost:PORT` (k3d, kind), else `name`
    #[schemars(example = &"localhost:5001")]
    pub host: Option<String>,
    /// Its image (k3d, kind)
    ///
    /// Default: `registry:2`
    pub image: Option<String>,
}

/// What a step does with the cluster
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterStep {
    /// It is there, it runs, and it can be used: made when it is not there, started when it is stopped
    Up,
    /// It is gone: deleted if `up` has made it
    Down,
    /// It can be used: waited for, and nothing is changed
    Wait,
}

impl ClusterStep {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ClusterStep::Up => "up",
            ClusterStep::Down => "down",
            ClusterStep::Wait => "wait",
        }
    }
}
