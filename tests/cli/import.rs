//! From a Makefile: proposed, written, and the old targets that call infractl.

use std::fs;
use std::process::Command;

use crate::common::{BIN, CANARY, Run, Sandbox, clean, path_with};

/// A facade over one root module for each environment, secrets opened by a wrapper.
const MAKEFILE: &str = "SHELL := /bin/bash\nENV ?= dev\nDIR := terraform/environments/$(ENV)\nRUN := ./scripts/with-secrets.sh $(ENV)\n\n\
    ifeq ($(ENV),prod)\nREGION := west\nelse\nREGION := lab\nendif\n\n.PHONY: help init plan apply destroy output up\n\n\
    help: ## This help\n\t@grep -E '##' $(MAKEFILE_LIST)\ninit:\n\t$(RUN) terraform -chdir=$(DIR) init -input=false\n\
    plan: init\n\t@$(RUN) terraform -chdir=$(DIR) plan -var region=$(REGION)\n\
    apply: init\n\t@$(RUN) terraform -chdir=$(DIR) apply -auto-approve -var region=$(REGION)\n\
    destroy:\n\t@$(RUN) terraform -chdir=$(DIR) destroy -auto-approve -var region=$(REGION)\n\
    output:\n\t@$(RUN) terraform -chdir=$(DIR) output\n\
    stamp:\n\techo $(ENV) $(shell touch executed) > stamp.txt\n\
    up: init apply\n";

const WRAPPER: &str = "#!/usr/bin/env bash\nset -euo pipefail\necho \"opening $(touch executed)\" >&2\nROOT=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\" && pwd)\"\n\
    ENV=\"${1:?which one}\"\nshift\nset -a\nsource <(sops -d \"$ROOT/credentials/common.enc.env\")\nset +a\nexec \"$@\"\n";

const MODULE: &str = "variable \"region\" {}\nresource \"terraform_data\" \"x\" { input = var.region }\noutput \"region\" { value = var.region }\n";

fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("Makefile", MAKEFILE);
    sandbox.write("scripts/with-secrets.sh", WRAPPER);
    for name in ["dev", "prod"] {
        sandbox.write(format!("terraform/environments/{name}/main.tf"), MODULE);
    }
    sandbox.secrets("common", &[("ACCOUNT_KEY", "account")]);
    sandbox.write(".gitignore", ".infractl/\nshared/.env.*\n.terraform/\n*.tfstate*\n");
    fs::create_dir_all(sandbox.path("shared")).unwrap();
    sandbox
}

/// make, with infractl on its path.
fn make(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command: Command = clean("make", sandbox.root(), sandbox.home.root());
    command.args(args).env("PATH", path_with([BIN]));
    command.envs(sandbox.vars.iter().cloned());
    Run::of(&mut command)
}

#[test]
fn a_proposal_changes_nothing_and_runs_nothing() {
    let sandbox = repository();
    let run = sandbox.run(&["import", "make"], 0);
    assert!(run.out.contains("infractl plan ENV"), "{}", run.out);
    assert!(run.out.contains("Makefile:27  echo $(ENV) $(shell touch executed)"), "{}", run.out);
    assert!(run.out.contains("was not run"), "{}", run.out);
    sandbox.run(&["import", "make", "--write", "--dry-run"], 0);
    assert!(!sandbox.path("environments").exists());
    assert!(!sandbox.path("executed").exists());
}

#[test]
fn what_is_written_works_and_is_not_written_twice() {
    let sandbox = repository();
    sandbox.run(&["import", "make", "--write"], 0);
    let dev = fs::read_to_string(sandbox.path("environments/dev/environment.toml")).unwrap();
    assert!(dev.contains("vars = { region = \"lab\" }"), "{dev}");
    let shown = sandbox.run(&["env", "show", "prod"], 0);
    assert!(shown.out.contains("credentials/common.enc.env") && shown.out.contains("west"), "{}", shown.out);
    sandbox.write("environments/dev/environment.toml", "[terraform]\nvars = { region = \"mine\" }\n");
    let again = sandbox.run(&["import", "make", "--write"], 0);
    assert!(
        again.err.contains("environments/dev/environment.toml is there already, and stays"),
        "{}",
        again.err
    );
    assert!(
        again.err.contains("environments/defaults.toml is there already, with this text"),
        "{}",
        again.err
    );
    assert!(fs::read_to_string(sandbox.path("environments/dev/environment.toml")).unwrap().contains("mine"));
    assert!(!sandbox.path("executed").exists());
}

#[test]
fn the_old_targets_call_infractl() {
    let sandbox = repository();
    fs::remove_file(sandbox.path("credentials/common.enc.env")).unwrap();
    sandbox.write("scripts/with-secrets.sh", "#!/bin/sh\nshift\nexec \"$@\"\n");
    sandbox.run(&["import", "make", "--write", "--shim"], 77);
    assert_eq!(fs::read_to_string(sandbox.path("Makefile")).unwrap(), MAKEFILE, "nobody said yes");
    sandbox.run(&["import", "make", "--write", "--shim", "--yes"], 0);
    assert_eq!(fs::read_to_string(sandbox.path("Makefile.before-infractl")).unwrap(), MAKEFILE);
    let plan = make(&sandbox, &["plan", "ENV=prod"]).code(0);
    assert!(format!("{}{}", plan.out, plan.err).contains("terraform_data.x"), "{} {}", plan.out, plan.err);
    make(&sandbox, &["apply"]).code(0);
    assert!(sandbox.path("terraform/environments/dev/terraform.tfstate").exists());
    let output = make(&sandbox, &["-s", "output"]).code(0);
    assert!(output.out.contains("lab"), "{}", output.out);
    make(&sandbox, &["destroy", "ENV=dev"]).code(0);
}

#[test]
fn secrets_in_clear_are_not_shown_and_not_written() {
    let sandbox = repository();
    sandbox.write(
        "Makefile",
        &format!(
            "API_TOKEN = {CANARY}\nENV ?= dev\ncall:\n\tcurl -H \"x: $(API_TOKEN)\" https://u:{CANARY}@x/\n"
        ),
    );
    let run = sandbox.infractl(&["import", "make", "--write", "--files"]).code(0);
    assert!(run.out.contains("infractl secrets set ENV API_TOKEN"), "{}", run.out);
    let json = sandbox.infractl(&["import", "make", "--output", "json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(json.out.lines().next().unwrap()).unwrap();
    assert_eq!(json["secrets"][0]["name"], "API_TOKEN");
    assert_eq!(json["environments"], serde_json::json!(["dev"]));
    let defaults = fs::read_to_string(sandbox.path("environments/defaults.toml")).unwrap();
    assert!(!defaults.contains(CANARY) && defaults.contains("${API_TOKEN}"), "{defaults}");
}

#[test]
fn what_is_no_makefile_is_refused_and_odd_ones_end() {
    let sandbox = Sandbox::empty();
    let run = sandbox.run(&["import", "make"], 64);
    assert!(run.err.contains("no Makefile in"), "{}", run.err);
    fs::write(sandbox.path("zero"), b"a:\n\tb\0\n").unwrap();
    let run = sandbox.run(&["import", "make", "zero"], 64);
    assert!(run.err.contains("a zero byte on line 2"), "{}", run.err);
    rustix::fs::mknodat(rustix::fs::CWD, sandbox.path("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let run = sandbox.infractl(&["import", "make", "pipe"]).code(1);
    assert!(run.err.contains("it is a device, a pipe or a socket"), "{}", run.err);
    fs::remove_file(sandbox.path("pipe")).unwrap();
    fs::write(sandbox.path("latin"), b"a:\n\techo \xe9t\xe9\n").unwrap();
    sandbox.run(&["import", "make", "latin"], 0);
    fs::write(sandbox.path("long"), "a:\n\tnpm x\n".repeat(1_700_000)).unwrap();
    let run = sandbox.run(&["import", "make", "long"], 64);
    assert!(run.err.contains("more than 16 MiB"), "{}", run.err);
}
