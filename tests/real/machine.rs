//! Machines to log in to: containers with sshd, each on a loopback address of its own, gone when the value is dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::common::{need, output, program, skip, wait_for};
use tempfile::TempDir;

/// Who holds this port of an address has the machine there: freed by the kernel, however a test ends.
const CLAIM: u16 = 2;

/// A machine that can be booted, stopped, paused and rebuilt. Users: `root`, `deploy` (sudo without a password),
/// `admin` (sudo asks for one).
pub(crate) struct Machine {
    /// Where its sshd listens, on port 22.
    pub(crate) address: String,
    /// Name of the container.
    pub(crate) name: String,
    /// Folder with the private key `id` and its `id.pub`.
    pub(crate) keys: TempDir,
    docker: PathBuf,
    image: String,
    options: Vec<String>,
    _claim: TcpListener,
}

impl Machine {
    /// One that answers; none (and the test is skipped) where no engine can run it.
    pub(crate) fn up() -> Option<Machine> {
        let machine = Machine::with(&[])?;
        machine.answers();
        Some(machine)
    }

    /// One that has just been switched on. `options` are for `docker run`: `--env=SSH_DELAY=3` (see
    /// tests/machine/entry), `--tmpfs=/small:size=64k,mode=1777`, `--volume=/here:/there`.
    pub(crate) fn with(options: &[&str]) -> Option<Machine> {
        let (docker, image) = (need("docker")?, need("machine")?);
        need("ssh")?;
        let (address, claim) = claim();
        let keys = TempDir::new().unwrap();
        let key = keys.path().join("id");
        output(program("ssh-keygen", keys.path()).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        let machine = Machine {
            name: format!("infractl-test-{}", address.replace('.', "-")),
            address,
            keys,
            docker: docker.into(),
            image: image.into_string().unwrap(),
            options: options.iter().map(ToString::to_string).collect(),
            _claim: claim,
        };
        machine.boot();
        Some(machine)
    }

    /// One that answers and on which `docker` and `docker compose` work, for root and deploy: with the engine of the
    /// tests, which sees the files of this machine, not those of that one. Mount a folder at the same path for that:
    /// `--volume=/tmp/x:/tmp/x`.
    pub(crate) fn with_docker(options: &[&str]) -> Option<Machine> {
        let (docker, compose) = (need("docker")?, need("compose-2")?);
        let socket =
            std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let Some(socket) = socket.strip_prefix("unix://") else {
            skip("the docker engine is not on this machine");
            return None;
        };
        let mounts = [
            format!("--volume={socket}:/docker.sock"),
            format!("--volume={}:/usr/local/bin/docker:ro", Path::new(&docker).display()),
            format!(
                "--volume={}:/usr/libexec/docker/cli-plugins/docker-compose:ro",
                Path::new(&compose).display()
            ),
        ];
        let options: Vec<&str> = mounts.iter().map(String::as_str).chain(options.iter().copied()).collect();
        let machine = Machine::with(&options)?;
        machine.answers();
        Some(machine)
    }

    /// Makes the container anew: other host keys, no files. Its delays count from now.
    pub(crate) fn boot(&self) {
        let _ = self.docker(&["rm", "-f", &self.name]);
        let key = std::fs::read_to_string(self.keys.path().join("id.pub")).unwrap();
        let mut command = program(&self.docker, self.keys.path());
        command.args(["run", "--detach", "--network=host", "--stop-signal=TERM", "--stop-timeout=1"]);
        command.arg(format!("--name={}", self.name)).arg(format!("--hostname={}", self.name));
        command.arg(format!("--label=infractl-test={}", env!("CARGO_MANIFEST_DIR")));
        command.arg(format!("--env=ADDRESS={}", self.address));
        command.arg(format!("--env=AUTHORIZED_KEY={}", key.trim()));
        output(command.args(&self.options).arg(&self.image));
    }

    /// `start`, `stop`, `restart`, `pause`, `unpause`.
    #[track_caller]
    pub(crate) fn does(&self, what: &str) {
        let done = self.docker(&[what, &self.name]);
        assert!(done.status.success(), "docker {what}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// What a line of shell prints there, run as root without ssh; it has to succeed.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> String {
        let done = self.docker(&["exec", &self.name, "sh", "-c", line]);
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Whether a line of shell succeeds there.
    pub(crate) fn is(&self, line: &str) -> bool {
        self.docker(&["exec", &self.name, "sh", "-c", line]).status.success()
    }

    /// The private key.
    pub(crate) fn key(&self) -> PathBuf {
        self.keys.path().join("id")
    }

    /// Its public host key: type and key.
    pub(crate) fn host_key(&self) -> String {
        let line = self.sh("cat /etc/ssh/ssh_host_ed25519_key.pub");
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Waits until a login works.
    #[track_caller]
    pub(crate) fn answers(&self) {
        wait_for(&format!("{} to answer", self.address), || self.ssh("true").status.success());
    }

    /// A plain ssh as deploy: nothing of infractl.
    pub(crate) fn ssh(&self, command: &str) -> Output {
        let mut ssh = program("ssh", self.keys.path());
        ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR"]);
        ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
        ssh.arg("-i").arg(self.key()).arg(format!("deploy@{}", self.address)).arg(command).output().unwrap()
    }

    fn docker(&self, args: &[&str]) -> Output {
        program(&self.docker, self.keys.path()).args(args).output().unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Output { stdout, stderr, .. } = self.docker(&["logs", "--tail=20", &self.name]);
            let text = [stdout, stderr].concat();
            println!("the log of {}:\n{}", self.name, String::from_utf8_lossy(&text));
        }
        // a paused one takes no signal
        let _ = self.docker(&["unpause", &self.name]);
        let _ = self.docker(&["rm", "-f", "--volumes", &self.name]);
    }
}

/// A loopback address that nobody else uses: no other test, and no machine that a killed one left.
fn claim() -> (String, TcpListener) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 0x10000).unwrap();
    for _ in 0..u16::MAX {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let [high, low] = number.to_be_bytes();
        let address = format!("127.77.{high}.{low}");
        let is_free = |port: u16| TcpListener::bind((address.as_str(), port));
        if !matches!(low, 0 | 255)
            && let Ok(claim) = is_free(CLAIM)
            && is_free(22).is_ok()
        {
            return (address, claim);
        }
    }
    panic!("no loopback address is free");
}

#[test]
fn a_machine_answers_stops_hangs_and_comes_back_another() {
    let Some(machine) = Machine::up() else { return };
    let said = |output: Output| String::from_utf8(output.stdout).unwrap();
    assert_eq!(said(machine.ssh("sudo -n id -un")), "root\n");
    assert!(machine.is("test -e /var/lib/cloud/instance/boot-finished"));
    let key = machine.host_key();
    machine.does("restart");
    machine.answers();
    assert_eq!(machine.host_key(), key);
    machine.does("stop");
    assert_eq!(machine.ssh("true").status.code(), Some(255));
    machine.boot();
    machine.answers();
    assert_ne!(machine.host_key(), key);
}

#[test]
fn docker_and_compose_work_on_a_machine() {
    let Some(machine) = Machine::with_docker(&[]) else { return };
    let done = machine.ssh("docker version --format '{{.Server.Os}}' && docker compose version --short");
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("linux\n2."), "{done:?}");
}
