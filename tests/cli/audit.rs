//! `report audit`: who did what, and whether the records of it are whole.

use std::fs;

use serde_json::Value;

use crate::common::{CANARY, Run, Sandbox};
use crate::deployments::{commit, project};

const PIPELINES: &str = "[pipelines]\ndeploy = \"test ! -e left/broken\"\nverify = \"true\"\n";

fn audit(project: &Sandbox, args: &[&str], code: i32) -> Value {
    let args = [&["report", "audit", "--format", "json"], args].concat();
    serde_json::from_str(&project.infractl(&args).code(code).out).unwrap()
}

#[test]
fn nothing_done_is_no_line_and_no_failure() {
    let project = project(PIPELINES);
    project.infractl(&["report", "audit"]).code(0).says("nothing is known to have been done: 0 lines");
    let csv = project.infractl(&["report", "audit", "dev", "--format", "csv"]).code(0).out;
    assert_eq!(csv.lines().count(), 1, "{csv}");
    assert_eq!(audit(&project, &[], 0)["rows"], serde_json::json!([]));
    project.infractl(&["report", "audit", "nowhere"]).code(64);
}

#[test]
fn it_says_who_did_what_with_which_commit_and_how_it_ended() {
    let project = project(PIPELINES);
    let head = commit(&project, "feat: more");
    project.infractl(&["deploy", "dev", "--confirm", "dev"]).code(0);
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev", "--yes"]).code(1);
    let all = audit(&project, &["dev"], 0);
    let rows = all["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{all:#}");
    let (good, bad) = (&rows[0], &rows[1]);
    assert_eq!((&good["by"], &good["verb"]), (&"ada".into(), &"deploy".into()));
    assert_eq!((&good["commit"], &good["dirty"]), (&head.as_str().into(), &false.into()));
    assert_eq!((&good["confirmed"], &good["outcome"]), (&"--confirm dev".into(), &"done".into()));
    assert_eq!((&good["run"], &good["deployment"]), (&1.into(), &1.into()));
    assert_eq!((&good["whole"], &bad["whole"]), (&"yes".into(), &"yes".into()));
    assert_eq!((&bad["confirmed"], &bad["outcome"]), (&"--yes".into(), &"failed".into()));
    assert_eq!(bad["code"], 1);
    let text = project.infractl(&["report", "audit", "--since", "1h"]).code(0).out;
    assert!(text.contains(&format!("| {head:.12} |")) && text.contains("The records are whole"), "{text}");
    let csv = project.infractl(&["report", "audit", "--format", "csv"]).code(0).out;
    assert_eq!(csv.matches("\r\n").count(), 3, "{csv}");
    assert!(csv.lines().all(|line| line.starts_with('"') && line.ends_with('"')), "{csv}");
    // What was before is left out, and said to be nothing.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    project.infractl(&["report", "audit", "--since", "1s"]).code(0).says("0 lines");
}

#[test]
fn a_deployment_of_another_machine_is_a_line_as_well() {
    let project = project(PIPELINES);
    project.infractl(&["deploy", "dev"]).code(0);
    fs::remove_dir_all(project.path(".infractl/history")).unwrap();
    let all = audit(&project, &[], 0);
    assert_eq!((&all["rows"][0]["deployment"], &all["rows"][0]["by"]), (&1.into(), &"ada".into()));
    assert_eq!(all["rows"][0]["command"], "");
}

#[test]
fn a_line_that_was_changed_or_cut_is_said_loudly() {
    let project = project(PIPELINES);
    for _ in 0..3 {
        project.infractl(&["deploy", "dev"]).code(0);
    }
    let second = ".infractl/history/000002.jsonl";
    let text = project.read(second);
    audit(&project, &[], 0);
    // Another person did it.
    project.edit(second, "\"ada\"", "\"bob\"");
    let run = project.infractl(&["report", "audit", "dev"]).code(1);
    let run = run.says("the records are not whole: history: line 1 of run 2 was changed");
    assert!(
        run.out.contains("**The records are not whole:**") && run.out.contains("| **no** |"),
        "{}",
        run.out
    );
    let all = audit(&project, &[], 1);
    assert_eq!((&all["whole"], &all["rows"][0]["whole"]), (&false.into(), &"yes".into()));
    assert_eq!(all["rows"][1]["whole"], "no");
    // It was not declined, but killed.
    let lines: Vec<&str> = text.lines().collect();
    project.write(second, &(lines[..lines.len() - 1].join("\n") + "\n"));
    project.infractl(&["report", "audit"]).code(1).says("the end of run 2 is cut");
    fs::remove_file(project.path(second)).unwrap();
    project.infractl(&["report", "audit"]).code(1).says("run 2 is missing");
    project.write(second, &text);
    audit(&project, &[], 0);
    // The seals are looked at like the runs.
    let seals = project.read(".infractl/history/seals.jsonl");
    let kept: Vec<&str> = seals.lines().filter(|line| !line.contains("\"run\":3")).collect();
    project.write(".infractl/history/seals.jsonl", &(kept.join("\n") + "\n"));
    project.infractl(&["report", "audit"]).code(1).says("run 3 is not sealed");
    fs::remove_file(project.path(".infractl/history/seals.jsonl")).unwrap();
    project.infractl(&["report", "audit"]).code(1).says("`seals.jsonl` is missing");
    project.write(".infractl/history/seals.jsonl", &seals);
    // So are deployment records.
    let records = ".infractl/deployments/dev.jsonl";
    project.edit(records, "\"by\":\"ada\"", "\"by\":\"eve\"");
    project.infractl(&["report", "audit"]).code(1).says("deployments of `dev`: record 1 was changed");
}

#[test]
fn runs_from_before_there_were_hashes_and_killed_ones_are_no_alarm() {
    let project = project(PIPELINES);
    project.infractl(&["deploy", "dev"]).code(0);
    // As an older infractl wrote it.
    let first = ".infractl/history/000001.jsonl";
    let old: String = project
        .read(first)
        .lines()
        .map(|line| line.split(",\"before\":").next().unwrap().to_owned() + "}\n")
        .collect();
    project.write(first, &old);
    fs::remove_file(project.path(".infractl/history/seals.jsonl")).unwrap();
    project.infractl(&["deploy", "dev"]).code(0);
    let all = audit(&project, &[], 0);
    assert_eq!((&all["rows"][0]["whole"], &all["rows"][1]["whole"]), (&"unknown".into(), &"yes".into()));
    project.infractl(&["history", "show", "1"]).code(0).prints("deploy dev, done");
}

#[test]
fn no_secret_and_no_formula_is_in_it() {
    let project = Sandbox::new().with_var("USER", "=cmd|' /C calc'!A0");
    let extra = format!("-var=more={CANARY}storage-dev");
    project.write("environments/dev/more.tf", "variable \"more\" {\n  default = \"\"\n}\n");
    project.infractl(&["apply", "dev", "--", &extra]).code(0);
    for format in ["markdown", "json", "csv"] {
        let run = Run::in_clear(&mut project.command(&["report", "audit", "--format", format]));
        assert!(!run.out.contains(CANARY) && run.code == 0, "{format}: {}", run.out);
        assert!(format != "csv" || run.out.contains(",\"'=cmd|"), "{}", run.out);
    }
}
