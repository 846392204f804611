//! A repository of its own for each test, and people with homes and keys of their own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_infractl");

/// Every secret begins like this, and must never be seen where it was not asked for.
pub(crate) const CANARY: &str = "CANARY-5c1e-";

/// Someone with a home.
pub(crate) struct Person {
    pub(crate) home: TempDir,
    pub(crate) name: &'static str,
}

/// A repository with a project in it.
pub(crate) struct Repo {
    pub(crate) dir: TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "stderr lacks `{text}`:\n{}", self.err);
        self
    }
}

impl Person {
    pub(crate) fn new(name: &'static str) -> Self {
        Person { home: TempDir::new().unwrap(), name }
    }

    /// A command with this person's environment and nothing else of the machine's but PATH.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("USER", self.name)
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), self.name)))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "x@example.org")))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn infractl(&self, repo: &Repo, args: &[&str]) -> Run {
        run(self.command(BIN, repo.root()).args(args), "")
    }

    /// The same with a text on standard input.
    pub(crate) fn infractl_with(&self, repo: &Repo, args: &[&str], input: &str) -> Run {
        run(self.command(BIN, repo.root()).args(args), input)
    }

    /// For calls that are asked to print secrets on standard output.
    pub(crate) fn infractl_clear(&self, repo: &Repo, args: &[&str]) -> Run {
        run_clear(self.command(BIN, repo.root()).args(args), "")
    }

    pub(crate) fn git(&self, repo: &Repo, args: &[&str]) -> Run {
        run(self.command("git", repo.root()).args(args), "")
    }

    pub(crate) fn keygen(&self, repo: &Repo) -> String {
        self.infractl(repo, &["secrets", "keygen"]).code(0).out.trim().to_owned()
    }

    pub(crate) fn set(&self, repo: &Repo, target: &str, name: &str, value: &str) {
        self.infractl_with(repo, &["secrets", "set", target, name], value).code(0);
    }

    pub(crate) fn get(&self, repo: &Repo, target: &str, name: &str) -> String {
        self.infractl_clear(repo, &["secrets", "get", target, name]).code(0).out
    }
}

/// Runs it; no canary may be in its outputs.
#[track_caller]
pub(crate) fn run(command: &mut Command, input: &str) -> Run {
    let run = run_clear(command, input);
    assert!(!run.out.contains(CANARY), "a secret on standard output:\n{}", run.out);
    run
}

#[track_caller]
pub(crate) fn run_clear(command: &mut Command, input: &str) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(stdout), text(stderr));
    assert!(!err.contains(CANARY), "a secret on standard error:\n{err}");
    Run { code: status.code().unwrap_or(-1), out, err }
}

impl Repo {
    /// A project with two environments, in a git repository.
    pub(crate) fn new() -> Self {
        let repo = Repo { dir: TempDir::new().unwrap() };
        repo.write(
            "environments/defaults.toml",
            "[secrets]\nfiles = [\"credentials/common.enc.env\", \"credentials/{{environment}}.enc.env\"]\n",
        );
        repo.write("environments/dev/environment.toml", "");
        repo.write("environments/prod/environment.toml", "");
        repo.write(".gitignore", ".infractl/\nshared/\n");
        let person = Person::new("setup");
        person.git(&repo, &["init", "-q", "-b", "main"]).code(0);
        repo
    }

    /// A project and someone whose key opens its files: three secrets in `common`, two in `dev`.
    pub(crate) fn with_secrets() -> (Self, Person) {
        let (repo, alice) = (Repo::new(), Person::new("alice"));
        alice.keygen(&repo);
        for (target, name) in [
            ("common", "TOKEN"),
            ("common", "ACCOUNT"),
            ("common", "REGION"),
            ("dev", "DB_PASSWORD"),
            ("dev", "API_KEY"),
        ] {
            alice.set(&repo, target, name, &format!("{CANARY}{target}-{name}"));
        }
        (repo, alice)
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Leaves only the lines that are wanted.
    pub(crate) fn keep_lines(&self, path: &str, wanted: impl Fn(&str) -> bool) {
        let text = self.read(path);
        let lines: Vec<&str> = text.lines().filter(|line| wanted(line)).collect();
        self.write(path, &(lines.join("\n") + "\n"));
    }

    /// Files below the root, but git's own, that hold a canary.
    pub(crate) fn in_clear(&self) -> Vec<PathBuf> {
        in_clear(self.root())
    }
}

/// Files in a folder that hold a canary.
pub(crate) fn in_clear(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(in_clear(&path));
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()))
        {
            found.push(path);
        }
    }
    found
}

/// How many lines differ between two texts of the same number of lines.
#[track_caller]
pub(crate) fn changed_lines(before: &str, after: &str) -> usize {
    assert_eq!(before.lines().count(), after.lines().count());
    before.lines().zip(after.lines()).filter(|(old, new)| old != new).count()
}
