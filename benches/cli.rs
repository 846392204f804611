//! What infractl adds to a call, as ratios and differences in one run (medians of alternating runs).
//!
//! `cargo bench --bench cli`. Needs terraform; `age` and `make` for the comparison with a shell wrapper, which is
//! left out (and said so) where they are missing.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a benchmark prints, starts programs and stops at the first surprise"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_infractl");
const ROUNDS: usize = 25;

fn main() {
    let project = tempfile::tempdir().unwrap();
    copy_example(project.path());
    let dir = project.path();
    println!("medians of {ROUNDS} alternating runs; min in brackets");

    let [version, nothing] = compare([&mut || run(Command::new(BIN).arg("--version")), &mut || {
        run(&mut Command::new("/bin/true"));
    }]);
    println!("infractl --version        {version}   (goal 3 ms; /bin/true {nothing})");
    let [wrong] = compare([&mut || run(Command::new(BIN).args(["aply", "dev"]))]);
    println!("argument error            {wrong}   (goal 3 ms)");
    for (what, words) in [("", vec![""]), ("secrets get dev", vec!["secrets", "get", "dev", ""])] {
        let [completed] = compare([&mut || run(&mut completion(dir, &words))]);
        println!("completion {what:<15}{completed}   (goal 3 ms)");
    }
    let [exec] = compare([&mut || run(infractl(dir).args(["exec", "dev", "--", "/bin/true"]))]);
    println!("exec dev -- true          {exec}   (goal 5 ms in all, /bin/true {nothing})");

    if which::which("terraform").is_err() {
        println!("terraform is not installed: the rest is left out");
        return;
    }
    let applied = infractl(dir).args(["apply", "dev"]).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let root = dir.join("environments/dev");
    let vars = vars(dir);
    for (verb, flags, goal) in [("plan", &[][..], 5), ("apply", &["-auto-approve"][..], 12)] {
        let [ours, bare] = compare([&mut || run(infractl(dir).args([verb, "dev"])), &mut || {
            run(Command::new("terraform")
                .args([verb, "-input=false", "-no-color"])
                .args(flags)
                .current_dir(&root)
                .env("CHECKPOINT_DISABLE", "1")
                .envs(vars.iter().map(|(name, value)| (name, value))));
        }]);
        println!("{:<26}{ours}", format!("{verb} dev, no changes"));
        println!("{:<26}{bare}", format!("terraform {verb}"));
        let (added, ratio) = (ours.ms() - bare.ms(), ours.ms() / bare.ms());
        println!("  added {added:+.1} ms (goal at most {goal}), ratio {ratio:.3}");
    }
    for words in [&["genenv", "dev"][..], &["output", "dev", "postgres_host", "--raw"]] {
        let [ours] = compare([&mut || run(infractl(dir).args(words))]);
        println!("{:<26}{ours}   (goal 8 ms)", words[..2].join(" "));
    }
    make(dir);
}

/// What a shell asks at a press of TAB behind these words.
fn completion(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.current_dir(dir).args(["--", "infractl"]).args(words).stdout(Stdio::null());
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command
}

/// `make plan` with a shell wrapper that decrypts two files with age, exports them, and calls terraform.
fn make(dir: &Path) {
    if which::which("age").is_err() || which::which("make").is_err() {
        println!("age or make is not installed: the comparison with a wrapper is left out");
        return;
    }
    let keygen =
        Command::new("age-keygen").args(["-o", "wrapper-key.txt"]).current_dir(dir).output().unwrap();
    let text = String::from_utf8_lossy(&keygen.stderr).into_owned();
    let recipient = text.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    for (name, lines) in [("common", 20), ("dev", 20)] {
        let mut plain: String =
            (0..lines).map(|n| format!("{}_{n}=value-{n}\n", name.to_uppercase())).collect();
        for (key, value) in vars(dir).into_iter().filter(|_| name == "dev") {
            plain.push_str(&format!("{key}={value}\n"));
        }
        fs::write(dir.join(format!("{name}.env")), plain).unwrap();
        let done = Command::new("age")
            .args(["-r", recipient, "-o", &format!("{name}.env.age"), &format!("{name}.env")])
            .current_dir(dir)
            .status();
        assert!(done.unwrap().success());
    }
    fs::write(
        dir.join("with-secrets.sh"),
        "#!/usr/bin/env bash\nset -euo pipefail\nset -a\nfor f in common dev; do . <(age -d -i wrapper-key.txt \
         $f.env.age); done\nset +a\nexec \"$@\"\n",
    )
    .unwrap();
    fs::write(
        dir.join("Makefile"),
        "plan:\n\t@bash ./with-secrets.sh terraform -chdir=environments/$(ENV) plan -input=false -no-color\n",
    )
    .unwrap();
    let [ours, wrapper] = compare([&mut || run(infractl(dir).args(["plan", "dev"])), &mut || {
        run(Command::new("make").args(["plan", "ENV=dev"]).current_dir(dir).env("CHECKPOINT_DISABLE", "1"));
    }]);
    println!("plan dev                  {ours}");
    println!("make plan, age wrapper    {wrapper}");
    println!(
        "  difference {:+.1} ms, ratio {:.3} (goal: below 1)",
        ours.ms() - wrapper.ms(),
        ours.ms() / wrapper.ms()
    );
}

/// What infractl hands to terraform: the bare program finds as little to change.
fn vars(dir: &Path) -> Vec<(String, String)> {
    let secret = |name: &str| {
        let printed = infractl(dir).args(["secrets", "get", "dev", name]).output().unwrap();
        String::from_utf8(printed.stdout).unwrap().trim_end().to_owned()
    };
    let fixed = [("project", "nyctaxi"), ("environment", "dev"), ("region", "francecentral")];
    let fixed = fixed.map(|(name, value)| (name, value.to_owned()));
    let secrets = ["storage_account_key", "postgres_admin_password", "acr_admin_password"];
    let secrets = secrets.map(|name| (name, secret(&name.to_uppercase())));
    fixed.into_iter().chain(secrets).map(|(name, value)| (format!("TF_VAR_{name}"), value)).collect()
}

fn infractl(dir: &Path) -> Command {
    let mut command = Command::new(BIN);
    command.current_dir(dir).env_remove("TF_CLI_CONFIG_FILE").env_remove("INFRACTL_ENV");
    command
}

fn run(command: &mut Command) {
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
}

struct Figure(Vec<Duration>);

impl Figure {
    fn ms(&self) -> f64 {
        self.0[self.0.len() / 2].as_secs_f64() * 1e3
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:7.2} ms [{:.2}]", self.ms(), self.0[0].as_secs_f64() * 1e3)
    }
}

/// Runs all in turn, so that a slow moment of the machine hits all of them.
fn compare<const N: usize>(mut work: [&mut dyn FnMut(); N]) -> [Figure; N] {
    let mut figures = [const { Vec::new() }; N];
    for round in 0..=ROUNDS {
        for (figure, work) in figures.iter_mut().zip(&mut work) {
            let started = Instant::now();
            work();
            if round > 0 {
                figure.push(started.elapsed());
            }
        }
    }
    figures.map(|mut times| {
        times.sort();
        Figure(times)
    })
}

fn copy_example(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["environments", "credentials", "shared"] {
        copy(&from.join(part), &to.join(part));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with("terraform.tfstate") || shown == ".terraform" || shown.starts_with(".env.") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
