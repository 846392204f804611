//! Tags that are signed.

use std::path::Path;

use super::git;
use crate::exec::{Cmd, Io};

/// The settings that say who signs, with what, as NAME, line feed, VALUE, each ended by NUL.
pub(crate) fn settings(dir: &Path) -> Cmd {
    git(dir).args(["config", "--null", "--get-regexp", "^(user|committer|gpg|tag)\\."])
}

/// Signs a tag in a repository of its own, which keeps its objects in `objects`: no name of it is in any other one.
pub(crate) fn sign_tag(
    own: &Path,
    objects: &str,
    settings: &[(String, String)],
    name: &str,
    commit: &str,
) -> Cmd {
    let set = settings.iter().flat_map(|(key, value)| ["-c".to_owned(), format!("{key}={value}")]);
    let cmd = Cmd::new("git").dir(own).io(Io::Capture).env("GIT_OBJECT_DIRECTORY", objects);
    // `#` begins no comment in a changelog.
    cmd.arg("--git-dir=.").args(set).args([
        "tag",
        "--sign",
        "--cleanup=verbatim",
        "--file=message",
        name,
        commit,
    ])
}

/// The object of a tag in a repository of its own.
pub(crate) fn signed_tag(own: &Path, objects: &str, name: &str) -> Cmd {
    let cmd = Cmd::new("git").dir(own).io(Io::Capture).env("GIT_OBJECT_DIRECTORY", objects);
    cmd.args(["--git-dir=.", "rev-parse", "--verify", &format!("refs/tags/{name}")])
}

/// The folder of the objects, on standard output.
pub(crate) fn objects(dir: &Path) -> Cmd {
    git(dir).args(["rev-parse", "--path-format=absolute", "--git-path", "objects"])
}
