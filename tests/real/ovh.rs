//! examples/ovh, whole: real terraform with its state in S3 (moto), ssh, ansible, compose, Caddy, Keystone and Nova.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::common::{need, output};
use tempfile::TempDir;

/// What no line and no file but the environment file may hold.
const SECRETS: [&str; 5] = [
    "demo-postgres-test-Zx81",
    "demo-session-test-Kj27",
    "demo-s3-secret-key-0123456789",
    "demo-ovh-application-secret",
    "p@ss w0rd",
];

struct Example {
    dir: TempDir,
    docker: OsString,
    vars: Vec<(String, OsString)>,
}

impl Example {
    /// A copy of the example in a world of its own; none when something cannot be had.
    fn new() -> Option<Example> {
        let dir = TempDir::new().unwrap();
        let docker = need("docker")?;
        let (ansible, openstack, aws) = (need("ansible-playbook")?, need("openstack")?, need("aws")?);
        need("compose-2")?;
        let infractl = OsString::from(env!("CARGO_BIN_EXE_infractl"));
        let folders = [&infractl, &ansible, &openstack, &aws, &docker]
            .map(|path| Path::new(path).parent().unwrap().to_owned());
        let path = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
        let socket = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
        let mut vars: Vec<(String, OsString)> = vec![
            ("PATH".into(), path),
            ("HOME".into(), dir.path().join("home").into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("DOCKER_SOCKET".into(), socket.trim_start_matches("unix://").into()),
            ("AWS_ENDPOINT_URL".into(), need("s3")?),
            ("AWS_DEFAULT_REGION".into(), "eu-west-par".into()),
            ("TF_VAR_image".into(), need("machine")?),
            ("TF_VAR_registry".into(), need("registry")?),
            ("TF_VAR_disk".into(), dir.path().join("disk").into()),
            ("CHECKPOINT_DISABLE".into(), "1".into()),
        ];
        for name in ["DOCKER_HOST", "DOCKER_CONFIG", "OS_AUTH_URL"] {
            vars.extend(std::env::var_os(name).map(|value| (name.to_owned(), value)));
        }
        fs::create_dir(dir.path().join("home")).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ovh");
        output(Command::new("cp").arg("-R").arg(source).arg(dir.path().join("ovh")));
        Some(Example { dir, docker, vars })
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("ovh").join(below)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infractl"));
        command.args(args).current_dir(self.path("")).env_clear().stdin(Stdio::null());
        let said = command.envs(self.vars.iter().cloned()).output().unwrap();
        for stream in [&said.stdout, &said.stderr] {
            let text = String::from_utf8_lossy(stream);
            for secret in SECRETS {
                assert!(!text.contains(secret), "{args:?} shows {secret}:\n{text}");
            }
        }
        said
    }

    /// Standard output and standard error of a call that has to go well.
    fn well(&self, args: &[&str]) -> (String, String) {
        let Output { status, stdout, stderr } = self.run(args);
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(status.success(), "{args:?}: {status}\n{out}\n{err}");
        (out, err)
    }

    fn machines(&self) -> String {
        let filter = ["ps", "--filter", "label=infractl.machine=test-backend", "--format", "{{.Names}}"];
        let names = output(Command::new(&self.docker).args(filter));
        let mut names: Vec<&str> = std::str::from_utf8(&names).unwrap().lines().collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// No secret is in any file that infractl or a tool left in the project, but for the environment file.
    fn no_secret_is_left(&self) {
        let hits = Command::new("grep")
            .args(SECRETS.iter().flat_map(|secret| ["-e", secret]))
            .args(["-rlF", "--exclude=.env.test"])
            .arg(self.path(""))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&hits.stdout), "");
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.run(&["down", "test"]);
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
    assert!(!example.dir.path().join("disk/test-backend").exists());
    let (out, _) = example.well(&["state", "test"]);
    assert!(out.contains("not there"), "{out}");
    example.no_secret_is_left();

    // Again, as on the first day.
    example.well(&["up", "test"]);
    example.well(&["down", "test"]);
}
