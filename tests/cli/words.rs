//! Flags for terraform that change what a verb means: honoured, or refused with the verb that does it.

use crate::common::{Run, Sandbox};
use crate::terraform::lab;

const TWO: &str = "resource \"terraform_data\" \"vm\" { input = \"203.0.113.7\" }\nresource \"terraform_data\" \"cache\" {}\n\
                   output \"backend_ip\" { value = terraform_data.vm.output }\n";

fn with(project: &Sandbox, args: &[&str], name: &str, value: &str) -> Run {
    Run::of(project.command(args).env(name, value))
}

#[test]
fn what_is_left_after_a_part_was_destroyed_keeps_its_files() {
    let project = lab(TWO);
    project.write(
        "environments/dev/environment.toml",
        "[hosts.backend]\naddress = \"{{output.backend_ip}}\"\n[inventory]\n",
    );
    project.write("ansible/inventory/.gitignore", "*\n");
    let (env, ini) = ("shared/.env.dev", "ansible/inventory/dev.ini");
    let part: [(&[&str], &str); 3] = [
        (&["destroy", "dev", "--", "-target=terraform_data.cache"], ""),
        (&["down", "dev", "--", "-target", "terraform_data.cache"], ""),
        (&["destroy", "dev"], "-target=terraform_data.cache"),
    ];
    for (args, set) in part {
        project.infractl(&["apply", "dev"]).code(0);
        let run = with(&project, args, "TF_CLI_ARGS_destroy", set).code(0);
        run.says("1 resource left").says("left: terraform_data.vm").says("of what is left");
        for file in [env, ini] {
            assert!(project.read(file).contains("203.0.113.7"), "{args:?} {file}");
        }
        assert!(project.path(".infractl/init/dev.json").exists(), "{args:?}");
    }
    project.infractl(&["destroy", "dev"]).code(0).never_says("left");
    assert!(!project.path(env).exists() && !project.path(ini).exists());
}

#[test]
fn a_flag_that_makes_another_verb_of_it_is_refused_with_that_verb() {
    let project = lab(TWO);
    project.infractl(&["apply", "dev"]).code(0);
    let refused = |verb: &str, flag: &str, instead: &str| {
        let name = flag.split('=').next().unwrap();
        let after = project.infractl(&[verb, "dev", "--", flag]).code(64);
        after.says(&format!("`{name}` would make something else of `{verb}`")).says(instead);
        let set = format!("TF_CLI_ARGS_{verb}");
        with(&project, &[verb, "dev"], &set, flag).code(64).says(&format!("in `{set}`")).says(instead);
        with(&project, &[verb, "dev"], "TF_CLI_ARGS", flag).code(64).says("in `TF_CLI_ARGS`");
        project.infractl(&[verb, "dev", "--dry-run", "--", flag]).code(64);
    };
    refused("apply", "-destroy", "infractl destroy dev");
    refused("destroy", "-refresh-only", "infractl plan dev -- -refresh-only");
    refused("destroy", "-replace=a.b", "infractl apply dev -- -replace=a.b");
    refused("apply", "-detailed-exitcode", "infractl plan dev --detailed-exitcode");
    refused("apply", "-out=x", "infractl plan dev --out FILE");
    refused("destroy", "-json", "--output json");
    for verb in ["plan", "apply", "destroy"] {
        refused(verb, "-chdir=..", "`dir` in `[terraform]`");
        refused(verb, "-state=x.tfstate", "`path` in `[terraform.backend]`");
    }
    project.infractl(&["up", "dev", "--", "-destroy"]).code(64).says("infractl destroy dev");
    project.infractl(&["apply", "dev", "--", "x.tfplan"]).code(64).says("infractl apply dev --plan FILE");
    with(&project, &["plan", "dev"], "TF_CLI_ARGS_plan", "-target='").code(64).says("cannot be read");
    let state = project.read("environments/dev/terraform.tfstate");
    assert!(state.contains("203.0.113.7"), "nothing was touched");
}

#[test]
fn flags_that_a_plan_has_too_are_honoured() {
    let project = lab(TWO);
    project.infractl(&["plan", "dev", "--", "-detailed-exitcode"]).code(2);
    with(&project, &["plan", "dev"], "TF_CLI_ARGS_plan", "-detailed-exitcode -target=terraform_data.vm")
        .code(2);
    project.infractl(&["plan", "dev"]).code(0);
    project.infractl(&["plan", "--env", "dev,dev*", "--", "-detailed-exitcode"]).code(2);
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["plan", "dev", "--", "-detailed-exitcode"]).code(0);
    project.infractl(&["plan", "dev", "--", "-destroy", "--detailed-exitcode"]).code(2).says("+0 ~0 −2 ±0");
    let run = with(&project, &["plan", "dev", "--", "-json"], "TF_CLI_ARGS", "-destroy").code(0);
    assert!(
        run.out.lines().all(|line| line.starts_with('{')) && run.out.contains("\"delete\""),
        "{}",
        run.out
    );
    project.infractl(&["apply", "dev", "--", "-replace=terraform_data.vm"]).code(0).says("±1");
    project.infractl(&["apply", "dev", "--", "-refresh-only"]).code(0);
}

#[test]
fn a_plan_belongs_to_its_workspace_and_one_of_a_destroy_is_for_nobody() {
    let project = lab(TWO);
    project.write("environments/dev/environment.toml", "[terraform]\nworkspace = \"{{var.SLOT}}\"\n");
    let slot = |args: &[&str], slot: &str| with(&project, args, "SLOT", slot);
    slot(&["plan", "dev", "--out", "p.plan"], "blue").code(0);
    let apply = ["apply", "dev", "--plan", "p.plan"];
    slot(&apply, "green").code(64).says("`p.plan` is a plan of workspace `blue`, not of `green`");
    assert!(!project.path("environments/dev/terraform.tfstate.d/green").exists());
    slot(&apply, "blue").code(0);
    // Also what terraform itself has saved.
    let outside = "terraform -chdir=environments/dev plan -out=../../p.plan >&2";
    slot(&["exec", "dev", "--", "sh", "-c", outside], "blue").code(0);
    slot(&apply, "green").code(64).says("is a plan of workspace `blue`");
    slot(&["plan", "dev", "--out", "p.plan", "--", "-destroy"], "blue").code(0);
    slot(&apply, "blue").code(64).says("was made with `-destroy`").says("infractl destroy dev");
}

#[test]
fn everything_that_is_started_sees_the_workspace() {
    let project = lab(TWO);
    let settings =
        "[terraform]\nworkspace = \"blue\"\n[pipelines]\nshow = [{ command = \"echo in $TF_WORKSPACE\" }]\n";
    project.write("environments/dev/environment.toml", settings);
    let exec = ["exec", "dev", "--", "sh", "-c", "echo in $TF_WORKSPACE"];
    assert_eq!(with(&project, &exec, "TF_WORKSPACE", "red").code(0).out, "in blue\n");
    with(&project, &["-v", "show", "dev"], "TF_WORKSPACE", "red").code(0).says("in blue");
    let run = project.infractl(&["env", "show", "dev", "--explain", "TF_WORKSPACE"]).code(0);
    assert!(
        run.out.contains("`terraform.workspace` (environments/dev/environment.toml:2): wins"),
        "{}",
        run.out
    );
}
