//! In CI: what GitHub Actions, GitLab CI and Azure Pipelines get to read, and the reports.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::schema::check;
use crate::common::{CANARY, Sandbox};
use regex::Regex;
use serde_json::Value;

const WRONG: &str = "output \"x\" {\n  value = var.nope\n}\n";

fn in_ci(project: &Sandbox, name: &str, args: &[&str]) -> Command {
    let mut command = project.command(args);
    command.env("CI", "true");
    match name {
        "github" => command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", project.root())
            .env("GITHUB_STEP_SUMMARY", project.path("summary.md"))
            .env("GITHUB_ACTOR", "octocat"),
        "gitlab" => command.env("GITLAB_CI", "true").env("CI_PROJECT_DIR", project.root()),
        "azure" => command
            .env("TF_BUILD", "True")
            .env("BUILD_SOURCESDIRECTORY", project.root())
            .env("AGENT_TEMPDIRECTORY", project.path("agent")),
        other => panic!("{other}"),
    };
    command
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(!String::from_utf8_lossy(&stdout).contains(CANARY), "a secret on standard output");
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Secrets are printed by lines that begin like this, and by no other, and only before any tool said something.
#[track_caller]
fn only_masks_have_secrets(err: &str, begin: &str) {
    let mut groups = 0;
    for line in err.lines() {
        assert!(!line.contains(CANARY) || line.starts_with(begin), "a secret is printed by: {line}");
        groups += usize::from(line.contains("group"));
    }
    assert!(groups > 0 || begin.is_empty());
    for secret in ["account", "token", "storage-dev", "postgres-dev", "acr-dev"] {
        let command = format!("{begin}{CANARY}{secret}\n");
        assert!(err.contains(&command), "`{secret}` is not registered:\n{err}");
    }
    let first_step = err.find("terraform plan").unwrap_or(err.len());
    let last_secret = err.rfind("acr-dev").unwrap_or_default();
    assert!(last_secret < first_step, "registered too late:\n{err}");
}

/// Groups open and close in turn.
#[track_caller]
fn never_nested(err: &str, begin: &str, end: &str) -> Vec<String> {
    let mut titles = Vec::new();
    let mut open = false;
    for line in err.lines() {
        if let Some(title) = line.strip_prefix(begin) {
            assert!(!open, "a group in a group:\n{err}");
            open = true;
            titles.push(title.to_owned());
        } else if line.starts_with(end) {
            assert!(open, "an end without a begin:\n{err}");
            open = false;
        }
    }
    assert!(!open, "a group without an end:\n{err}");
    titles
}

#[test]
fn github_gets_masks_groups_annotations_and_a_summary() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let (code, err) = run(&mut in_ci(&project, "github", &["plan", "dev"]));
    assert_eq!(code, Some(0), "{err}");
    only_masks_have_secrets(&err, "::add-mask::");
    assert_eq!(never_nested(&err, "::group::", "::endgroup::"), ["dev: prepare", "dev: terraform plan"]);
    let after = err.split("::endgroup::\n").nth(2).unwrap();
    assert!(
        after.starts_with("✓ dev terraform plan  no changes"),
        "the result is outside of the group:\n{err}"
    );

    project.write("environments/dev/wrong.tf", WRONG);
    let (code, err) = run(&mut in_ci(&project, "github", &["plan", "dev"]));
    assert_eq!(code, Some(1), "{err}");
    let annotation = err.lines().filter(|line| line.starts_with("::error ")).collect::<Vec<_>>();
    assert_eq!(annotation.len(), 1, "{err}");
    assert!(
        annotation[0].starts_with(
            "::error file=environments/dev/wrong.tf,line=2,title=dev%3A Reference to undeclared input variable::An input"
        ),
        "{annotation:?}"
    );
    assert!(annotation[0].contains("%0A") && !annotation[0].contains("%0D"), "{annotation:?}");

    let summary = project.read("summary.md");
    assert!(summary.contains("### ✅ infractl plan · dev\n"), "{summary}");
    assert!(summary.contains("| ✅ | dev | 0 | 0 | 0 | 0 | "), "{summary}");
    assert!(summary.contains("### ❌ infractl plan · dev\n"), "both runs are in it:\n{summary}");
    assert!(summary.contains("`environments/dev/wrong.tf:2`"), "{summary}");
    assert!(summary.contains("octocat"), "{summary}");
    assert!(!summary.contains(CANARY));
}

#[test]
fn several_environments_at_once_have_groups_that_never_nest() {
    let project = Sandbox::new();
    let args = ["apply", "--env", "dev,rec", "--jobs", "2", "--report-junit", "junit.xml"];
    let (code, err) = run(&mut in_ci(&project, "github", &args));
    assert_eq!(code, Some(0), "{err}");
    let titles = never_nested(&err, "::group::", "::endgroup::");
    for step in
        ["dev: terraform apply", "rec: terraform apply", "dev: environment file", "rec: environment file"]
    {
        assert_eq!(titles.iter().filter(|title| *title == step).count(), 1, "{step}: {titles:?}");
    }
    let summary = project.read("summary.md");
    assert!(summary.contains("| ✅ | dev | 4 | 0 | 0 | 0 | "), "{summary}");
    assert!(summary.contains("| ✅ | rec | 4 | 0 | 0 | 0 | "), "{summary}");
    assert_eq!(project.read("junit.xml").matches("<testsuite ").count(), 2);
    let shown = project.infractl(&["history", "show"]).code(0).out;
    assert!(shown.contains("apply dev: done") && shown.contains("apply rec: done"), "{shown}");
    let log = project.infractl(&["history", "show", "--log"]).code(0).out;
    assert!(log.contains("==> dev\n") && log.contains("==> rec\n"), "{log}");
    project.assert_no_canary_on_disk();
}

#[test]
fn sensitive_outputs_are_registered_as_well() {
    let project = Sandbox::new();
    project.write(
        "environments/dev/derived.tf",
        "output \"derived\" {\n  value     = \"derived-${sha256(var.acr_admin_password)}\"\n  sensitive = true\n}\n",
    );
    let (code, err) = run(&mut in_ci(&project, "github", &["apply", "dev"]));
    assert_eq!(code, Some(0), "{err}");
    assert!(Regex::new("(?m)^::add-mask::derived-[0-9a-f]{64}$").unwrap().is_match(&err), "{err}");
    project.assert_no_canary_on_disk();
}

#[test]
fn gitlab_gets_sections_and_no_secret_at_all() {
    let project = Sandbox::new();
    project.write("environments/dev/wrong.tf", WRONG);
    let (code, err) = run(&mut in_ci(&project, "gitlab", &["plan", "dev"]));
    assert_eq!(code, Some(1));
    assert!(!err.contains(CANARY), "{err}");
    let pattern = Regex::new(
        "\x1b\\[0Ksection_start:(\\d{10}):([a-zA-Z0-9_.-]+)\\[collapsed=true\\]\r\x1b\\[0K([^\n]+)\n(?s:.*?)\
         \x1b\\[0Ksection_end:(\\d{10}):([a-zA-Z0-9_.-]+)\r\x1b\\[0K\n",
    )
    .unwrap();
    let found: Vec<_> = pattern.captures_iter(&err).collect();
    assert_eq!(found.len(), 2, "{err:?}");
    for section in &found {
        assert_eq!(section[2], section[5]);
        assert!(section[1] <= section[4]);
    }
    assert_eq!(&found[1][3], "dev: terraform plan");
    assert_ne!(found[0][2], found[1][2], "names are used once");
    assert_eq!(err.matches("section_").count(), 4);
}

#[test]
fn azure_gets_groups_secrets_issues_and_a_summary() {
    let project = Sandbox::new();
    project.write("agent/.keep", "");
    project.write("environments/dev/wrong.tf", WRONG);
    let (code, err) = run(&mut in_ci(&project, "azure", &["plan", "dev"]));
    assert_eq!(code, Some(1));
    only_masks_have_secrets(&err, "##vso[task.setsecret]");
    assert_eq!(never_nested(&err, "##[group]", "##[endgroup]"), ["dev: prepare", "dev: terraform plan"]);
    let issue = "##vso[task.logissue type=error;sourcepath=environments/dev/wrong.tf;linenumber=2;]dev: Reference to \
                 undeclared input variable: An input";
    assert!(err.contains(issue), "{err}");
    let upload = err.lines().find_map(|line| line.strip_prefix("##vso[task.uploadsummary]")).unwrap();
    assert!(Path::new(upload).starts_with(project.path("agent")), "{upload}");
    assert!(fs::read_to_string(upload).unwrap().contains("### ❌ infractl plan · dev"));
}

#[test]
fn an_error_of_the_configuration_is_annotated_with_its_place() {
    let project = Sandbox::new();
    project.write("environments/dev/environment.toml", "description = \"x\"\naply = 1\n");
    let (code, err) = run(&mut in_ci(&project, "github", &["plan", "dev"]));
    assert_eq!(code, Some(78), "{err}");
    let place = "::error file=environments/dev/environment.toml,line=2,title=";
    assert_eq!(err.matches("::error ").count(), 1, "{err}");
    assert!(err.contains(place), "{err}");
}

#[test]
fn below_another_infractl_nothing_is_said_to_ci() {
    let project = Sandbox::new();
    let (code, err) = run(in_ci(&project, "github", &["plan", "dev"]).env("INFRACTL_GROUP", "1"));
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains("::") && !err.contains(CANARY), "{err}");
    assert!(!project.path("summary.md").exists());
}

#[test]
fn a_file_gets_no_secret() {
    let project = Sandbox::new();
    let file = File::create(project.path("err.txt")).unwrap();
    let status = in_ci(&project, "github", &["plan", "dev"]).stderr(file).status().unwrap();
    assert!(status.success());
    assert!(project.read("err.txt").contains("::group::"));
    project.assert_no_canary_on_disk();
}

#[test]
fn ci_is_never_asked_even_with_a_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let project = Sandbox::new();
    let call = format!("{} apply prod", crate::common::BIN);
    let ask = |ci: &str| {
        let command = project.command(&[]);
        let mut script = Command::new("script");
        script.args(["-qec", &call, "/dev/null"]).current_dir(project.root()).env_clear();
        script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).env("CI", ci);
        script.spawn().unwrap()
    };
    // Where somebody is there, a question comes; what is no name declines.
    let mut child = ask("false");
    let (mut text, mut piece) = (String::new(), [0; 1024]);
    while !text.contains("Type `prod` to go on") {
        let count = child.stdout.as_mut().unwrap().read(&mut piece).unwrap();
        assert!(count > 0, "without CI it did not ask:\n{text}");
        text.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    child.stdin.as_mut().unwrap().write_all(b"nobody\r").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(77));
    let output = ask("true").wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(77), "{text}");
    assert!(text.contains("nobody is there to ask"), "{text}");
}

#[test]
fn reports_tell_each_step_and_fit_their_schema() {
    let project = Sandbox::new();
    project.write("environments/dev/wrong.tf", WRONG);
    let reports = ["--report-junit", "out/junit.xml", "--report-json", "out/report.json"];
    project.infractl(&[&["plan", "dev"][..], &reports].concat()).code(1);
    let xml = project.read("out/junit.xml");
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"infractl plan\" tests=\"2\" failures=\"1\""), "{xml}");
    assert!(
        xml.contains("<testsuite name=\"dev\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""),
        "{xml}"
    );
    assert!(xml.contains("<testcase name=\"prepare\" classname=\"plan.dev\""), "{xml}");
    assert!(xml.contains("<failure message=\"Reference to undeclared input variable\""), "{xml}");
    well_formed(&project.path("out/junit.xml"));
    let report: Value = serde_json::from_str(&project.read("out/report.json")).unwrap();
    fits(&report);
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["code"], 1);

    project.infractl(&[&["plan", "nowhere"][..], &reports].concat()).code(64);
    let xml = project.read("out/junit.xml");
    assert!(xml.contains("tests=\"1\"") && xml.contains("<error message="), "{xml}");
    well_formed(&project.path("out/junit.xml"));
    let report: Value = serde_json::from_str(&project.read("out/report.json")).unwrap();
    fits(&report);
    assert_eq!((&report["code"], &report["environments"]), (&64.into(), &serde_json::json!([])));

    fs::remove_file(project.path("environments/dev/wrong.tf")).unwrap();
    project.infractl(&[&["apply", "dev"][..], &reports].concat()).code(0);
    let report: Value = serde_json::from_str(&project.read("out/report.json")).unwrap();
    fits(&report);
    assert_eq!(report["environments"][0]["changes"]["add"], 4);
    let shown = project.infractl(&["history", "show", "--json"]).out;
    fits(&serde_json::from_str(&shown).unwrap());
    project.assert_no_canary_on_disk();
}

#[test]
fn the_published_schema_is_that_of_the_code() {
    let project = Sandbox::new();
    let schema = project.infractl(&["docs", "report-schema"]).code(0).out;
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    let text = fs::read_to_string(published).unwrap();
    assert_eq!(text, schema, "write it again: infractl docs report-schema > docs/report.schema.json");
    // What checks the reports of this test knows when something is wrong.
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let wrong = serde_json::json!({"schema": "1", "more": true});
    let problems = check(&schema, &schema, &wrong, "");
    assert!(problems.iter().any(|problem| problem.contains("/schema: not a integer")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("`more` is not known")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("`verb` is missing")), "{problems:?}");
}

/// As Python's XML parser sees it, where there is one.
#[track_caller]
fn well_formed(path: &Path) {
    let program = "import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); assert \
                   len(r.findall('.//testcase')) == int(r.get('tests'))";
    if let Ok(output) = Command::new("python3").arg("-c").arg(program).arg(path).output() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[track_caller]
fn fits(report: &Value) {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(check(&schema, &schema, report, ""), Vec::<String>::new());
}
/// The action, the component and the template get infractl by the same lines, and keep it by the action that the files of
/// `ci generate` use.
#[test]
fn every_forge_gets_infractl_by_the_same_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines = |file: &str| {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let (before, rest) = text.split_once("# begin\n").unwrap();
        let indent = before.len() - before.trim_end_matches(' ').len();
        let lines = rest.split_once("# end\n").unwrap().0.lines();
        lines.map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let action = lines("action.yml");
    assert!(action.len() > 30 && action.iter().any(|line| line.starts_with("tar -xzf ")), "{action:?}");
    assert_eq!(lines("templates/infractl/template.yml"), action);
    assert_eq!(lines("ci/azure/infractl.yml"), action);

    let commit = |file: &str, name: &str| {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let rest = text.split_once(&format!("actions/{name}@")).unwrap().1.to_owned();
        rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>()
    };
    assert_eq!(commit("action.yml", "cache"), commit("src/ci/github.rs", "cache/restore"));
}
