//! What a release is made of and how it is installed. The binary in the archives is a script here, which starts the one that
//! the tests have: to build and pack the real one takes minutes.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests: a panic is a failure, and programs are started"
)]

#[path = "../common/mod.rs"]
mod common;

mod archive;
mod images;
mod install;
mod packages;
mod page;
mod roots;
mod server;
mod workflow;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::common::{BIN, Folder, output};

const TARGET: &str = "x86_64-unknown-linux-musl";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A folder with a release that was made once for all tests.
static RELEASE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shipped");
    let _ = fs::remove_dir_all(&folder);
    pack(&folder);
    folder
});

/// Name of its archive.
fn archive() -> String {
    format!("infractl-{VERSION}-{TARGET}.tar.gz")
}

/// A script of `release/` that puts what it makes into a folder; what it prints.
fn release(script: &str, dist: &Path, args: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("release").join(script);
    let mut command = Command::new(script);
    // a time of their own: the last commit is another one in every run
    command.args(args).env("DIST", dist).env("SOURCE_DATE_EPOCH", "1800000000").current_dir("/");
    String::from_utf8(output(&mut command)).unwrap()
}

/// Makes archive, sums, installer and formula.
fn pack(dist: &Path) -> PathBuf {
    let binary = Folder::new();
    let binary = binary.script("infractl", &format!("#!/bin/sh\nexec '{BIN}' \"$@\"\n"));
    let packed = release("archive", dist, &[binary.to_str().unwrap(), TARGET]);
    release("finish", dist, &["http://releases.invalid/owner/infractl"]);
    PathBuf::from(packed.trim_end())
}
