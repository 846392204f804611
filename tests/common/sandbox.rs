//! A project with a home of its own.

use std::ffi::OsString;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::canary::{CANARY, holding};
use super::documents;
use super::example;
use super::folder::Folder;
use super::program::{BIN, Run, clean, path_with};

/// What infractl is called in.
pub(crate) struct Sandbox {
    folder: Folder,
    pub(crate) home: Folder,
    /// Variables of infractl besides those that every program has.
    pub(crate) vars: Vec<(String, OsString)>,
    /// What no output and no file may hold.
    hidden: Vec<String>,
}

impl Deref for Sandbox {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Sandbox {
    /// Nothing is in it yet.
    pub(crate) fn empty() -> Self {
        let hidden = vec![CANARY.to_owned()];
        Sandbox { folder: Folder::new(), home: Folder::new(), vars: Vec::new(), hidden }
    }

    /// The example project as the repository has it, in a git repository of its own.
    pub(crate) fn as_it_is() -> Self {
        let sandbox = Sandbox::empty();
        example::copy_to(sandbox.root());
        sandbox
    }

    /// The example project; its secrets are canaries, encrypted by infractl itself.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::as_it_is();
        sandbox.secrets("common", &[("ACCOUNT_KEY", "account"), ("SHARED_TOKEN", "token")]);
        for name in ["dev", "rec", "prod", "local"] {
            sandbox.secrets(
                name,
                &[
                    ("STORAGE_ACCOUNT_KEY", &format!("storage-{name}")),
                    ("POSTGRES_ADMIN_PASSWORD", &format!("postgres-{name}")),
                    ("ACR_ADMIN_PASSWORD", &format!("acr-{name}")),
                ],
            );
        }
        sandbox
    }

    /// Writes `credentials/NAME.enc.env` anew: each value is a canary with this ending.
    pub(crate) fn secrets(&self, name: &str, values: &[(&str, &str)]) {
        let lines: Vec<String> = values.iter().map(|(key, end)| format!("{key}={CANARY}{end}\n")).collect();
        self.secrets_text(name, &lines.concat());
    }

    /// The same with a text of its own.
    pub(crate) fn secrets_text(&self, name: &str, text: &str) {
        self.write(format!("credentials/{name}.enc.env"), &example::encrypted(text));
    }

    /// Writes the file of an environment.
    pub(crate) fn environment(&self, name: &str, text: &str) {
        self.write(format!("environments/{name}/environment.toml"), text);
    }

    /// These secrets, whole, for every environment, with the key that opens them.
    pub(crate) fn with_secrets(self, secrets: &[(&str, &str)]) -> Self {
        let lines: Vec<String> = secrets.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        self.write("all.enc.env", &example::encrypted(&lines.concat()));
        fs::copy(example::key(), self.path("key.txt")).unwrap();
        fs::set_permissions(self.path("key.txt"), fs::Permissions::from_mode(0o600)).unwrap();
        let defaults = "[secrets]\nfiles = [\"all.enc.env\"]\nidentity = \"key.txt\"\n";
        self.write("environments/defaults.toml", defaults);
        self.hiding(&secrets.iter().map(|(_, value)| *value).collect::<Vec<_>>())
    }

    /// Nor may any output or file hold these.
    pub(crate) fn hiding(mut self, texts: &[&str]) -> Self {
        self.hidden.extend(texts.iter().map(|text| (*text).to_owned()));
        self
    }

    pub(crate) fn with_var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.vars.push((name.to_owned(), value.into()));
        self
    }

    /// Those of these variables that the tests have themselves.
    pub(crate) fn with_own_vars(mut self, names: &[&str]) -> Self {
        let own = names.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        self.vars.extend(own);
        self
    }

    /// Puts the folder of a program on PATH.
    pub(crate) fn on_path(self, program: impl AsRef<Path>) -> Self {
        self.with_var("PATH", path_with([program]))
    }

    /// infractl with an environment of its own.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = clean(BIN, self.root(), self.home.root());
        command.args(args).env("TMPDIR", self.home.root()).envs(self.vars.iter().cloned());
        command
    }

    /// Runs it to its end and searches both outputs for secrets.
    #[track_caller]
    pub(crate) fn infractl(&self, args: &[&str]) -> Run {
        let run = self.searched(Run::of(&mut self.command(args)));
        documents::fits(args, &run.out);
        run
    }

    /// The same for a call that has to end like this and to leave no secret on disk.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str], code: i32) -> Run {
        let run = self.ended(Run::of(&mut self.command(args)), code);
        documents::fits(args, &run.out);
        run
    }

    /// The same for a call that ended by itself.
    #[track_caller]
    pub(crate) fn ended(&self, run: Run, code: i32) -> Run {
        let run = self.searched(run).code(code);
        self.assert_no_canary_on_disk();
        run
    }

    #[track_caller]
    fn searched(&self, run: Run) -> Run {
        for secret in &self.hidden {
            let is_seen = run.out.contains(secret) || run.err.contains(secret);
            assert!(!is_seen, "`{secret}` was printed:\n{}\n{}", run.out, run.err);
        }
        run
    }

    /// Searches every file of project and home for secrets. Only environment files and terraform's own local
    /// state (which is terraform's to write) may have them.
    #[track_caller]
    pub(crate) fn assert_no_canary_on_disk(&self) {
        let found = [self.root(), self.home.root()].map(|folder| holding(folder, &self.hidden)).concat();
        for file in found {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let is_env_file = file.starts_with(self.path("shared")) && name.starts_with(".env.");
            let may = is_env_file || name.starts_with("terraform.tfstate");
            assert!(may, "a secret in {}", file.display());
        }
    }
}
