//! git: the questions infractl asks, and what a `git` step does.

pub(crate) mod publish;
pub(crate) mod signing;

use std::path::Path;

use crate::exec::{Cmd, InputPart, Io};
use crate::text::last_line;

fn git(dir: &Path) -> Cmd {
    // A hook or an alias of the user must not change what machine-read calls answer.
    Cmd::new("git").dir(dir).io(Io::Capture).env("GIT_OPTIONAL_LOCKS", "0")
}

/// A question about a repository that may belong to somebody else, as with sudo or in a container: git answers it too,
/// and starts nothing that the repository names.
fn whosever(dir: &Path) -> Cmd {
    git(dir)
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("GIT_CONFIG_KEY_1", "core.fsmonitor")
        .env("GIT_CONFIG_VALUE_1", "false")
}

/// Does git leave this file alone? Exit code 0 when it is ignored and not tracked, 1 when not, 128 when git cannot say.
pub(crate) fn check_ignore(dir: &Path, file: &Path) -> Cmd {
    whosever(dir).args(["check-ignore", "--quiet", "--"]).arg(file.to_string_lossy())
}

/// Is this file tracked? Exit code 0 yes, 1 no, 128 when git cannot say.
pub(crate) fn ls_files(dir: &Path, file: &Path) -> Cmd {
    whosever(dir).args(["ls-files", "--error-unmatch", "--"]).arg(file.to_string_lossy())
}

/// Lays the files of a commit out in a new folder. Hooks are for people who work there.
pub(crate) fn lay_out(dir: &Path, folder: &Path, commit: &str) -> Cmd {
    git(dir)
        .args(["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", "--"])
        .args([folder.to_string_lossy().into_owned(), commit.to_owned()])
        .env("GIT_TERMINAL_PROMPT", "0")
}

/// Forgets about such folders that are gone.
pub(crate) fn forget_laid_out(dir: &Path) -> Cmd {
    git(dir).args(["worktree", "prune"]).even_if_interrupted()
}

/// Has a commit this file? Exit code 0 yes.
pub(crate) fn has_file(dir: &Path, commit: &str, file: &str) -> Cmd {
    git(dir).args(["cat-file", "-e"]).arg(format!("{commit}:{file}"))
}

/// Those of these files that differ now from what a commit has, on standard output, each ended by NUL.
pub(crate) fn differing(dir: &Path, commit: &str, files: &[String]) -> Cmd {
    git(dir).args(["diff", "--name-only", "-z", "--no-renames", "--relative", commit, "--"]).args(files)
}

/// The commit that is checked out, on standard output.
pub(crate) fn head(dir: &Path) -> Cmd {
    git(dir).args(["rev-parse", "HEAD"])
}

/// The commit of a branch, a tag or `HEAD`, on standard output. Exit code 1 when there is none.
pub(crate) fn commit_of(dir: &Path, name: &str) -> Cmd {
    git(dir).args(["rev-parse", "--quiet", "--verify"]).arg(format!("{name}^{{commit}}"))
}

/// The branch that is checked out, on standard output. Exit code 1 when there is none.
pub(crate) fn branch(dir: &Path) -> Cmd {
    git(dir).args(["symbolic-ref", "--quiet", "--short", "HEAD"])
}

/// The folder of the repository, on standard output.
pub(crate) fn top(dir: &Path) -> Cmd {
    git(dir).args(["rev-parse", "--show-toplevel"])
}

/// The files that differ from where the work since a commit began, on standard output, seen from the folder of the
/// repository, each ended by NUL.
pub(crate) fn changed_since(dir: &Path, commit: &str) -> Cmd {
    git(dir).args(["diff", "--name-only", "-z", "--no-renames", "--merge-base", commit, "--"])
}

/// The files that are new and not ignored, in the same form.
pub(crate) fn untracked(dir: &Path) -> Cmd {
    git(dir).args(["ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ":/"])
}

/// A call that changes something: it never asks for a password.
fn change(dir: &Path) -> Cmd {
    Cmd::new("git").dir(dir).env("GIT_TERMINAL_PROMPT", "0")
}

/// Stages files, also those that are gone.
pub(crate) fn add(dir: &Path, files: &[String]) -> Cmd {
    change(dir).args(["add", "--all", "--"]).args(files)
}

/// Is nothing staged, among these files if some are given? Exit code 0 yes, 1 no.
pub(crate) fn nothing_staged(dir: &Path, files: &[String]) -> Cmd {
    git(dir).args(["diff", "--cached", "--quiet", "--"]).args(files)
}

/// Commits what is staged, of these files only if some are given.
pub(crate) fn commit(dir: &Path, message: &str, files: &[String]) -> Cmd {
    change(dir).args(["commit", "--quiet", "-m", message, "--"]).args(files)
}

/// Sets a tag; with a message it has an author and a date.
pub(crate) fn tag(dir: &Path, name: &str, message: Option<&str>) -> Cmd {
    match message {
        Some(message) => change(dir).args(["tag", "-a", "-m", message, "--", name]),
        None => change(dir).args(["tag", "--", name]),
    }
}

/// Removes a tag from this repository.
pub(crate) fn untag(dir: &Path, name: &str) -> Cmd {
    change(dir).args(["tag", "-d", "--", name]).even_if_interrupted()
}

/// Why it failed: the line that says so, which hints and consequences follow. Empty if it said nothing.
pub(crate) fn reason(tail: &str) -> String {
    let lines: Vec<&str> = tail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let says = |line: &str| {
        ["fatal:", "error:", "! ["].iter().any(|start| line.starts_with(start))
            || line.contains("are ignored by")
    };
    let Some(at) = lines.iter().position(|line| says(line)) else { return last_line(tail).to_owned() };
    let line = lines[at];
    // What it is about may stand below; what the server says of it above.
    let more = match lines.get(at + 1) {
        Some(next) if line.ends_with(':') => format!(" {next}"),
        _ => String::new(),
    };
    // An `update` hook speaks for itself; after it git says that there was one.
    let mut said = lines[..at].iter().rev().filter_map(|line| line.strip_prefix("remote: "));
    let last = said.next();
    let server = match last {
        Some(line) if line.starts_with("error: hook declined") => said.next().or(last),
        _ => last,
    };
    match server.filter(|_| line.contains("[remote rejected]")) {
        Some(server) => format!("{}: {line}", server.trim()),
        None => format!("{line}{more}"),
    }
}

/// Pushes a branch or a tag.
pub(crate) fn push(dir: &Path, remote: &str, what: &str) -> Cmd {
    change(dir).args(["push", "--quiet", "--", remote, what])
}

/// What differs from the commit at these paths, new files included, on standard output; nothing when nothing does.
pub(crate) fn status(dir: &Path, paths: &[&Path]) -> Cmd {
    let cmd = git(dir).args(["status", "--porcelain", "--"]);
    let cmd = cmd.args(paths.iter().map(|path| path.to_string_lossy()));
    cmd.timeout(Some(std::time::Duration::from_secs(10)))
}

/// Is it shallow, its folder, the path from there to `dir`, and the commit that is checked out, each on a line.
pub(crate) fn place(dir: &Path) -> Cmd {
    git(dir).args(["rev-parse", "--is-shallow-repository", "--show-toplevel", "--show-prefix", "HEAD"])
}

/// What differs from the commit, new files included.
pub(crate) fn differences(dir: &Path) -> Cmd {
    git(dir).args(["status", "--porcelain", "--untracked-files=normal"])
}

/// The tags that begin so: name, and the commit on the same line. Only those that `of` descends from, if it is given.
pub(crate) fn tags(dir: &Path, prefix: &str, of: Option<&str>) -> Cmd {
    let cmd = git(dir).args(["for-each-ref", "--format=%(refname:strip=2) %(objectname) %(*objectname)"]);
    let cmd = cmd.args(of.map(|commit| format!("--merged={commit}")));
    cmd.arg(format!("refs/tags/{prefix}*"))
}

/// A branch and the tags that begin so, as the remote has them now: commit, tab, name.
pub(crate) fn ls_remote(dir: &Path, remote: &str, branch: &str, prefix: &str) -> Cmd {
    let names = [format!("refs/heads/{branch}"), format!("refs/tags/{prefix}*")];
    git(dir).env("GIT_TERMINAL_PROMPT", "0").args(["ls-remote", "--", remote]).args(names)
}

/// The address of a remote.
pub(crate) fn address(dir: &Path, remote: &str) -> Cmd {
    git(dir).args(["remote", "get-url", "--", remote])
}

/// Is the one commit part of the history of the other? Exit code 0 yes, 1 no, 128 when one is not there.
pub(crate) fn is_ancestor(dir: &Path, older: &str, newer: &str) -> Cmd {
    git(dir).args(["merge-base", "--is-ancestor", older, newer])
}

/// The commits since a commit, all if there is none, without merges: name, line feed, message, NUL.
pub(crate) fn log(dir: &Path, since: Option<&str>, until: &str) -> Cmd {
    let range = since.map_or_else(|| until.to_owned(), |since| format!("{since}..{until}"));
    let form = ["--no-merges", "--no-show-signature", "--no-notes", "--no-color", "--encoding=UTF-8"];
    git(dir).arg("log").args(form).args(["-z", "--format=%H%n%B", &range, "--"])
}

/// A file as a commit has it. Exit code 128 when it has none.
pub(crate) fn show(dir: &Path, commit: &str, path: &str) -> Cmd {
    git(dir).args(["cat-file", "blob", &format!("{commit}:{path}")])
}

/// The tracked files below `dir` with this name, each ended by NUL.
pub(crate) fn named(dir: &Path, name: &str) -> Cmd {
    git(dir).args(["ls-files", "-z", "--", &format!(":(glob)**/{name}")])
}

/// Who commits, and when, as an object of git has it.
pub(crate) fn committer(dir: &Path) -> Cmd {
    git(dir).args(["var", "GIT_COMMITTER_IDENT"])
}

/// A setting that is on or off. Exit code 1 when it is not set.
pub(crate) fn setting(dir: &Path, name: &str) -> Cmd {
    git(dir).args(["config", "--type=bool", "--get", name])
}

/// Keeps a file; its name is on standard output.
pub(crate) fn keep_blob(dir: &Path, bytes: Vec<u8>) -> Cmd {
    git(dir).args(["hash-object", "-w", "--stdin"]).parts(vec![InputPart::Bytes(bytes)])
}

/// Makes an index of a commit, in a file of its own.
pub(crate) fn read_tree(dir: &Path, index: &Path, commit: &str) -> Cmd {
    git(dir).env("GIT_INDEX_FILE", index.to_string_lossy()).args(["read-tree", commit])
}

/// Puts a file into it; `path` is seen from the top folder, which `dir` has to be.
pub(crate) fn put(dir: &Path, index: &Path, blob: &str, path: &str) -> Cmd {
    let cmd = git(dir).env("GIT_INDEX_FILE", index.to_string_lossy());
    cmd.args(["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")])
}

/// Makes a tree of it; its name is on standard output.
pub(crate) fn write_tree(dir: &Path, index: &Path) -> Cmd {
    git(dir).env("GIT_INDEX_FILE", index.to_string_lossy()).arg("write-tree")
}

/// Makes a commit of it that no branch has yet; its name is on standard output.
pub(crate) fn commit_tree(dir: &Path, tree: &str, parent: &str, is_signed: bool, message: &str) -> Cmd {
    let cmd = git(dir).args(["commit-tree", tree, "-p", parent]);
    cmd.args(is_signed.then_some("-S")).args(["-m", message])
}

/// Makes an annotated tag that has no name in this repository yet; the name of the object is on standard output.
pub(crate) fn make_tag(dir: &Path, text: String) -> Cmd {
    git(dir).arg("mktag").parts(vec![InputPart::Bytes(text.into_bytes())])
}

/// An object as it is, on standard output.
pub(crate) fn object(dir: &Path, name: &str) -> Cmd {
    git(dir).args(["cat-file", "-p", name])
}

/// Pushes all of these or none of them, and nothing besides.
pub(crate) fn push_together(dir: &Path, remote: &str, options: &[String], what: &[String]) -> Cmd {
    let cmd = change(dir).args(["push", "--quiet", "--atomic", "--no-follow-tags"]);
    let options = options.iter().flat_map(|option| ["-o".to_owned(), option.clone()]);
    cmd.args(options).args(["--", remote]).args(what)
}

/// Moves the branch that is checked out, and the files, forward to a commit.
pub(crate) fn forward(dir: &Path, commit: &str) -> Cmd {
    change(dir).args(["merge", "--quiet", "--ff-only", commit])
}

/// Gives a tag that exists its name; never takes it from another one.
pub(crate) fn name_tag(dir: &Path, name: &str, object: &str) -> Cmd {
    change(dir).args(["update-ref", &format!("refs/tags/{name}"), object, &"0".repeat(object.len())])
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_reason_is_what_failed_and_no_hint() {
        for (tail, wanted) in [
            (
                "To /r.git\n ! [rejected]        main -> main (fetch first)\nerror: failed to push some refs to '/r.git'\nhint: Updates were rejected\nhint: see",
                "! [rejected]        main -> main (fetch first)",
            ),
            (
                "The following paths are ignored by one of your .gitignore files:\nignored.txt\nhint: Use -f",
                "The following paths are ignored by one of your .gitignore files: ignored.txt",
            ),
            (
                "fatal: Unable to create '/p/.git/index.lock': File exists.\n\nAnother git process seems to be running\nremove the file manually to continue.",
                "fatal: Unable to create '/p/.git/index.lock': File exists.",
            ),
            (
                "error: gpg failed to sign the data:\ngpg: no key\nfatal: failed to write commit object",
                "error: gpg failed to sign the data: gpg: no key",
            ),
            (
                "remote: \nremote: You are not allowed to push to protected branches.\nTo r\n ! [remote rejected] main -> main (pre-receive hook declined)\nerror: failed",
                "You are not allowed to push to protected branches.: ! [remote rejected] main -> main (pre-receive hook declined)",
            ),
            (
                "remote: tags are for the release team        \nremote: error: hook declined to update refs/tags/v1\nTo r\n ! [remote rejected] v1 -> v1 (hook declined)\nerror: failed",
                "tags are for the release team: ! [remote rejected] v1 -> v1 (hook declined)",
            ),
            ("lint: 3 problems\nhint: fix them", "lint: 3 problems"),
            ("\n", ""),
        ] {
            assert_eq!(reason(tail), wanted);
        }
    }
}
