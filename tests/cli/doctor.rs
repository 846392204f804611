//! `doctor`: what is there, what is wrong, and what mends it. Clouds are scripts that say so; terraform, git and ssh are the
//! real ones.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::common::{CANARY, Folder, Run, Sandbox, path_with, send, start, wait_for};

/// The findings of a call with `--json`.
fn findings(run: &Run) -> Vec<(String, String, String)> {
    let json: Json = serde_json::from_str(&run.out).unwrap();
    let text = |value: &Json, key: &str| value[key].as_str().unwrap().to_owned();
    let all = json["findings"].as_array().unwrap();
    all.iter().map(|one| (text(one, "group"), text(one, "level"), text(one, "what"))).collect()
}

#[track_caller]
fn has(run: &Run, group: &str, level: &str, what: &str) {
    let all = findings(run);
    let is_it = |(of, is, text): &(String, String, String)| of == group && is == level && text.contains(what);
    assert!(all.iter().any(is_it), "no {level} of {group} has `{what}`:\n{all:#?}");
}

/// Every file of a folder with its content.
fn snapshot(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let (mut open, mut all) = (vec![folder.root().to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                all.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn a_healthy_environment_has_no_error_and_nothing_is_changed() {
    let project = Sandbox::new().with_var("SHELL", "/bin/bash");
    project.infractl(&["apply", "dev"]).code(0);
    let before = snapshot(&project);
    let begun = Instant::now();
    let run = project.run(&["doctor", "dev", "--json"], 0);
    assert!(begun.elapsed() < Duration::from_secs(20), "nothing is waited for: {:?}", begun.elapsed());
    has(&run, "tools", "ok", "terraform 1.");
    has(&run, "secrets", "ok", "credentials/dev.enc.env");
    has(&run, "state", "ok", "resources");
    has(&run, "git", "ok", "shared/.env.dev");
    has(&run, "git", "warning", "no hook");
    has(&run, "machine", "warning", "bash does not complete infractl");
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&json["environment"], &json["errors"]), (&"dev".into(), &0.into()));
    let is_ours =
        |path: &str| path.contains("/.infractl/versions.json") || path.contains("/.infractl/.gitignore");
    let after: Vec<_> = snapshot(&project).into_iter().filter(|(path, _)| !is_ours(path)).collect();
    let before: Vec<_> = before.into_iter().filter(|(path, _)| !is_ours(path)).collect();
    assert!(before == after, "a check changed something");
    let other = project.run(&["doctor", "dev", "--output", "json"], 0);
    let other: Json =
        serde_json::from_str(other.out.lines().find(|line| line.contains("findings")).unwrap()).unwrap();
    assert_eq!(other["findings"].as_array().unwrap().len(), json["findings"].as_array().unwrap().len());
    // For people.
    project.run(&["secrets", "check", "--install"], 0);
    project.home.write(".bashrc", "source <(infractl completions bash)\n");
    let run = project.run(&["doctor", "dev"], 0).says("0 errors, 0 warnings");
    assert!(run.out.starts_with("tools\n  ok       "), "{}", run.out);
    run.prints("\n\nstate\n  ok       ").prints("a hook looks for secrets").prints("bash completes infractl");
}

#[test]
fn what_is_wrong_has_a_command_that_mends_it_and_all_is_said_at_once() {
    let project = Sandbox::new();
    let real = which::which("terraform").unwrap();
    let said = format!(
        "#!/bin/sh\n# says another version than it is\n[ \"$1\" = --version ] && echo Terraform v1.4.0 && exit\nexec {} \"$@\"\n",
        real.display()
    );
    let terraform = project.script("bin/terraform", &said);
    let text = project.read("environments/dev/environment.toml");
    project.environment("dev", &format!("{text}\n[tools]\nterraform = \">= 1.5\"\nlantern = \"2.0.0\"\n"));
    project.edit(
        "environments/dev/environment.toml",
        "[pipelines]\n",
        "[pipelines]\nlight = [{ command = [\"lamp-that-is-not-there\"] }]\n",
    );
    fs::remove_dir_all(project.path("shared")).unwrap();
    project.edit(
        "credentials/dev.enc.env",
        "sops_mac=ENC[AES256_GCM,data:",
        "sops_mac=ENC[AES256_GCM,data:AA",
    );
    let run = Run::of(project.command(&["doctor", "dev"]).env("PATH", path_with([&terraform]))).code(1);
    let run = run
        .prints("bin/terraform` is 1.4.0, and >= 1.5 is asked for")
        .prints("asked for at environments/dev/environment.toml:");
    let run = run.prints("`lamp-that-is-not-there` is not there, and steps start it");
    let run = run.prints("warning  `lantern` is not there, and 2.0.0 is asked for");
    let run = run
        .prints("credentials/dev.enc.env")
        .prints("there is no folder `shared`")
        .prints("-> run `mkdir -p shared`");
    run.says("errors").never_says("error: ");
    project.environment("dev", "[tools]\nterraform = \"nonsense\"\n");
    project.infractl(&["doctor", "dev"]).code(78).says("is not a version");
    project.infractl(&["doctor", "dve"]).code(64).says("did you mean `dev`?");
}

#[test]
fn no_key_is_needed_for_what_needs_none() {
    let project = Sandbox::new();
    project.edit(
        "environments/defaults.toml",
        "credentials/demo-key-PROTECTS-NOTHING.txt",
        "credentials/none.txt",
    );
    let run = project.infractl(&["doctor", "dev", "--json"]).code(1);
    has(&run, "secrets", "error", "");
    has(&run, "tools", "ok", "terraform 1.");
    has(&run, "state", "ok", "nothing was applied yet");
    has(&run, "git", "ok", "shared/.env.dev");
}

#[test]
fn locks_and_states_are_seen() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let slow = "[pipelines]\nslow = [{ command = \"touch begun; sleep 60\", secrets = [] }]\n";
    project.edit("environments/dev/environment.toml", "[pipelines]\n", slow);
    let child = start(&mut project.command(&["slow", "dev"]));
    wait_for("the step", || project.path("begun").exists());
    let run = project.infractl(&["doctor", "dev", "--json"]).code(0);
    has(&run, "state", "warning", "`dev` is locked");
    send(&child, rustix::process::Signal::INT);
    child.wait_with_output().unwrap();
    project.write("environments/dev/.terraform.tfstate.lock.info", "{}");
    let run = project.infractl(&["doctor", "dev"]).code(0);
    run.prints("terraform holds the lock of `environments/dev/terraform.tfstate`");
    project.write("environments/dev/terraform.tfstate", "{ not json");
    project
        .infractl(&["doctor", "dev"])
        .code(1)
        .prints("is not a state of terraform")
        .prints("terraform.tfstate.backup");
}

/// A project without terraform: a host, a cloud.
fn lab(port: u16) -> Sandbox {
    let project = Sandbox::empty();
    project.environment("lab", &format!(
        "[hosts.box]\nserver = \"box\"\naddress = \"127.0.0.1\"\nport = {port}\n[power]\nprovider = \"openstack\"\n\
         [pipelines]\nlook = [{{ remote = {{ host = \"box\", run = \"uptime\" }} }}]\n"
    ));
    fs::create_dir_all(project.path("shared")).unwrap();
    Command::new("git").args(["init", "-q"]).current_dir(project.root()).status().unwrap();
    project.write(".gitignore", "shared/.env.*\n");
    project
}

#[test]
fn hosts_and_clouds_answer_or_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = lab(listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"SSH-2.0-a-test\r\n");
        }
    });
    let cloud = |text: &str| {
        project.script("bin/openstack", &format!("#!/bin/sh\n# a cloud of this test\n[ \"$1\" = --version ] && echo openstack 7.1.0 && exit\n{text}\n"))
    };
    let run = |args: &[&str]| {
        Run::of(
            project
                .command(args)
                .env("PATH", path_with([project.path("bin/openstack")]))
                .env("OS_AUTH_URL", "http://127.0.0.1:1"),
        )
    };
    cloud("[ \"$1 $2\" = 'token issue' ] && echo 2026-11-28T16:00:00+0000");
    let fine = run(&["doctor", "lab", "--json"]).code(0);
    has(&fine, "hosts", "ok", "`box` (127.0.0.1:");
    has(&fine, "credentials", "ok", "openstack gives a token until 2026-11-28T16:00:00+0000");
    has(&fine, "tools", "ok", "openstack 7.1.0");
    let all = findings(&fine);
    assert!(
        all.iter().all(|(_, _, what)| !what.contains("terraform")
            && !what.contains("docker")
            && !what.contains("aws")),
        "only what it needs: {all:?}"
    );
    cloud("echo 'The request you have made requires authentication. (HTTP 401)' >&2; exit 1");
    let run = run(&["doctor", "lab"]).code(1);
    run.prints("openstack does not answer to us").prints("(HTTP 401)").prints("-> check OS_AUTH_URL");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = lab(port);
    let run = project.infractl(&["doctor", "lab"]).code(1);
    run.prints(&format!("`box` (127.0.0.1:{port}) does not answer: connection refused"))
        .prints("infractl ssh lab box");
}

#[test]
fn a_project_whose_environment_nobody_names_is_looked_at_as_far_as_that_goes() {
    let project = Sandbox::empty();
    project.environment("a", "");
    project.environment("b", "");
    let run = project.infractl(&["doctor"]).code(0).says("infractl doctor ENV");
    run.prints("machine\n  ok       ");
    Sandbox::empty().infractl(&["doctor"]).code(64).says("no project here");
}

/// A server that says that it is so many seconds later than it is here.
fn clock(ahead: i64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut asked);
            let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead);
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
            let _ = write!(
                stream,
                "HTTP/1.1 300 Choices\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    });
    port
}

#[test]
fn the_clock_is_compared_with_a_server_of_the_environment() {
    let project = lab(1);
    let look = |auth: &str| Run::of(project.command(&["doctor", "lab", "--json"]).env("OS_AUTH_URL", auth));
    let run = look(&format!("http://127.0.0.1:{}/v3", clock(0)));
    has(&run, "machine", "ok", "the clock is that of http://127.0.0.1");
    let run = look(&format!("http://me:{CANARY}@127.0.0.1:{}/v3", clock(7 * 60)));
    has(&run, "machine", "error", "behind that of http://127.0.0.1");
    let run = look(&format!("http://127.0.0.1:{}/v3", clock(-60)));
    has(&run, "machine", "warning", "ahead of that of http://127.0.0.1");
    let run = look("http://127.0.0.1:1/v3");
    has(&run, "machine", "ok", "does not say what time it is");
    has(
        &Run::of(&mut project.command(&["doctor", "lab", "--json"])),
        "machine",
        "ok",
        "the clock was not compared",
    );
}
