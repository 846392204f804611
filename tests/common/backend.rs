//! Whether what a test needs is there, and how it is skipped when it is not.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// A folder of the material shared beside the project: `INFRACTL_SHARED`, or `shared` beside the repository
/// or beside the folder of worktrees. None is a skip.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let found = beside(folder);
    if found.is_none() {
        skip(&format!("shared/{folder} is not there (set INFRACTL_SHARED)"));
    }
    found
}

/// The same, and whoever asks says what it means that it is not there.
pub(crate) fn beside(folder: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.ancestors().skip(1).take(2).map(|place| place.join("shared"));
    let told = std::env::var_os("INFRACTL_SHARED").map(PathBuf::from);
    told.into_iter().chain(beside).map(|place| place.join(folder)).find(|place| place.exists())
}

/// Says that the running test cannot show anything here, and why.
#[track_caller]
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}, and with CI set nothing is skipped");
    absent(why);
}

/// The same for what is no part of the project, and need not be there in CI either.
pub(crate) fn absent(why: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {why}", thread.name().unwrap_or("?"));
    println!("skipped: {line}");
    if let Some(list) = std::env::var_os("INFRACTL_TEST_SKIPS") {
        let mut list = OpenOptions::new().append(true).create(true).open(list).unwrap();
        list.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// The `terraform` that is found first is OpenTofu: `tests/run` runs these tests with it too.
pub(crate) fn is_tofu() -> bool {
    std::env::var_os("INFRACTL_TEST_WITH_TOFU").is_some()
}
