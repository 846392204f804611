//! A commit of a folder, made in a repository of its own, and how it gets to another one.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{git, whosever};
use crate::exec::{Cmd, InputPart};

/// Variables of whoever runs infractl that would lead elsewhere, print what is sent, or sign as somebody else.
const ELSEWHERE: [&str; 32] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_SHALLOW_FILE",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_DEFAULT_HASH",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_TRACE_CURL_NO_DATA",
    "GIT_TRACE_REDACT",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_PACKFILE",
    "GIT_TRACE_PERFORMANCE",
    "GIT_TRACE_SETUP",
    "GIT_TRACE_SHALLOW",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE2_ENV_VARS",
    "GIT_CURL_VERBOSE",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GIT_SSL_NO_VERIFY",
];

/// Who commits.
const NAME: &str = "infractl";
const MAIL: &str = "infractl@localhost";

/// What is fetched is here.
const THERE: &str = "refs/infractl/there";

/// The repository that a commit is made in, and the folder whose files it has.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// Nobody else's.
    pub own: PathBuf,
    /// It is only read.
    pub folder: PathBuf,
}

/// How another repository is reached.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Its address; nothing secret is in it.
    pub url: String,
    /// `Basic …`, as the line `Authorization` says it.
    pub login: Option<SecretString>,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
    /// A program for ssh is named by a variable.
    pub has_own_ssh: bool,
}

/// Why git could not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The branch is not there yet.
    NoBranch,
    /// The repository is not there, or not yet.
    NoRepository,
    /// Nobody knows the token.
    Stranger,
    /// The token may not.
    Forbidden,
    /// The branch takes no pushes.
    Protected,
    /// Somebody else was faster.
    Behind,
    /// The other side is not ready, or not reached.
    Busy,
    /// Anything else.
    Other,
}

/// What a new repository holds besides empty folders.
pub(crate) const FILES: [(&str, &str); 2] = [
    ("HEAD", "ref: refs/heads/none\n"),
    (
        "config",
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfileMode = true\n\tsymlinks = true\n\tautocrlf = false\n\
         [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n",
    ),
];

fn without_elsewhere(cmd: Cmd) -> Cmd {
    ELSEWHERE.iter().fold(cmd, |cmd, name| cmd.unset(*name)).env("LC_ALL", "C")
}

/// Is the folder one of a repository? Exit code 0 yes; 128 and [`is_outside`] no.
pub(crate) fn is_inside(folder: &Path) -> Cmd {
    without_elsewhere(whosever(folder)).args(["rev-parse", "--is-inside-work-tree"])
}

/// What git said means that there is no repository.
pub(crate) fn is_outside(tail: &str) -> bool {
    tail.contains("not a git repository")
}

/// The files of a folder that git knows or does not ignore, each ended by NUL.
pub(crate) fn listed(folder: &Path) -> Cmd {
    let cmd = without_elsewhere(whosever(folder));
    cmd.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
}

impl Bench {
    /// A call that nothing of the user's changes.
    fn alone(&self) -> Cmd {
        let dirs = [("--git-dir", &self.own), ("--work-tree", &self.folder)];
        let dirs = dirs.map(|(flag, path)| format!("{flag}={}", path.display()));
        without_elsewhere(git(&self.folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_CONFIG_COUNT", "0")
            .args(dirs)
    }

    /// The same as [`listed`] of a folder that is in no repository.
    pub(crate) fn listed(&self) -> Cmd {
        self.alone().args(["ls-files", "-z", "--others", "--exclude-standard"])
    }

    /// Takes these files up; those that are gone are left out.
    pub(crate) fn stage(&self, paths: &[String]) -> Cmd {
        let list: String = paths.iter().flat_map(|path| [path.as_str(), "\0"]).collect();
        let cmd = self.alone().args(["update-index", "-z", "--add", "--remove", "--stdin"]);
        cmd.parts(vec![InputPart::Bytes(list.into_bytes())])
    }

    /// What was taken up: mode, name and path of each, ended by NUL.
    pub(crate) fn staged(&self) -> Cmd {
        self.alone().args(["ls-files", "--stage", "-z"])
    }

    /// The tree of it, on standard output.
    pub(crate) fn tree(&self) -> Cmd {
        self.alone().arg("write-tree")
    }

    /// A commit of it, on standard output.
    pub(crate) fn commit(&self, tree: &str, parent: Option<&str>, message: &str) -> Cmd {
        let who = ["AUTHOR", "COMMITTER"].into_iter().fold(self.alone(), |cmd, who| {
            let cmd = cmd.unset(format!("GIT_{who}_DATE"));
            cmd.env(format!("GIT_{who}_NAME"), NAME).env(format!("GIT_{who}_EMAIL"), MAIL)
        });
        let parent = parent.into_iter().flat_map(|parent| ["-p", parent]);
        who.args(["commit-tree", tree, "-m", message]).args(parent)
    }

    /// The commit that was fetched and its tree, each on a line.
    pub(crate) fn fetched(&self) -> Cmd {
        self.alone().args(["rev-parse", &format!("{THERE}^{{commit}}"), &format!("{THERE}^{{tree}}")])
    }

    /// The files in which two trees differ, each ended by NUL.
    pub(crate) fn differing(&self, old: &str, new: &str) -> Cmd {
        self.alone().args(["diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new])
    }

    /// Fetches the last commit of a branch.
    pub(crate) fn fetch(&self, way: &Way, branch: &str) -> Cmd {
        let what = format!("+refs/heads/{branch}:{THERE}");
        let flags = ["--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        way.given(self).arg("fetch").args(flags).args(["--", &way.url, &what])
    }

    /// Pushes a commit to a branch, on top of what is there or not at all.
    pub(crate) fn push(&self, way: &Way, commit: &str, branch: &str) -> Cmd {
        let flags = ["--quiet", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
        way.given(self).arg("push").args(flags).args([
            "--",
            &way.url,
            &format!("{commit}:refs/heads/{branch}"),
        ])
    }
}

impl Way {
    /// A call that goes there. With a login nothing of the user's settings counts: none could add a second one, ask for a
    /// password, or keep it.
    fn given(&self, bench: &Bench) -> Cmd {
        let dirs =
            [format!("--git-dir={}", bench.own.display()), format!("--work-tree={}", bench.folder.display())];
        let mut cmd = without_elsewhere(git(&bench.folder)).env("GIT_TERMINAL_PROMPT", "0").args(dirs);
        let mut pairs: Vec<(String, Option<SecretString>, String)> = Vec::new();
        if let Some(login) = &self.login {
            cmd = cmd.env("GIT_CONFIG_GLOBAL", "/dev/null");
            let header = format!("http.{}.extraHeader", self.url);
            // The empty one forgets those of others, which would be sent as well.
            pairs.push((header.clone(), None, String::new()));
            pairs.push((header, Some(login.clone()), String::new()));
            pairs.push(("credential.helper".to_owned(), None, String::new()));
            pairs.push(("http.followRedirects".to_owned(), None, "false".to_owned()));
        } else if !self.has_own_ssh {
            // It would ask at the terminal.
            cmd = cmd.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        if let Some(ca) = &self.ca {
            pairs.push((format!("http.{}.sslCAInfo", self.url), None, ca.display().to_string()));
        }
        cmd = cmd.env("GIT_CONFIG_COUNT", pairs.len().to_string());
        for (at, (key, secret, plain)) in pairs.into_iter().enumerate() {
            cmd = cmd.env(format!("GIT_CONFIG_KEY_{at}"), key);
            let value = format!("GIT_CONFIG_VALUE_{at}");
            cmd = match secret {
                Some(secret) => cmd.secret(value, secret),
                None => cmd.env(value, plain),
            };
        }
        cmd
    }
}

/// Makes a repository without files in a folder of this machine.
pub(crate) fn make(folder: &Path, place: &Path, branch: &str) -> Cmd {
    let branch = format!("--initial-branch={branch}");
    without_elsewhere(git(folder))
        .args(["init", "--quiet", "--bare", &branch, "--"])
        .arg(place.to_string_lossy())
}

/// What it means that git could not reach, fetch or push.
pub(crate) fn refusal(tail: &str) -> Refusal {
    let has = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    if has(&["couldn't find remote ref"]) {
        Refusal::NoBranch
    } else if has(&["protected branch", "GH006", "protected branches"]) {
        Refusal::Protected
    } else if has(&[
        "[rejected]",
        "failed to update ref",
        "cannot lock ref",
        "incorrect old value",
        "reference already exists",
    ]) {
        Refusal::Behind
    } else if has(&[
        "Authentication failed",
        "could not read Username",
        "HTTP Basic: Access denied",
        "error: 401",
    ]) {
        Refusal::Stranger
    } else if has(&[
        "error: 429",
        "error: 50",
        "Failed to connect",
        "Couldn't connect",
        "Connection re",
        "timed out",
        "RPC failed",
        "Empty reply",
        "early EOF",
        "unexpected disconnect",
    ]) {
        Refusal::Busy
    } else if has(&[
        "error: 404",
        "not found",
        "does not exist",
        "could not be found",
        "does not appear to be a git repository",
    ]) {
        Refusal::NoRepository
    } else if has(&["error: 403", "not allowed", "Permission", "denied"]) {
        Refusal::Forbidden
    } else {
        Refusal::Other
    }
}

/// Why the other side took no push, in its own words; none when it said nothing.
pub(crate) fn said(tail: &str) -> Option<String> {
    let lines = tail.lines().filter_map(|line| line.trim().strip_prefix("remote:"));
    let lines = lines.map(|line| line.trim().trim_start_matches("error:").trim());
    let lines: Vec<&str> = lines.filter(|line| line.chars().any(char::is_alphanumeric)).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_seen_in_no_argument_and_forgets_those_of_others() {
        let bench = Bench { own: "/own".into(), folder: "/f".into() };
        let way = Way {
            url: "http://h/o/n.git".to_owned(),
            login: Some("Authorization: Basic CANARY".to_owned().into()),
            ca: None,
            has_own_ssh: false,
        };
        for cmd in [bench.push(&way, "abc", "main"), bench.fetch(&way, "main")] {
            assert!(!cmd.to_string().contains("CANARY"), "{cmd}");
            let value =
                |name: &str| cmd.env.get(name).map(|value| value.text().to_owned()).unwrap_or_default();
            assert_eq!(value("GIT_CONFIG_KEY_0"), "http.http://h/o/n.git.extraHeader");
            assert_eq!(
                (value("GIT_CONFIG_VALUE_0"), value("GIT_CONFIG_KEY_1")),
                (String::new(), value("GIT_CONFIG_KEY_0"))
            );
            assert_eq!(
                (value("GIT_CONFIG_COUNT"), value("GIT_TERMINAL_PROMPT")),
                ("4".to_owned(), "0".to_owned())
            );
            assert!(cmd.unset.contains("GIT_TRACE_CURL") && cmd.unset.contains("GIT_INDEX_FILE"));
        }
        let push = bench.push(&way, "abc", "main");
        assert!(!push.args.iter().any(|arg| arg.contains("force") || arg.starts_with('+')), "{push}");
    }

    #[test]
    fn what_forges_say_is_understood() {
        for (said, meant) in [
            ("fatal: couldn't find remote ref refs/heads/main", Refusal::NoBranch),
            (
                "remote: error: \nremote: Gitea: Not allowed to push to protected branch main\n ! [remote rejected] main -> main (pre-receive hook declined)",
                Refusal::Protected,
            ),
            (
                "remote: GitLab: You are not allowed to push code to protected branches on this project.",
                Refusal::Protected,
            ),
            ("remote: error: GH006: Protected branch update failed for refs/heads/main.", Refusal::Protected),
            (" ! [rejected]        abc -> main (fetch first)", Refusal::Behind),
            (" ! [remote rejected] abc -> main (failed to update ref)", Refusal::Behind),
            (
                "remote: HTTP Basic: Access denied.\nfatal: Authentication failed for 'http://h/o/n.git/'",
                Refusal::Stranger,
            ),
            (
                "remote: The project you were looking for could not be found or you don't have permission to view it.\nfatal: repository 'http://h/o/n.git/' not found",
                Refusal::NoRepository,
            ),
            ("fatal: unable to access 'http://h/': The requested URL returned error: 502", Refusal::Busy),
            (
                "fatal: unable to access 'http://h/': Failed to connect to h port 1 after 0 ms: Couldn't connect to server",
                Refusal::Busy,
            ),
            (
                "fatal: unable to access 'http://h/': The requested URL returned error: 403",
                Refusal::Forbidden,
            ),
            ("fatal: bad object", Refusal::Other),
        ] {
            assert_eq!(refusal(said), meant, "{said}");
        }
        let words = "remote: \nremote: error: \nremote: error: Not allowed to push to protected branch main        \n ! [remote rejected]";
        assert_eq!(super::said(words).as_deref(), Some("Not allowed to push to protected branch main"));
        assert_eq!(super::said("fatal: no"), None);
    }
}
