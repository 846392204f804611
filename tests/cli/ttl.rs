//! Environments whose time is over: what is taken down, what is left alone, and what is said.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Sandbox, send, start, wait_for};

/// An environment that is stopped by a command, which leaves a line.
fn stoppable(ttl: &str) -> String {
    format!(
        "[ttl]\n{ttl}\n[power]\nprovider = \"command\"\nstop = \"echo $INFRACTL_ENVIRONMENT >> stopped\"\n\
         start = \"true\"\n[pipelines]\nhold = \"touch held; exec sleep 60\"\n"
    )
}

fn project(ttl: &str) -> Sandbox {
    let project = Sandbox::empty().with_var("USER", "ada");
    project.environment("dev", &stoppable(ttl));
    project
}

fn stopped(project: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(project.path("stopped")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A record of somebody who brought an environment up, so many hours ago.
fn up(project: &Sandbox, environment: &str, hours: i64) {
    let at = Timestamp::now() - SignedDuration::from_hours(hours);
    let line = format!(
        r#"{{"schema":1,"number":1,"at":"{at}","by":"eve","host":"ci","run":null,"event":"up","verb":"apply","before":""}}"#
    );
    fs::create_dir_all(project.path(".infractl/deployments")).unwrap();
    project.write(format!(".infractl/deployments/{environment}.jsonl"), &(line + "\n"));
}

#[track_caller]
fn glance(project: &Sandbox, environment: &str) -> Value {
    let run = project.infractl(&["status", "--json"]).code(0);
    let all: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    all.into_iter().find(|glance| glance["environment"] == environment).unwrap()["ttl"].clone()
}

#[test]
fn what_is_over_is_stopped_once() {
    let project = project("after = \"1h\"");
    // infractl has not brought it up: it may be anybody's.
    project.infractl(&["expire", "dev"]).code(0).says("dev: left alone: no record");
    project.infractl(&["start", "dev"]).code(0);
    project.infractl(&["expire", "--all"]).code(0).says("dev: stop in 59 min");
    project.infractl(&["expire", "dev", "--dry-run"]).code(0).prints("stop in 59 min");
    assert_eq!(stopped(&project), [""; 0]);
    project.environment("dev", &stoppable("after = \"1s\""));
    sleep(Duration::from_millis(1100));
    project
        .infractl(&["expire", "dev", "--dry-run"])
        .code(0)
        .prints("over for")
        .prints("would be taken down");
    assert_eq!(stopped(&project), [""; 0]);
    project.infractl(&["expire", "--all"]).code(0);
    assert_eq!(stopped(&project), ["dev"]);
    // A second time there is nothing to do, and nothing to remember.
    project.infractl(&["expire", "--all"]).code(0).says("dev: stopped since");
    assert_eq!(stopped(&project), ["dev"]);
    let history = project.infractl(&["history", "--json"]).code(0).out;
    let runs: Vec<Value> = serde_json::from_str(&history).unwrap();
    let verbs: Vec<&str> = runs.iter().map(|run| run["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["stop", "start"], "{history}");
    assert_eq!(runs[0]["argv"], serde_json::json!(["infractl", "expire", "--all"]));
    // Brought up again it has its time again.
    project.environment("dev", &stoppable("after = \"1h\""));
    project.infractl(&["start", "dev"]).code(0);
    project.infractl(&["expire", "--all"]).code(0).says("dev: stop in 59 min");
    project.infractl(&["stop", "dev"]).code(0);
    project.infractl(&["expire", "--all"]).code(0).says("dev: stopped since");
}

#[test]
fn a_part_of_a_stop_is_none() {
    let project = project("after = \"1h\"");
    project.environment(
        "dev",
        "[ttl]\nafter = \"1h\"\n[pipelines]\nstart = \"true\"\nstop = [{ name = \"one\", command = \"touch one\" }, \
         { name = \"two\", command = \"touch two\" }]\n",
    );
    up(&project, "dev", 2);
    project.infractl(&["stop", "dev", "--only", "one"]).code(0);
    assert!(!project.path("two").exists());
    project.infractl(&["expire", "dev"]).code(0);
    assert!(project.path("two").exists());
}

#[test]
fn more_time_is_given_and_kept() {
    let project = project("after = \"8h\"\ntime-zone = \"Europe/Paris\"");
    project.infractl(&["extend", "dev", "4h"]).code(1).says("no record");
    up(&project, "dev", 10);
    assert!(glance(&project, "dev")["says"].as_str().unwrap().starts_with("over for 2h 00m"));
    project.infractl(&["status"]).code(0).says("dev: over for 2h 00m").prints("dev: ttl: over for 2h 00m");
    project.infractl(&["extend", "dev", "4h", "--dry-run"]).code(0).says("nothing was written");
    assert_eq!(glance(&project, "dev")["is_near"], true);
    project.infractl(&["extend", "dev", "4h"]).code(0).says("`dev` stays until");
    let stay = glance(&project, "dev");
    assert!(stay["says"].as_str().unwrap().ends_with("extended"), "{stay}");
    assert_eq!((&stay["action"], &stay["is_near"]), (&"stop".into(), &false.into()));
    project.infractl(&["expire", "dev"]).code(0).says("stop in 3h 59m");
    assert_eq!(stopped(&project), [""; 0]);
    // From its end, not from now.
    project.infractl(&["extend", "dev", "1d"]).code(0).says("for 27h 59m");
    project.infractl(&["extend", "dev", "--until", "2020-01-01T00:00:00Z"]).code(64).says("over already");
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    project.infractl(&["extend", "dev", "--until", &soon.to_string()]).code(64).says("no longer than it has");
    for wrong in ["4", "0h", "soon"] {
        project.infractl(&["extend", "dev", wrong]).code(64);
    }
    project.infractl(&["history"]).code(0).prints("extend");
    project.infractl(&["history", "deployments", "dev"]).code(0).says("nothing was deployed");
}

#[test]
fn what_another_run_works_on_comes_later() {
    let project = project("after = \"8h\"");
    up(&project, "dev", 9);
    let mut holder = start(&mut project.command(&["hold", "dev"]));
    wait_for("the run to hold the lock", || project.path("held").exists());
    project.infractl(&["expire", "--all"]).code(0).says("dev: later:");
    assert_eq!(stopped(&project), [""; 0]);
    // A lock that was left behind is no reason to be quiet for ever.
    up(&project, "dev", 40);
    project
        .infractl(&["expire", "--all"])
        .code(1)
        .says("over for more than a day")
        .says("infractl unlock dev");
    // Who gives it more time while `expire` waits is heard.
    up(&project, "dev", 9);
    let waiting =
        project.command(&["expire", "dev", "--lock-wait", "1m"]).stderr(std::process::Stdio::piped()).spawn();
    sleep(Duration::from_millis(500));
    project.infractl(&["extend", "dev", "4h"]).code(0).says("is locked");
    send(&holder, Signal::TERM);
    holder.wait().unwrap();
    let output = waiting.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("has got more time meanwhile"), "{said}");
    assert_eq!(stopped(&project), [""; 0]);
}

#[test]
fn one_that_fails_keeps_no_other_and_is_loud() {
    let project = project("after = \"8h\"");
    let broken = stoppable("after = \"8h\"").replace("echo $INFRACTL_ENVIRONMENT >> stopped", "exit 3");
    project.environment("bad", &broken);
    project.environment("odd", "[ttl]\nafter = \"8\"\n");
    project.environment("own", "description = \"without an end\"\n");
    project.environment("kept", "protected = true\n[ttl]\naction = \"none\"\n");
    for name in ["dev", "bad", "kept", "own", "odd"] {
        up(&project, name, 9);
    }
    let run = project.infractl(&["expire", "--all"]).code(1);
    let run = run.says("`odd` was not looked at").says("`bad`").says("exit code 3");
    run.never_says("kept:");
    assert_eq!(stopped(&project), ["dev"]);
    project.infractl(&["expire", "odd"]).code(1).says("`odd` was not looked at").never_says("nothing to do");
    // It is tried again.
    project.infractl(&["expire", "bad"]).code(1);
    project.infractl(&["expire", "own"]).code(64).says("has no end");
    project.infractl(&["expire", "--all", "--dry-run"]).code(1).prints("stays: `action = \"none\"`");
    project.infractl(&["expire"]).code(64);
}

#[test]
fn a_clock_that_is_wrong_takes_nothing_down() {
    let project = project("after = \"1s\"");
    up(&project, "dev", -3);
    project.infractl(&["expire", "--all"]).code(0).says("still to come: a clock is wrong");
    assert_eq!(stopped(&project), [""; 0]);
    project.infractl(&["status"]).code(0).says("a clock is wrong");
    project.infractl(&["extend", "dev", "4h"]).code(1).says("a clock is wrong");
}

#[test]
fn what_was_killed_half_way_is_up() {
    let project = project("after = \"1s\"");
    let text =
        stoppable("after = \"1s\"").replace("start = \"true\"", "start = \"touch begun; exec sleep 5\"");
    project.environment("dev", &text);
    let mut run = start(&mut project.command(&["start", "dev"]));
    wait_for("the start", || project.path("begun").exists());
    send(&run, Signal::KILL);
    run.wait().unwrap();
    // What it had started still runs, and holds the lock.
    sleep(Duration::from_secs(6));
    project.infractl(&["expire", "--all"]).code(0);
    assert_eq!(stopped(&project), ["dev"]);
}

/// Two roots; the second one needs the first.
fn two(net: &str, app: &str) -> Sandbox {
    let project = Sandbox::empty().with_var("USER", "ada");
    fs::create_dir_all(project.path("shared")).unwrap();
    for (name, ttl) in [("net", net), ("app", app)] {
        project.write(format!("environments/{name}/main.tf"), "resource \"terraform_data\" \"a\" {}\n");
        let depends = if name == "app" { "depends-on = [\"net\"]\n" } else { "" };
        project.environment(name, &format!("{depends}[ttl]\naction = \"destroy\"\n{ttl}\n"));
    }
    project
}

fn is_there(project: &Sandbox, environment: &str) -> bool {
    project.read(format!("environments/{environment}/terraform.tfstate")).contains("terraform_data")
}

#[test]
fn what_others_depend_on_goes_last_and_not_while_they_stay() {
    let project = two("after = \"1s\"", "after = \"1h\"");
    project.infractl(&["apply", "--all", "--yes"]).code(0);
    sleep(Duration::from_millis(1100));
    project.infractl(&["expire", "--all"]).code(0).says("`app` depends on it and stays: left alone");
    assert!(is_there(&project, "net") && is_there(&project, "app"));
    project.infractl(&["expire", "net"]).code(0).says("`app` depends on it");
    assert!(is_there(&project, "net"));
    project.environment("app", "depends-on = [\"net\"]\n[ttl]\naction = \"destroy\"\nafter = \"1s\"\n");
    let run = project.infractl(&["expire", "--all"]).code(0);
    assert!(!is_there(&project, "net") && !is_there(&project, "app"));
    let place = |text: &str| run.err.find(text).unwrap_or_else(|| panic!("{text}: {}", run.err));
    assert!(place("app") < place("net"), "{}", run.err);
    project.infractl(&["expire", "--all"]).code(0).says("net: destroyed since");
    let runs: Vec<Value> =
        serde_json::from_str(&project.infractl(&["history", "--json"]).code(0).out).unwrap();
    assert_eq!(runs.len(), 2, "{runs:?}");
}

#[test]
fn with_a_shared_lock_any_checkout_knows() {
    let project = two("after = \"1s\"", "after = \"1h\"");
    project.environment("net", "[lock]\nshared = true\n[ttl]\naction = \"destroy\"\nafter = \"1s\"\n");
    project.infractl(&["apply", "net"]).code(0);
    // Another checkout, with the same state.
    fs::remove_dir_all(project.path(".infractl")).unwrap();
    sleep(Duration::from_millis(1100));
    project.infractl(&["extend", "net", "1h"]).code(0);
    fs::remove_dir_all(project.path(".infractl")).unwrap();
    project.infractl(&["expire", "net"]).code(0).says("net: destroy in 59 min");
    assert!(is_there(&project, "net"));
    // Without it, another checkout knows nothing and touches nothing.
    project.infractl(&["apply", "app"]).code(0);
    fs::remove_dir_all(project.path(".infractl")).unwrap();
    project.infractl(&["expire", "app"]).code(0).says("app: left alone: no record");
}

#[test]
fn what_it_cannot_mean_is_said_with_its_place() {
    let project = project("after = \"8h\"");
    for (text, says) in [
        (
            "protected = true\n[ttl]\nafter = \"8h\"\naction = \"destroy\"\n",
            "protected environment has no `[ttl]`",
        ),
        ("[ttl]\naction = \"destroy\"\n", "does not say when"),
        ("[ttl]\nafter = \"8h\"\n", "nothing says how"),
        ("[ttl]\nuntil = \"6pm\"\naction = \"destroy\"\n", "`6pm` is not a moment"),
        ("[ttl]\nuntil = \"18:00\"\nzone = \"Europe/Pari\"\naction = \"destroy\"\n", "not a time zone"),
        ("[ttl]\nafter = \"8h\"\naction = \"down\"\n", "cannot be `down`"),
    ] {
        project.environment("dev", text);
        project.infractl(&["validate", "dev"]).code(78).says(says).says("environment.toml:");
    }
}

#[test]
fn a_line_for_crontab_is_printed() {
    let project = project("after = \"8h\"");
    let run = project.infractl(&["expire", "--cron"]).code(0);
    let line = run.out.trim();
    assert!(
        line.starts_with("*/15 * * * * infractl -C ") && line.ends_with(" expire --all --no-input --quiet"),
        "{line}"
    );
}
