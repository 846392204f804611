//! Outputs of other environments: read from their states, and mocks until there are any.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{CANARY, Sandbox, on_a_terminal, output};

const SHARED: &str = r#"
variable "db_password" {
  default   = "none"
  sensitive = true
}
variable "name" { default = "vpc-1" }
resource "terraform_data" "net" { input = var.name }
output "vpc_id" { value = terraform_data.net.output }
output "zones" { value = ["a", "b"] }
output "password" {
  value     = var.db_password
  sensitive = true
}
"#;

const APP: &str = r#"
variable "vpc" {}
variable "zones" { type = list(string) }
variable "password" { sensitive = true }
resource "terraform_data" "app" { input = "${var.vpc} ${join("+", var.zones)}" }
resource "terraform_data" "secret" { input = var.password }
output "sees" { value = terraform_data.app.output }
"#;

const SETTINGS: &str = r#"
[secrets]
files = []
[terraform.vars]
vpc = "{{env.shared.output.vpc_id}}"
zones = "{{env.shared.output.zones}}"
password = "{{env.shared.output.password}}"
[env-file]
sections = [{ title = "Network", values = { VPC = "{{env.shared.output.vpc_id}}", ZONES = "{{ env.shared.output.zones }}", PASSWORD = "{{env.shared.output.password}}", SEES = "{{output.sees}}" } }]
[pipelines]
deploy = [{ name = "tell", command = { run = ["sh", "-c", "echo \"vpc $1 $ZONES\" > told", "tell", "{{env.shared.output.vpc_id}}"], env = { ZONES = "{{env.shared.output.zones}}" } } }]
"#;

const MOCKS: &str = "[mocks.shared]\nvpc_id = \"vpc-mock\"\nzones = [\"m\"]\npassword = \"mock-password\"\n";

/// `app` reads outputs of `shared`, which has secrets that `app` does not open.
fn project() -> Sandbox {
    let password = format!("{CANARY}password");
    let project = Sandbox::empty().with_secrets(&[("DB_PASSWORD", &password)]);
    project.write(".gitignore", "/shared/\n.infractl/\n.terraform*\n*.tfstate*\n");
    project.write("shared/.keep", "");
    project.write("environments/shared/main.tf", SHARED);
    project.environment("shared", "");
    project.write("environments/app/main.tf", APP);
    project.environment("app", SETTINGS);
    project
}

fn mocked() -> Sandbox {
    let project = project();
    project.environment("app", &format!("{SETTINGS}{MOCKS}"));
    project
}

#[test]
fn the_outputs_of_another_environment_come_from_its_state() {
    let project = project();
    project.infractl(&["apply", "shared"]).code(0);
    let state = fs::read(project.path("environments/shared/terraform.tfstate")).unwrap();
    let run = project.run(&["apply", "app"], 0);
    run.says("3 outputs of shared");
    let file = project.read("shared/.env.app");
    for line in ["VPC=vpc-1", "ZONES=[\"a\",\"b\"]", "SEES=vpc-1 a+b"] {
        assert!(file.lines().any(|found| found == line), "{line}: {file}");
    }
    assert!(file.contains(&format!("PASSWORD={CANARY}password")), "{file}");
    assert_eq!(fs::read(project.path("environments/shared/terraform.tfstate")).unwrap(), state);
    project.run(&["deploy", "app"], 0);
    assert_eq!(project.read("told"), "vpc vpc-1 [\"a\",\"b\"]\n");
    // Each verb reads for itself.
    project.infractl(&["genenv", "app", "--check"]).code(0);
    project.edit("environments/shared/main.tf", "vpc-1", "vpc-2");
    project.infractl(&["apply", "shared"]).code(0);
    project.infractl(&["genenv", "app", "--check"]).code(2);
    project.infractl(&["plan", "app"]).code(0).prints("vpc-1 a+b").prints("vpc-2 a+b");
    let run = project.infractl(&["exec", "app", "--", "sh", "-c", "echo $TF_VAR_vpc"]).code(0);
    assert_eq!(run.out, "vpc-2\n");
    // What reads a state wants no values: that of `shared` may be gone.
    project.infractl(&["destroy", "app", "--confirm", "app"]).code(0);
    project.infractl(&["destroy", "shared", "--confirm", "shared"]).code(0);
    project.infractl(&["output", "app"]).code(0);
    project.infractl(&["validate", "app"]).code(0);
}

#[test]
fn where_infractl_does_not_know_the_state_terraform_reads_it() {
    let project = project();
    let program =
        project.script("own/wrapped", "#!/bin/sh\necho \"$*\" >> \"$CALLS\"\nexec terraform \"$@\"\n");
    assert!(program.exists());
    project.environment("shared", "[terraform]\nprogram = \"own/wrapped\"\n");
    let calls = project.path("calls");
    let project = project.with_var("CALLS", calls.as_os_str());
    project.infractl(&["apply", "shared"]).code(0);
    fs::remove_file(&calls).unwrap();
    project.infractl(&["apply", "app"]).code(0);
    let said = fs::read_to_string(&calls).unwrap();
    assert_eq!(said.lines().filter(|line| line.contains("state pull")).count(), 1, "once per run: {said}");
    assert!(!said.contains("apply") && !said.contains("plan"), "{said}");
    assert!(project.read("shared/.env.app").contains("VPC=vpc-1\n"));
    project.infractl(&["plan", "--all"]).code(0);
}

#[test]
fn without_the_other_environment_there_is_an_error_that_says_what_to_run() {
    let project = project();
    for verb in [&["plan", "app"][..], &["apply", "app"], &["deploy", "app"], &["exec", "app", "--", "true"]]
    {
        let run = project.infractl(verb).code(1);
        let run = run.says("`shared` has no output `vpc_id` yet").says("infractl apply shared");
        run.says("environments/app/environment.toml:5:").never_says("apply app");
    }
    assert!(!project.path("environments/app/terraform.tfstate").exists());
    assert!(!project.path("told").exists());
    project.infractl(&["fmt", "app"]).code(0);
    project.infractl(&["validate", "app"]).code(0);
    let run = project.infractl(&["plan", "app", "--dry-run"]).code(0);
    run.prints("# env.shared.output.vpc_id: read from the state of shared\n");
}

#[test]
fn mocks_make_a_plan_and_reach_nothing_that_changes() {
    let project = mocked();
    let run = project.infractl(&["plan", "app"]).code(0);
    let run = run.prints("# mock: env.shared.output.vpc_id = \"vpc-mock\"").prints("vpc-mock m");
    run.says("stand in for `env.shared.output.password`");
    project.infractl(&["plan", "app", "--json"]).code(0).says("mocks stand in for");
    let run = project.infractl(&["apply", "app", "--dry-run"]).code(0);
    assert!(!run.out.contains("vpc-mock"), "{}", run.out);
    project.infractl(&["plan", "app", "--dry-run"]).code(0).prints("the mock \"vpc-mock\"");
    for args in [
        &["apply", "app"][..],
        &["deploy", "app"],
        &["genenv", "app"],
        &["genenv", "app", "--print"],
        &["destroy", "app"],
        &["plan", "app", "--out", "p"],
        &["plan", "app", "--", "-out=p"],
        &["tf", "app", "--", "import", "terraform_data.app", "x"],
        &["exec", "app", "--", "touch", "told"],
    ] {
        project.infractl(args).code(64).says("infractl apply shared").says("mock");
    }
    for file in ["environments/app/terraform.tfstate", "environments/app/p", "p", "told", "shared/.env.app"] {
        assert!(!project.path(file).exists(), "{file}");
    }
    // What is there wins.
    project.infractl(&["apply", "shared"]).code(0);
    let run = project.infractl(&["plan", "app"]).code(0);
    assert!(!run.out.contains("mock") && run.out.contains("vpc-1 a+b"), "{}", run.out);
    project.infractl(&["plan", "app", "--out", "p"]).code(0);
    project.infractl(&["apply", "app", "--plan", "p"]).code(0);
    assert!(project.read("shared/.env.app").contains("VPC=vpc-1\n"));
}

#[test]
fn apply_all_from_nothing_reads_what_was_just_made() {
    let project = mocked();
    project.infractl(&["plan", "--all"]).code(0);
    project.infractl(&["apply", "--all"]).code(0);
    assert!(project.read("shared/.env.app").contains("VPC=vpc-1\n"));
    project.infractl(&["destroy", "--all", "--yes"]).code(0);
    assert!(!project.path("shared/.env.app").exists());
}

#[test]
fn at_a_terminal_who_reads_is_planned_when_the_other_is_applied() {
    let project = mocked();
    let project = project.with_var("X", "");
    let (code, out) = on_a_terminal(&project, 120, "", "apply --all");
    assert_eq!(code, 0, "{out}");
    assert!(project.read("shared/.env.app").contains("VPC=vpc-1\n"));
    // What a new value replaces is shown when it is known, and asked about.
    project.edit(
        "environments/app/main.tf",
        "{ input = \"",
        "{\n  triggers_replace = [var.vpc]\n  input = \"",
    );
    project.edit("environments/app/main.tf", "var.zones)}\" }", "var.zones)}\"\n}");
    project.edit("environments/shared/main.tf", "vpc-1", "vpc-2");
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply --all");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("terraform_data.app") && out.contains("replace"), "{out}");
    assert!(project.read("environments/shared/terraform.tfstate").contains("vpc-2"));
    assert!(!project.read("environments/app/terraform.tfstate").contains("vpc-2"));
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply --all");
    assert_eq!(code, 0, "{out}");
    assert!(project.read("shared/.env.app").contains("VPC=vpc-2\n"));
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let project = project();
    let wrong = |settings: &str, texts: &[&str]| {
        project.environment("app", settings);
        let run = project.infractl(&["plan", "app"]).code(78);
        for text in texts {
            assert!(run.err.contains(text), "{settings}: {text}: {}", run.err);
        }
    };
    let vars = |text: &str| format!("[terraform.vars]\nvpc = \"{text}\"\nzones = []\npassword = \"\"\n");
    wrong(
        &vars("{{env.shard.output.vpc_id}}"),
        &["there is no environment `shard`", "did you mean `shared`?", "environment.toml:2:10"],
    );
    wrong(
        &vars("{{env.shared.output.vpc}}"),
        &["`shared` has no output `vpc`", "did you mean `vpc_id`?", "environment.toml:2:10"],
    );
    wrong(&vars("{{env.shared.vpc_id}}"), &["write `{{env.NAME.output.OUTPUT}}`", "environment.toml:2:10"]);
    wrong(&vars("{{env.app.output.sees}}"), &["`app` reads an output of `app`", "depends on itself"]);
    wrong(
        &format!("[terraform]\nworkspace = \"{{{{env.shared.output.vpc_id}}}}\"\n{}", vars("x")),
        &["`workspace` is needed before `env.shared.output.vpc_id` is known", "environment.toml:2:"],
    );
    wrong(
        "outputs = { ip = \"{{env.shared.output.vpc_id}}\" }\n",
        &["`outputs.ip` is given by hand", "environment.toml:1:"],
    );
    wrong("[mocks.shard]\nvpc_id = \"x\"\n", &["there is no environment `shard`", "did you mean `shared`?"]);
    wrong("[mocks]\nshared = \"x\"\n", &["must be a table"]);
    // A sensitive one cannot be an argument.
    project.infractl(&["apply", "shared"]).code(0);
    project.environment(
        "app",
        "[pipelines]\ndeploy = [{ command = [\"echo\", \"{{env.shared.output.password}}\"] }]\n",
    );
    project.infractl(&["deploy", "app"]).code(78).says("cannot be an argument");
    // A circle, from whichever side.
    project.environment("app", &vars("{{env.shared.output.vpc_id}}"));
    project.environment("shared", "depends-on = [\"app\"]\n");
    for args in [&["plan", "app"][..], &["plan", "--all"], &["graph"]] {
        let run = project.infractl(args).code(78);
        let run = run.says("depend on each other in a circle").says("environments/app/environment.toml:2:10");
        run.says("environments/shared/environment.toml:1:15");
    }
}

#[test]
fn an_environment_without_a_root_module_has_outputs_too() {
    let project = project();
    fs::remove_file(project.path("environments/shared/main.tf")).unwrap();
    project.environment(
        "shared",
        "outputs = { vpc_id = \"vpc-{{environment}}\", zones = [\"z\"], password = \"{{secret.DB_PASSWORD}}\" }\n",
    );
    project.run(&["apply", "app"], 0);
    let file = project.read("shared/.env.app");
    assert!(file.contains("SEES=vpc-shared z\n") && file.contains(&format!("{CANARY}password")), "{file}");
    project.edit("environments/app/environment.toml", "output.vpc_id}}\"\nzones", "output.vpc}}\"\nzones");
    project.infractl(&["plan", "app"]).code(78).says("did you mean `vpc_id`?");
}

/// The first example of TOML in a part of a page.
fn example(page: &str, part: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).unwrap();
    let (_, part) = text.split_once(part).unwrap();
    let (_, begun) = part.split_once("```toml\n").unwrap();
    begun.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_of_the_page_is_true() {
    let project = project();
    project.environment("app", &example("many.md", "# Outputs of other environments"));
    let variables = "variable \"vpc_id\" {}\nvariable \"zones\" { type = list(string) }\n";
    let output = "output \"both\" { value = \"${var.vpc_id} ${var.zones[0]}\" }\n";
    project.write("environments/app/main.tf", &format!("{variables}{output}"));
    let run = project.infractl(&["plan", "app"]).code(0);
    run.prints("# mock: env.shared.output.vpc_id = \"vpc-mock\"").prints("vpc-mock a");
    project.infractl(&["apply", "--all"]).code(0);
    assert_eq!(project.infractl(&["output", "app", "both", "--raw"]).code(0).out, "vpc-1 a");
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    output(Command::new("git").args(who).args(args).current_dir(folder));
}

#[test]
fn who_names_an_output_depends_on_its_environment() {
    let project = project();
    project.write("environments/lab/main.tf", "");
    project.environment("lab", "");
    project.environment(
        "app",
        "[env-file]\nsections = [{ title = \"x\", values = { A = \"{{env.shared.output.vpc_id}}\" } }]\n",
    );
    let run = project.infractl(&["graph", "--output", "json"]).code(0);
    let graph: Value = serde_json::from_str(&run.out).unwrap();
    let app = graph.as_array().unwrap().iter().find(|env| env["name"] == "app").unwrap();
    assert_eq!(app["depends-on"], serde_json::json!(["shared"]));
    git(project.root(), &["init", "-q"]);
    git(project.root(), &["add", "--all"]);
    git(project.root(), &["commit", "-q", "-m", "x"]);
    project.write("environments/shared/more.tf", "# more\n");
    let run = project.infractl(&["output", "--changed-since", "main", "--dry-run"]).code(0);
    assert_eq!(run.out.lines().filter(|line| ["# app", "# lab", "# shared"].contains(line)).count(), 2);
    run.prints("# app\n").prints("# shared\n");
}

#[test]
fn a_script_takes_them_from_whoever_runs_it() {
    let project = project();
    let script = project.infractl(&["deploy", "app", "--print"]).code(0).out;
    assert!(
        script.contains(": \"${env_shared_vpc_id:?}\" # infractl output shared vpc_id --raw\n"),
        "{script}"
    );
    project.write("deploy.sh", &script);
    let mut bash = Command::new("bash");
    bash.arg("deploy.sh").current_dir(project.root());
    bash.env("env_shared_vpc_id", "vpc 9").env("env_shared_zones", "[]");
    // What the script hands on to every command.
    bash.env("env_shared_password", "p");
    output(&mut bash);
    assert_eq!(project.read("told"), "vpc vpc 9 []\n");
}
