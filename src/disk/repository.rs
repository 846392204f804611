//! The git repository around a folder, read from git's own files: no program is started.

use std::path::{Path, PathBuf};

use super::read_text;

/// Is this folder in a repository?
pub(crate) fn is_around(dir: &Path) -> bool {
    git_of(dir).is_some()
}

/// The top folder of the repository around this folder.
pub(crate) fn top(dir: &Path) -> Option<PathBuf> {
    git_of(dir)?.parent().map(Path::to_owned)
}

/// Not all of its commits are here.
pub(crate) fn is_shallow(dir: &Path) -> bool {
    let Some(git) = git_of(dir) else { return false };
    let git = if git.is_dir() { Some(git) } else { linked(&git) };
    git.is_some_and(|git| {
        let common = read_text(&git.join("commondir")).ok().map(|path| git.join(path.trim()));
        common.unwrap_or(git).join("shallow").exists()
    })
}

/// The commit that is checked out around this folder; none outside of a repository, and before the first commit.
pub(crate) fn head(dir: &Path) -> Option<String> {
    let git = git_of(dir)?;
    let git = if git.is_dir() { git } else { linked(&git)? };
    let head = read_text(&git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return commit(&head) };
    // A worktree has its own HEAD; branches are those of the repository.
    let common = read_text(&git.join("commondir")).ok().map(|path| git.join(path.trim()));
    let places = [Some(git), common];
    places.iter().flatten().find_map(|git| loose(git, name).or_else(|| packed(git, name)))
}

fn git_of(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())
}

/// `.git` of a worktree or a submodule is a file that names a folder.
fn linked(file: &Path) -> Option<PathBuf> {
    let text = read_text(file).ok()?;
    Some(file.parent()?.join(text.trim().strip_prefix("gitdir: ")?))
}

fn loose(git: &Path, name: &str) -> Option<String> {
    commit(&read_text(&git.join(name)).ok()?)
}

fn packed(git: &Path, name: &str) -> Option<String> {
    let text = read_text(&git.join("packed-refs")).ok()?;
    let line = text.lines().find(|line| line.split_once(' ').is_some_and(|(_, found)| found == name))?;
    commit(line.split(' ').next()?)
}

fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_commit_is_found_loose_packed_detached_and_in_a_worktree() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test makes its files as others do")]
            fs::write(path, text).unwrap();
        };
        assert_eq!((head(root), is_around(root)), (None, false));
        write(".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(head(root), None, "before the first commit");
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        write(".git/packed-refs", &format!("# pack-refs with: peeled\n{two} refs/heads/main\n"));
        assert_eq!(head(&root.join("environments")), Some(two.clone()));
        assert!(is_around(&root.join("environments")));
        write(".git/refs/heads/main", &format!("{one}\n"));
        assert_eq!(head(root), Some(one.clone()));
        write(".git/worktrees/wt/HEAD", "ref: refs/heads/main\n");
        write(".git/worktrees/wt/commondir", "../..\n");
        write("wt/.git", "gitdir: ../.git/worktrees/wt\n");
        assert_eq!(head(&root.join("wt")), Some(one));
        write(".git/HEAD", &two);
        assert_eq!(head(root), Some(two));
    }
}
