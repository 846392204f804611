//! examples/ovh, whole: real terraform with its state in S3 (moto), ssh, ansible, compose, Caddy, Keystone and Nova.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{BIN, Folder, Sandbox, holding, need, output, path_with};
/// What no line and no file but the environment file may hold.
const SECRETS: [&str; 5] = [
    "demo-postgres-test-Zx81",
    "demo-session-test-Kj27",
    "demo-s3-secret-key-0123456789",
    "demo-ovh-application-secret",
    "p@ss w0rd",
];

/// What docker knows the machine and its containers by.
const MACHINE: &str = "label=infractl.machine=test-backend";

struct Example {
    project: Sandbox,
    /// What lies on the disks of its machines.
    disk: Folder,
    docker: OsString,
    /// Its machine has a fixed address: one run at a time on this computer.
    _turn: File,
}

impl Example {
    /// A copy of the example in a world of its own; none when something cannot be had.
    fn new() -> Option<Example> {
        let docker = need("docker")?;
        let (ansible, openstack, aws) = (need("ansible-playbook")?, need("openstack")?, need("aws")?);
        need("compose-2")?;
        let socket = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
        let disk = Folder::new();
        let project = Sandbox::empty()
            .hiding(&SECRETS)
            .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG", "OS_AUTH_URL"])
            .with_var("PATH", path_with([BIN.into(), ansible, openstack, aws, docker.clone()]))
            .with_var("LANG", "C.UTF-8")
            .with_var("DOCKER_SOCKET", socket.trim_start_matches("unix://"))
            .with_var("AWS_ENDPOINT_URL", need("s3")?)
            .with_var("AWS_DEFAULT_REGION", "eu-west-par")
            .with_var("TF_VAR_image", need("machine")?)
            .with_var("TF_VAR_registry", need("registry")?)
            .with_var("TF_VAR_disk", disk.root())
            .with_var("CHECKPOINT_DISABLE", "1");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ovh/.");
        output(Command::new("cp").arg("-R").arg(source).arg(project.root()));
        let turn = File::create(std::env::temp_dir().join("infractl-test-ovh.lock")).unwrap();
        turn.lock().unwrap();
        let example = Example { project, disk, docker, _turn: turn };
        example.remove_what_is_left();
        Some(example)
    }

    /// What a run that was killed has left: as its state has it, and machines that no state knows.
    fn remove_what_is_left(&self) {
        if self.machines().is_empty() {
            return;
        }
        self.well(&["bootstrap", "test"]);
        let _ = self.project.command(&["down", "test"]).output();
        let left = output(Command::new(&self.docker).args(["ps", "--all", "--quiet", "--filter", MACHINE]));
        let left = String::from_utf8(left).unwrap();
        for machine in left.lines() {
            output(Command::new(&self.docker).args(["rm", "--force", "--volumes", machine]));
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.project.path(below)
    }

    /// Standard output and standard error of a call that has to go well.
    #[track_caller]
    fn well(&self, args: &[&str]) -> (String, String) {
        let run = self.project.infractl(args).code(0);
        (run.out, run.err)
    }

    fn machines(&self) -> String {
        let filter = ["ps", "--filter", MACHINE, "--format", "{{.Names}}"];
        let names = output(Command::new(&self.docker).args(filter));
        let mut names: Vec<&str> = std::str::from_utf8(&names).unwrap().lines().collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// No secret is in any file that infractl or a tool left in the project, but for the environment file.
    fn no_secret_is_left(&self) {
        let mut found = holding(self.project.root(), &SECRETS);
        found.retain(|path| !path.ends_with(".env.test"));
        assert_eq!(found, Vec::<PathBuf>::new());
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.project.command(&["down", "test"]).output();
        }
    }
}

#[test]
fn the_ovh_system_goes_up_survives_a_restart_stops_starts_and_goes_down() {
    let Some(example) = Example::new() else { return };
    example.well(&["bootstrap", "test"]);
    example.well(&["bootstrap", "test"]);

    let (_, err) = example.well(&["up", "test"]);
    assert!(err.contains("Caddy Local Authority"), "{err}");
    assert_eq!(example.machines(), "test-backend test-backend-app test-backend-caddy");
    let file = fs::read_to_string(example.path("shared/.env.test")).unwrap();
    assert!(file.contains("POSTGRES_PASSWORD=demo-postgres-test-Zx81\n"), "{file}");
    let inventory = fs::read_to_string(example.path("ansible/inventory/test.ini")).unwrap();
    assert!(inventory.contains("ansible_host=127.0.81.1"), "{inventory}");
    example.no_secret_is_left();

    // The state is in the bucket, and nothing has changed since.
    assert!(!example.path("environments/test/terraform.tfstate").exists());
    example.well(&["plan", "test", "--detailed-exitcode"]);
    example.well(&["check", "test", "--exit-code"]);
    let (out, _) = example.well(&["ssh", "test", "--", "sudo", "head", "-n", "2", "/etc/machine.conf"]);
    assert!(out.contains("environment = test"), "{out}");

    let (_, err) = example.well(&["reboot-test", "test", "-v"]);
    assert!(err.contains("3 readings, none lost"), "{err}");

    example.well(&["stop", "test"]);
    assert_eq!(example.machines(), "");
    let (out, _) = example.well(&["state", "test"]);
    assert!(out.contains("test-backend") && out.contains("SHUTOFF"), "{out}");
    example.well(&["stop", "test"]);
    example.well(&["start", "test"]);
    assert_eq!(example.machines(), "test-backend test-backend-app test-backend-caddy");
    example.well(&["verify", "test"]);

    example.well(&["down", "test"]);
    assert_eq!(example.machines(), "");
    for gone in ["shared/.env.test", "ansible/inventory/test.ini", ".infractl/known_hosts/test"] {
        assert!(!example.path(gone).exists(), "{gone}");
    }
    assert!(!example.disk.path("test-backend").exists());
    let (out, _) = example.well(&["state", "test"]);
    // A cloud may show for a moment what it has deleted.
    assert!(out.contains("not there") || out.contains("DELETED"), "{out}");
    example.no_secret_is_left();

    // Again, as on the first day.
    example.well(&["up", "test"]);
    example.well(&["down", "test"]);
}
