//! Scenarios and what they need: with the real terraform, on this machine.

use std::fs;
use std::net::TcpListener;

use serde_json::Value as Json;

use crate::common::{Sandbox, output as output_of, program};

const LAB: &str = r#"
[terraform]
vars = { mode = "none" }
components-var = "components"
[scenarios]
default = "etl"
etl = { components = ["minio", "airflow"], vars = { mode = "etl" } }
serve = { include = ["etl"], components = ["trino"], vars = { mode = "serve" }, description = "SQL over everything" }
genai = { include = ["etl"], vars = { gpu = true } }
[components]
mcp = {}
minio = { needs = { memory = "1KiB", disk = "1KiB" } }
trino = { needs = { memory = "2KiB" }, vars = { size = { workers = 3 } } }
[pipelines]
show = [
  { command = { run = ["sh", "-c", "echo $0 $1 $INFRACTL_SCENARIO > seen", "{{scenario}}", "{{components}}"] }, effect = "reads" },
  { name = "sql", command = "echo sql >> seen", when = { component = "trino" }, effect = "reads" },
  { name = "models", command = "echo models >> seen", when = { component = ["mcp", "trino"], scenario = "genai" }, effect = "reads" },
  { name = "batch", command = "echo batch >> seen", when = { scenario = ["etl", "genai"] }, effect = "reads" },
]
"#;

const MODULE: &str = r#"
variable "mode" { type = string }
variable "gpu" {
  type    = bool
  default = false
}
variable "size" {
  type    = object({ workers = number })
  default = { workers = 0 }
}
variable "components" { type = list(string) }
resource "terraform_data" "component" {
  for_each = toset(var.components)
  input    = each.key
}
output "seen" { value = "${var.mode} ${var.gpu} ${var.size.workers} ${join(",", var.components)}" }
output "there" { value = join(",", sort([for one in terraform_data.component : one.output])) }
"#;

/// A lab with these scenarios and this root module.
fn lab() -> Sandbox {
    let project = Sandbox::empty();
    project.environment("lab", LAB);
    project.write("environments/lab/main.tf", MODULE);
    project.write("shared/.gitkeep", "");
    project
}

#[track_caller]
fn output(project: &Sandbox, name: &str) -> String {
    project.infractl(&["output", "lab", name]).code(0).out.trim().to_owned()
}

#[test]
fn variables_and_components_reach_terraform_and_the_scenario_stays_until_all_is_down() {
    let project = lab();
    let runbook = || project.infractl(&["docs", "runbook", "lab", "--out", "-"]).code(0).out;
    let before = runbook();
    project.infractl(&["up", "lab", "--scenario", "serve"]).code(0).says("lab: scenario `serve`");
    assert_eq!(runbook(), before, "it is that of the default, whatever is up here");
    assert_eq!(output(&project, "seen"), "serve false 3 airflow,minio,trino");
    // Without a word it stays what it is: the default would take trino down.
    let again = project.infractl(&["up", "lab"]).code(0);
    again.says("scenario `serve`, which is up (the default is `etl`)");
    assert_eq!(output(&project, "there"), "airflow,minio,trino");
    // A plan of another one changes nothing of that.
    project.infractl(&["plan", "lab", "--scenario", "etl"]).code(0).says("scenario `etl`; `serve` is up");
    project.infractl(&["up", "lab", "--scenario", "genai", "--scenario", "etl"]).code(0);
    assert_eq!(output(&project, "seen"), "etl true 0 airflow,minio");
    assert_eq!(output(&project, "there"), "airflow,minio", "what fell out is gone");
    project.infractl(&["apply", "lab", "--dry-run"]).code(0).prints("# scenario `genai+etl`, which is up");
    project.infractl(&["down", "lab"]).code(0);
    assert!(!project.path(".infractl/scenario/lab.json").exists());
    project.infractl(&["up", "lab", "--dry-run"]).code(0).prints("# scenario `etl`, the default");
}

#[test]
fn a_run_that_fails_half_way_goes_on_with_its_scenario() {
    let project = lab();
    let fails =
        "resource \"terraform_data\" \"fails\" {\n  provisioner \"local-exec\" { command = \"exit 1\" }\n}\n";
    project.write("environments/lab/main.tf", &format!("{MODULE}{fails}"));
    project.infractl(&["apply", "lab", "--scenario", "serve"]).code(1);
    project.write("environments/lab/main.tf", MODULE);
    project.infractl(&["apply", "lab"]).code(0).says("scenario `serve`, which is up");
    assert_eq!(output(&project, "there"), "airflow,minio,trino");
}

#[test]
fn steps_ask_for_components_and_scenarios_and_see_the_name() {
    let project = lab();
    let show = |flags: &[&str]| {
        let args: Vec<&str> = ["pipeline", "lab", "show"].iter().chain(flags).copied().collect();
        project.infractl(&args).code(0);
        project.read("seen")
    };
    assert_eq!(show(&[]), "etl airflow,minio etl\nbatch\n");
    assert_eq!(show(&["--scenario", "serve"]), "serve airflow,minio,trino serve\nsql\nbatch\n");
    assert_eq!(show(&["--scenario", "genai"]), "genai airflow,minio genai\nbatch\n");
    let all = show(&["--scenario", "genai", "--scenario", "serve"]);
    assert_eq!(all, "genai+serve airflow,minio,trino genai+serve\nsql\nmodels\nbatch\n");
    let dry = project.infractl(&["pipeline", "lab", "show", "--dry-run"]).code(0);
    dry.prints("# scenario `etl`, the default: `airflow` and `minio`")
        .prints("# sql: skipped, the scenario etl has no `trino`");
    assert!(!project.path(".infractl/scenario/lab.json").exists(), "nothing was brought up");
}

#[test]
fn the_variable_names_a_scenario_and_is_for_the_environment_that_the_run_is_on() {
    let project = lab();
    project.environment(
        "dev",
        "[pipelines]\nshow = [{ command = \"echo ${INFRACTL_SCENARIO:-none} > seen\" }]\n",
    );
    let project = project.with_var("INFRACTL_SCENARIO", "genai+serve");
    project.infractl(&["pipeline", "lab", "show"]).code(0);
    assert!(project.read("seen").starts_with("genai+serve "), "{}", project.read("seen"));
    // One without scenarios goes on without.
    project.infractl(&["pipeline", "dev", "show"]).code(0);
    let project = project.with_var("INFRACTL_ENV", "dev");
    project.infractl(&["pipeline", "lab", "show"]).code(0);
    assert!(project.read("seen").starts_with("etl "), "{}", project.read("seen"));
}

#[test]
fn the_script_has_the_scenario_and_does_the_same() {
    let project = lab();
    let script = project.infractl(&["up", "lab", "--scenario", "serve", "--print"]).code(0).out;
    assert!(script.contains("# Scenario serve: airflow, minio, trino."), "{script}");
    assert!(script.contains("INFRACTL_SCENARIO=serve"), "{script}");
    assert!(script.contains("# It needs 3 KiB memory, 1 KiB disk: nobody looks here"), "{script}");
    project.write("up.sh", &script);
    let path = std::env::var_os("PATH").unwrap();
    output_of(program("bash", project.root()).arg("up.sh").env("PATH", path));
    assert_eq!(output(&project, "seen"), "serve false 3 airflow,minio,trino");
}

#[test]
fn a_scenario_that_is_not_there_is_said_before_anything_is_done() {
    let project = lab();
    project.environment("dev", "");
    let run = project.infractl(&["up", "lab", "--scenario", "serv"]).code(64);
    run.says("`lab` has no scenario `serv`").says("did you mean `serve`?");
    let run = project.infractl(&["up", "dev", "--scenario", "etl"]).code(64);
    run.says("`dev` has no scenarios, and `etl` is asked for").says("leave `--scenario` out");
    project.infractl(&["up", "lab", "--scenario", "serve"]).code(0);
    project.environment("lab", &LAB.replace("serve = {", "gone = {"));
    let run = project.infractl(&["up", "lab"]).code(64);
    run.says("`serve` is up in `lab`, and is no scenario any more").says("`etl`, `gone` or `genai`");
    project.infractl(&["plan", "lab"]).code(0).says("`serve`, which is up, is no scenario any more");
    project.infractl(&["down", "lab"]).code(0);
}

#[test]
fn what_is_wrong_with_scenarios_is_said_with_its_place() {
    let project = Sandbox::empty();
    project.environment(
        "lab",
        r#"[terraform]
vars = { parts = 1 }
components-var = "parts"
[scenarios]
default = "elt"
etl = { include = ["serve"], components = ["trinoo", "a b"] }
serve = { include = ["genai"] }
genai = { include = ["etl"], vars = { mode = "{{scenari}}" }, needs = { memory = "12G", cpu = 0, ports = [0, "http"] } }
[components]
trino = {}
[pipelines]
show = [{ command = "true", when = { component = "supersett" } }]
"#,
    );
    let run = project.infractl(&["validate", "lab"]).code(78);
    for text in [
        "environment.toml:2:10\n",
        "`parts` gets the components already: `components-var` names it",
        "environment.toml:5:11\n",
        "there is no scenario `elt`",
        "did you mean `etl`?",
        "a scenario cannot be part of itself: etl → serve → genai → etl",
        "environment.toml:8:22\n",
        "`trinoo` is not declared, and the component `trino` is in no scenario",
        "`a b` is not a name",
        "did you mean `scenario`?",
        "`12G` is not an amount",
        "`cpu` must be more than 0",
        "`http` is not a port",
        "there is no component `supersett`",
    ] {
        assert!(run.err.contains(text), "`{text}` is not in\n{}", run.err);
    }
    project.environment("lab", "[scenarios]\nserve = {}\n");
    project
        .infractl(&["validate", "lab"])
        .code(78)
        .says("`scenarios` needs `default`")
        .says("default = \"serve\"");
    project.environment("lab", "[pipelines]\nshow = [{ command = [\"echo\", \"{{scenario}}\"] }]\n");
    project.infractl(&["validate", "lab"]).code(78).says("the environment has no `[scenarios]`");
}

#[test]
fn scenarios_are_listed_with_what_they_are_made_of() {
    let project = lab();
    project.infractl(&["apply", "lab", "--scenario", "serve"]).code(0);
    let list = project.infractl(&["scenario", "list", "lab"]).code(0);
    let list = list.prints("airflow minio trino").prints("mode=\"serve\"").prints("3 KiB memory, 1 KiB disk");
    assert!(list.out.lines().any(|line| line.contains("etl") && line.contains("default")), "{}", list.out);
    assert!(
        list.out.lines().any(|line| line.contains(" up ") && line.ends_with("SQL over everything")),
        "{}",
        list.out
    );
    let json: Json =
        serde_json::from_str(&project.infractl(&["scenario", "list", "lab", "--output", "json"]).code(0).out)
            .unwrap();
    assert_eq!((&json["up"][0], &json["default"]), (&"serve".into(), &"etl".into()));
    let serve = json["scenarios"].as_array().unwrap().iter().find(|one| one["name"] == "serve").unwrap();
    assert_eq!(serve["variables"]["size"]["workers"], 3);
    assert_eq!((&serve["needs"]["memory"], &serve["up"]), (&3072.into(), &true.into()));
    let show = project.infractl(&["env", "show", "lab", "--scenario", "genai", "--origin"]).code(0).out;
    let line = show.lines().find(|line| line.starts_with("terraform.vars.gpu = true")).unwrap();
    assert!(line.ends_with("# environments/lab/environment.toml:9"), "{line}");
    let line = show.lines().find(|line| line.starts_with("terraform.vars.components = ")).unwrap();
    assert!(line.contains("[\"airflow\", \"minio\"]") && line.ends_with(":4"), "{line}");
    let none = Sandbox::empty();
    none.environment("dev", "");
    none.infractl(&["scenario", "list", "dev"]).code(0).says("`dev` has no scenarios");
}

/// A lab that needs all this, and leaves a mark when something is done.
fn needy(needs: &str) -> Sandbox {
    let project = Sandbox::empty();
    let power =
        "[power]\nprovider = \"command\"\nstop = \"echo stop >> done\"\nstart = \"echo start >> done\"\n";
    let pipelines = "[pipelines]\nup = [\"echo up >> done\"]\ndown = [\"echo down >> done\"]\n";
    project.environment("lab", &format!("{needs}\n{power}{pipelines}"));
    project
}

fn done(project: &Sandbox) -> String {
    fs::read_to_string(project.path("done")).unwrap_or_default().replace('\n', " ")
}

#[test]
fn what_is_too_little_is_told_at_once_and_nothing_is_done() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let project = needy(&format!(
        "needs = {{ memory = \"10TiB\", cpu = 5000, disk = \"9000TiB\" }}\n[scenarios]\ndefault = \"a\"\na = {{ components = [\"web\"] }}\n\
         [components]\nweb = {{ needs = {{ memory = \"1TiB\", ports = [\"{port}\"] }} }}"
    ));
    let run = project.infractl(&["up", "lab"]).code(69);
    let run = run
        .says("`lab` needs more than this machine has:")
        .says("memory: 11 TiB needed (lab 10 TiB, web 1 TiB), ")
        .says("CPU: 5000 needed by lab, ")
        .says("disk: 9000 TiB needed by lab, ")
        .says(&format!("port {port}: needed by web, taken by `"))
        .says(&format!("(process {})", std::process::id()))
        .says("--ignore-needs");
    assert_eq!(run.err.matches("error:").count(), 1, "all of it in one message:\n{}", run.err);
    assert_eq!(done(&project), "");
    assert!(!project.path(".infractl/scenario/lab.json").exists());
    let dry = project.infractl(&["up", "lab", "--dry-run"]).code(0);
    dry.prints("# needs memory: 11 TiB needed").prints(": too little").prints("echo up");
    project.infractl(&["doctor", "lab"]).code(1).prints("memory: 11 TiB needed");
    // What takes away needs nothing.
    project.infractl(&["stop", "lab"]).code(0);
    project.infractl(&["down", "lab"]).code(0);
    project.infractl(&["up", "lab", "--ignore-needs"]).code(0).says("warning: `lab` needs more than");
    assert_eq!(done(&project), "stop down up ");
}

#[test]
fn what_is_up_is_not_counted_twice_and_what_is_stopped_is() {
    let text = |more: &str| {
        format!(
            "needs = {{ memory = \"10TiB\" }}\n[scenarios]\ndefault = \"a\"\na = {{}}\nb = {{ components = [\"web\"] }}\n\
             [components]\nweb = {{ needs = {{ memory = \"{more}\" }} }}"
        )
    };
    let project = needy(&text("1KiB"));
    project.infractl(&["up", "lab"]).code(69);
    project.infractl(&["up", "lab", "--ignore-needs"]).code(0);
    project.infractl(&["up", "lab"]).code(0).says("needs 10 TiB memory").says("what is up");
    project.infractl(&["up", "lab", "--scenario", "b"]).code(0);
    let project = needy(&text("1TiB"));
    project.infractl(&["up", "lab", "--ignore-needs"]).code(0);
    project
        .infractl(&["up", "lab", "--scenario", "b"])
        .code(69)
        .says("memory: 11 TiB needed (lab 10 TiB, web 1 TiB), 10 TiB of it by what is up: 1 TiB more, ");
    project.infractl(&["stop", "lab"]).code(0);
    project.infractl(&["start", "lab"]).code(69).says("memory: 10 TiB needed by lab, ");
}

#[test]
fn what_is_there_is_said_and_what_nobody_needs_is_not_looked_at() {
    let project = needy("needs = { memory = \"1MiB\", cpu = 0.5, disk = \"1KiB\", ports = [\"47113\"] }");
    let run = project.infractl(&["up", "lab"]).code(0);
    run.says("lab: needs 1 MiB memory, 0.5 CPU, 1 KiB disk, ports 47113: this machine has it");
    let project = needy("");
    project.infractl(&["up", "lab"]).code(0).never_says("needs").never_says("scenario");
    assert!(!project.path(".infractl/scenario").exists(), "nothing is kept where nothing is said");
}
