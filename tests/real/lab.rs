//! examples/lab, whole, on this machine: real PostgreSQL, OpenBao and Gitea in containers of compose, a real registry of images
//! and charts, terraform, helm, git and a Kubernetes API. k3d is a fake in front of that API, and Argo CD a stand-in that does what
//! its resources ask for: both say so (tests/lab).

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::common::{BIN, CANARY, Run, Sandbox, need, output, path_with, program, send, start, wait_for};

const FILE: &str = "environments/lab/environment.toml";
const CHART: &str = "oci://ghcr.io/argoproj/argo-helm/argo-cd\"";
const PASSWORDS: [&str; 4] =
    ["POSTGRES_PASSWORD", "FORGE_DB_PASSWORD", "FORGE_ADMIN_PASSWORD", "VAULT_TOKEN"];

struct Lab {
    project: Sandbox,
    state: PathBuf,
    kubectl: PathBuf,
    /// The cluster of the fake k3d runs as long as this is open.
    _alive: File,
    _argocd: (Child, ChildStdin),
    /// Its ports and containers have fixed names: one run at a time on this computer.
    _turn: File,
}

impl Lab {
    /// A copy of the example; none when something cannot be had.
    fn new() -> Option<Lab> {
        let docker = need("docker")?;
        let base = need("etl-image")?;
        need("compose-2")?;
        let (registry, bao) = (need("registry")?.into_string().unwrap(), need("bao")?);
        let (kubernetes, gitea, helm) = (need("kubernetes")?, need("gitea")?, PathBuf::from(need("helm3")?));
        let kubectl = PathBuf::from(need("kubectl")?);
        let beds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab");
        let project = Sandbox::empty()
            .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT"])
            .with_var("PATH", path_with([BIN.into(), docker.clone()]))
            .with_var("LANG", "C.UTF-8");
        let turn = File::create(std::env::temp_dir().join("infractl-test-lab.lock")).unwrap();
        turn.lock().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/lab/.");
        output(Command::new("cp").arg("-R").arg(source).arg(project.root()));
        project.secrets("lab", &PASSWORDS.map(|name| (name, name)));
        let state = project.home.path("lab");
        fs::create_dir_all(&state).unwrap();
        let bin = project.home.path("bin");
        fs::create_dir_all(&bin).unwrap();
        symlink(&helm, bin.join("helm")).unwrap();
        symlink(&kubectl, bin.join("kubectl")).unwrap();
        symlink(beds.join("k3d"), bin.join("k3d")).unwrap();
        let mut project = project
            .on_path(bin.join("helm"))
            .with_var("LAB_STATE", &state)
            .with_var("LAB_KUBERNETES", &kubernetes)
            .with_var("LAB_KUBECTL", &kubectl);
        let images = {
            let mut images = Command::new(beds.join("images"));
            let server = which::which("docker-registry").unwrap();
            images.args([&base, &bao, &gitea]).arg(server);
            String::from_utf8(output(&mut images)).unwrap()
        };
        for line in images.lines() {
            let (name, image) = line.split_once(' ').unwrap();
            if name == "registry" {
                let told = format!("registry = {{ port = 15001, image = \"{image}\" }}");
                project.edit(FILE, "registry = { port = 15001 }", &told);
            } else {
                project = project.with_var(&format!("{}_IMAGE", name.to_uppercase()), image);
            }
        }
        // The chart from a registry that is there.
        let chart = project.home.path("charts");
        let helm = |args: &[&str]| {
            let mut command = Command::new(&helm);
            output(command.args(args).env("HOME", project.home.root()));
        };
        helm(&["package", &beds.join("argo-cd").to_string_lossy(), "-d", &chart.to_string_lossy()]);
        let archive = chart.join("argo-cd-9.1.4.tgz");
        helm(&["push", "--plain-http", &archive.to_string_lossy(), &format!("oci://{registry}/charts")]);
        project.edit(FILE, CHART, &format!("oci://{registry}/charts/argo-cd\", plain-http = true"));

        output(Command::new("mkfifo").arg(state.join("alive")));
        let alive = File::options().read(true).write(true).open(state.join("alive")).unwrap();
        let mut argocd = Command::new(beds.join("argocd"));
        argocd.arg(project.path(".infractl/kube/lab")).arg(state.join("argocd")).arg(&kubectl);
        argocd.arg(bin.join("helm")).env("HOME", project.home.root()).stdin(Stdio::piped());
        let mut argocd = argocd.spawn().unwrap();
        let stdin = argocd.stdin.take().unwrap();
        let lab = Lab { project, state, kubectl, _alive: alive, _argocd: (argocd, stdin), _turn: turn };
        lab.remove();
        Some(lab)
    }

    #[track_caller]
    fn up(&self, more: &[&str]) -> Run {
        // The sums are looked at by tests of their own: what a small machine lacks is not what this is about.
        self.project.infractl(&[&["up", "lab", "--ignore-needs", "--lock-wait", "2m"], more].concat())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(self.project.path(".infractl/kube/lab")).args(args);
        command
    }

    #[track_caller]
    fn kubectl(&self, args: &[&str]) -> String {
        String::from_utf8(output(&mut self.command(args))).unwrap().trim().to_owned()
    }

    /// What runs in the cluster, by name.
    #[track_caller]
    fn runs(&self) -> String {
        let list =
            ["get", "deployments,statefulsets", "-n", "data", "-o", "jsonpath={.items[*].metadata.name}"];
        let mut all: Vec<String> = self.kubectl(&list).split_whitespace().map(str::to_owned).collect();
        all.sort();
        all.join(" ")
    }

    /// The commit that the first Application is at.
    #[track_caller]
    fn revision(&self) -> String {
        let path = "jsonpath={.status.sync.revision}";
        self.kubectl(&["get", "application", "platform", "-n", "argocd", "-o", path])
    }

    fn applications(&self) -> String {
        let path = "jsonpath={range .items[*]}{.metadata.name}:{.status.health.status} {end}";
        self.kubectl(&["get", "applications.argoproj.io", "-n", "argocd", "-o", path])
    }

    /// What the store says under `secret/forge`, with a status; 0 where it does not answer.
    fn store() -> (u16, Json) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let token = format!("{CANARY}VAULT_TOKEN");
        let url = "http://127.0.0.1:18200/v1/secret/data/forge";
        let Ok(mut answer) = agent.get(url).header("X-Vault-Token", token).call() else {
            return (0, Json::Null);
        };
        (
            answer.status().as_u16(),
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap(),
        )
    }

    fn docker(&self, args: &[&str]) -> String {
        String::from_utf8(output(program("docker", self.project.root()).args(args))).unwrap()
    }

    /// What of it the engine has: containers, volumes and networks, by name.
    fn left(&self) -> String {
        let name = ["--filter", "name=data-stack", "--format"];
        [
            self.docker(&[&["ps", "--all"], &name[..], &["{{.Names}}"]].concat()),
            self.docker(&[&["volume", "ls"], &name[..], &["{{.Name}}"]].concat()),
            self.docker(&[&["network", "ls"], &name[..], &["{{.Name}}"]].concat()),
        ]
        .concat()
    }

    /// What a run that was killed has left.
    fn remove(&self) {
        let name = ["--quiet", "--filter", "name=data-stack"];
        for one in self.docker(&[&["ps", "--all"], &name[..]].concat()).lines() {
            self.docker(&["rm", "--force", "--volumes", one]);
        }
        for what in ["volume", "network"] {
            for one in self.docker(&[&[what, "ls"], &name[..]].concat()).lines() {
                self.docker(&[what, "rm", one]);
            }
        }
    }

    /// `up`, killed (or interrupted) when this step begins.
    #[track_caller]
    fn cut(&self, step: &str, signal: Signal) {
        // What a killed run has started may go on for a while, and has its lock as long.
        let mut command = self.project.command(&["up", "lab", "--ignore-needs", "--lock-wait", "2m"]);
        let mut child = start(command.stderr(Stdio::piped()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let is_there = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            line == format!("lab {step} ...")
        });
        assert!(is_there, "`{step}` did not begin:\n{said}");
        send(&child, signal);
        // What it says while it ends must not stop it.
        let rest = std::thread::spawn(move || lines.for_each(drop));
        let status = child.wait().unwrap();
        assert!(!status.success(), "it was done before it could be cut at `{step}`");
        rest.join().unwrap();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let mut k3d = Command::new(self.project.home.path("bin/k3d"));
        let _ = k3d.args(["cluster", "stop", "x"]).env("LAB_STATE", &self.state).status();
        self.remove();
    }
}

const ETL: &str = "airflow minio mlflow";

#[test]
fn it_goes_up_by_scenario_to_the_next_one_and_down() {
    let Some(lab) = Lab::new() else { return };
    let list = lab.project.infractl(&["scenario", "list", "lab"]).code(0);
    list.prints("data-serve").prints("genai");
    // Nine tenths of what the step may take.
    lab.up(&["--dry-run"]).code(0).prints("--timeout 540s");
    assert_eq!(lab.left(), "", "a dry run has made something");

    // From nothing.
    let first = lab.up(&[]).code(0);
    first.says("role forge made").says("platform: created").says("minio: created");
    assert_eq!(lab.runs(), ETL);
    let healthy = lab.applications();
    assert_eq!(healthy.matches(":Healthy").count(), 4, "{healthy}");
    let (status, kept) = Lab::store();
    assert_eq!((status, &kept["data"]["data"]["user"]), (200, &Json::from("forge")), "{kept}");
    let file = lab.project.read("shared/.env.lab");
    assert!(file.contains("FORGE_URL=http://127.0.0.1:13000"), "{file}");
    let shown = lab.project.infractl(&["status"]).code(0);
    shown.prints("lab: scenario: etl").prints("lab: cluster: k3d data-stack-lab");

    // Once more: everything is as it should be.
    let revision = lab.revision();
    let again = lab.up(&[]).code(0);
    again.says("platform: unchanged").says("already there").never_says("created");
    assert_eq!(lab.revision(), revision);

    // A store in dev mode forgets when it is restarted.
    lab.docker(&["restart", "data-stack-services-vault-1"]);
    wait_for("the store to be back", || Lab::store().0 == 404);
    lab.up(&[]).code(0);
    assert_eq!(Lab::store().0, 200);

    // The next scenario brings its own, and the way back takes it away.
    lab.up(&["--scenario", "data-serve"]).code(0);
    assert_eq!(lab.runs(), "airflow minio mlflow superset trino");
    lab.up(&[]).code(0).says("data-serve");
    assert_eq!(lab.runs(), "airflow minio mlflow superset trino", "what is up stays");
    lab.up(&["--scenario", "etl"]).code(0);
    wait_for("what fell out to go", || lab.runs() == ETL);
    // A change of what is published arrives.
    lab.project.edit("apps/airflow/values.yaml", "workers: 1", "workers: 1\nextra: true");
    lab.up(&[]).code(0).says("airflow: updated").says("minio: unchanged");
    // What the machine does not have begins nothing.
    lab.project.edit(FILE, "memory = \"2GiB\"", "memory = \"9000GiB\"");
    lab.project.infractl(&["up", "lab"]).code(69).says("memory: ").never_says("services");
    lab.project.edit(FILE, "memory = \"9000GiB\"", "memory = \"2GiB\"");

    lab.project.infractl(&["recreate", "lab", "--ignore-needs"]).code(0);
    assert_eq!(lab.runs(), ETL);
    lab.project.infractl(&["down", "lab"]).code(0);
    assert_eq!(lab.left(), "");
    assert!(!lab.project.path(".infractl/kube/lab").exists());
    assert!(!lab.project.path("services/forge-token").exists());
    lab.project.infractl(&["down", "lab"]).code(0);
    lab.project.assert_no_canary_on_disk();
}

#[test]
fn cut_at_any_step_it_goes_on() {
    let Some(lab) = Lab::new() else { return };
    let steps = [
        "services",
        "database of the forge",
        "passwords in the store",
        "forge",
        "forge answers",
        "token",
        "repositories",
        "cluster up",
        "terraform apply",
        "argo cd",
        "how it reaches the forge",
        "application",
        "applications",
        "wait rollout statefulset/minio",
    ];
    for (at, step) in steps.iter().enumerate() {
        lab.cut(step, if at % 2 == 0 { Signal::KILL } else { Signal::INT });
    }
    lab.up(&[]).code(0);
    assert_eq!(lab.runs(), ETL);
    lab.project.infractl(&["down", "lab"]).code(0);
    assert_eq!(lab.left(), "");
}
