//! How a forge gets infractl by what its repository has for it: the action by act, the component by gitlab-ci-local, from a
//! server here. The cache of GitHub is a stand-in (act fetches no actions); that of gitlab-ci-local is its own. The template
//! of Azure is only checked by its schema.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::common::{Asked, BIN, Run, Sandbox, clean, need, output};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const ACTION: &str = "acme/infractl@cccccccccccccccccccccccccccccccccccccccc";

/// The names and contents of a release: an archive of the binary under test for this machine, and `SHA256SUMS`.
fn release() -> &'static [(String, Vec<u8>)] {
    static RELEASE: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("infractl-{VERSION}-{}-unknown-linux-musl", std::env::consts::ARCH);
        let folder = dir.path().join(&name);
        std::fs::create_dir(&folder).unwrap();
        let here = |program: &str| clean(program, dir.path(), dir.path());
        output(here("strip").arg("--strip-debug").arg("-o").arg(folder.join("infractl")).arg(BIN));
        let archive = format!("{name}.tar.gz");
        output(here("tar").args(["--use-compress-program", "gzip -1", "-cf", &archive, &name]));
        let bytes = std::fs::read(dir.path().join(&archive)).unwrap();
        let sums =
            format!("{:x}  {archive}\n{}  infractl-other.tar.gz\n", Sha256::digest(&bytes), "0".repeat(64));
        vec![(archive, bytes), ("SHA256SUMS".to_owned(), sums.into_bytes())]
    })
}

fn sum(at: usize) -> String {
    format!("{:x}", Sha256::digest(&release()[at].1))
}

/// Serves the release: its address, and what was asked for.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Some(request) = Asked::read(&stream) else { continue };
            let name = request.address.rsplit('/').next().unwrap().to_owned();
            let file = release().iter().find(|(file, _)| *file == name);
            let (status, body) = file.map_or(("404 Not Found", &b""[..]), |(_, body)| ("200 OK", body));
            kept.lock().unwrap().push(name);
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (url, asked)
}

/// A project whose one job writes a file, and which gets infractl in this way.
fn project(forge: &str, install: &str, url: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.environment("dev", "");
    let ran = project.home.path("ran");
    project.write(
        "environments/defaults.toml",
        &format!(
            "[ci]\nforge = \"{forge}\"\nmain = [{{ env = \"dev\", run = [\"hello\"] }}]\n\
             infractl = {{ version = \"{VERSION}\", sha256 = \"{}\", install = \"{install}\", url = \"{url}/v{{{{version}}}}\" }}\n\
             [pipelines]\nhello = [{{ command = [\"touch\", \"{}\"] }}]\n",
            sum(0),
            ran.display()
        ),
    );
    project.write(".gitignore", ".infractl/\n.gitlab-ci-local/\n");
    project
}

/// The file of the forge with this sum in place of the one before, committed.
fn pinned(project: &Sandbox, before: &str, sum: &str) {
    project.edit("environments/defaults.toml", before, sum);
    project.infractl(&["ci", "generate"]).code(0);
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        output(clean("git", project.root(), project.home.root()).args(who).args(args));
    };
    if !project.path(".git").exists() {
        git(&["init", "-q"]);
        git(&["remote", "add", "origin", "https://gitlab.example.com/acme/shop.git"]);
    }
    git(&["add", "-A"]);
    git(&["commit", "-qm", "all"]);
}

/// The same for both: the right sum goes on and keeps the archive, the next run takes what is kept, the sum of SHA256SUMS
/// will do as well, a wrong one stops before anything of ours is started.
fn is_checked_and_kept(project: &Sandbox, asked: &Mutex<Vec<String>>, run: impl Fn() -> Run) {
    let ran = project.home.path("ran");
    let says = |run: Run, text: &str| {
        let said = run.out + &run.err;
        assert!(said.contains(text), "no {text} in {said}");
        run.code
    };
    let archive = &release()[0].0;
    let take = || std::mem::take(&mut *asked.lock().unwrap());

    pinned(project, &sum(0), &sum(0));
    assert_eq!(says(run(), &format!("{archive}: fetched")), 0);
    assert!(ran.exists() && take() == [archive.as_str()]);
    assert_eq!(says(run(), &format!("{archive}: from the cache")), 0);
    assert_eq!(take(), Vec::<String>::new());

    pinned(project, &sum(0), &sum(1));
    assert_eq!(says(run(), &format!("{archive}: fetched")), 0);
    assert_eq!(take(), [archive.as_str(), "SHA256SUMS"]);

    std::fs::remove_file(&ran).unwrap();
    let wrong = "0".repeat(64);
    pinned(project, &sum(1), &wrong);
    let why = format!("{archive} has the SHA-256 {}, which is not the one that is pinned", sum(0));
    assert_ne!(says(run(), &why), 0);
    assert!(!ran.exists(), "nothing was started");
}

#[test]
fn the_action_of_github_checks_and_keeps_infractl() {
    let Some(act) = need("act") else { return };
    let (url, asked) = server();
    let project = project("github", ACTION, &url);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let own = std::fs::read_to_string(own).unwrap();
    project.home.write("actions/infractl/action.yml", &own);
    // Stand-ins for the actions of GitHub: the files are there already, and what is kept is a folder.
    let keep = "mkdir -p \"$HANDED/$KEY\" \"$(dirname \"$AT\")\" && ln -sfn \"$HANDED/$KEY\" \"$AT\"";
    for (name, script) in [("checkout", "true"), ("cache", keep)] {
        let inputs = ["path", "key", "fetch-depth", "persist-credentials"];
        let inputs: serde_json::Map<_, _> =
            inputs.iter().map(|input| ((*input).to_owned(), json!({ "default": "" }))).collect();
        let env = json!({ "AT": "${{ inputs.path }}", "KEY": "${{ inputs.key }}" });
        let steps = json!([{ "run": script, "shell": "bash", "env": env }]);
        let action =
            json!({ "name": name, "inputs": inputs, "runs": { "using": "composite", "steps": steps } });
        project.home.write(format!("actions/{name}/action.yml"), &action.to_string());
    }
    let run = || {
        let workflow = project.read(".github/workflows/infractl.yml");
        let used = |text: &str, name: &str| {
            let rest =
                text.split("uses: ").find(|rest| rest.starts_with(&format!("actions/{name}@"))).unwrap();
            let action = rest.split_whitespace().next().unwrap();
            format!("--local-repository={action}={}", project.home.path(format!("actions/{name}")).display())
        };
        let mut command = clean(&act, project.root(), project.home.root());
        command
            .args(["push", "-P", "ubuntu-24.04=-self-hosted", "--env"])
            .arg(format!("HANDED={}", project.home.path("handed").display()))
            .arg(format!("--local-repository={ACTION}={}", project.home.path("actions/infractl").display()))
            .args([used(&workflow, "checkout"), used(&own, "cache")]);
        Run::of(&mut command)
    };
    is_checked_and_kept(&project, &asked, run);
}

#[test]
fn the_component_of_gitlab_checks_and_keeps_infractl() {
    let Some(program) = need("gitlab-ci-local") else { return };
    let (url, asked) = server();
    let project = project("gitlab", "gitlab.example.com/tools/infractl/infractl@0.3.0", &url);
    // Where gitlab-ci-local keeps what it has fetched.
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/infractl/template.yml");
    let place =
        ".gitlab-ci-local/includes/gitlab.example.com/tools/infractl/0.3.0/templates/infractl/template.yml";
    project.write(place, &std::fs::read_to_string(own).unwrap());
    let run = || {
        let mut command = clean(&program, project.root(), project.home.root());
        command.args(["--force-shell-executor", "--shell-isolation"]);
        let variables = ["CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main"];
        Run::of(command.args(variables.map(|variable| format!("--variable={variable}"))))
    };
    is_checked_and_kept(&project, &asked, run);
}

#[test]
fn what_people_check_these_files_with_finds_nothing() {
    let (Some(zizmor), Some(schema)) = (need("zizmor"), need("check-jsonschema")) else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().unwrap();
    let run = |program: &std::ffi::OsString, args: &[&str]| {
        Run::of(clean(program, root, home.path()).args(args)).code(0);
    };
    run(&zizmor, &["--offline", "--no-progress", "action.yml"]);
    run(&schema, &["--builtin-schema", "vendor.github-actions", "action.yml"]);
    let azure = ["--regex-variant", "python", "--builtin-schema", "vendor.azure-pipelines"];
    run(&schema, &[&azure[..], &["ci/azure/infractl.yml"]].concat());
    // The schema knows a file of one document: that of the component has a head.
    let component = std::fs::read_to_string(root.join("templates/infractl/template.yml")).unwrap();
    let body = home.path().join("body.yml");
    std::fs::write(&body, component.split_once("\n---\n").unwrap().1).unwrap();
    run(&schema, &["--builtin-schema", "vendor.gitlab-ci", body.to_str().unwrap()]);
}
