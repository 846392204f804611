//! helm 3 and 4: the calls, and what they answer.

pub(crate) mod compare;
pub(crate) mod members;
pub(crate) mod release;
pub(crate) mod trouble;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::Cluster;
use crate::config::model::{HelmWait, WaitStrategy};
use crate::exec::{Cmd, Io, Stopping};
use crate::tools::kubernetes;

/// Revisions that helm keeps of a release: each one is a Secret in its namespace.
const HISTORY: &str = "5";

/// Which helm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Major {
    /// 3.
    Three,
    /// 4, or newer.
    Four,
}

/// Where a release is, and with what helm is called: never what it would find by itself.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Namespace of the release.
    pub namespace: String,
    /// Folder for what helm keeps.
    pub home: PathBuf,
    /// The registry of the chart speaks HTTP.
    pub plain_http: bool,
    /// File of logins to registries, if not helm's own.
    pub registry_config: Option<String>,
}

/// What a release is made of.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Its name.
    pub release: String,
    /// Folder, archive, address or name.
    pub chart: String,
    /// Repository of the chart.
    pub repo: Option<String>,
    /// Version of the chart.
    pub version: Option<String>,
    /// Files of values.
    pub values: Vec<String>,
    /// Values on standard input, as JSON.
    pub set: Option<SecretString>,
    /// Whether the registry of the chart speaks HTTP.
    pub plain_http: bool,
    /// Whether the namespace may be made.
    pub create_namespace: bool,
    /// How it is waited for.
    pub wait: HelmWait,
    /// How long helm waits, each time.
    pub timeout: Duration,
}

/// Asks which helm this is; no cluster is asked.
pub(crate) fn version() -> Cmd {
    Cmd::new("helm")
        .args(["version", "--template", "{{.Version}}"])
        .io(Io::Capture)
        .timeout(Some(Duration::from_secs(10)))
}

/// Which helm says `v3.21.4`, or `v4.1.4+g05fa379`; none if it is older, or no version.
pub(crate) fn major(said: &str) -> Option<Major> {
    let number: u32 = said.trim().trim_start_matches('v').split('.').next()?.parse().ok()?;
    match number {
        3 => Some(Major::Three),
        4.. => Some(Major::Four),
        _ => None,
    }
}

/// How the last revision of a release is.
pub(crate) fn status(place: &Place<'_>, release: &str) -> Cmd {
    place.helm().args(["status", release, "--output", "json"]).io(Io::Capture)
}

/// Which chart a release was made of.
pub(crate) fn list(place: &Place<'_>, release: &str) -> Cmd {
    let only = format!("^{}$", release.replace('.', "\\."));
    place.helm().args(["list", "--filter", &only, "--output", "json"]).io(Io::Capture)
}

/// The revisions of a release.
pub(crate) fn history(place: &Place<'_>, release: &str) -> Cmd {
    place.helm().args(["history", release, "--output", "json"]).io(Io::Capture)
}

/// Installs or upgrades.
pub(crate) fn upgrade(place: &Place<'_>, major: Major, wanted: &Wanted) -> Cmd {
    let cmd = made_of(place.helm().args(["upgrade", "--install"]), wanted)
        .args(["--history-max", HISTORY])
        .args(waiting(major, wanted.wait))
        .args(["--timeout", &seconds(wanted.timeout), "--output", "json"]);
    stopping(cmd.io(Io::Capture), &wanted.release)
}

/// What an upgrade would make, as the server renders it; nothing is changed. Helm knows no such thing for a release whose
/// namespace is not there.
pub(crate) fn preview(place: &Place<'_>, wanted: &Wanted) -> Cmd {
    made_of(place.helm().args(["upgrade", "--install"]), wanted)
        .args(["--dry-run=server", "--output", "json"])
        .io(Io::Capture)
}

fn made_of(cmd: Cmd, wanted: &Wanted) -> Cmd {
    let mut cmd = cmd.args([&wanted.release, &wanted.chart]);
    for (flag, value) in [("--repo", &wanted.repo), ("--version", &wanted.version)] {
        if let Some(value) = value {
            cmd = cmd.args([flag, value]);
        }
    }
    if wanted.create_namespace {
        cmd = cmd.arg("--create-namespace");
    }
    if wanted.plain_http {
        cmd = cmd.arg("--plain-http");
    }
    for file in &wanted.values {
        cmd = cmd.args(["--values", file]);
    }
    match &wanted.set {
        Some(set) => cmd.args(["--values", "-"]).input(set.clone()),
        None => cmd,
    }
}

/// Bare, `--wait` is `watcher` for helm 4.
fn waiting(major: Major, wait: HelmWait) -> Option<&'static str> {
    match (major, wait) {
        (_, HelmWait::Switch(false)) => None,
        (Major::Three, _) => Some("--wait"),
        (Major::Four, HelmWait::Way(WaitStrategy::Watcher)) => Some("--wait=watcher"),
        (Major::Four, _) => Some("--wait=legacy"),
    }
}

/// Goes back to a revision.
pub(crate) fn rollback(place: &Place<'_>, release: &str, revision: u64, timeout: Duration) -> Cmd {
    let cmd = place.helm().args(["rollback", release, &revision.to_string()]);
    stopping(cmd.args(["--history-max", HISTORY, "--timeout", &seconds(timeout)]), release)
}

/// Removes a release and waits until what it was made of is gone.
pub(crate) fn uninstall(place: &Place<'_>, major: Major, release: &str, timeout: Duration) -> Cmd {
    let cmd = place.helm().args(["uninstall", release]).args(waiting(major, HelmWait::Switch(true)));
    stopping(cmd.args(["--timeout", &seconds(timeout)]), release)
}

/// Logs in to a registry; the password is read from standard input.
pub(crate) fn login(place: &Place<'_>, server: &str, user: &str, password: SecretString) -> Cmd {
    let plain_http = place.plain_http.then_some("--plain-http");
    let cmd = place.helm().args(["registry", "login", server, "--username", user, "--password-stdin"]);
    cmd.args(plain_http).input(password)
}

fn stopping(cmd: Cmd, release: &str) -> Cmd {
    let stopping = Stopping {
        waits_for: format!("helm marks the release `{release}` as failed"),
        loses: format!(
            "the release `{release}` may stay `pending-…`, and take no upgrade before it is repaired"
        ),
        after_kill: format!(
            "the release `{release}` may be `pending-…`: the next `up` repairs it with `repair = true`"
        ),
    };
    cmd.stopping(stopping).grace(Some(Duration::from_secs(60)))
}

fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs().max(1))
}

impl Place<'_> {
    fn helm(&self) -> Cmd {
        let folder = |name: &str| self.home.join(name).to_string_lossy().into_owned();
        let kubeconfig = self.cluster.kubeconfig.to_string_lossy();
        let cmd = Cmd::new("helm")
            .args(["--kubeconfig", &*kubeconfig, "--kube-context", &self.cluster.context])
            .args(["--namespace", &self.namespace]);
        let cmd = kubernetes::alone(cmd, self.cluster)
            .env("HELM_CACHE_HOME", folder("cache"))
            .env("HELM_CONFIG_HOME", folder("config"))
            .env("HELM_DATA_HOME", folder("data"));
        match &self.registry_config {
            Some(file) => cmd.args(["--registry-config", file]),
            None => cmd,
        }
    }
}

#[cfg(test)]
mod tests;
