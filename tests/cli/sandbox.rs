//! A project of its own for each test: the example of this repository with secrets that are canaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use infractl::testing::sops::{Format, NewFile, Plain};
use tempfile::TempDir;

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_infractl");

/// Every secret of a sandbox begins like this, and must never be seen.
pub(crate) const CANARY: &str = "CANARY-7f3a-";

/// A project in a folder of its own, with a home of its own.
pub(crate) struct Sandbox {
    dir: TempDir,
    home: TempDir,
}

/// How a call of infractl ended. Its outputs were searched for canaries.
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

    /// Fails if standard error has this text.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(!self.err.contains(text), "stderr has `{text}`:\n{}", self.err);
        self
    }
}

impl Sandbox {
    /// The example project as the repository has it, in a git repository of its own.
    pub(crate) fn as_it_is() -> Self {
        let sandbox = Sandbox { dir: TempDir::new().unwrap(), home: TempDir::new().unwrap() };
        let example = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["environments", "shared", "credentials"] {
            copy(&example.join(part), &sandbox.path(part));
        }
        for file in [".sops.yaml", ".gitignore"] {
            fs::copy(example.join(file), sandbox.path(file)).unwrap();
        }
        let git = Command::new("git").args(["init", "-q"]).current_dir(sandbox.dir.path()).status();
        assert!(git.unwrap().success());
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
        let text: String = values.iter().map(|(key, end)| format!("{key}={CANARY}{end}\n")).collect();
        self.secrets_text(name, &text);
    }

    /// The same with a text of its own.
    pub(crate) fn secrets_text(&self, name: &str, text: &str) {
        self.write(format!("credentials/{name}.enc.env"), &encrypted(text));
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

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Replaces a text in a file; it has to be there.
    pub(crate) fn edit(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let text = self.read(&path);
        assert!(text.contains(from), "`{from}` is not in {}", path.as_ref().display());
        self.write(path, &text.replacen(from, to, 1));
    }

    /// infractl with an environment of its own: nothing of the machine's but PATH.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end and searches both outputs for canaries.
    #[track_caller]
    pub(crate) fn infractl(&self, args: &[&str]) -> Run {
        Self::run(&mut self.command(args))
    }

    #[track_caller]
    pub(crate) fn run(command: &mut Command) -> Run {
        let run = Self::run_clear(command);
        assert!(!run.out.contains(CANARY), "a secret on standard output:\n{}", run.out);
        run
    }

    /// The same for calls that are asked to print secrets on standard output.
    #[track_caller]
    pub(crate) fn run_clear(command: &mut Command) -> Run {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        assert!(!err.contains(CANARY), "a secret on standard error:\n{err}");
        Run { code: status.code().unwrap_or(-1), out, err }
    }

    /// Searches every file of project and home for canaries. Only environment files and terraform's own local
    /// state (which is terraform's to write) may have them.
    #[track_caller]
    pub(crate) fn assert_no_canary_on_disk(&self) {
        let mut files = Vec::new();
        walk(self.dir.path(), &mut files);
        walk(self.home.path(), &mut files);
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let is_env_file = file.starts_with(self.path("shared")) && name.starts_with(".env.");
            if is_env_file || name.starts_with("terraform.tfstate") {
                continue;
            }
            let bytes = fs::read(&file).unwrap_or_default();
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "a secret in {}", file.display());
        }
    }
}

/// A SOPS dotenv file for the demonstration key of the example.
pub(crate) fn encrypted(text: &str) -> String {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".sops.yaml")).unwrap();
    let recipient = rules.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    encrypted_for(text, recipient)
}

/// A SOPS dotenv file for one recipient.
pub(crate) fn encrypted_for(text: &str, recipient: &str) -> String {
    let new = NewFile::for_recipients([recipient.to_owned()]);
    let mut fill = infractl::testing::secrets::fill;
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

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let shown = name.to_string_lossy().into_owned();
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
