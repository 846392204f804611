//! How fast files of secrets are opened and changed, against the real sops (`INFRACTL_TEST_SOPS`, else `sops` on PATH)
//! and `age -d` of the same bytes in one age file. A program that is not there is left out.
//! `cargo bench --bench secrets`

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark")]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use infractl::testing::exec::{BoxFuture, Cmd, Done, OnLine, RunError, Runner};
use infractl::testing::secrets::{Keys, Nobody, Store, Vars, fill, open_files};
use infractl::testing::sops::{Format, NewFile, Plain, Value, key};
use secrecy::ExposeSecret as _;

struct NoPrograms;

impl Runner for NoPrograms {
    fn run<'a>(&'a self, cmd: &'a Cmd, _: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        Box::pin(async move { Err(RunError::NotFound { program: cmd.program.clone() }) })
    }
}

struct Files {
    dir: tempfile::TempDir,
    recipient: String,
}

impl Files {
    fn new() -> Self {
        let place = if Path::new("/dev/shm").is_dir() { "/dev/shm".into() } else { std::env::temp_dir() };
        let dir = tempfile::tempdir_in(place).unwrap();
        let identity = age::x25519::Identity::generate();
        std::fs::write(dir.path().join("keys.txt"), identity.to_string().expose_secret()).unwrap();
        Files { dir, recipient: identity.to_public().to_string() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file of values, and the same text in one age file.
    fn write(&self, name: &str, values: usize) -> PathBuf {
        let format = Format::from_path(name);
        let line = |n| match format {
            Format::Yaml => format!("SECRET_NUMBER_{n}: value-of-{n}-with-some-length\n"),
            Format::Json => format!("\"SECRET_NUMBER_{n}\": \"value-of-{n}-with-some-length\",\n"),
            _ => format!("SECRET_NUMBER_{n}=value-of-{n}-with-some-length\n"),
        };
        let mut text: String = (0..values).map(line).collect();
        if format == Format::Json {
            text = format!("{{{}}}", text.trim_end_matches(",\n"));
        }
        let new = NewFile::for_recipients([self.recipient.clone()]);
        let plain = Plain::create(text.as_bytes(), format, &new, &mut fill).unwrap();
        let sealed = plain.seal(jiff::Timestamp::now(), &mut fill).unwrap();
        std::fs::write(self.path(name), sealed.to_bytes().unwrap()).unwrap();
        let to: age::x25519::Recipient = self.recipient.parse().unwrap();
        let mut file = std::fs::File::create(self.path(&format!("{name}.age"))).unwrap();
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&to as _)).unwrap();
        let mut writer = encryptor.wrap_output(&mut file).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap();
        self.path(name)
    }

    fn store(&self) -> Store<'static> {
        let vars: Vars = [(OsString::from("SOPS_AGE_KEY_FILE"), self.path("keys.txt").into())].into();
        Store::new(self.dir.path(), Keys::new(vars, Vec::new(), Arc::new(Nobody)), &NoPrograms)
    }

    fn open(&self, files: &[PathBuf]) -> usize {
        let mut store = self.store();
        block_on(open_files(&mut store, files, &[], &[])).unwrap().len()
    }

    fn set(&self, file: &Path, round: usize) {
        let mut store = self.store();
        let mut opened = block_on(store.open(file, None)).unwrap();
        opened.plain.set(&key("SECRET_NUMBER_7"), Value::text(format!("round {round}")).into()).unwrap();
        let sealed = opened.plain.seal(jiff::Timestamp::now(), &mut fill).unwrap();
        store.save(file, &opened.plain, &sealed).unwrap();
    }

    /// Calls of a program to their ends; none when it is not installed.
    fn programs(&self, program: &str, calls: &[&[&str]]) -> Option<Duration> {
        median(20, || {
            calls.iter().all(|args| {
                let done = Command::new(program)
                    .args(*args)
                    .current_dir(self.dir.path())
                    .env("SOPS_AGE_KEY_FILE", self.path("keys.txt"))
                    .env("SOPS_DISABLE_VERSION_CHECK", "1")
                    .env("HOME", self.dir.path())
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                done.is_ok_and(|status| status.success())
            })
        })
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The median of several rounds; none when one fails.
fn median(rounds: usize, mut work: impl FnMut() -> bool) -> Option<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        if !work() {
            return None;
        }
        times.push(started.elapsed());
    }
    times.sort();
    Some(times[times.len() / 2])
}

fn main() {
    let files = Files::new();
    let two = [files.write("common.env", 20), files.write("dev.env", 20)];
    let large = files.write("large.env", 10_000);
    files.write("large.yaml", 10_000);
    files.write("large.json", 10_000);
    std::fs::write(files.path("value"), "x").unwrap();

    let opened = median(200, || files.open(&two) == 20);
    report("open 2 files of 20 values (goal 3 ms)", opened, None);
    let opened = median(20, || files.open(std::slice::from_ref(&large)) == 10_000);
    report("open a file of 10,000 values (goal 60 ms)", opened, None);
    let mut round = 0;
    let set = median(20, || {
        round += 1;
        files.set(&large, round);
        true
    });
    report("set one of 10,000 values, verified and written (goal 100 ms)", set, None);

    println!("whole programs, against sops:");
    let own = env!("CARGO_BIN_EXE_infractl");
    let sops = std::env::var("INFRACTL_TEST_SOPS").unwrap_or_else(|_| "sops".to_owned());
    let theirs = |args: &[&[&str]]| files.programs(&sops, args);
    let ours = |args: &[&[&str]]| files.programs(own, args);
    let view = |name| ["secrets", "view", name];
    let decrypt = |name| ["decrypt", name];
    report(
        "2 files of 20 values",
        ours(&[&view("common.env"), &view("dev.env")]),
        theirs(&[&decrypt("common.env"), &decrypt("dev.env")]),
    );
    for name in ["large.env", "large.yaml", "large.json"] {
        let opened = (ours(&[&view(name)]), theirs(&[&decrypt(name)]));
        report(&format!("10,000 values in {name}"), opened.0, opened.1);
        let theirs = theirs(&[&["set", name, r#"["SECRET_NUMBER_7"]"#, r#""x""#]]);
        let ours = ours(&[&["secrets", "set", name, "SECRET_NUMBER_7", "--from-file", "value"]]);
        report(&format!("set one of 10,000 in {name}"), ours, theirs);
    }
    println!("whole programs, against age -d of the same bytes in one age file:");
    for (name, values) in [("dev.env", 20), ("large.env", 10_000)] {
        let age = files.programs("age", &[&["-d", "-i", "keys.txt", &format!("{name}.age")]]);
        report(&format!("infractl secrets view, {values} values"), ours(&[&view(name)]), age);
    }
    report("infractl secrets list, 20 values, no key", ours(&[&["secrets", "list", "dev.env"]]), None);
    report(
        "infractl secrets exec -- true",
        ours(&[&["secrets", "exec", "dev.env", "--", "true"]]),
        theirs(&[&["exec-env", "dev.env", "true"]]),
    );
    report("infractl --version", ours(&[&["--version"]]), None);
}

fn report(what: &str, took: Option<Duration>, other: Option<Duration>) {
    let Some(took) = took else {
        println!("{what:>66}: not run");
        return;
    };
    let ms = took.as_secs_f64() * 1e3;
    match other {
        Some(other) => {
            println!(
                "{what:>66}: {ms:8.2} ms, {:.2} times the other",
                took.as_secs_f64() / other.as_secs_f64()
            );
        }
        None => println!("{what:>66}: {ms:8.2} ms"),
    }
}
