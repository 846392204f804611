//! Shapes of Makefiles that teams have in public, described and not copied.

use super::{calls, file, proposed, verdict};
use crate::make::note::Verdict;

/// Something is built before every plan; the bucket of the state is an output of a root module of its own.
#[test]
fn steps_around_a_verb_keep_its_name_and_another_root_module_has_its_own_outputs() {
    let text = "ENV ?= dev\nBUCKET = $(shell terraform -chdir=infra/bootstrap output -raw bucket 2>/dev/null)\n\
                TF := terraform -chdir=infra/envs/$(ENV)\nzip:\n\t./zip.sh\n\
                init:\n\t$(TF) init -backend-config=\"bucket=$(BUCKET)\" -backend-config=\"key=$(ENV)/state\"\n\
                plan: zip\n\t$(TF) plan\napply: zip\n\t$(TF) apply -auto-approve\n\
                upload:\n\taws s3 cp a \"s3://$$($(TF) output -raw landing)/a\"\n\
                seed:\n\taws s3 cp a \"s3://$$(terraform -chdir=infra/bootstrap output -raw landing)/a\"\n";
    let proposal = proposed(text, &[("infra/envs/dev/main.tf", ""), ("infra/envs/prod/main.tf", "")]);
    let calls = calls(&proposal);
    for call in ["plan: infractl plan ENV", "apply: infractl apply ENV"] {
        assert!(calls.contains(&call.to_owned()), "{calls:?}");
    }
    assert!(proposal.shim.contains("\napply:\n\t@infractl apply $(ENV)\n"), "{}", proposal.shim);
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("apply = [\n  { do = \"zip\" },\n  { do = \"apply\" },\n]"), "{defaults}");
    assert!(
        !defaults.contains("bucket =") && defaults.contains("key = \"{{environment}}/state\""),
        "{defaults}"
    );
    assert!(defaults.contains("$(terraform -chdir=infra/bootstrap output -raw landing)"), "{defaults}");
    assert_eq!(verdict(&proposal, 7), Verdict::Unsure);
}

/// Somebody else means the bare verb: the longer one has a name of its own.
#[test]
fn a_verb_that_is_meant_bare_stays_bare() {
    let text = "infra:\n\tterraform -chdir=tf apply\nseed:\n\t./seed.sh\napply: infra seed\nall: apply\n";
    let proposal = proposed(text, &[]);
    assert_eq!(
        calls(&proposal),
        [
            "infra: infractl apply main",
            "seed: infractl seed main",
            "apply: infractl make-apply main",
            "all: infractl make-apply main"
        ]
    );
    let text =
        "apply: before\n\tterraform -chdir=tf apply\nbefore:\n\t./a.sh\nall: apply after\nafter:\n\t./b.sh\n";
    let proposal = proposed(text, &[]);
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("all = [\n  { do = \"apply\" },\n  { do = \"after\" },\n]"), "{defaults}");
    assert!(defaults.contains("apply = [\n  { do = \"before\" },\n  { do = \"apply\" },\n]"), "{defaults}");
}

/// All workspaces are made first, whatever they are; the one of the call is selected.
#[test]
fn the_workspace_is_the_one_that_is_selected() {
    let text = "ROOT ?= $(PWD)\nDIR ?= $(PWD)/etc/deploy\ninit:\n\tcd $(DIR) && terraform init\n\
                \t-@cd $(DIR) && terraform workspace new dev\n\t-@cd $(DIR) && terraform workspace new prd\n\
                \tcd $(DIR) && terraform workspace select $(ENV)\n\
                plan:\n\tcd $(DIR) && terraform plan -var-file=$(ENV).tfvars\n\
                notes:\n\tcd docs && ./notes.sh $(ROOT)/notes $(DIR)\n";
    let proposal = proposed(text, &[("etc/deploy/dev.tfvars", ""), ("etc/deploy/prd.tfvars", "")]);
    assert_eq!(proposal.environments, ["dev", "prd"]);
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("workspace = \"{{environment}}\""), "{defaults}");
    // Where make was started is the project, whatever folder a line goes to.
    let line =
        "cd docs && ./notes.sh ${ROOT:-${INFRACTL_DIR:-.}}/notes ${DIR:-${INFRACTL_DIR:-.}/etc/deploy}";
    assert!(defaults.contains(line), "{defaults}");
}

/// The inventory is what the project writes by itself, after each apply.
#[test]
fn a_pipeline_of_the_name_of_a_part_is_no_part() {
    let text = "apply: infra inventory configure\ninfra:\n\tterraform -chdir=tf apply\n\
                inventory:\n\tcd tf && terraform output -raw hosts_yaml > ../ansible/hosts.yaml\n\
                configure:\n\tansible-playbook -i ansible/hosts.yaml ansible/site.yml\n";
    let defaults = proposed(text, &[]);
    let defaults = file(&defaults, "defaults.toml");
    assert!(defaults.contains("{ do = \"apply\" },\n  { do = \"inventory\" },\n"), "{defaults}");
}

/// One shell for all lines of a recipe, a comment first, checks, a script, `@` before every line.
#[test]
fn one_shell_for_a_whole_recipe() {
    let text = "ENV ?= dev\nVARS=\"vars/$(ENV).tfvars\"\n.ONESHELL:\nprep:\n\t@# first\n\t@./bucket.sh create\n\
                \t@terraform init -verify-plugins=true -backend-config=\"key=$(ENV)\"\n\
                plan: prep\n\t@terraform plan -lock=true -refresh=true -var-file=\"$(VARS)\"\n\
                show:\n\t@if [ -f x ]; then \\\n\t\techo yes; \\\n\tfi\n\t@ls\n";
    let proposal = proposed(text, &[("vars/dev.tfvars", ""), ("vars/prod.tfvars", "")]);
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("command = \"./bucket.sh create\""), "{defaults}");
    assert!(defaults.contains("var-files = [\"vars/{{environment}}.tfvars\"]"), "{defaults}");
    assert!(defaults.contains("fi\\nls\""), "a line of the shell has no `@`: {defaults}");
    assert!(
        defaults.contains("plan = [\n  { command = \"./bucket.sh create\" },\n  { do = \"plan\" },\n]")
            || defaults.contains("plan = [\n  { do = \"prep\" },\n  { do = \"plan\" },\n]"),
        "{defaults}"
    );
}

/// A target sets variables with `$(eval …)`; the target named behind it uses them: `make staging deploy`.
#[test]
fn targets_that_choose_the_environment() {
    let text = "dev:\n\t$(eval env=dev)\n\t$(eval size=small)\nproduction:\n\t$(if $(CONFIRM), , $(error CONFIRM is not set))\n\
                \t$(eval env=production)\n\t$(eval size=big)\n\
                image:\n\t$(eval tag := $(shell git rev-parse HEAD))\n\tdocker tag app:1 app:$(tag)\n\
                token:\n\t$(eval export TF_VAR_token=$(token_from_outside))\n\
                apply: image\n\tcd tf && terraform workspace select $(env) && terraform apply -var size=$(size)\n\techo $(tag)>tag\nguarded: token\n\tterraform -chdir=tf destroy\n";
    let proposal = proposed(text, &[]);
    assert_eq!(proposal.environments, ["dev", "production"]);
    let production = file(&proposal, "production/environment.toml");
    assert!(production.contains("size = \"big\""), "{production} {:?}", proposal.files);
    assert!(file(&proposal, "dev/environment.toml").contains("size = \"small\""));
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("docker tag app:1 app:$(git rev-parse HEAD)"), "{defaults}");
    assert!(defaults.contains("echo $(git rev-parse HEAD)>tag"), "what a need sets is set: {defaults}");
    // What only make can tell is told by make, with all that it needs.
    assert!(
        defaults.contains("guarded = [\n  { command = [\"make\", \"-f\", \"Makefile\", \"guarded\""),
        "{defaults}"
    );
    assert!(proposal.shim.contains("\nproduction:\n\t@:$(eval env := production)\n"), "{}", proposal.shim);
    assert!(proposal.shim.contains("\napply:\n\t@infractl apply $(env)\n"), "{}", proposal.shim);
}

/// A folder for each environment that holds a root module for each part.
#[test]
fn root_modules_one_folder_deeper() {
    let text = "ENV ?= dev\nplan:\n\tcd envs/$(ENV)/$(STACK) && terraform plan -var=\"region=$(REGION)\"\n";
    let proposal = proposed(
        text,
        &[("envs/dev/network/main.tf", ""), ("envs/prod/app/main.tf", ""), ("envs/README.md", "")],
    );
    assert_eq!(proposal.environments, ["dev", "prod"]);
    assert!(file(&proposal, "defaults.toml").contains("cd envs/{{environment}}/${STACK} && terraform plan"));
}

/// What is not set is not set; what may be set is decided by its default, and that is said.
#[test]
fn what_decides_and_comes_from_outside_is_said() {
    let text = "FAST ?= 0\nrun:\n\t./run $(if $(filter 1,$(FAST)),--fast,--slow) $(if $(VERBOSE),-v,) $(or $(TAG),latest) $(if $(filter 0,$(FAST)),zero)\n";
    let proposal = proposed(text, &[]);
    let defaults = file(&proposal, "defaults.toml");
    assert!(defaults.contains("./run --slow  ${TAG:-latest} zero"), "{defaults}");
    assert_eq!(verdict(&proposal, 3), Verdict::Unsure);
    let notes = proposal.lines.iter().find(|line| line.at.line == 3).unwrap().notes.join("\n");
    assert!(notes.contains("`FAST` comes from outside: decided for `0`"), "{notes}");
    assert!(notes.contains("`VERBOSE` comes from outside: decided as if it had no value"), "{notes}");
}

/// One apply opens the machine, another closes it: neither is a setting of all.
#[test]
fn a_variable_with_two_values_is_no_setting() {
    let text = "apply:\n\tterraform -chdir=tf apply\nopen: ; terraform -chdir=tf apply -var open=true\n\
                vps: open\n\tansible-playbook ansible/vps.yml\n\tterraform -chdir=tf apply -var open=false\n\
                again: vps\nall: apply\n\tansible-playbook ansible/site.yml\n\tansible-playbook ansible/site.yml\n";
    let proposal = proposed(text, &[]);
    let defaults = file(&proposal, "defaults.toml");
    assert!(!defaults.contains("open =\"") && !defaults.contains("vars"), "{defaults}");
    assert!(defaults.contains("terraform -chdir=tf apply -var open=false"), "{defaults}");
    assert!(
        defaults.contains("playbook = \"ansible/site.yml\""),
        "a target that is read twice counts once: {defaults}"
    );
}
