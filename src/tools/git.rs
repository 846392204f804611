//! git: the questions infractl asks.

use std::path::Path;

use crate::exec::{Cmd, Io};

fn git(dir: &Path) -> Cmd {
    // A hook or an alias of the user must not change what machine-read calls answer.
    Cmd::new("git").dir(dir).io(Io::Capture).env("GIT_OPTIONAL_LOCKS", "0")
}

/// Would git ignore this file? Exit code 0 yes, 1 no, 128 not a repository.
pub fn check_ignore(dir: &Path, file: &Path) -> Cmd {
    git(dir).args(["check-ignore", "--quiet", "--"]).arg(file.to_string_lossy())
}

/// Is this file tracked? Exit code 0 yes, 1 no, 128 not a repository.
pub fn ls_files(dir: &Path, file: &Path) -> Cmd {
    git(dir).args(["ls-files", "--error-unmatch", "--"]).arg(file.to_string_lossy())
}

/// The commit that is checked out, on standard output.
pub fn head(dir: &Path) -> Cmd {
    git(dir).args(["rev-parse", "HEAD"])
}

/// What differs from the commit below this folder, new files included, on standard output; nothing when nothing
/// does.
pub fn status(dir: &Path) -> Cmd {
    git(dir).args(["status", "--porcelain", "--", "."]).timeout(Some(std::time::Duration::from_secs(10)))
}
