//! Hooks, and pipelines around the built-in verb that they replace.

use std::fs;

use crate::common::Sandbox;
use crate::terraform::lab;

const MODULE: &str =
    "resource \"terraform_data\" \"a\" { input = \"x\" }\noutput \"ip\" { value = \"192.0.2.7\" }\n";

fn project(config: &str) -> Sandbox {
    let project = lab(MODULE);
    project.environment("dev", config);
    project
}

fn told(project: &Sandbox) -> String {
    let text = fs::read_to_string(project.path("told")).unwrap_or_default();
    let _ = fs::remove_file(project.path("told"));
    text.trim_end().replace('\n', " | ")
}

#[test]
fn hooks_stand_around_a_verb_wherever_it_is_done_and_see_its_outputs() {
    let project = project(
        "[hooks]\nbefore-apply = [{ command = \"echo before $INFRACTL_VERB >> told\" }]\n\
         after-apply = [{ command = \"echo after $INFRACTL_OUTPUT_IP >> told\" }]\n\
         before-destroy = [{ command = \"echo going >> told\" }]\n\
         before-smoke = [{ command = \"echo ready >> told\" }]\n\
         [pipelines]\nsmoke = [{ command = \"echo smoke >> told\" }]\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    assert_eq!(told(&project), "before apply | after 192.0.2.7");
    project.infractl(&["up", "dev"]).code(0);
    assert_eq!(told(&project), "before up | after 192.0.2.7");
    project.infractl(&["smoke", "dev"]).code(0);
    assert_eq!(told(&project), "ready | smoke");
    project.infractl(&["plan", "dev"]).code(0);
    project.infractl(&["genenv", "dev", "--check"]).code(0);
    project.infractl(&["output", "dev"]).code(0);
    assert_eq!(told(&project), "");
    // They are steps like others.
    let run = project.infractl(&["apply", "dev", "--dry-run"]).code(0);
    let place = |text: &str| run.out.find(text).unwrap_or_else(|| panic!("no {text}: {}", run.out));
    assert!(
        place("# before-apply") < place("terraform apply")
            && place("terraform apply") < place("# after-apply")
    );
    project.infractl(&["apply", "dev", "--skip", "before-apply"]).code(0);
    assert_eq!(told(&project), "after 192.0.2.7");
    project.infractl(&["apply", "dev", "--print"]).code(0).prints("echo before");
    project.infractl(&["destroy", "dev", "--yes"]).code(0);
    assert_eq!(told(&project), "going");
}

#[test]
fn a_run_that_failed_is_told_with_its_step_and_stays_failed() {
    let project = project(
        "[hooks]\non-failure = [{ command = \"echo $INFRACTL_VERB: $INFRACTL_FAILED_STEP: $INFRACTL_FAILURE >> told\" }]\n\
         after-apply = [{ name = \"announce\", command = \"exit 3\" }]\n",
    );
    let run = project.infractl(&["apply", "dev"]).code(1);
    run.says("`announce` of `dev` ended with exit code 3");
    assert_eq!(told(&project), "apply: after-apply/announce: `announce` of `dev` ended with exit code 3");
    project.infractl(&["plan", "dev"]).code(0);
    assert_eq!(told(&project), "");
    project.write("environments/dev/bad.tf", "resource \"terraform_data\" \"b\" { input = nothing.there }\n");
    project.infractl(&["plan", "dev"]).code(1);
    assert!(told(&project).starts_with("plan: terraform plan: terraform plan of `dev` failed"));
    // Nothing was done: nothing failed.
    let config = fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
    project.environment("dev", &format!("protected = true\n{config}"));
    project.infractl(&["apply", "dev"]).code(77);
    assert_eq!(told(&project), "");
}

#[test]
fn a_failed_hook_keeps_the_verb_from_being_done() {
    let project = project("[hooks]\nbefore-apply = [{ command = \"exit 3\" }]\n");
    project.infractl(&["apply", "dev"]).code(1);
    assert!(!project.path("environments/dev/terraform.tfstate").exists());
}

#[test]
fn a_hook_that_changes_nothing_takes_no_lock_and_asks_nothing() {
    let hook = "{ command = \"echo hello >> told\" }";
    let project = project(&format!("protected = true\n[hooks]\nbefore-plan = [{hook}]\n"));
    project.infractl(&["plan", "dev"]).code(77).says("--confirm dev");
    let reads =
        format!("protected = true\n[hooks]\nbefore-plan = {{ effect = \"reads\", steps = [{hook}] }}\n");
    project.environment("dev", &reads);
    project.infractl(&["plan", "dev"]).code(0);
    assert_eq!(told(&project), "hello");
}

#[test]
fn a_pipeline_may_do_the_verb_that_it_replaces() {
    let project = project(
        "[pipelines]\napply = [{ command = \"echo one >> told\" }, { do = \"apply\" }, { command = \"echo $INFRACTL_OUTPUT_IP >> told\" }]\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    assert_eq!(told(&project), "one | 192.0.2.7");
    assert!(project.path("shared/.env.dev").exists(), "the whole built-in verb is inside");
    project.infractl(&["up", "dev"]).code(0);
    assert_eq!(told(&project), "one | 192.0.2.7");
    // A plan that was reviewed reaches the one inside.
    project.write("environments/dev/more.tf", "resource \"terraform_data\" \"b\" {}\n");
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project.write("environments/dev/late.tf", "resource \"terraform_data\" \"c\" {}\n");
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(0).says("+1 ~0");
    let list = project.infractl(&["tf", "dev", "--", "state", "list"]).code(0);
    assert_eq!(list.out, "terraform_data.a\nterraform_data.b\n");

    project.environment("dev", "[pipelines]\napply = [{ command = \"true\" }]\n");
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(64).says("do = \"apply\"");
    for circle in [
        "apply = [{ do = \"up\" }]",
        "smoke = [{ do = \"smoke\" }]",
        "up = [{ do = \"up\" }]\ndeploy = [{ do = \"up\" }]",
        "x = [{ do = \"apply\" }]\napply = [{ do = \"x\" }]",
    ] {
        project.environment("dev", &format!("[pipelines]\n{circle}\n"));
        project.infractl(&["env", "show", "dev"]).code(78).says("would do itself without end");
    }
}

#[test]
fn a_hook_around_nothing_or_around_itself_is_an_error_with_its_place() {
    let why = |config: &str| {
        let project = project(config);
        project.infractl(&["env", "show", "dev"]).code(78).err
    };
    let run = why("[hooks]\nbefore-aply = [{ command = \"true\" }]\n");
    assert!(run.contains("no verb or pipeline `aply`") && run.contains("did you mean `apply`?"), "{run}");
    assert!(run.contains("environment.toml:2:1"), "{run}");
    assert!(why("[hooks]\nafter = [{ command = \"true\" }]\n").contains("there is no hook `after`"));
    assert!(why("[hooks]\non-failure = [{ do = \"aply\" }]\n").contains("did you mean `apply`?"));
    let itself = why("[hooks]\nbefore-apply = [{ do = \"up\" }]\n");
    assert!(itself.contains("`apply` would do itself without end"), "{itself}");
    assert!(
        why("[hooks]\nbefore-apply = [{ wait = { ssh = \"x\" }, effect = \"reads\" }]\n")
            .contains("`effect`")
    );
}
