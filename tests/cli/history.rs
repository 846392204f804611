//! What a run leaves behind: `.infractl/history`, `history`, `history show`, `history export`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{CANARY, Run, Sandbox, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const LEAK: &str = r#"
resource "terraform_data" "leak" {
  provisioner "local-exec" {
    command = "echo it is ${nonsensitive(var.storage_account_key)}"
  }
}
"#;

fn git(project: &Sandbox, args: &[&str]) -> String {
    let user = ["-c", "user.name=camille", "-c", "user.email=camille@example.com"];
    let output = Command::new("git").args(user).args(args).current_dir(project.root()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs as a user of that name.
fn by(project: &Sandbox, user: &str, args: &[&str]) -> Run {
    Run::of(project.command(args).env("USER", user))
}

fn show(project: &Sandbox, number: u64) -> Value {
    let run = project.infractl(&["history", "show", &number.to_string(), "--output", "json"]).code(0);
    serde_json::from_str(&run.out).unwrap()
}

fn folder(project: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(project.path(".infractl/history")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    // What seals the runs is beside them.
    names.retain(|name| name != "seals.jsonl");
    names.sort();
    names
}

#[test]
fn an_apply_is_recorded_with_who_when_what_and_each_step() {
    let project = Sandbox::new();
    git(&project, &["add", "-A"]);
    git(&project, &["commit", "-qm", "begin"]);
    let commit = git(&project, &["rev-parse", "HEAD"]);
    by(&project, "camille", &["apply", "dev"]).code(0);
    project.write("environments/dev/more.tf", "output \"more\" {\n  value = 1\n}\n");
    project.infractl(&["plan", "dev", "--", "-compact-warnings"]).code(0);

    let run = show(&project, 1);
    assert_eq!(run["verb"], "apply");
    assert_eq!(run["user"], "camille");
    assert_eq!(run["outcome"], "done");
    assert_eq!(run["code"], 0);
    assert_eq!(run["argv"], serde_json::json!(["infractl", "apply", "dev"]));
    assert_eq!(run["commit"], commit.as_str());
    assert_eq!(run["dirty"], false);
    assert_eq!(run["infractl"], env!("CARGO_PKG_VERSION"));
    assert!(!run["host"].as_str().unwrap().is_empty());
    run["started"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lane = &run["environments"][0];
    assert_eq!(lane["environment"], "dev");
    assert_eq!(lane["changes"]["add"], 4);
    let steps = lane["steps"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["prepare", "terraform apply", "outputs", "environment file"]);
    let command = &steps[1]["commands"].as_array().unwrap().last().unwrap();
    assert_eq!(command["argv"][0], "terraform");
    assert_eq!(command["argv"][1], "apply");
    assert_eq!(command["code"], 0);
    assert!(steps[1]["seconds"].as_f64().unwrap() >= command["seconds"].as_f64().unwrap());

    let second = show(&project, 2);
    assert_eq!(second["dirty"], true, "a new file is a difference");
    assert_eq!(second["argv"][4], "-compact-warnings");

    assert_eq!(folder(&project), ["000001.dev.log", "000001.jsonl", "000002.dev.log", "000002.jsonl"]);
    for name in folder(&project) {
        let mode = fs::metadata(project.path(".infractl/history").join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let log = project.infractl(&["history", "show", "1", "--log"]).code(0).out;
    assert!(log.contains("terraform_data.storage: create complete"), "{log}");
    let text = project.infractl(&["history", "show"]).code(0).out;
    assert!(text.starts_with("run 2: plan dev, done after "), "{text}");
    assert!(text.contains("with changes"), "{text}");
    assert!(text.contains("(exit 2, "), "{text}");

    let table = project.infractl(&["history"]).code(0).out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(words, ["run", "when", "who", "verb", "environment", "outcome", "took"]);
    assert!(
        lines[1].trim().starts_with("2 ") && lines[1].contains(" plan "),
        "the newest is first:\n{table}"
    );
    assert!(lines[2].contains("camille@"), "{table}");
    let all: Value = serde_json::from_str(&project.infractl(&["history", "--json"]).code(0).out).unwrap();
    assert_eq!(all[1]["environments"], serde_json::json!(["dev"]));
    assert_eq!(
        project.infractl(&["--output", "json", "history", "-n", "1"]).out.matches("\"run\"").count(),
        1
    );
}

#[test]
fn verbs_that_only_read_and_dry_runs_are_not_recorded() {
    let project = Sandbox::new();
    project.infractl(&["genenv", "local"]).code(0);
    for args in [
        &["env", "list"][..],
        &["env", "show", "dev"],
        &["output", "local"],
        &["history"],
        &["history", "show"],
        &["secrets", "view", "credentials/common.enc.env"],
        &["completions", "bash"],
        &["validate", "local"],
        &["plan", "dev", "--dry-run"],
    ] {
        Run::in_clear(&mut project.command(args));
    }
    assert_eq!(project.infractl(&["history"]).out.lines().count(), 2);
    assert_eq!(folder(&project), ["000001.jsonl"]);
}

#[test]
fn no_secret_is_in_history_log_page_or_report() {
    let project = Sandbox::new();
    project.write("environments/dev/leak.tf", LEAK);
    let extra = format!("-var=more={CANARY}storage-dev");
    project.write("environments/dev/more.tf", "variable \"more\" {\n  default = \"\"\n}\n");
    let reports = ["--report-junit", "junit.xml", "--report-json", "report.json"];
    let args = [&["apply", "dev"][..], &reports, &["--", &extra]].concat();
    project.infractl(&args).code(0);
    assert!(project.infractl(&["history", "show", "--log"]).out.contains("it is ***"));
    project.write(
        "environments/dev/wrong.tf",
        "resource \"terraform_data\" \"wrong\" {\n  lifecycle {\n    precondition {\n      condition = \
         nonsensitive(var.storage_account_key) == \"\"\n      error_message = \"not \
         ${nonsensitive(var.storage_account_key)}\"\n    }\n  }\n}\n",
    );
    let args = [&["plan", "dev"][..], &reports, &["--", &extra]].concat();
    project.infractl(&args).code(1);
    for number in ["1", "2"] {
        project.infractl(&["history", "export", number, "--html", &format!("run-{number}.html")]).code(0);
        project.infractl(&["history", "show", number]).code(0);
        project.infractl(&["history", "show", number, "--log"]).code(0);
    }
    let run = show(&project, 2);
    assert_eq!(run["argv"].as_array().unwrap().last().unwrap(), "-var=more=***");
    let found = &run["environments"][0]["steps"][1]["diagnostics"][0];
    assert_eq!(found["detail"], "not ***");
    assert!(project.read("junit.xml").contains("not ***"));
    assert!(project.read("run-2.html").contains("not ***"));
    project.assert_no_canary_on_disk();
}

#[test]
fn a_run_that_is_killed_is_readable_and_interrupted_and_the_next_one_goes_on() {
    let project = Sandbox::new();
    let pid = project.path("pid");
    project.write(
        "environments/dev/slow.tf",
        &format!(
            "resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{\n    command = \"echo $$ > {}; \
             echo begun; exec sleep 20\"\n  }}\n}}\n",
            pid.display()
        ),
    );
    let mut child = project.command(&["apply", "dev"]).stderr(Stdio::null()).spawn().unwrap();
    let log = project.path(".infractl/history/000001.dev.log");
    wait_for("the log", || fs::read_to_string(&log).is_ok_and(|text| text.contains("slow: begun")));
    let running = project.infractl(&["history"]).out;
    assert!(running.contains(" running "), "{running}");
    child.kill().unwrap();
    child.wait().unwrap();
    let table = project.infractl(&["history"]).code(0).out;
    assert!(table.contains(" interrupted "), "{table}");
    let run = show(&project, 1);
    assert_eq!(run["outcome"], "interrupted");
    assert_eq!(run.get("code"), None);
    let steps = run["environments"][0]["steps"].as_array().unwrap();
    assert_eq!(steps[0]["outcome"], "done");
    assert_eq!(steps[1]["outcome"], "interrupted");
    project.infractl(&["history", "export", "--html", "run.html"]).code(0);
    assert!(project.read("run.html").contains("slow: begun"), "the log of a step without an end");
    // terraform lost its infractl; it ends when what it waits for does.
    let pid = fs::read_to_string(pid).unwrap().trim().parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    project.infractl(&["genenv", "local"]).code(0);
    assert_eq!(show(&project, 2)["outcome"], "done");
}

#[test]
fn processes_at_once_have_numbers_of_their_own() {
    let project = Sandbox::new();
    let children: Vec<_> = (0..12)
        .map(|_| project.command(&["genenv", "local", "--check"]).stderr(Stdio::null()).spawn().unwrap())
        .collect();
    for mut child in children {
        child.wait().unwrap();
    }
    let all: Value = serde_json::from_str(&project.infractl(&["history", "--json"]).out).unwrap();
    let mut numbers: Vec<u64> =
        all.as_array().unwrap().iter().map(|run| run["run"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    assert!(all.as_array().unwrap().iter().all(|run| run["outcome"] == "difference"), "{all}");
}

#[test]
fn a_history_that_cannot_be_written_is_a_warning() {
    let project = Sandbox::new();
    project.write(".infractl/history", "in the way");
    project
        .infractl(&["genenv", "local"])
        .code(0)
        .says("warning: this run leaves no history: `.infractl/history`:");
    assert!(Path::new(&project.path("shared/.env.local")).exists());
    project.infractl(&["history"]).code(0).says("there is no history yet");
}

#[test]
fn the_error_of_a_failed_tool_names_the_run_that_has_the_whole_output() {
    let project = Sandbox::new();
    project.infractl(&["genenv", "local"]).code(0);
    project.write("environments/dev/wrong.tf", "output \"x\" {\n  value = var.nope\n}\n");
    project
        .infractl(&["plan", "dev"])
        .code(1)
        .says("help: see the whole output with `infractl history show 2 --log`");
    assert!(project.infractl(&["history", "show", "2", "--log"]).out.contains("undeclared input variable"));
    project.infractl(&["plan", "nowhere"]).code(64).never_says("history show");
    let run = show(&project, 2);
    assert_eq!(run["outcome"], "failed");
    let step = &run["environments"][0]["steps"][1];
    assert_eq!(step["outcome"], "failed");
    assert_eq!(step["diagnostics"][0]["file"], "environments/dev/wrong.tf");
    assert_eq!(step["diagnostics"][0]["line"], 2);
    let page = project.infractl(&["history", "export", "2", "--html", "-"]).code(0).out;
    assert!(page.contains("environments/dev/wrong.tf:2"), "{page}");
}

#[test]
fn a_run_that_is_not_there_is_wrong_usage() {
    let project = Sandbox::new();
    project.infractl(&["history", "show"]).code(64).says("there is no history yet");
    project.infractl(&["genenv", "local"]).code(0);
    project
        .infractl(&["history", "show", "7"])
        .code(64)
        .says("there is no run 7 in the history")
        .says("name one from 1 to 1");
}

#[test]
fn timings_name_each_step_and_all() {
    let project = Sandbox::new();
    let run = project.infractl(&["genenv", "local", "--timings"]).code(0);
    for name in ["  prepare\n", "  outputs\n", "  environment file\n", "  all\n"] {
        assert!(run.err.contains(name), "no {name:?} in:\n{}", run.err);
    }
}

/// A run that does not outlive a test that fails.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        if let (Ok(None), Some(pid)) = (self.0.try_wait(), Pid::from_raw(self.0.id().cast_signed())) {
            let _ = kill_process(pid, Signal::TERM);
            let _ = self.0.wait();
        }
    }
}

#[test]
fn what_ends_before_its_pipeline_begins_is_recorded_too() {
    let project = Sandbox::new();
    project.write(
        "environments/local/environment.toml",
        "[secrets]\nfiles = []\nrequired = []\n[pipelines]\n\
         deploy = [{ command = \"touch begun; until test -e go-on; do sleep 0.05; done\", secrets = [] }]\n",
    );
    let busy = project.command(&["deploy", "local"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut busy = Ended(busy.unwrap());
    wait_for("the first run", || project.path("begun").exists());
    let dev = project.read("environments/dev/environment.toml");
    let cases: [(&[&str], u64, &str); 6] = [
        (&["up", "local"], 75, "busy"),
        (&["apply", "prod"], 77, "nobody is there to ask"),
        (&["apply", "--env", "rec,prod"], 77, "nobody is there to ask"),
        (&["genenv", "local"], 75, "busy"),
        (&["destroy", "dev"], 78, "pipelins"),
        (&["greet", "dev"], 78, "pipelins"),
    ];
    for (at, (args, code, says)) in (2..).zip(cases) {
        if code == 78 {
            project.write("environments/dev/environment.toml", &format!("[pipelins]\n{dev}"));
        }
        by(&project, "camille", args).code(i32::try_from(code).unwrap()).says(says);
        let run = show(&project, at);
        assert_eq!((&run["verb"], &run["user"]), (&args[0].into(), &"camille".into()), "{run}");
        assert_eq!(run["code"], code, "{run}");
        assert_eq!(run["outcome"], if code == 77 { "declined" } else { "failed" }, "{run}");
        assert!(run["error"].as_str().unwrap().contains(says), "{run}");
        let lanes = run["environments"].as_array().unwrap();
        let names: Vec<&str> = lanes.iter().map(|lane| lane["environment"].as_str().unwrap()).collect();
        let meant = args.last().unwrap();
        assert_eq!(names.len(), meant.split(',').count(), "{run}");
        assert!(names.iter().all(|name| meant.split(',').any(|one| one == *name)), "{run}");
        assert!(lanes.iter().all(|lane| lane["steps"].as_array().unwrap().is_empty()), "{run}");
        assert_eq!(run["argv"][1], args[0]);
    }
    project.write("environments/dev/environment.toml", &dev);
    project.write("go-on", "");
    assert!(busy.0.wait().unwrap().success());
    // Secrets that cannot be opened are known at the first step.
    fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    project.infractl(&["apply", "dev"]).code(65);
    let run = show(&project, 8);
    assert_eq!(
        (&run["code"], &run["environments"][0]["steps"][0]["outcome"]),
        (&65.into(), &"failed".into())
    );
    let table = project.infractl(&["history"]).code(0).out;
    assert!(table.lines().any(|line| line.contains(" destroy ") && line.contains(" dev ")), "{table}");
    let page = project.infractl(&["history", "export", "6", "--html", "-"]);
    assert!(page.code == 0 || !page.err.contains("bug"), "{}", page.err);
}

#[test]
fn what_was_only_typed_wrongly_or_only_looked_is_not_recorded() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dve"]).code(64);
    project.infractl(&["deploi", "dev"]).code(64);
    project.infractl(&["apply", "dev", "--resume"]).code(64);
    project.infractl(&["apply", "prod", "--dry-run"]).code(0);
    project.write("environments/dev/environment.toml", "[pipelins]\n");
    for args in [["validate", "dev"], ["fmt", "dev"], ["output", "dev"], ["genenv", "dev"]] {
        let last: &[&str] = if args[0] == "genenv" { &["--check"] } else { &["--quiet"] };
        project.infractl(&[&args, last].concat()).code(78);
    }
    project.infractl(&["apply", "dev", "--dry-run"]).code(78);
    project.infractl(&["apply", "dev", "--print"]).code(78);
    assert!(!project.path(".infractl/history").exists());
}
