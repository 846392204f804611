//! Traffic that commands share out: the way back after a failure, an interrupt, a kill; rollouts that are open.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{CANARY, Sandbox, clean, need, send, start, wait_for};
use crate::deployments::{commit, deployments, project};

/// A route whose shares are in the file `left/weights`; each change is a line of `left/log`.
const ROUTE: &str = "[routes.api]\nkind = \"command\"\nget = \"cat left/weights\"\n\
    set = \"test ! -e left/stuck && echo $INFRACTL_GREEN >left/weights && echo $INFRACTL_ROUTE $INFRACTL_BLUE $INFRACTL_GREEN >>left/log\"\n";

const PIPELINES: &str = "[pipelines]\n\
    deploy = [\n\
      { traffic = { route = \"api\", green = 5 } },\n\
      { command = \"touch left/gate; while test -e left/slow; do sleep 0.1; done\", name = \"watch\" },\n\
      { command = \"test ! -e left/sick\", name = \"gate\" },\n\
      { traffic = { route = \"api\", green = 100 } },\n\
    ]\n\
    canary = [{ traffic = { route = \"api\", green = 5 } }]\n\
    switch = [{ traffic = { route = \"api\", to = \"idle\" } }]\n\
    verify = { steps = [{ command = \"true\", effect = \"reads\" }] }\n\
    all = [{ do = \"deploy\" }, { do = \"verify\" }]\n\
    harmless = [{ command = \"true\" }]\n";

fn sandbox(more: &str) -> Sandbox {
    let project = project(&format!("{more}{ROUTE}{PIPELINES}"));
    std::fs::create_dir_all(project.path("left")).unwrap();
    project.write("left/weights", "0\n");
    project
}

/// What green gets.
fn green(project: &Sandbox) -> String {
    project.read("left/weights").trim().to_owned()
}

fn routes(project: &Sandbox) -> Value {
    let run = project.infractl(&["traffic", "dev", "--json"]).code(0);
    serde_json::from_str::<Value>(&run.out).unwrap()["routes"].clone()
}

#[test]
fn a_gate_that_fails_lets_the_shares_return_that_were_there_before_the_run() {
    let project = sandbox("");
    project.write("left/weights", "20");
    project.write("left/sick", "");
    project
        .infractl(&["deploy", "dev"])
        .code(1)
        .says("blue 80 %, green 20 % -> blue 95 %, green 5 %")
        .says("traffic api back")
        .says("blue 80 %, green 20 %");
    assert_eq!(project.read("left/log"), "api 95 5\napi 80 20\n", "to exactly what was there");
    assert_eq!(routes(&project)[0]["open"], Value::Null, "it is over");
    std::fs::remove_file(project.path("left/sick")).unwrap();
    // What went back has to be done again: a run that goes on begins there, not behind it.
    project
        .infractl(&["deploy", "dev", "--resume"])
        .code(0)
        .says("blue 80 %, green 20 % -> blue 95 %, green 5 %");
    assert_eq!(project.read("left/log"), "api 95 5\napi 80 20\napi 95 5\napi 0 100\n");
    assert_eq!((green(&project).as_str(), &routes(&project)[0]["open"]), ("100", &Value::Null));
    project.infractl(&["traffic", "dev"]).code(0).prints("blue 0 %, green 100 %").prints("none");
    project.infractl(&["history", "show", "1"]).code(0).prints("traffic api back");
}

#[test]
fn the_last_good_release_is_deployed_after_the_shares_are_back() {
    let project = sandbox("[rollout]\non-failure = \"rollback\"\n");
    project.infractl(&["all", "dev"]).code(0);
    assert_eq!(green(&project), "100");
    project.write("left/weights", "0");
    // What fails is the newer commit alone: its file is not there in the older one.
    project.write("bad", "");
    project.edit(
        "environments/dev/environment.toml",
        "test ! -e left/sick",
        "test ! -e left/sick && test ! -e bad",
    );
    commit(&project, "feat: broken");
    std::fs::remove_file(project.path("left/log")).unwrap();
    let run = project.infractl(&["deploy", "dev"]).code(1).says("traffic api back");
    let log = project.read("left/log");
    assert!(log.starts_with("api 95 5\napi 100 0\n"), "back before anything else: {log}\n{}", run.err);
    let all = deployments(&project, "dev");
    assert_eq!(all.last().map(|first| first["outcome"].clone()), Some("done".into()));
    assert!(all.iter().any(|one| one["outcome"] == "failed"), "{all:?}");
    assert_eq!(routes(&project)[0]["open"], Value::Null);
}

#[test]
fn ctrl_c_lets_them_return_as_well() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let project = sandbox("");
        project.write("left/slow", "");
        let child = start(&mut project.command(&["deploy", "dev"]));
        wait_for("the gate", || project.path("left/gate").exists());
        assert_eq!(green(&project), "5");
        send(&child, signal);
        let ended = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{err}");
        assert!(err.contains("traffic api back"), "{err}");
        assert_eq!((green(&project).as_str(), &routes(&project)[0]["open"]), ("0", &Value::Null), "{err}");
    }
}

/// A run that is killed between 5 and 100 percent.
fn killed() -> Sandbox {
    let project = sandbox("");
    project.write("left/slow", "");
    let mut child = start(&mut project.command(&["deploy", "dev"]));
    wait_for("the gate", || project.path("left/gate").exists());
    send(&child, Signal::KILL);
    child.wait().unwrap();
    std::fs::remove_file(project.path("left/slow")).unwrap();
    // What it had started is over a moment later, and the lock with it.
    wait_for("the lock", || {
        project.command(&["harmless", "dev"]).output().unwrap().status.code() != Some(75)
    });
    assert_eq!(green(&project), "5", "nobody was there to take it back");
    project
}

#[test]
fn after_a_kill_the_next_run_refuses_and_says_the_ways() {
    let project = killed();
    for verb in ["deploy", "canary"] {
        project
            .infractl(&[verb, "dev"])
            .code(75)
            .says("a rollout of `api` of `dev` is open since")
            .says("it began with blue 100 %, green 0 %")
            .says("infractl traffic dev api --back")
            .says("infractl traffic dev api --green 100");
    }
    project.infractl(&["harmless", "dev"]).code(0);
    assert_eq!(routes(&project)[0]["open"]["before"]["blue"], 100);
    project.infractl(&["traffic", "dev"]).code(0).prints("open since");
    project.infractl(&["traffic", "dev", "api", "--back"]).code(0).says("blue 100 %, green 0 %");
    assert_eq!(green(&project), "0");
    project
        .infractl(&["traffic", "dev", "api", "--back"])
        .code(1)
        .says("no rollout of `api` of `dev` is open");
    project.infractl(&["deploy", "dev"]).code(0);
    assert_eq!(green(&project), "100");
}

#[test]
fn after_a_kill_the_rollout_can_go_on_or_stay() {
    let project = killed();
    project
        .infractl(&["traffic", "dev", "--green", "50"])
        .code(0)
        .says("stays open with blue 50 %, green 50 %");
    project.infractl(&["deploy", "dev"]).code(75);
    project.infractl(&["traffic", "dev", "--green", "100"]).code(0);
    assert_eq!((green(&project).as_str(), &routes(&project)[0]["open"]), ("100", &Value::Null));
    let project = killed();
    project.infractl(&["traffic", "dev", "api", "--keep"]).code(0);
    assert_eq!((green(&project).as_str(), &routes(&project)[0]["open"]), ("5", &Value::Null));
}

#[test]
fn a_canary_stays_open_over_runs_and_no_second_one_begins() {
    let project = sandbox("");
    project.infractl(&["canary", "dev"]).code(0).says("the rollout of `api` of `dev` stays open");
    project.infractl(&["deploy", "dev"]).code(75);
    // A change within it that fails goes back to where it was, and the rollout stays open.
    project.write("left/stuck", "");
    project.infractl(&["traffic", "dev", "--green", "30"]).code(1);
    std::fs::remove_file(project.path("left/stuck")).unwrap();
    assert_eq!((green(&project).as_str(), &routes(&project)[0]["open"]["before"]["green"]), ("5", &0.into()));
    // What terraform would put back is not applied meanwhile.
    project.write("environments/dev/main.tf", "");
    project.infractl(&["apply", "dev"]).code(75).says("a rollout of `api`");
    std::fs::remove_file(project.path("environments/dev/main.tf")).unwrap();
    project.infractl(&["traffic", "dev", "api", "--switch"]).code(1).says("no side of `api` gets nothing");
    project.infractl(&["traffic", "dev", "api", "--back"]).code(0);
    project.infractl(&["switch", "dev"]).code(0).says("blue 100 %, green 0 % -> blue 0 %, green 100 %");
    project.infractl(&["switch", "dev"]).code(0).says("blue 0 %, green 100 % -> blue 100 %, green 0 %");
}

#[test]
fn what_cannot_go_back_stays_open_and_says_so() {
    let project = sandbox("");
    project.write("left/slow", "");
    project.write("left/sick", "");
    let child = start(&mut project.command(&["deploy", "dev"]));
    wait_for("the gate", || project.path("left/gate").exists());
    project.write("left/stuck", "");
    std::fs::remove_file(project.path("left/slow")).unwrap();
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(err.contains("infractl traffic dev api --back") && err.contains("that failed too"), "{err}");
    project.infractl(&["deploy", "dev"]).code(75);
    std::fs::remove_file(project.path("left/stuck")).unwrap();
    project.infractl(&["traffic", "dev", "api", "--back"]).code(0);
    assert_eq!(green(&project), "0");
}

#[test]
fn shares_that_stay_on_failure_leave_the_rollout_open() {
    let project = sandbox("");
    project.edit(
        "environments/dev/environment.toml",
        "kind = \"command\"",
        "kind = \"command\"\non-failure = \"keep\"",
    );
    project.write("left/sick", "");
    project.infractl(&["deploy", "dev"]).code(1).says("its shares stay as they are");
    assert_eq!(green(&project), "5");
    project.infractl(&["deploy", "dev"]).code(75);
}

#[test]
fn a_command_that_does_not_do_what_it_says_is_found_out() {
    let project = sandbox("");
    project.edit("environments/dev/environment.toml", "green = 5 }", "green = 5, wait = \"1s\" }");
    project.edit("environments/dev/environment.toml", "set = \"test", "set = \"exit 0; test");
    project.infractl(&["deploy", "dev"]).code(1).says("does not say blue 95 %, green 5 % after 1.0 s");
    project.write("left/weights", "much");
    project.infractl(&["canary", "dev"]).code(1).says("printed `much`").says("in percent");
}

#[test]
fn values_name_the_sides_as_they_were_when_the_run_began() {
    let project = sandbox("");
    let file = project.read("environments/dev/environment.toml");
    let values = "[values]\nidle = { route = \"api\", side = \"idle\" }\nlive = { route = \"api\", side = \"live\" }\n";
    let pipeline = "swap = [\n{ command = \"echo start {{value.idle}} >>left/said\" },\n\
        { traffic = { route = \"api\", to = \"idle\" } },\n{ command = \"echo stop {{value.live}} >>left/said\" }]\n";
    project.write("environments/dev/environment.toml", &format!("{values}{file}{pipeline}"));
    project.infractl(&["swap", "dev"]).code(0);
    project.infractl(&["swap", "dev"]).code(0);
    assert_eq!(project.read("left/said"), "start green\nstop blue\nstart blue\nstop green\n");
}

#[test]
fn the_configuration_is_checked() {
    let project = sandbox("");
    project.edit(
        "environments/dev/environment.toml",
        "route = \"api\", green = 100",
        "route = \"apj\", green = 100",
    );
    project.infractl(&["deploy", "dev"]).code(78).says("apj").says("did you mean `api`?");
    let wrong = |text: &str, says: &str| {
        let project = Sandbox::empty();
        project.environment("dev", text);
        project.infractl(&["env", "show", "dev"]).code(78).says(says);
    };
    wrong("[routes.a]\nkind = \"command\"\nget = \"x\"\n", "`command` needs `set`");
    wrong("[routes.a]\nkind = \"caddy\"\nblue = \"a:1\"\ngreen = \"a:1\"\n", "are the same");
    wrong(
        "[routes.a]\nkind = \"caddy\"\nblue = \"a:1\"\ngreen = \"b:1\"\nzone = \"z\"\n",
        "`zone` means nothing to `caddy`",
    );
    wrong("[routes.a]\nkind = \"alb\"\nblue = \"a\"\ngreen = \"b\"\n", "`alb` needs `listener` or `rule`");
    wrong("[values]\nv = { route = \"a\" }\n", "which side of the route is meant?");
    wrong("[pipelines]\na = [{ traffic = { route = \"a\", green = 101 } }]\n", "101");
}

#[test]
fn a_dry_run_changes_nothing_and_a_secret_is_shown_nowhere() {
    let secret = format!("{CANARY}key");
    let project = Sandbox::empty().with_secrets(&[("TOKEN", &secret)]);
    project.environment(
        "dev",
        "[routes.api]\nkind = \"command\"\nget = { run = \"test -n \\\"$TOKEN\\\" && cat weights\" }\n\
         set = \"echo using $TOKEN; echo $INFRACTL_GREEN >weights\"\n[pipelines]\ncanary = [{ traffic = { route = \"api\", green = 5 } }]\n",
    );
    project.write("weights", "0");
    project.run(&["canary", "dev", "--dry-run"], 0).prints("traffic of `api`");
    assert_eq!(project.read("weights"), "0");
    project.run(&["canary", "dev"], 0);
    assert_eq!(project.read("weights"), "5\n");
    project.assert_no_canary_on_disk();
}

#[test]
fn a_printed_script_takes_the_shares_back_too() {
    let project = sandbox("");
    let script = project.infractl(&["deploy", "dev", "--print"]).code(0).out;
    project.write("deploy.sh", &script);
    if let Some(shellcheck) = need("shellcheck") {
        let checked = Command::new(shellcheck).arg(project.path("deploy.sh")).output().unwrap();
        assert!(checked.status.success(), "{}\n{script}", String::from_utf8_lossy(&checked.stdout));
    }
    let bash = || {
        let mut command = clean("bash", project.root(), project.home.root());
        command.arg("deploy.sh").stdin(Stdio::null());
        command
    };
    project.write("left/sick", "");
    let ended = bash().output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && err.contains("traffic api back"), "{err}");
    assert_eq!(
        (green(&project).as_str(), project.read("left/log").as_str()),
        ("0", "api 95 5\napi 100 0\n"),
        "{err}"
    );
    std::fs::remove_file(project.path("left/sick")).unwrap();
    let ended = bash().output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(green(&project), "100");
    // Interrupted.
    project.write("left/weights", "0");
    std::fs::remove_file(project.path("left/gate")).unwrap();
    project.write("left/slow", "");
    let mut command = bash();
    let child = start(&mut command);
    wait_for("the gate", || project.path("left/gate").exists());
    send(&child, Signal::TERM);
    std::fs::remove_file(project.path("left/slow")).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(!ended.status.success());
    assert_eq!(green(&project), "0");
}

#[test]
fn a_maintenance_page_of_the_project_is_turned_on_and_off() {
    let project = Sandbox::empty();
    project.environment(
        "dev",
        "[maintenance]\nkind = \"command\"\non = \"touch page; echo on >>log\"\noff = \"rm page; echo off >>log\"\n\
         state = \"if test -e page; then echo on; else echo off; fi\"\n[pipelines]\n\
         mend = [{ maintenance = \"on\" }, { command = \"test ! -e sick\" }, { maintenance = \"off\" }]\n",
    );
    project.infractl(&["maintenance", "dev"]).code(0).prints("off");
    project.infractl(&["maintenance", "dev", "on"]).code(0);
    project.infractl(&["maintenance", "dev", "on"]).code(0).says("on already");
    let run = project.infractl(&["maintenance", "dev", "--json"]).code(0);
    assert_eq!(serde_json::from_str::<Value>(&run.out).unwrap()["maintenance"], "on");
    project.infractl(&["maintenance", "dev", "of"]).code(64).says("neither `on` nor `off`");
    project.infractl(&["maintenance", "dev", "off"]).code(0);
    assert_eq!(project.read("log"), "on\noff\n");
    project.write("sick", "");
    project.infractl(&["mend", "dev"]).code(1);
    project.infractl(&["maintenance", "dev"]).code(0).prints("on");
    std::fs::remove_file(project.path("sick")).unwrap();
    project.infractl(&["mend", "dev"]).code(0).says("on already");
    project.infractl(&["maintenance", "dev"]).code(0).prints("off");
    project.edit("environments/dev/environment.toml", "echo on; else", "echo maybe; else");
    project.write("page", "");
    project.infractl(&["maintenance", "dev"]).code(1).says("printed `maybe`");
    project.environment("dev", "");
    project.infractl(&["maintenance", "dev", "on"]).code(64).says("no maintenance page");
    project.environment("dev", "[pipelines]\nmend = [{ maintenance = \"on\" }]\n");
    project.infractl(&["mend", "dev"]).code(78).says("there is no maintenance page");
    project.environment("dev", "[maintenance]\nkind = \"command\"\non = \"x\"\n");
    project.infractl(&["maintenance", "dev"]).code(78).says("`command` needs `off`");
}

#[test]
fn hosts_are_rolled_one_after_the_other_and_the_first_that_fails_ends_it() {
    let project = Sandbox::empty();
    let calls: Vec<String> = ["web1", "web2", "web3"]
        .iter()
        .map(|host| format!("{{ do = \"node\", with = {{ host = \"{host}\" }} }}"))
        .collect();
    project.environment(
        "dev",
        &format!(
            "[pipelines]\nnode = [{{ command = \"echo {{{{with.host}}}} >>done\", name = \"change\" }},\n\
             {{ command = \"test ! -e sick-{{{{with.host}}}}\", name = \"gate\" }}]\nroll = [{}]\n",
            calls.join(", ")
        ),
    );
    project.write("sick-web2", "");
    project.infractl(&["roll", "dev"]).code(1).says("✓ dev node web1: gate").says("✗ dev node web2: gate");
    assert_eq!(project.read("done"), "web1\nweb2\n", "web3 is as it was");
    std::fs::remove_file(project.path("sick-web2")).unwrap();
    project.infractl(&["roll", "dev", "--resume"]).code(0);
    assert_eq!(project.read("done").lines().last(), Some("web3"));
}
