//! Programs that are started, and how they end.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::canary::CANARY;

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_infractl");

/// A program in a folder, with a home and nothing of the machine's but PATH.
pub(crate) fn clean(program: impl AsRef<OsStr>, folder: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .stdin(Stdio::null());
    command
}

/// The same for the programs of the tests: it finds their docker, and has `FOO=bar`.
pub(crate) fn program(name: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = clean(name, folder, folder);
    for variable in ["DOCKER_HOST", "DOCKER_CONFIG"] {
        command.envs(std::env::var_os(variable).map(|value| (variable, value)));
    }
    command.env("LANG", "C.UTF-8").env("FOO", "bar");
    command
}

/// Standard output of a program that has to succeed.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    stdout
}

/// A PATH on which the folders of these programs come first.
pub(crate) fn path_with(programs: impl IntoIterator<Item = impl AsRef<Path>>) -> OsString {
    let folders = programs.into_iter().map(|program| program.as_ref().parent().unwrap().to_owned());
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap()
}

/// How a call ended. Its outputs were searched for canaries.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        Run::ended(command.output().unwrap())
    }

    /// The same with a text on standard input.
    #[track_caller]
    pub(crate) fn with_input(command: &mut Command, input: &str) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::ended(child.wait_with_output().unwrap())
    }

    /// For calls that are asked to print secrets on standard output.
    #[track_caller]
    pub(crate) fn in_clear(command: &mut Command) -> Self {
        Run::searched(command.output().unwrap())
    }

    /// What ended by itself.
    #[track_caller]
    pub(crate) fn ended(output: Output) -> Self {
        let run = Run::searched(output);
        assert!(!run.out.contains(CANARY), "a secret on standard output:\n{}", run.out);
        run
    }

    #[track_caller]
    fn searched(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) };
        assert!(!run.err.contains(CANARY), "a secret on standard error:\n{}", run.err);
        run
    }

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

    /// Fails unless standard output has this text.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "stdout lacks `{text}`:\n{}", self.out);
        self
    }
}
