//! One pipeline per environment at a time on this machine.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::common::{BIN, Run, Sandbox, send, start, wait_for};
use rustix::process::Signal;

/// A stand-in for terraform: `apply` says so when two of it run at the same time.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
  state) echo '{"version":4,"serial":1,"outputs":{}}' ;;
  apply)
    mkdir "$PLACE/critical" 2>/dev/null || echo two >>"$PLACE/violations"
    echo run >>"$PLACE/runs"
    [ -z "$INNER" ] || (unset INNER; $INNER_UNSET "$BIN" genenv dev) || echo inner >>"$PLACE/violations"
    sleep "${WORK:-0.02}"
    rmdir "$PLACE/critical" ;;
esac
"#;

/// A small project whose terraform is a stand-in.
fn project() -> Sandbox {
    let project = Sandbox::empty();
    project.write("environments/dev/main.tf", "output \"x\" { value = 1 }\n");
    let tool = project.script("tool", TOOL);
    project.write("environments/defaults.toml", &format!("[terraform]\nprogram = \"{}\"\n", tool.display()));
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    let place = project.root().to_owned();
    project.with_var("USER", "alice").with_var("PLACE", place).with_var("BIN", BIN)
}

/// Starts a run that works for long, and waits until it holds the lock and works.
fn holder(project: &Sandbox, seconds: &str) -> Child {
    let child = start(project.command(&["apply", "dev"]).env("WORK", seconds));
    wait_for("the work", || project.path("critical").exists());
    child
}

fn runs(project: &Sandbox) -> usize {
    fs::read_to_string(project.path("runs")).unwrap_or_default().lines().count()
}

fn assert_one_at_a_time(project: &Sandbox) {
    assert!(!project.path("violations").exists(), "two ran at the same time");
}

#[test]
fn fifty_contenders_run_one_at_a_time_and_none_waits_for_ever() {
    let project = project();
    let contenders: Vec<Child> =
        (0..50).map(|_| start(&mut project.command(&["apply", "dev", "--lock-wait", "3m"]))).collect();
    for contender in contenders {
        let output = contender.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(runs(&project), 50);
    assert_one_at_a_time(&project);
}

#[test]
fn without_waiting_one_of_several_runs_and_the_others_are_busy() {
    let project = project();
    let mut holder = holder(&project, "3");
    for _ in 0..3 {
        project.infractl(&["apply", "dev"]).code(75);
    }
    assert!(holder.wait().unwrap().success());
    assert_eq!(runs(&project), 1);
}

#[test]
fn an_apply_takes_the_lock_whatever_the_pipeline_is_called() {
    let project = project();
    let defaults = project.read("environments/defaults.toml");
    for name in ["plan", "check", "state", "smoke"] {
        let own = format!("{defaults}[pipelines]\n{name} = [{{ do = \"apply\" }}]\n");
        project.write("environments/defaults.toml", &own);
        let mut holder = holder(&project, "2");
        project.infractl(&[name, "dev"]).code(75);
        assert!(holder.wait().unwrap().success(), "{name}");
    }
    // A look takes no lock, and says so itself where infractl cannot know.
    let own = format!(
        "{defaults}[pipelines]\nsmoke = {{ effect = \"reads\", steps = [{{ command = \"true\" }}] }}\n"
    );
    project.write("environments/defaults.toml", &own);
    let mut holder = holder(&project, "2");
    project.infractl(&["smoke", "dev"]).code(0);
    assert!(holder.wait().unwrap().success());
    assert_one_at_a_time(&project);
}

#[test]
fn a_busy_environment_says_who_since_when_where_what_and_how_to_release() {
    let project = project();
    let mut holder = holder(&project, "4");
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let run = project
        .infractl(&["destroy", "dev"])
        .code(75)
        .says("error: `dev` is busy with another run")
        .says("`apply` by alice on ")
        .says(host.trim())
        .says(&format!("(pid {})", holder.id()))
        .says(" UTC, for ")
        .says("last sign of life")
        .says("infractl unlock dev")
        .says("--lock-wait");
    assert!(run.err.contains("since 20"), "{}", run.err);
    // The lock is JSON that a script can read.
    let text = fs::read_to_string(project.path(".infractl/locks/dev.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((json["owner"].as_str(), json["verb"].as_str()), (Some("alice"), Some("apply")));
    for field in ["host", "start", "heartbeat"] {
        assert!(json[field].is_string(), "{field}: {json}");
    }
    assert_eq!(json["pid"].as_u64(), Some(u64::from(holder.id())));
    // What changes nothing is not kept out.
    project.infractl(&["plan", "dev"]).code(0);
    project.infractl(&["output", "dev"]).code(0);
    project.infractl(&["genenv", "dev", "--print"]).code(0);
    project.infractl(&["genenv", "dev"]).code(75);
    // Nor is another environment.
    project.write("environments/rec/main.tf", "output \"x\" { value = 1 }\n");
    project.infractl(&["genenv", "rec"]).code(0);
    assert!(holder.wait().unwrap().success());
}

#[test]
fn waiting_is_bounded_and_says_so() {
    let project = project();
    let mut holder = holder(&project, "60");
    let begun = Instant::now();
    project
        .infractl(&["genenv", "dev", "--lock-wait", "1s"])
        .code(75)
        .says("waiting for the lock of `dev`, ")
        .says(" of 1.0 s: `apply` by alice")
        .says("pass a longer `--lock-wait`");
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(900) && waited < Duration::from_secs(20), "{waited:?}");
    send(&holder, Signal::KILL);
    holder.wait().unwrap();
    project.infractl(&["genenv", "dev", "--lock-wait", "nonsense"]).code(64).says("not a duration");
}

#[test]
fn waiting_can_be_configured_and_interrupted() {
    let project = project();
    let mut holder = holder(&project, "6");
    project.write("environments/dev/environment.toml", "[lock]\nwait = \"5m\"\n");
    let waiting = start(&mut project.command(&["genenv", "dev"]));
    std::thread::sleep(Duration::from_millis(700));
    send(&waiting, Signal::INT);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stopped while waiting for the lock of `dev`"));
    assert!(holder.wait().unwrap().success());
}

#[test]
fn a_killed_owner_is_noticed_and_holds_nobody_up() {
    let project = project();
    let mut holder = holder(&project, "3");
    send(&holder, Signal::KILL);
    holder.wait().unwrap();
    // terraform finishes what it began, and holds the lock so long.
    project.infractl(&["genenv", "dev"]).code(75).says("it was killed itself, and this still runs: `tool`");
    project
        .infractl(&["genenv", "dev", "--lock-wait", "30s"])
        .code(0)
        .says("warning: the lock of `dev` was left behind by a run that died: `apply` by alice");
    project.infractl(&["genenv", "dev"]).code(0).never_says("left behind");
}

#[test]
fn an_infractl_that_a_step_starts_passes_and_one_from_elsewhere_does_not() {
    let project = project();
    let mut inner = project.command(&["apply", "dev"]);
    Run::of(inner.env("INNER", "1")).code(0);
    assert_one_at_a_time(&project);
    // Without what the run gives its children it is somebody else.
    let mut outer = project.command(&["apply", "dev"]);
    Run::of(outer.env("INNER", "1").env("INNER_UNSET", "env -u INFRACTL_LOCK")).code(0);
    assert_eq!(fs::read_to_string(project.path("violations")).unwrap(), "inner\n");
}

#[test]
fn unlock_says_whose_lock_it_was_and_asks_first() {
    let project = project();
    project.infractl(&["unlock", "dev"]).code(0).says("`dev` is not locked").says("force-unlock ID");
    let mut holder = holder(&project, "4");
    project
        .infractl(&["unlock", "dev", "--confirm", "dev"])
        .code(75)
        .says("is alive: `apply` by alice")
        .says(&format!("kill -INT {}", holder.id()));
    send(&holder, Signal::KILL);
    holder.wait().unwrap();
    // Nobody may release what terraform still holds.
    project
        .infractl(&["unlock", "dev", "--confirm", "dev"])
        .code(75)
        .says("what it has started still runs: `tool`");
    wait_for("the end of the tool", || project.infractl(&["unlock", "dev"]).code != 75);
    project
        .infractl(&["unlock", "dev"])
        .code(77)
        .says("left behind on this machine: `apply` by alice")
        .says("--confirm dev");
    project.infractl(&["unlock", "dev", "--confirm", "rec"]).code(77);
    project.infractl(&["unlock", "dev", "--confirm", "dev"]).code(0).says("the lock of `dev` is released");
    project.infractl(&["genenv", "dev"]).code(0).never_says("left behind");
}

#[test]
fn a_project_whose_locks_are_removed_under_a_run_notices() {
    let project = project();
    project.write("environments/dev/environment.toml", "[lock]\nstale-after = \"1s\"\n");
    let holder = holder(&project, "3");
    fs::remove_dir_all(project.path(".infractl")).unwrap();
    let output = holder.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("somebody removed `.infractl/locks`"), "{err}");
    assert_eq!(output.status.code(), Some(75), "{err}");
}
