//! `--print`: scripts that pass shellcheck and do the same without infractl.

use crate::common::{CANARY, Sandbox, skip};
use std::fs;
use std::process::{Command, Output, Stdio};

const ALL: &str = r#"
[secrets]
files = ["credentials/local.enc.env"]
required = []
[outputs]
fqdn = "app example's"
host = "127.0.0.1"
token = "{{secret.ACR_ADMIN_PASSWORD}}"
[env-file]
dialect = "compose"
sections = [
  { title = "All of it", values = { FQDN = { output = "fqdn" }, PORT = 8080, TOKEN = { output = "token" } } },
  { title = "Rest", values = { MISSING = { output = "nothing", default = "none at {{environment}}" }, GONE = { output = "nothing", optional = true } } },
]
[pipelines]
simple = [
  { name = "argv", command = ["sh", "-c", "printf '%s\n' \"$@\" >> seen", "sh", "{{output.fqdn}}", "a b", "{{environment}}"], secrets = [] },
  { name = "shell", command = "echo \"$INFRACTL_ENVIRONMENT $INFRACTL_VERB $INFRACTL_STEP $INFRACTL_OUTPUT_HOST {{output.host}}\" >> seen", secrets = [] },
  { name = "input", command = { run = "cat >> ../seen; echo \"$TOKEN\" >> ../token", dir = "shared", input = "in\n", env = { TOKEN = "{{secret.ACR_ADMIN_PASSWORD}}" } } },
  { name = "who", command = "env | grep -v ^INFRACTL_ | grep =CANAR[Y]- | cut -d= -f1 | sort >> seen" },
  { name = "only", command = "env | grep =CANAR[Y]- | cut -d= -f1 | sort >> seen", secrets = ["STORAGE_ACCOUNT_KEY"] },
  { name = "no", command = "echo never >> seen", secrets = [], when = { environment = ["prod"] } },
  { name = "yes", command = "echo yes >> seen", secrets = [], when = { exists = "seen", output = "host" } },
  { name = "flaky", command = "echo x >> tries; echo connection refused; test $(wc -l < tries) -ge 3", secrets = [], retry = { attempts = 4, every = "100ms" } },
  { name = "goes on", command = "exit 3", on-failure = "continue", secrets = [] },
  { name = "wait", wait = { command = "echo y >> waits; test $(wc -l < waits) -ge 2", body = "" }, every = "100ms", attempts = 5, secrets = [] },
  { copy = { files = ["from"], to = "to", delete = true, mode = "0640" } },
  { do = "genenv" },
]
bad = [{ name = "breaks", command = "exit 3", secrets = [], on-failure = [{ command = "echo rescued $INFRACTL_FAILED_STEP >> seen", secrets = [] }] }, { command = "echo after >> seen", secrets = [] }]
network = [
  { wait = { tcp = "{{output.host}}:22" }, attempts = 2, every = "1s", timeout = "5m" },
  { wait = { http = "https://{{output.fqdn}}/x?y=1", status = [200, "301-302"], body = "o(k|h)", redirects = true, ca = "ca.pem", headers = { Authorization = "Bearer {{secret.ACR_ADMIN_PASSWORD}}" } } },
  { wait = { http = "http://{{host.backend.address}}/" } },
  { wait = { tls = "{{output.fqdn}}", issuer = "Let's Encrypt", days-left = 7, ca = "ca.pem" } },
  { wait = { file = "some/where" }, retry = { attempts = 2, on = ["transient", "it's"] } },
  { git = { tag = "v1-{{output.host}}", commit = "it's done", add = ["to"], push = true, message = "m" } },
]
"#;

fn project() -> Sandbox {
    let project = Sandbox::new();
    project.write("environments/local/environment.toml", ALL);
    project.write("from/deep/a", "1");
    project
}

/// The script, which shellcheck has found good.
fn script(project: &Sandbox, args: &[&str]) -> String {
    let text = project.infractl(args).code(0).out;
    project.write("script.sh", &text);
    let mut shellcheck = Command::new("shellcheck");
    match shellcheck.args(["-S", "style", "script.sh"]).current_dir(project.root()).output() {
        Err(_) => skip("shellcheck is not installed"),
        Ok(Output { status, stdout, .. }) => {
            assert!(status.success(), "{}\n{text}", String::from_utf8_lossy(&stdout));
        }
    }
    text
}

/// Runs it as people would who have no infractl: secrets in the environment.
fn bash(project: &Sandbox, names: &[&str]) -> (i32, String) {
    let mut command = Command::new("bash");
    command.arg("script.sh").current_dir("/").env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", project.root());
    command.arg("x").env("PROJECT", project.root()).current_dir(project.root());
    for (name, end) in [
        ("STORAGE_ACCOUNT_KEY", "storage"),
        ("POSTGRES_ADMIN_PASSWORD", "postgres"),
        ("ACR_ADMIN_PASSWORD", "acr"),
    ] {
        command.env(name, format!("{CANARY}{end}-{}", names[0]));
    }
    if names[0] != "local" {
        command.env("ACCOUNT_KEY", format!("{CANARY}account")).env("SHARED_TOKEN", format!("{CANARY}token"));
    }
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&stderr).into_owned())
}

/// What a run leaves behind; gone afterwards.
fn left(project: &Sandbox, files: &[&str]) -> Vec<String> {
    let without_time = |text: String| -> String {
        text.lines()
            .filter(|line| !line.starts_with("# Generated: "))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let found =
        files.iter().map(|file| without_time(fs::read_to_string(project.path(file)).unwrap_or_default()));
    let found = found.collect();
    for file in files {
        let _ = fs::remove_file(project.path(file));
    }
    let _ = fs::remove_dir_all(project.path("to"));
    found
}

#[test]
fn a_script_does_what_the_pipeline_does() {
    let project = project();
    let files = ["seen", "token", "tries", "waits", "to/from/deep/a", "shared/.env.local"];
    project.write("to/old", "x");
    project.infractl(&["simple", "local"]).code(0);
    assert!(!project.path("to/old").exists());
    let ours = left(&project, &files);
    assert!(
        ours[0].contains("app example's\na b\nlocal\nlocal simple shell 127.0.0.1 127.0.0.1\nin\n"),
        "{}",
        ours[0]
    );
    assert_eq!(ours[2].lines().count(), 3);
    assert!(ours[5].contains("MISSING=") && !ours[5].contains("GONE"), "{}", ours[5]);
    let text = script(&project, &["simple", "local", "--print"]);
    assert!(text.contains(": \"${ACR_ADMIN_PASSWORD:?}\"") && !text.contains("never"), "{text}");
    project.write("to/old", "x");
    let (code, err) = bash(&project, &["local"]);
    assert_eq!(code, 0, "{err}\n{text}");
    assert!(!project.path("to/old").exists());
    let theirs = left(&project, &files);
    for ((ours, theirs), file) in ours.iter().zip(&theirs).zip(files) {
        assert_eq!(ours, theirs, "{file}\n{text}");
    }
}

#[test]
fn a_script_stops_where_the_pipeline_stops() {
    let project = project();
    let text = script(&project, &["bad", "local", "--print"]);
    let (code, err) = bash(&project, &["local"]);
    assert_eq!((code, err.contains("error: step `breaks` failed")), (1, true), "{err}\n{text}");
    assert_eq!(project.read("seen"), "rescued breaks\n");
    // A secret that is not set stops it before anything is done.
    let text = script(&project, &["simple", "local", "--print"]).replace("ACR_ADMIN_PASSWORD:?", "NOT_SET:?");
    project.write("script.sh", &text);
    fs::remove_file(project.path("seen")).unwrap();
    let (code, err) = bash(&project, &["local"]);
    assert!(code != 0 && err.contains("NOT_SET"), "{err}");
    assert!(!project.path("seen").exists());
}

#[test]
fn waits_and_git_pass_shellcheck() {
    let project = project();
    let text = script(&project, &["network", "local", "--print"]);
    for part in ["tcp_answers", "http_answers", "tls_is_good", "git push", "wait_for"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    script(&project, &["network", "local", "--print", "--only", "wait tcp {{output.host}}:22"]);
}

#[test]
fn a_script_applies_and_destroys_with_terraform() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let ours = left(&project, &["shared/.env.dev"]);
    project.infractl(&["destroy", "dev"]).code(0);
    let text = script(&project, &["apply", "dev", "--print"]);
    let (code, err) = bash(&project, &["dev"]);
    assert_eq!(code, 0, "{err}\n{text}");
    assert!(!err.contains(CANARY), "{err}");
    let theirs = left(&project, &["shared/.env.dev"]);
    let shape = |text: &str| -> Vec<String> {
        // Serial and generated values differ from run to run.
        text.lines().map(|line| line.split_once('=').map_or(line, |(key, _)| key).to_owned()).collect()
    };
    assert_eq!(shape(&ours[0]), shape(&theirs[0]), "{}\n{}", ours[0], theirs[0]);
    assert!(!theirs[0].is_empty());
    let text = script(&project, &["down", "dev", "--print"]);
    assert_eq!(bash(&project, &["dev"]).0, 0, "{text}");
    script(&project, &["recreate", "dev", "--print"]);
    assert!(script(&project, &["destroy", "prod", "--print"]).contains("confirm "));
}
