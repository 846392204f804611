//! Machines: ten remote steps against ten calls of ssh, and a wait for twenty against one for the slowest of them.
//! Needs what `tests/run` installs (`INFRACTL_TEST_DOCKER`, `INFRACTL_TEST_MACHINE`): `cargo bench --bench ssh`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark: prints, writes its project, and compares with bare"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[expect(dead_code, reason = "not all of it is used here")]
#[path = "../tests/real/machine.rs"]
mod machine;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use machine::Machine;

const STEPS: usize = 10;
const ROUNDS: usize = 5;
const MACHINES: usize = 20;
const DELAY: u32 = 4;

fn main() {
    let Some(first) = Machine::up() else { return };
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("environments/dev")).unwrap();
    let steps = "{ remote = { host = \"one\", run = \"true\" } },\n".repeat(STEPS);
    let ours = || {
        project(dir.path(), &[&first], &format!("go = [\n{steps}]"));
        run(dir.path())
    };
    ours();
    let ours = median(ours);
    let plain = median(|| {
        let begun = Instant::now();
        for _ in 0..STEPS {
            assert!(first.ssh("true").status.success());
        }
        begun.elapsed()
    });
    println!(
        "{STEPS} remote steps in one run: {:.0} ms; {STEPS} calls of ssh: {:.0} ms; {:.2} of it",
        millis(ours),
        millis(plain),
        millis(ours) / millis(plain)
    );

    let key = std::fs::read_to_string(first.keys.path().join("id.pub")).unwrap();
    let same = format!("--env=AUTHORIZED_KEY={}", key.trim());
    let late = format!("--env=SSH_DELAY={DELAY}");
    let mut others: Vec<Machine> = (2..MACHINES).map(|_| Machine::with(&[&same]).unwrap()).collect();
    others.push(Machine::with(&[&same, &late]).unwrap());
    let slowest = others.last().unwrap();
    let wait = "go = [{ wait = { ssh = \"one\", attempts = 200, every = \"100ms\" } }]";
    let all: Vec<&Machine> = [&first].into_iter().chain(&others).collect();
    let measure = |machines: &[&Machine]| {
        slowest.boot();
        project(dir.path(), machines, wait);
        let _ = std::fs::remove_dir_all(dir.path().join(".infractl"));
        run(dir.path())
    };
    let twenty = measure(&all);
    let alone = measure(&[slowest]);
    println!(
        "a wait for {MACHINES} machines, one of them up after {DELAY} s: {:.0} ms; for that one alone: {:.0} ms",
        millis(twenty),
        millis(alone)
    );
}

/// A project whose host `one` is these machines; all take the key of the first.
fn project(root: &Path, machines: &[&Machine], pipelines: &str) {
    let addresses: Vec<String> = machines.iter().map(|machine| format!("\"{}\"", machine.address)).collect();
    let key = KEY.get_or_init(|| machines[0].key());
    let text = format!(
        "[secrets]\nfiles = []\n[outputs]\nips = [{}]\n[hosts.one]\naddress = \"{{{{output.ips}}}}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\n[pipelines]\n{pipelines}\n",
        addresses.join(", "),
        key.display()
    );
    std::fs::write(root.join("environments/dev/environment.toml"), text).unwrap();
}

static KEY: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();

fn run(root: &Path) -> Duration {
    let begun = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_infractl"))
        .args(["pipeline", "dev", "go"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    begun.elapsed()
}

fn median(mut one: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..ROUNDS).map(|_| one()).collect();
    all.sort_unstable();
    all[ROUNDS / 2]
}

fn millis(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}
