//! People with homes and keys of their own, and the repository they share.

use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::canary::{CANARY, in_clear};
use super::folder::Folder;
use super::program::{BIN, Run, clean};

/// Someone with a home.
pub(crate) struct Person {
    pub(crate) home: TempDir,
    pub(crate) name: &'static str,
}

/// A repository with a project in it.
pub(crate) struct Repo(Folder);

impl Deref for Repo {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Person {
    pub(crate) fn new(name: &'static str) -> Self {
        Person { home: TempDir::new().unwrap(), name }
    }

    /// A command with this person's environment and nothing else of the machine's but PATH.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = clean(program, dir, self.home.path());
        command
            .env("TMPDIR", self.home.path())
            .env("USER", self.name)
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), self.name)))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "x@example.org")))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    #[track_caller]
    pub(crate) fn infractl(&self, repo: &Repo, args: &[&str]) -> Run {
        Run::of(self.command(BIN, repo.root()).args(args))
    }

    /// The same with a text on standard input.
    #[track_caller]
    pub(crate) fn infractl_with(&self, repo: &Repo, args: &[&str], input: &str) -> Run {
        Run::with_input(self.command(BIN, repo.root()).args(args), input)
    }

    /// For calls that are asked to print secrets on standard output.
    #[track_caller]
    pub(crate) fn infractl_clear(&self, repo: &Repo, args: &[&str]) -> Run {
        Run::in_clear(self.command(BIN, repo.root()).args(args))
    }

    #[track_caller]
    pub(crate) fn git(&self, repo: &Repo, args: &[&str]) -> Run {
        Run::of(self.command("git", repo.root()).args(args))
    }

    pub(crate) fn keygen(&self, repo: &Repo) -> String {
        self.infractl(repo, &["secrets", "keygen"]).code(0).out.trim().to_owned()
    }

    #[track_caller]
    pub(crate) fn set(&self, repo: &Repo, target: &str, name: &str, value: &str) {
        self.infractl_with(repo, &["secrets", "set", target, name], value).code(0);
    }

    #[track_caller]
    pub(crate) fn get(&self, repo: &Repo, target: &str, name: &str) -> String {
        self.infractl_clear(repo, &["secrets", "get", target, name]).code(0).out
    }
}

impl Repo {
    /// Nothing is in it, not even git's own.
    pub(crate) fn empty() -> Self {
        Repo(Folder::new())
    }

    /// A project with two environments, in a git repository.
    pub(crate) fn new() -> Self {
        let repo = Repo::empty();
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

    /// Files below the root that hold a canary.
    pub(crate) fn in_clear(&self) -> Vec<PathBuf> {
        in_clear(self.root())
    }
}
