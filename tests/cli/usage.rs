//! Usage: help, near names, standard output and error, terminals.

use crate::common::{Run, Sandbox, on_a_terminal};
use std::fs;
use std::io::Read;
use std::process::Stdio;

#[test]
fn a_verb_or_environment_that_is_not_there_names_the_near_one() {
    let project = Sandbox::new();
    project.infractl(&["aply", "dev"]).code(64).says("apply");
    project.infractl(&["plan", "dve"]).code(64).says("`dve`").says("dev");
    project.infractl(&["plan", "dev", "--jsn"]).code(64).says("--json");
    project.infractl(&[]).code(64).says("Usage:");
    project.infractl(&["plan", "../dev"]).code(64);
    project.infractl(&["pipeline", "dev"]).code(64).says("which pipeline of `dev`?");
}

#[test]
fn outside_a_project_it_says_what_it_looked_for() {
    let project = Sandbox::new();
    let mut command = project.command(&["env", "list"]);
    Run::of(command.current_dir("/")).code(64).says("environments/").says("-C");
}

#[test]
fn help_and_version_need_nothing() {
    let project = Sandbox::new();
    std::fs::remove_dir_all(project.path("credentials")).unwrap();
    let help = project.infractl(&["--help"]).code(0);
    assert!(help.out.contains("apply") && help.err.is_empty());
    let plan = project.infractl(&["plan", "--help"]).code(0);
    assert!(plan.out.contains("--detailed-exitcode") && plan.out.contains("Exit with 2"), "{}", plan.out);
    assert!(project.infractl(&["--version"]).code(0).out.starts_with("infractl "));
    let list = project.infractl(&["env", "list"]).code(0);
    assert!(list.out.contains("prod") && list.out.contains("protected"), "{}", list.out);
    project.infractl(&["env", "show", "dev", "--origin"]).code(0);
}

#[test]
fn origins_and_sources_are_shown_without_a_value() {
    let project = Sandbox::new();
    project.write("environments/dev/environment.toml", "[terraform.vars]\nregion = \"elsewhere\"\n");
    let show = project.infractl(&["env", "show", "dev", "--origin"]).code(0).out;
    let region = show.lines().find(|line| line.starts_with("terraform.vars.region")).unwrap();
    assert!(
        region.contains("elsewhere") && region.ends_with("environments/dev/environment.toml:2"),
        "{region}"
    );
    project.secrets("dev", &[("STORAGE_ACCOUNT_KEY", "a"), ("SHARED_TOKEN", "b")]);
    std::fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    let mut command = project.command(&["env", "show", "dev", "--explain", "SHARED_TOKEN"]);
    let out = Run::of(command.env("SHARED_TOKEN", "own")).code(0).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].contains("own environment") && lines[0].ends_with("overridden"), "{out}");
    assert!(lines[1].contains("credentials/common.enc.env") && lines[1].ends_with("overridden"), "{out}");
    assert!(lines[2].contains("credentials/dev.enc.env") && lines[2].ends_with("wins"), "{out}");
}

#[test]
fn what_holds_when_the_files_are_silent_is_in_the_json_too() {
    let project = Sandbox::new();
    let show = |args: &[&str]| -> serde_json::Value {
        let all: Vec<&str> = ["env", "show", "dev", "--output", "json"].iter().chain(args).copied().collect();
        serde_json::from_str(&project.infractl(&all).code(0).out).unwrap()
    };
    let text = project.infractl(&["env", "show", "dev"]).code(0).out;
    let defaults: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("# default")).map(|(line, _)| line.trim()).collect();
    assert!(defaults.contains(&"terraform.program = \"terraform\"") && defaults.len() > 3, "{text}");
    let (plain, origin) = (show(&[]), show(&["--origin"]));
    for line in defaults {
        let (key, value) = line.split_once(" = ").unwrap();
        let found = plain.pointer(&format!("/{}", key.replace('.', "/"))).unwrap();
        assert_eq!(found, &serde_json::from_str::<serde_json::Value>(value).unwrap(), "{key}");
        assert_eq!(origin[key]["default"], true, "{key}");
    }
    // What the files say stays, beside it.
    project.write("environments/dev/environment.toml", "[terraform]\nprogram = \"tofu\"\n");
    let all = show(&[]);
    assert_eq!(
        (all["terraform"]["program"].as_str(), all["terraform"]["workspace"].as_str()),
        (Some("tofu"), Some("default"))
    );
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let project = Sandbox::new();
    let mut child = project
        .command(&["env", "show", "dev"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn a_terminal_of_20_columns_is_enough() {
    let project = Sandbox::new();
    let (code, out) = on_a_terminal(&project, 20, "", "apply dev");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("terraform apply") && project.path("shared/.env.dev").exists(), "{out}");
    let (code, out) = on_a_terminal(&project, 20, "", "plan dve");
    assert_eq!(code, 64, "{out}");
}

#[test]
fn colours_are_for_terminals_and_obey_no_color() {
    let project = Sandbox::new();
    assert!(on_a_terminal(&project, 80, "", "apply dev").1.contains("\u{1b}[32m"));
    let (_, plain) = on_a_terminal(&project, 80, "", "genenv dev --color never");
    assert!(!plain.contains("\u{1b}[32m"), "{plain:?}");
    assert!(!project.infractl(&["genenv", "dev"]).err.contains('\u{1b}'));
    let mut command = project.command(&["genenv", "dev", "--color", "always"]);
    assert!(Run::of(&mut command).err.contains("\u{1b}[32m"));
    let forced = |no: &str| {
        let mut command = project.command(&["genenv", "dev"]);
        Run::of(command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", no)).err.contains("\u{1b}[32m")
    };
    assert!(forced("") && !forced("1"));
}

#[test]
fn a_protected_environment_is_asked_about_at_a_terminal_after_its_plan() {
    let project = Sandbox::new();
    let (code, out) = on_a_terminal(&project, 80, "nope\n", "apply prod");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("4 to add") && out.contains("nothing was done"), "{out}");
    assert!(!project.path("shared/.env.prod").exists());
    let (code, out) = on_a_terminal(&project, 80, "prod\n", "apply prod");
    assert_eq!(code, 0, "{out}");
    assert!(project.path("shared/.env.prod").exists());
    project.assert_no_canary_on_disk();
}

#[test]
fn a_question_that_is_interrupted_leaves_the_terminal_as_it_was() {
    let project = Sandbox::new();
    let (code, out) = on_a_terminal(&project, 80, "\u{3}\n", "apply prod");
    assert_eq!(code, 130, "{out}");
    assert!(out.contains("nothing was done"), "{out}");
    assert!(!project.path("shared/.env.prod").exists());
    project.edit("environments/defaults.toml", "default-environment = \"dev\"", "");
    let (code, out) = on_a_terminal(&project, 80, "\u{3}\n", "plan");
    assert_eq!(code, 130, "{out}");
    let (hidden, shown) = (out.rfind("\u{1b}[?25l"), out.rfind("\u{1b}[?25h"));
    assert!(hidden.is_some() && hidden < shown, "the cursor is back: {out:?}");
}

#[test]
fn events_as_json_are_the_only_thing_on_standard_output() {
    let project = Sandbox::new();
    let run = project.infractl(&["apply", "dev", "--output", "json"]).code(0);
    let events: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.first().unwrap()["event"], "run-started");
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["code"]), (&"ended".into(), &0.into()));
    assert!(
        events.iter().any(|event| event["step"] == "terraform apply" && event["summary"] == "+4 ~0 −0 ±0")
    );
}

#[test]
fn all_of_standard_output_is_json_whatever_the_verb_prints() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let events = |args: &[&str], code: i32| -> Vec<serde_json::Value> {
        let out = Run::in_clear(project.command(args).args(["--output", "json"])).code(code).out;
        out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let data = |args: &[&str]| {
        let all = events(args, 0);
        assert_eq!(all.last().unwrap()["code"], 0, "{args:?}");
        all.into_iter().find(|event| event["event"] == "data").unwrap()
    };
    let printed = data(&["genenv", "dev", "--print"]);
    assert!(printed["text"].as_str().unwrap().contains("\nTERRAFORM_SERIAL="), "{printed}");
    assert_eq!(data(&["output", "dev", "--format", "json"])["value"]["backend_ip"], "192.0.2.10");
    assert!(data(&["output", "dev"])["text"].as_str().unwrap().contains("<sensitive>"));
    assert!(!events(&["apply", "dev", "--dry-run"], 0).is_empty());
    for (args, code) in [(vec!["plan", "dve"], 64), (vec!["apply", "prod"], 77), (vec!["bogus"], 64)] {
        let last = events(&args, code).pop().unwrap();
        assert!(last["event"] == "ended" && last["code"] == code && last["error"].is_string(), "{last}");
    }
    for args in [
        &["env", "list"][..],
        &["env", "show", "dev"],
        &["env", "show", "dev", "--explain", "X"],
        &["history"],
    ] {
        let out = Run::in_clear(project.command(args).args(["--output", "json"])).code(0).out;
        serde_json::from_str::<serde_json::Value>(&out).expect(&out);
    }
}

#[test]
fn a_log_file_has_everything_with_its_time_and_no_secret() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev", "-q", "--log-file", "run.log"]).code(0);
    project.infractl(&["plan", "dve", "-q", "--log-file", "run.log"]).code(64);
    let log = project.read("run.log");
    for text in
        ["Z dev terraform apply ...", "$ terraform apply -json", "+4 ~0", "error: unknown environment `dve`"]
    {
        assert!(log.contains(text), "{text}: {log}");
    }
    assert!(log.lines().all(|line| line.starts_with("20") && line[..20].ends_with('Z')), "{log}");
    assert_eq!(infractl::testing::disk::mode_of(&project.path("run.log")).unwrap(), Some(0o600));
    project.assert_no_canary_on_disk();
    project.infractl(&["plan", "dev", "--log-file", "nowhere/run.log"]).code(1).says("nowhere/run.log");
}

#[test]
fn an_environment_is_named_or_known_from_somewhere_that_is_said() {
    let project = Sandbox::new();
    project.infractl(&["destroy", ""]).code(64).says("the name of the environment is empty").says("`prod`");
    let with =
        |value: &std::ffi::OsStr| Run::of(project.command(&["plan"]).env("INFRACTL_ENV", value)).code(64);
    with("dve".as_ref()).says("did you mean `dev`").says("INFRACTL_ENV");
    with(std::os::unix::ffi::OsStrExt::from_bytes(b"\xff")).says("INFRACTL_ENV");
    project.edit(
        "environments/defaults.toml",
        "default-environment = \"dev\"",
        "default-environment = \"dve\"",
    );
    project.infractl(&["plan"]).code(78).says("environments/defaults.toml:6:23").says("did you mean `dev`");
    project.edit("environments/defaults.toml", "\"dve\"", "[\"dev\"]");
    project.infractl(&["plan"]).code(78).says("environments/defaults.toml:6:23").says("must be");
    project.edit("environments/defaults.toml", "[project]", "[project");
    project.infractl(&["plan"]).code(78).says("environments/defaults.toml:3:9").says("close it");
    fs::remove_dir_all(project.path("environments")).unwrap();
    fs::create_dir(project.path("environments")).unwrap();
    project.infractl(&["plan"]).code(64).says("no environments").says("environments/dev/environment.toml");
}

#[test]
fn quiet_says_nothing_and_verbose_says_the_commands() {
    let project = Sandbox::new();
    assert_eq!(project.infractl(&["apply", "dev", "-q"]).code(0).err, "");
    let run = project.infractl(&["apply", "dev", "-v"]).code(0);
    run.says("terraform apply -json -auto-approve").says("TF_VAR_storage_account_key=***");
    project.infractl(&["apply", "dev", "--timings"]).code(0).says("terraform apply").says(" all");
}

#[test]
fn an_environment_in_use_is_that_of_verbs_which_name_none_and_is_said() {
    let project = Sandbox::new();
    let said = "environment: rec, in use by `infractl env use`";
    project.infractl(&["env", "use"]).code(0).says("no environment is in use");
    project.infractl(&["env", "use", "rce"]).code(64).says("did you mean `rec`?");
    project.infractl(&["env", "use", "rec"]).code(0).says("`rec` is in use here");
    assert_eq!(project.infractl(&["env", "use"]).code(0).out, "rec\n");
    project.infractl(&["env", "list"]).code(0).prints("in use");
    project.infractl(&["plan"]).code(0).says(said).says("rec");
    // Whoever names one means that one.
    project.infractl(&["plan", "dev", "--dry-run"]).code(0).never_says("in use");
    let run = Run::of(project.command(&["plan", "--dry-run"]).env("INFRACTL_ENV", "dev"));
    run.code(0).never_says("in use");
    // What takes something away is not done to it, whatever it is called.
    project.infractl(&["destroy", "--yes"]).code(64).says("or the one in use: it has to be named");
    let text = project.read("environments/rec/environment.toml");
    project.environment("rec", &format!("{text}\n[pipelines]\ngone = [{{ do = \"destroy\" }}]\n"));
    project.infractl(&["gone", "--yes"]).code(64).says("it has to be named");
    project.infractl(&["pipeline", "gone", "--yes"]).code(64).says("it has to be named");
    // It may be gone, and it can be cleared.
    project.write(".infractl/environment", "old\n");
    project.infractl(&["plan"]).code(64).says("`old`, is not there").says("infractl env use --clear");
    project.infractl(&["env", "use", "--clear"]).code(0).says("no environment is in use any more");
    project.infractl(&["env", "use", "--clear"]).code(0).says("was in use");
    project.infractl(&["plan", "--dry-run"]).code(0).never_says("in use");
}
