//! `tf`: any command of terraform, where the environment has it. And reports, which are data.

use std::fs;
use std::process::Stdio;

use crate::common::{CANARY, Run, Sandbox, on_a_terminal};
use crate::terraform::{environment, lab};

const MODULE: &str = "variable \"account_key\" { type = string }\nvariable \"size\" {\n  type    = number\n  default = 1\n}\n\
                      resource \"terraform_data\" \"a\" { input = { key = var.account_key, size = var.size } }\n\
                      output \"size\" { value = terraform_data.a.output.size }\n";

/// `dev`, applied, with a secret, a file of variables and a workspace of its own.
fn applied() -> Sandbox {
    let project = lab(MODULE);
    project.secrets("common", &[("ACCOUNT_KEY", "account-key")]);
    project.write("common.tfvars", "size = 7\n");
    let config =
        "[terraform]\nvar-files = [\"common.tfvars\"]\nworkspace = \"blue\"\nlock-timeout = \"5s\"\n";
    project.environment("dev", config);
    project.infractl(&["apply", "dev"]).code(0);
    project
}

#[test]
fn any_command_finds_folder_workspace_variables_and_secrets() {
    let project = applied();
    let run = project.infractl(&["tf", "dev", "--", "state", "list"]).code(0);
    assert_eq!(run.out, "terraform_data.a\n");
    let run = project.infractl(&["tf", "dev", "--", "workspace", "show"]).code(0);
    assert_eq!(run.out, "blue\n");
    // Also from a folder below, and what it reads on standard input.
    let mut console = project.command(&["-C", "..", "tf", "dev", "--", "console"]);
    console.current_dir(project.path("shared"));
    let run = Run::with_input(&mut console, "\"${var.size + 35} ${var.account_key}\"\n").code(0);
    assert_eq!(run.out, "\"42 ***\"\n", "the secret arrived, and is masked");
    let run = project.infractl(&["tf", "dev", "--", "state", "show", "terraform_data.a"]).code(0);
    run.prints("size = 7").prints("***");
    project.assert_no_canary_on_disk();
}

#[test]
fn what_writes_takes_the_lock_asks_and_is_in_the_history() {
    let project = applied();
    project.infractl(&["tf", "dev", "--", "taint", "terraform_data.a"]).code(0);
    project.infractl(&["plan", "dev"]).code(0).prints("is tainted");
    project.infractl(&["tf", "dev", "--", "untaint", "terraform_data.a"]).code(0);
    let run = project.infractl(&["tf", "dev", "--", "state", "mv", "terraform_data.a", "terraform_data.b"]);
    run.code(0).prints("Successfully moved");
    project.infractl(&["history", "show"]).code(0).prints("state mv");

    // Protected: nothing is written without its name.
    let config = fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
    project.environment("dev", &format!("protected = true\n{config}"));
    project.infractl(&["tf", "dev", "--", "state", "rm", "terraform_data.b"]).code(77).says("--confirm dev");
    let list = project.infractl(&["tf", "dev", "--", "state", "list"]).code(0);
    assert_eq!(list.out, "terraform_data.b\n");
    project.infractl(&["tf", "dev", "--confirm", "dev", "--", "state", "rm", "terraform_data.b"]).code(0);
    assert_eq!(project.infractl(&["tf", "dev", "--", "state", "list"]).code(0).out, "");
    // One that is not known is taken for a change.
    project.infractl(&["tf", "dev", "--", "frobnicate"]).code(77);
}

#[test]
fn its_exit_code_is_passed_on_and_what_a_verb_does_names_the_verb() {
    let project = lab("resource \"terraform_data\" \"a\" {}\n");
    let run = project.infractl(&["tf", "dev", "--", "state", "show", "terraform_data.none"]).code(1);
    run.says("No state file was found").never_says("error: `terraform");
    project.infractl(&["tf", "dev", "--", "state"]).code(1).prints("[global options] state <subcommand>");
    project.infractl(&["tf", "dev", "--", "-version"]).code(0).prints("v1.");
    for (words, wanted) in [
        (&["plan", "-destroy"][..], "infractl plan dev -- -destroy"),
        (&["apply"], "infractl apply dev"),
        (&["refresh"], "infractl apply dev -- -refresh-only"),
        (&["-chdir=/tmp", "state", "list"], "`dir` in `[terraform]`"),
        (&["workspace", "select", "x"], "`workspace` in `[terraform]`"),
    ] {
        project.infractl(&[&["tf", "dev", "--"], words].concat()).code(64).says(wanted);
    }
    project.infractl(&["tf", "dev"]).code(64);
}

#[test]
fn a_command_that_needs_no_environment_needs_no_key() {
    let project = lab("resource \"terraform_data\" \"a\" {}\n");
    fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    project.infractl(&["tf", "dev", "--", "version"]).code(0).prints("v1.");
    project.infractl(&["tf", "dev", "--", "state", "list"]).code(65);
}

#[test]
fn a_state_with_secrets_is_printed_whole_or_not_at_all() {
    let project = applied();
    let run = project.infractl(&["tf", "dev", "--", "state", "pull"]).code(65);
    assert_eq!(run.out, "");
    run.says("masked it would be no state").says("state pull > FILE");
    environment(&project, "rec", "resource \"terraform_data\" \"a\" { input = 3 }\n");
    project.infractl(&["apply", "rec"]).code(0);
    let run = project.infractl(&["tf", "rec", "--", "state", "pull"]).code(0);
    let file = fs::read_to_string(project.path("environments/rec/terraform.tfstate")).unwrap();
    let state = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(state(&run.out), state(&file));
}

#[test]
fn a_backend_is_connected_to_by_itself() {
    let project = lab("terraform {\n  backend \"local\" {}\n}\nresource \"terraform_data\" \"a\" {}\n");
    project.environment("dev", "[terraform.backend]\npath = \"kept.tfstate\"\n");
    project.infractl(&["tf", "dev", "--", "state", "list"]).code(1).says("No state file was found");
    project.infractl(&["apply", "dev"]).code(0);
    fs::remove_dir_all(project.path("environments/dev/.terraform")).unwrap();
    let run = project.infractl(&["tf", "dev", "--", "state", "list"]).code(0);
    assert_eq!(run.out, "terraform_data.a\n");
}

#[test]
fn at_a_terminal_it_has_the_terminal() {
    let project = applied();
    let (code, screen) = on_a_terminal(&project, 100, "var.size + 35\nexit\n", "tf dev -- console");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("> ") && screen.contains("42"), "{screen}");
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let many: String = (0..300).map(|at| format!("resource \"terraform_data\" \"a{at}\" {{}}\n")).collect();
    let project = lab(&many);
    for args in ["plan dev", "plan --env d*"] {
        let mut infractl = project.command(&args.split(' ').collect::<Vec<_>>());
        let mut child = infractl.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{err}");
        assert!(!err.contains("error"), "{err}");
    }
}

#[test]
fn a_plan_is_data_and_its_progress_is_not() {
    let project = applied();
    project.environment("dev", "[terraform]\nworkspace = \"blue\"\n");
    let run = project.infractl(&["plan", "dev"]).code(0);
    run.prints("will be updated in-place").prints("Plan: 0 to add, 1 to change");
    let run = project.infractl(&["plan", "dev"]).code(0);
    assert!(!run.out.contains('\u{1b}') && !run.out.contains("prepare"), "{}", run.out);
    run.says("+0 ~1").never_says("updated in-place");
    let log = project.infractl(&["history", "show", "3", "--log"]).code(0);
    log.prints("updated in-place");
    // Not as quiet as that.
    project.infractl(&["-q", "plan", "dev"]).code(0).prints("updated in-place");
    project.write("environments/dev/bad.tf", "resource {\n");
    let run = project.infractl(&["plan", "dev"]).code(1);
    assert!(!run.out.contains("Error"), "{}", run.out);
    run.says("Error");
    // On a terminal it is shown there.
    fs::remove_file(project.path("environments/dev/bad.tf")).unwrap();
    let (code, screen) = on_a_terminal(&project, 100, "", "plan dev");
    assert!(code == 0 && screen.contains("will be"), "{screen}");
    assert!(!screen.contains(CANARY), "{screen}");
}
