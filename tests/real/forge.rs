//! Forges: a real Gitea, and a fake GitLab.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::common::{CANARY, Folder, Sandbox, clean, need, output, skip};

/// A Gitea that runs as long as this test program.
pub(crate) struct Gitea {
    pub(crate) url: String,
    /// That of its administrator `boss`.
    pub(crate) token: String,
    folder: PathBuf,
    /// It ends when its standard input is closed.
    _runs: Child,
}

impl Gitea {
    /// The one of this test program; none when there is none.
    pub(crate) fn shared() -> Option<&'static Gitea> {
        static ONE: OnceLock<Option<Gitea>> = OnceLock::new();
        let one = ONE.get_or_init(Gitea::start).as_ref();
        if one.is_none() {
            skip("gitea is not there");
        }
        one
    }

    fn start() -> Option<Gitea> {
        let program = PathBuf::from(need("gitea")?);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forge/gitea");
        let mut runs =
            Command::new(script).arg(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(runs.stdout.take().unwrap()).lines();
        let mut said = |name: &str| {
            let line = lines.next().expect("gitea started").unwrap();
            line.strip_prefix(name).expect("in order").trim().to_owned()
        };
        let (url, token, folder) = (said("url"), said("token"), said("folder"));
        Some(Gitea { url, token, folder: folder.into(), _runs: runs })
    }

    /// Asks its API: status and answer. The token is in no argument.
    pub(crate) fn api(&self, method: &str, path: &str, body: Option<&str>) -> (u16, Json) {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--config", "-", "-X", method, "-w", "\n%{http_code}"]);
        curl.arg(format!("{}/api/v1/{path}", self.url)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut curl = curl.spawn().unwrap();
        let mut lines = format!("header = \"Authorization: token {}\"\n", self.token);
        if let Some(body) = body {
            lines.push_str("header = \"Content-Type: application/json\"\n");
            lines.push_str(&format!("data-raw = {body:?}\n"));
        }
        curl.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let said = String::from_utf8(curl.wait_with_output().unwrap().stdout).unwrap();
        let (answer, status) = said.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(answer).unwrap_or_default())
    }

    /// What git says of one of its repositories.
    pub(crate) fn git(&self, repository: &str, args: &[&str]) -> String {
        let place = self.folder.join("repositories").join(format!("{repository}.git"));
        let home = Folder::new();
        let mut git = clean("git", &self.folder, home.root());
        git.env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*");
        git.arg(format!("--git-dir={}", place.display())).args(args);
        String::from_utf8(output(&mut git)).unwrap().trim_end().to_owned()
    }

    /// A token of a user with these scopes, and its name.
    pub(crate) fn token(&self, user: &str, scopes: &str) -> (String, String) {
        let name = format!("t{}", unique());
        let body = format!("{{\"name\":\"{name}\",\"scopes\":[{scopes}]}}");
        let answer: Json = serde_json::from_slice(&self.as_user(user, &["-d", &body], "")).unwrap();
        (answer["sha1"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned(), name)
    }

    /// Nobody knows it from now on.
    pub(crate) fn revoke(&self, user: &str, name: &str) {
        self.as_user(user, &["-X", "DELETE", "--fail"], &format!("/{name}"));
    }

    /// Asks about the tokens of a user, which only a login with a password may: it is set for that.
    fn as_user(&self, user: &str, args: &[&str], path: &str) -> Vec<u8> {
        let password = format!("password-{}", unique());
        let change = format!(
            "{{\"password\":\"{password}\",\"must_change_password\":false,\"login_name\":\"{user}\",\"source_id\":0}}"
        );
        assert_eq!(self.api("PATCH", &format!("admin/users/{user}"), Some(&change)).0, 200);
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-H", "Content-Type: application/json", "-u", &format!("{user}:{password}")])
            .args(args);
        output(curl.arg(format!("{}/api/v1/users/{user}/tokens{path}", self.url)))
    }
}

/// A number that no other test has.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The fake of GitLab, for one test.
pub(crate) struct Gitlab {
    pub(crate) url: String,
    pub(crate) token: String,
    folder: Folder,
    _runs: Child,
}

impl Gitlab {
    pub(crate) fn start() -> Option<Gitlab> {
        let python = need("python")?;
        let folder = Folder::new();
        let token = format!("{CANARY}gitlab-{}", unique());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forge/gitlab.py");
        let mut runs = Command::new(python);
        runs.env("HOME", folder.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        runs.arg(script).arg(folder.root()).arg(&token).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut runs = runs.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(runs.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Gitlab { url: format!("http://127.0.0.1:{}", line.trim()), token, folder, _runs: runs })
    }

    /// Sets faults; what was asked so far, and which projects there are.
    pub(crate) fn faults(&self, faults: &str) -> Json {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-d", faults]).arg(format!("{}/test", self.url));
        serde_json::from_slice(&output(&mut curl)).unwrap()
    }

    pub(crate) fn git(&self, project: &str, args: &[&str]) -> String {
        let mut git = clean("git", self.folder.root(), self.folder.root());
        git.arg(format!("--git-dir={}", self.folder.path(format!("{project}.git")).display())).args(args);
        String::from_utf8(output(&mut git)).unwrap().trim_end().to_owned()
    }
}

/// A project with a git repository, whose pipeline `go` is this; it has a secret `TOKEN`.
pub(crate) fn project(token: &str, steps: &str) -> Sandbox {
    let project = Sandbox::empty().with_secrets(&[("TOKEN", token)]);
    let text = format!("[pipelines]\ngo = [\n{steps}\n]\n");
    project.environment("lab", &text);
    project.write(".gitignore", ".infractl/\nkey.txt\nignored*\n");
    git(&project, &["init", "-q", "-b", "trunk"]);
    project
}

/// What git says of the project.
pub(crate) fn git(project: &Sandbox, args: &[&str]) -> String {
    let mut git = clean("git", project.root(), project.home.root());
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    String::from_utf8(output(git.args(who).args(args))).unwrap().trim_end().to_owned()
}
