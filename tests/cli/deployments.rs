//! Deployment records: what is written, what is shown, and what is found when somebody changes them.

use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Sandbox, clean, output, send, start, wait_for};

/// A project in git, with one commit.
pub(crate) fn project(environment: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    for who in ["AUTHOR", "COMMITTER"] {
        sandbox = sandbox
            .with_var(&format!("GIT_{who}_NAME"), "Ada")
            .with_var(&format!("GIT_{who}_EMAIL"), "ada@example.org");
    }
    let sandbox = sandbox.with_var("USER", "ada");
    sandbox.environment("dev", environment);
    sandbox.write(".gitignore", ".infractl/\nleft/\n");
    git(&sandbox, &["init", "--quiet", "-b", "main"]);
    commit(&sandbox, "feat: begin");
    sandbox
}

pub(crate) fn git(project: &Sandbox, args: &[&str]) -> String {
    let mut command: Command = clean("git", project.root(), project.home.root());
    command.args(args).envs(project.vars.iter().cloned());
    String::from_utf8(output(&mut command)).unwrap().trim().to_owned()
}

/// Commits everything: the commit.
pub(crate) fn commit(project: &Sandbox, message: &str) -> String {
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(project, &["rev-parse", "HEAD"])
}

/// What the records say, the last deployment first.
#[track_caller]
pub(crate) fn deployments(project: &Sandbox, environment: &str) -> Vec<Value> {
    let run = project.infractl(&["history", "deployments", environment, "--json"]).code(0);
    let all: Value = serde_json::from_str(&run.out).unwrap();
    all["deployments"].as_array().unwrap().clone()
}

const PIPELINES: &str = "[pipelines]\ndeploy = \"test ! -e left/broken\"\nverify = \"test ! -e left/sick\"\n\
    seed = { steps = [{ command = \"true\", effect = \"reads\" }] }\n\
    all = [{ do = \"deploy\" }, { do = \"verify\" }]\nmaybe = [{ do = \"deploy\" }, { do = \"verify\", on-failure = \"continue\" }]\n";

#[test]
fn a_deployment_leaves_a_record() {
    let project = project(PIPELINES);
    project.infractl(&["history", "deployments", "dev"]).code(0).says("nothing was deployed to `dev` yet");
    project.infractl(&["deploy", "dev", "--dry-run"]).code(0);
    assert_eq!(deployments(&project, "dev").len(), 0);
    git(&project, &["tag", "-a", "-m", "one", "v1.0.0"]);
    project.infractl(&["deploy", "dev"]).code(0);
    let head = git(&project, &["rev-parse", "HEAD"]);
    let all = deployments(&project, "dev");
    assert_eq!(all.len(), 1);
    let one = &all[0];
    assert_eq!((&one["release"], &one["commit"]), (&"v1.0.0".into(), &head.clone().into()));
    assert_eq!((&one["outcome"], &one["by"], &one["run"]), (&"done".into(), &"ada".into(), &1.into()));
    assert_eq!((&one["verified"], &one["verb"]), (&Value::Null, &"deploy".into()));
    // Looked at afterwards: by a record of its own.
    std::fs::create_dir_all(project.path("left")).unwrap();
    project.write("left/sick", "");
    project.infractl(&["verify", "dev"]).code(1);
    assert_eq!(deployments(&project, "dev")[0]["verified"], Value::Null);
    std::fs::remove_file(project.path("left/sick")).unwrap();
    let before = std::fs::read_to_string(project.path(".infractl/deployments/dev.jsonl")).unwrap();
    project.infractl(&["verify", "dev"]).code(0);
    assert!(deployments(&project, "dev")[0]["verified"].is_string());
    let after = std::fs::read_to_string(project.path(".infractl/deployments/dev.jsonl")).unwrap();
    assert!(after.starts_with(&before), "lines are never changed");
    // What fails is recorded as well, what changes nothing is not.
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev"]).code(1);
    assert_eq!(deployments(&project, "dev")[0]["outcome"], "failed");
    assert_eq!(deployments(&project, "dev")[1]["outcome"], "done");
    std::fs::remove_file(project.path("left/broken")).unwrap();
    project.infractl(&["seed", "dev"]).code(0);
    // A part of it is no release.
    project.infractl(&["all", "dev", "--skip", "verify"]).code(0);
    assert_eq!(deployments(&project, "dev").len(), 2);
    project.infractl(&["all", "dev"]).code(0);
    assert!(deployments(&project, "dev")[0]["verified"].is_string());
    assert_eq!(deployments(&project, "dev")[0]["verb"], "all");
    project.write("left/sick", "");
    project.infractl(&["maybe", "dev"]).code(0);
    assert_eq!(deployments(&project, "dev")[0]["verified"], Value::Null, "it may have failed");
    // Files that are in no commit have no release.
    project.environment("dev", &format!("description = \"x\"\n{PIPELINES}"));
    project.infractl(&["deploy", "dev"]).code(0);
    let last = &deployments(&project, "dev")[0];
    assert_eq!(
        (&last["release"], &last["dirty"], &last["commit"]),
        (&Value::Null, &true.into(), &head.into())
    );
    project.infractl(&["history", "deployments", "dev"]).code(0).prints("v1.0.0");
    project.infractl(&["history", "show", "1"]).code(0).prints("dev: deployment 1: v1.0.0, verified");
    project.infractl(&["status"]).code(0).prints("dev: deployed: ").prints(", with changes, not verified");
}

#[test]
fn what_somebody_changes_is_found() {
    let project = project(PIPELINES);
    for _ in 0..3 {
        project.infractl(&["deploy", "dev"]).code(0);
    }
    let file = project.path(".infractl/deployments/dev.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let found = |text: String, says: &str| {
        std::fs::write(&file, text).unwrap();
        project.infractl(&["history", "deployments", "dev"]).code(1).says("not whole").says(says);
        project.infractl(&["history"]).code(0).says("records of `dev` are not whole");
        let run = project.infractl(&["status", "--json"]).code(0);
        assert!(run.out.contains("are not whole"), "{}", run.out);
    };
    found(whole.replacen("\"by\":\"ada\"", "\"by\":\"eve\"", 1), "record 1 was changed");
    found(lines[1..].join("\n") + "\n", "record 1 is missing");
    found([lines[0], lines[1], lines[3], lines[4], lines[5], ""].join("\n"), "record 3 is missing");
    found(lines[..4].join("\n") + "\n", "the last records were changed, or are missing");
    found(whole.trim_end().to_owned() + "x", "line 6 cannot be read");
    std::fs::remove_file(&file).unwrap();
    project.infractl(&["history", "deployments", "dev"]).code(1).says("are missing");
    std::fs::write(&file, &whole).unwrap();
    project.infractl(&["history", "deployments", "dev"]).code(0);
    // A deployment is not kept from going on by it.
    std::fs::write(&file, whole.replacen("\"by\":\"ada\"", "\"by\":\"eve\"", 1)).unwrap();
    project.infractl(&["deploy", "dev"]).code(0);
    project.infractl(&["history", "deployments", "dev"]).code(1).says("record 1 was changed");
}

#[test]
fn a_killed_deployment_is_one_without_an_end() {
    let project = project("[pipelines]\ndeploy = [\"touch left-begun\", \"exec sleep 5\"]\n");
    for (signal, outcome) in [(Signal::INT, "interrupted"), (Signal::KILL, "running")] {
        let mut run = start(&mut project.command(&["deploy", "dev"]));
        wait_for("the deployment", || project.path("left-begun").exists());
        send(&run, signal);
        run.wait().unwrap();
        std::fs::remove_file(project.path("left-begun")).unwrap();
        assert_eq!(deployments(&project, "dev")[0]["outcome"], outcome);
    }
    assert_eq!(deployments(&project, "dev").len(), 2);
    project.infractl(&["history", "deployments", "dev"]).code(0).prints("no end");
}
