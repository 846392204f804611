//! A Kubernetes API of this test process: real but for what runs in it (see `serve`). It ends with the process.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::common::{Run, Sandbox, need};

/// Context of the kubeconfig that may do everything.
pub(crate) const CONTEXT: &str = "lab";
/// Context of somebody who may do nothing.
pub(crate) const VIEWER: &str = "viewer";

/// A Kubernetes API, with one node.
pub(crate) struct Kube {
    folder: PathBuf,
    kubectl: OsString,
    /// It runs as long as its standard input is open.
    _runs: Child,
}

impl Kube {
    /// The one of this process, started by the first test that asks; none where its programs are not there.
    pub(crate) fn up() -> Option<&'static Kube> {
        static ONE: OnceLock<Kube> = OnceLock::new();
        let programs = need("kubernetes")?;
        Some(ONE.get_or_init(|| Kube::start(&programs)))
    }

    /// One of a test's own, which can be ended: drop it.
    pub(crate) fn own() -> Option<Kube> {
        Some(Kube::start(&need("kubernetes")?))
    }

    fn start(programs: &OsString) -> Kube {
        let folder = tempfile::Builder::new().prefix("infractl-kube.").tempdir().unwrap().keep();
        let kubectl = std::env::var_os("INFRACTL_TEST_KUBECTL").unwrap_or_else(|| "kubectl".into());
        // All at once, so that they differ.
        let free: Vec<TcpListener> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<String> =
            free.iter().map(|one| one.local_addr().unwrap().port().to_string()).collect();
        drop(free);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/kube/serve");
        let mut child = Command::new(script)
            .args([folder.as_os_str(), programs, &kubectl])
            .args(&ports)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "ready" {
                return Kube { folder, kubectl, _runs: child };
            }
            said.push_str(&line);
            said.push('\n');
        }
        drop(child.wait());
        panic!("there is no Kubernetes:\n{said}");
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// A project with these secrets that works with it, and has these pipelines; kubectl writes its arguments into
    /// `home/argv`.
    pub(crate) fn project(&self, secrets: &[(&str, &str)], pipelines: &str) -> Sandbox {
        let project = Sandbox::empty().with_secrets(secrets);
        project.environment("dev", &format!("{}[pipelines]\n{pipelines}", self.section()));
        let argv = project.home.path("argv");
        let real = which::which(&self.kubectl).unwrap();
        let shim =
            format!("#!/bin/sh\necho \"$@\" >>'{}'\nexec '{}' \"$@\"\n", argv.display(), real.display());
        project.home.write("bin/kubectl", &shim);
        let shim = project.home.path("bin/kubectl");
        std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o755)).unwrap();
        project.on_path(shim)
    }

    /// `[cluster]` of a project.
    pub(crate) fn section(&self) -> String {
        let kubeconfig = self.kubeconfig();
        format!(
            "[cluster]\nkind = \"existing\"\nkubeconfig = \"{}\"\ncontext = \"{CONTEXT}\"\n",
            kubeconfig.display()
        )
    }

    /// kubectl, as somebody who may do everything.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.folder).args(args);
        command
    }

    /// What kubectl prints; it has to succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        Run::in_clear(&mut self.command(args)).code(0).out
    }

    /// Whether kubectl succeeds.
    pub(crate) fn is(&self, args: &[&str]) -> bool {
        self.command(args).output().unwrap().status.success()
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Json {
        serde_json::from_str(&self.kubectl(&[args, &["-o", "json"]].concat())).unwrap()
    }

    /// Puts these manifests there.
    #[track_caller]
    pub(crate) fn apply(&self, manifests: &str) {
        let mut child = self
            .command(&["apply", "--server-side", "--force-conflicts", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// A namespace that no other test has, in which pods can be made.
    #[track_caller]
    pub(crate) fn namespace(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["create", "namespace", &name]);
        let begun = Instant::now();
        while !self.is(&["get", "serviceaccount", "default", "-n", &name]) {
            assert!(begun.elapsed() < Duration::from_secs(60), "`{name}` has no account for pods");
            std::thread::sleep(Duration::from_millis(100));
        }
        name
    }
}

#[test]
fn what_runs_in_it_runs_fails_and_waits() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    let pod = |name: &str, annotations: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: {namespace}, annotations: {{ {annotations} }} }}\n\
             spec: {{ containers: [{{ name: main, image: none }}] }}\n"
        )
    };
    kube.apply(
        &[
            pod("runs", ""),
            pod("fails", "infractl.test/fails: 'true'"),
            pod("waits", "infractl.test/waiting: ImagePullBackOff, infractl.test/restarts: '2'"),
        ]
        .concat(),
    );
    let status = |name: &str| kube.json(&["get", "pod", name, "-n", &namespace])["status"].clone();
    crate::common::wait_for("a pod to run", || status("runs")["phase"] == "Running");
    crate::common::wait_for("a pod to fail", || status("fails")["phase"] == "Failed");
    crate::common::wait_for("a pod to wait", || {
        let container = &status("waits")["containerStatuses"][0];
        container["state"]["waiting"]["reason"] == "ImagePullBackOff" && container["restartCount"] == 2
    });
    let log = kube.command(&["logs", "runs", "-n", &namespace, "--tail", "3"]).output().unwrap();
    assert!(String::from_utf8_lossy(&log.stdout).contains("line-30"), "{log:?}");
    kube.kubectl(&["delete", "namespace", &namespace, "--timeout=60s"]);
}
