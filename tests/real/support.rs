//! Where the real programs are, how they are started, and how a test is skipped.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What `tests/run` says about `name`, most often the path of a program; none when it could not get it. The test
/// then has to return, and `tests/run` counts it as skipped. `need("compose-1")` asks for `INFRACTL_TEST_COMPOSE_1`.
pub(crate) fn need(name: &str) -> Option<OsString> {
    let variable = format!("INFRACTL_TEST_{}", name.to_uppercase().replace('-', "_"));
    let found = std::env::var_os(&variable).filter(|value| !value.is_empty());
    if found.is_none() {
        skip(&format!("{name} is not there ({variable} is not set)"));
    }
    found
}

/// Says that the running test cannot show anything here, and why.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}, and with CI set nothing is skipped");
    let thread = std::thread::current();
    let line = format!("{}: {why}", thread.name().unwrap_or("?"));
    println!("skipped: {line}");
    if let Some(list) = std::env::var_os("INFRACTL_TEST_SKIPS") {
        let mut list = OpenOptions::new().append(true).create(true).open(list).unwrap();
        list.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// A program in an environment that holds nothing but what programs need to work, and `FOO=bar`.
pub(crate) fn program(name: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    for variable in ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"] {
        command.envs(std::env::var_os(variable).map(|value| (variable, value)));
    }
    command.env("HOME", folder).env("LANG", "C.UTF-8").env("FOO", "bar");
    command
}

/// Standard output of a program that has to succeed.
pub(crate) fn output(command: &mut Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    stdout
}
