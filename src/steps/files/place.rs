//! Whether `delete` would remove more than what was copied: judged by real places, whatever the words are.

use std::path::{Component, Path, PathBuf};

use crate::config::model::Copy;
use crate::failure::{Failure, Kind};
use crate::work::{StepCx, relative};

/// Where files for a folder of this machine really go: links and `..` as the system reads them, also where a part is
/// not there yet.
pub(crate) fn real(path: &Path) -> PathBuf {
    let mut place = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(place.pop()),
            part => place.push(part),
        }
        place = place.canonicalize().unwrap_or(place);
    }
    place
}

/// An error if copying would lose something: `to` is a real place.
pub(crate) fn check(step: &StepCx<'_>, copy: &Copy, to: &Path) -> Result<(), Failure> {
    let sources: Vec<PathBuf> = copy.files.iter().chain(&copy.templates).map(|file| real(&file.0)).collect();
    if let Some(source) = sources.iter().find(|source| to.starts_with(source)) {
        let message = format!("`{}` cannot be copied into itself", relative(step, source));
        return Err(Failure::new(Kind::Config, message));
    }
    let env = step.env;
    let kept = ["environments", ".git", ".infractl"].map(|name| env.root.join(name));
    let home = step.cx.vars.get("HOME").map(PathBuf::from);
    let module = env.terraform.as_ref().map(|terraform| terraform.dir.clone());
    let own = kept.into_iter().chain(home).chain(module).chain([env.env_file.path.clone()]);
    let own = own
        .chain(env.secrets.files.iter().cloned())
        .filter(|path| path.is_absolute())
        .map(|path| real(&path));
    let would_lose = to.parent().is_none() || own.chain(sources).any(|path| path.starts_with(to));
    if copy.delete && would_lose { Err(too_much(&relative(step, to))) } else { Ok(()) }
}

/// An error if a folder of a host is, by its words alone, its root, the home of the user, or what that is in.
pub(crate) fn check_there(copy: &Copy, to: &str) -> Result<(), Failure> {
    let (is_absolute, words) = match to.strip_prefix("~/") {
        Some(rest) => (false, rest),
        None if to == "~" => (false, ""),
        None => (to.starts_with('/'), to),
    };
    let mut depth = 0_usize;
    for word in words.split('/').filter(|word| !["", "."].contains(word)) {
        depth = match (word, depth) {
            ("..", 0) if is_absolute => 0,
            ("..", 0) if copy.delete => return Err(too_much(to)),
            ("..", depth) => depth.saturating_sub(1),
            (_, depth) => depth + 1,
        };
    }
    if copy.delete && depth == 0 { Err(too_much(to)) } else { Ok(()) }
}

/// The failure of a `delete` that goes too far.
pub(crate) fn too_much(to: &str) -> Failure {
    Failure::new(Kind::Config, format!("`delete` in `{to}` would remove more than what was copied"))
        .help("copy to a folder of its own, or leave `delete` out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_the_system_would_write() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/deep")).unwrap();
        std::os::unix::fs::symlink("a/deep", root.join("link")).unwrap();
        for (path, place) in [
            ("a/..", ""),
            ("new/..", ""),
            ("./link/x", "a/deep/x"),
            ("link/..", "a"),
            ("link/../../b", "b"),
            ("a/deep/../../new/x/..", "new"),
        ] {
            assert_eq!(real(&root.join(path)), root.join(place).components().collect::<PathBuf>(), "{path}");
        }
        assert_eq!(real(Path::new("/../..")), Path::new("/"));
    }

    #[test]
    fn the_root_and_the_home_of_a_host_are_known_however_they_are_written() {
        let copy = |delete| Copy { delete, ..Copy::default() };
        for to in [
            "",
            "/",
            "//",
            ".",
            "./",
            "~",
            "~/",
            "~/.",
            "/tmp/..",
            "/tmp/../..",
            "~/..",
            "..",
            "a/..",
            "a/../..",
            "a/../../b",
            "/.//",
        ] {
            assert!(check_there(&copy(true), to).is_err(), "{to}");
            assert!(check_there(&copy(false), to).is_ok(), "{to}");
        }
        for to in ["/srv", "/srv/app/", "a", "~/a", "~a", "/../srv", "a/../b"] {
            assert!(check_there(&copy(true), to).is_ok(), "{to}");
        }
    }
}
