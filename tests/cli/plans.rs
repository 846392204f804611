//! Saved plans: who can read them, and what is done when the world is another one than they were made for.

use std::fs;

use crate::common::{CANARY, Sandbox, on_a_terminal};
use crate::terraform::lab;

const MODULE: &str = "variable \"account_key\" { type = string }\nresource \"terraform_data\" \"a\" { input = var.account_key }\n\
                      resource \"terraform_data\" \"size\" { input = 1 }\n";

fn project() -> Sandbox {
    let project = lab(MODULE);
    project.secrets("common", &[("ACCOUNT_KEY", "account-key")]);
    project
}

#[test]
fn a_saved_plan_is_encrypted_for_those_who_read_the_secrets() {
    let project = project();
    let run = project.run(&["plan", "dev", "--out", "dev.tfplan"], 0);
    run.says("dev.tfplan is encrypted for those who read the secrets of `dev`");
    assert_eq!(project.mode("dev.tfplan"), 0o600);
    let text = fs::read_to_string(project.path("dev.tfplan")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["sops"]["age"].as_array().unwrap().len(), 1);

    // Without the key it is of no use; with it, it is the plan.
    let key = project.path("credentials/demo-key-PROTECTS-NOTHING.txt");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    project.infractl(&["secrets", "decrypt", "dev.tfplan"]).code(65).says("no key opens `dev.tfplan`");
    fs::write(&key, kept).unwrap();
    project.run(&["apply", "dev", "--plan", "dev.tfplan"], 0).says("+2 ~0");
    // One that was changed is none.
    project.infractl(&["plan", "dev", "--out", "dev.tfplan", "--", "-replace=terraform_data.size"]).code(0);
    let text = fs::read_to_string(project.path("dev.tfplan")).unwrap();
    let at = text.find("ENC[AES256_GCM,data:").unwrap() + 40;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    project.write("dev.tfplan", &format!("{}{other}{}", &text[..at], &text[at + 1..]));
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(65);
    project.write("dev.tfplan", &text);
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(0).says("±1");
    // What a plan says is asked for by the same `tf` as everything else.
    project.infractl(&["plan", "dev", "--out", "dev.tfplan", "--", "-replace=terraform_data.size"]).code(0);
    let run = project.infractl(&["tf", "dev", "--", "show", "../../dev.tfplan"]).code(0);
    run.prints("terraform_data.size will be replaced, as requested");
    project.assert_no_canary_on_disk();
}

#[test]
fn where_nobody_is_named_a_plan_stays_clear_and_private_and_says_so() {
    let project = Sandbox::empty();
    project.write("environments/dev/main.tf", "resource \"terraform_data\" \"a\" {}\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    project.write(".gitignore", "shared/\n.infractl/\n");
    project
        .infractl(&["plan", "dev", "--out", "dev.tfplan"])
        .code(0)
        .says("warning: dev.tfplan is not encrypted");
    assert_eq!(project.mode("dev.tfplan"), 0o600);
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(0);
}

#[test]
fn no_plan_leaves_what_was_there() {
    let project = project();
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    let before = fs::read(project.path("dev.tfplan")).unwrap();
    project.write("environments/dev/bad.tf", "resource {\n");
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(1);
    assert_eq!(fs::read(project.path("dev.tfplan")).unwrap(), before);
    fs::remove_file(project.path("environments/dev/bad.tf")).unwrap();
    project.infractl(&["plan", "dev", "--out", "environments"]).code(1).says("environments");
}

#[test]
fn a_new_plan_is_applied_only_if_it_means_what_was_reviewed() {
    let project = project();
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project.edit("environments/dev/main.tf", "input = 1", "input = 2");
    project.write("environments/dev/more.tf", "resource \"terraform_data\" \"more\" {}\n");
    project.secrets("common", &[("ACCOUNT_KEY", "another-key")]);
    let run = project.run(&["apply", "dev", "--verify", "dev.tfplan"], 2);
    let run =
        run.says("terraform_data.size: input: 1, now 2").says("terraform_data.more: nothing, now create");
    run.says("terraform_data.a: input: ").says("nothing was done");
    assert!(!project.path("environments/dev/terraform.tfstate").exists());

    fs::remove_file(project.path("environments/dev/more.tf")).unwrap();
    project.edit("environments/dev/main.tf", "input = 2", "input = 1");
    project.secrets("common", &[("ACCOUNT_KEY", "account-key")]);
    project.run(&["apply", "dev", "--verify", "dev.tfplan"], 0).says("+2 ~0");
    assert!(project.path("shared/.env.dev").exists());
    // It was done: there is nothing of that left to do.
    project.infractl(&["apply", "dev", "--verify", "dev.tfplan"]).code(2).says("create, now nothing");

    // At a terminal too, before anything is asked.
    project.infractl(&["plan", "dev", "--out", "dev.tfplan", "--", "-replace=terraform_data.size"]).code(0);
    let (code, screen) = on_a_terminal(&project, 120, "", "apply dev --verify dev.tfplan");
    assert!(code == 2 && screen.contains("nothing was done") && !screen.contains("Go on?"), "{screen}");
    assert!(!screen.contains(CANARY), "{screen}");
}

#[test]
fn an_environment_may_want_its_plans_reviewed() {
    let project = project();
    project.environment("dev", "[terraform]\nreview = \"saved-plan\"\n");
    for verb in ["apply", "up"] {
        let run = project.infractl(&[verb, "dev", "--confirm", "dev"]).code(78);
        run.says("`dev` applies only a plan that was reviewed").says("infractl apply dev --plan FILE");
    }
    assert!(!project.path("environments/dev/terraform.tfstate").exists());
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project.environment("dev", "[terraform]\nreview = \"verify\"\n");
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(78).says("apply dev --verify FILE");
    project.infractl(&["apply", "dev", "--verify", "dev.tfplan"]).code(0);
    project.environment("dev", "[terraform]\nreview = \"verfy\"\n");
    project.infractl(&["plan", "dev"]).code(78).says("did you mean `verify`?");
    project.environment(
        "dev",
        "[terraform]\nreview = \"saved-plan\"\n[pipelines]\napply = [{ do = \"apply\" }]\n",
    );
    project.infractl(&["apply", "dev"]).code(78);
}
