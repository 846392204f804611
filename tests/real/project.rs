//! A project of its own for a test, with secrets that are canaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use infractl::sops::{Format, NewFile, Plain};
use tempfile::TempDir;

use crate::support::program;

/// Every secret of a project begins like this, and must never be seen.
pub(crate) const CANARY: &str = "CANARY-7c1d-";

/// A project with the environment `dev`, without a root module.
pub(crate) struct Project {
    dir: TempDir,
    home: TempDir,
    /// Variables of infractl besides those that programs need.
    pub(crate) vars: Vec<(String, String)>,
}

/// How a call of infractl ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Fails with both outputs unless the exit code is this one.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard error has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "stderr lacks `{text}`:\n{}", self.err);
        self
    }
}

impl Project {
    /// One whose `environment.toml` says this, with these secrets: each value is a canary with this ending.
    pub(crate) fn new(toml: &str, secrets: &[(&str, &str)]) -> Project {
        let project =
            Project { dir: TempDir::new().unwrap(), home: TempDir::new().unwrap(), vars: Vec::new() };
        project.write("environments/defaults.toml", "[project]\nname = \"nyctaxi\"\n");
        let (key, recipient) = key();
        let files = if secrets.is_empty() { "" } else { "\"credentials/dev.enc.env\"" };
        let toml = format!("{toml}\n[secrets]\nfiles = [{files}]\nidentity = \"{}\"\n", key.display());
        project.write("environments/dev/environment.toml", &toml);
        if !secrets.is_empty() {
            let lines: Vec<String> =
                secrets.iter().map(|(key, end)| format!("{key}={CANARY}{end}\n")).collect();
            project.write("credentials/dev.enc.env", &encrypted(&lines.concat(), &recipient));
        }
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_infractl"), self.root());
        command.args(args).env("HOME", self.home.path()).env_remove("FOO").envs(self.vars.iter().cloned());
        command
    }

    /// Runs infractl to its end and searches both outputs, and every file, for canaries.
    #[track_caller]
    pub(crate) fn infractl(&self, args: &[&str]) -> Run {
        let run = ended(&mut self.command(args));
        assert!(!run.err.contains(CANARY), "a secret on standard error:\n{}", run.err);
        assert!(!run.out.contains(CANARY), "a secret on standard output:\n{}", run.out);
        self.assert_no_canary(&[]);
        run
    }

    /// Searches every file of project and home for canaries, but these.
    #[track_caller]
    pub(crate) fn assert_no_canary(&self, but: &[&str]) {
        let mut files = Vec::new();
        walk(self.dir.path(), &mut files);
        walk(self.home.path(), &mut files);
        for file in files {
            let shown = file.strip_prefix(self.root()).unwrap_or(&file).display().to_string();
            if but.contains(&shown.as_str()) || shown.starts_with("shared/.env.") || shown.ends_with("/.env")
            {
                continue;
            }
            let bytes = fs::read(&file).unwrap_or_default();
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "a secret in {shown}");
        }
    }
}

/// How a command ended.
pub(crate) fn ended(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// The demonstration key of the repository, which protects nothing, and its recipient.
fn key() -> (PathBuf, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = fs::read_to_string(root.join(".sops.yaml")).unwrap();
    let recipient = rules.split_whitespace().find(|word| word.starts_with("age1")).unwrap().to_owned();
    (root.join("credentials/demo-key-PROTECTS-NOTHING.txt"), recipient)
}

fn encrypted(text: &str, recipient: &str) -> String {
    let new = NewFile::for_recipients([recipient.to_owned()]);
    let mut fill = infractl::secrets::fill;
    let plain = Plain::create(text.as_bytes(), Format::Dotenv, &new, &mut fill).unwrap();
    let bytes = plain.seal(jiff::Timestamp::now(), &mut fill).unwrap().to_bytes().unwrap();
    String::from_utf8(bytes).unwrap()
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}
