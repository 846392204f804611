//! Verbs of terraform on root modules that are not as tame as the example: plans, locks, states, inits, odd outputs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{CANARY, Run, Sandbox, is_tofu, on_a_terminal, recorded, start, verbs, wait_for};
use crate::state_server::StateServer;

const SETTINGS: &str = "[project]\nname = \"lab\"\n[secrets]\nfiles = [\"credentials/common.enc.env\"]\nidentity = \
                        \"credentials/demo-key-PROTECTS-NOTHING.txt\"\n[env-file]\ndialect = \"shell\"\n";

/// A project whose `dev` is this root module; its secrets are `ACCOUNT_KEY` and `SHARED_TOKEN`.
pub(crate) fn lab(module: &str) -> Sandbox {
    let project = Sandbox::new();
    project.write("environments/defaults.toml", SETTINGS);
    environment(&project, "dev", module);
    project
}

pub(crate) fn environment(project: &Sandbox, name: &str, module: &str) {
    let _ = fs::remove_dir_all(project.path(format!("environments/{name}")));
    project.write(format!("environments/{name}/environment.toml"), "");
    project.write(format!("environments/{name}/main.tf"), module);
}

/// Running processes of the root modules of a project.
fn running(project: &Sandbox) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let own = entries.filter(|entry| {
        fs::read_link(entry.path().join("cwd")).is_ok_and(|dir| dir.starts_with(project.path("environments")))
    });
    own.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

#[test]
fn a_plan_is_applied_to_its_own_environment_only() {
    let project = Sandbox::new();
    project.infractl(&["plan", "rec", "--out", "rec.tfplan"]).code(0);
    assert_eq!(project.mode("rec.tfplan"), 0o600);
    let run = project.infractl(&["apply", "dev", "--plan", "rec.tfplan"]).code(64);
    run.says("`rec.tfplan` is a plan of `rec`, not of `dev`").says("infractl plan dev --out FILE");
    assert!(
        !project.path("environments/dev/terraform.tfstate").exists(),
        "nothing of rec is in the state of dev"
    );
    assert!(!project.path("shared/.env.dev").exists());
    project.infractl(&["apply", "rec", "--plan", "rec.tfplan"]).code(0).says("+4 ~0 −0 ±0");
    project.infractl(&["apply", "rec", "--plan", "rec.tfplan"]).code(1).says("Saved plan is stale");
    if is_tofu() {
        return; // it applies no plan with other values than it was made with
    }
    // Decrypted it is a plan for everybody else, and one of theirs is one for us.
    let terraform = |args: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(args).current_dir(project.path("environments/dev")).env_remove("TF_CLI_CONFIG_FILE");
        for name in ["storage_account_key", "postgres_admin_password", "acr_admin_password", "region"] {
            command.env(format!("TF_VAR_{name}"), "x");
        }
        command.env("TF_VAR_project", "x").env("TF_VAR_environment", "dev");
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let file = project.path("dev.tfplan").to_str().unwrap().to_owned();
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project.infractl(&["secrets", "decrypt", "--in-place", "dev.tfplan"]).code(0);
    terraform(&["apply", &file]);
    terraform(&["plan", "-destroy", &format!("-out={file}")]);
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).never_says("is a plan of");
    project.write("dev.tfplan", "PK nonsense");
    project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(1).says("the file is no whole plan");
}

#[test]
fn a_plan_file_is_private_from_its_first_byte_and_gone_when_there_is_no_plan() {
    let project = lab("resource \"terraform_data\" \"a\" {}\n");
    project.infractl(&["plan", "dev", "--", "-out=own.tfplan"]).code(0);
    assert_eq!(project.mode("environments/dev/own.tfplan"), 0o600);
    project.infractl(&["plan", "dev", "--json", "--out", "json.tfplan"]).code(0);
    assert_eq!(project.mode("json.tfplan"), 0o600);
    project.infractl(&["apply", "dev", "--plan", "json.tfplan"]).code(0);
    project.write("environments/dev/bad.tf", "resource {\n");
    project.infractl(&["plan", "dev", "--out", "none.tfplan"]).code(1);
    assert!(!project.path("none.tfplan").exists());
}

#[test]
fn a_secret_that_changed_since_the_plan_is_not_shown() {
    let project = Sandbox::new();
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project.secrets(
        "dev",
        &[
            ("STORAGE_ACCOUNT_KEY", "new-1"),
            ("POSTGRES_ADMIN_PASSWORD", "new-2"),
            ("ACR_ADMIN_PASSWORD", "new-3"),
        ],
    );
    if is_tofu() {
        let run = project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(1);
        run.says("Mismatch between input and plan variable value")
            .says("a value is another one than when the plan");
        return;
    }
    // The old values are no secrets of this run: nothing but the message itself could hide them.
    let run = project.infractl(&["apply", "dev", "--plan", "dev.tfplan"]).code(0);
    run.says("The variable postgres_admin_password").says("The value in the saved plan is another");
    let log = project.infractl(&["history", "show", "1", "--log"]);
    assert!(!log.out.contains(CANARY) && !log.err.contains(CANARY));
    fs::remove_file(project.path("dev.tfplan")).unwrap();
    project.assert_no_canary_on_disk();
}

#[test]
fn what_is_inside_a_secret_that_is_json_is_hidden_too() {
    let project = lab(
        "variable \"account\" { type = string }\nresource \"terraform_data\" \"a\" {\n  input = { whole = var.account, parts = jsondecode(var.account) }\n  \
         provisioner \"local-exec\" {\n    command = \"echo \\\"$KEY\\\"\"\n    environment = { KEY = jsondecode(var.account).private_key }\n  }\n}\n",
    );
    let account = format!(
        "ACCOUNT={{\"type\":\"service_account\",\"private_key\":\"{CANARY}key-1\",\"more\":[{{\"token\":\"{CANARY}token\"}}]}}\n"
    );
    project.secrets_text("common", &account);
    project.infractl(&["plan", "dev"]).code(0).prints("jsonencode(").prints("private_key = \"***\"");
    let run = Run::in_clear(&mut project.command(&["plan", "dev", "--json"]));
    assert!(!run.out.contains(CANARY), "{}", run.out);
    project.infractl(&["-v", "apply", "dev"]).code(0).says("***");
    project.infractl(&["plan", "dev"]).code(0);
    project.assert_no_canary_on_disk();
}

#[test]
fn a_long_output_is_no_line_of_the_apply() {
    let project = lab(
        "output \"long\" { value = join(\"\", [for i in range(1000) : \"{\\\"0123456789012345678901234567890123456789012345678901234567890123456789\\n\"]) }\n\
         resource \"terraform_data\" \"a\" {}\n",
    );
    project.infractl(&["-v", "apply", "dev"]).code(0).says("+1 ~0 −0 ±0").never_says("0123456789");
    let out = Run::of(&mut project.command(&["output", "dev", "long", "--raw"])).code(0).out;
    assert_eq!(out.len(), 73_000);
}

#[test]
fn what_a_provisioner_prints_does_not_drive_the_terminal() {
    let project = lab(
        "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"printf '\\\\033[2J\\\\033]0;t\\\\007\\\\033[31mred\\\\033[0m\\\\n'; exit 3\"\n  }\n}\n",
    );
    let run = project.infractl(&["-v", "apply", "dev"]).code(1).says("exit status 3. Output: red");
    assert!(!run.err.contains(['\u{1b}', '\u{7}']), "{:?}", run.err);
}

#[test]
fn every_replacement_is_counted_and_changes_that_touch_nothing_are_told() {
    let project = lab(
        "resource \"terraform_data\" \"a\" { input = 1 }\nresource \"terraform_data\" \"gone\" {}\noutput \"o\" { value = 1 }\n",
    );
    project.infractl(&["apply", "dev"]).code(0).says("+2 ~0 −0 ±0");
    let run = project.infractl(&["plan", "dev", "--", "-replace=terraform_data.a"]).code(0);
    run.says("terraform plan  +0 ~0 −0 ±1");
    project
        .infractl(&["plan", "dev", "--", "-json", "-replace=terraform_data.a"])
        .code(0)
        .says("+0 ~0 −0 ±1");
    project.write(
        "environments/dev/main.tf",
        "resource \"terraform_data\" \"b\" { input = 1 }\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n\
         removed {\n  from = terraform_data.gone\n  lifecycle {\n    destroy = false\n  }\n}\noutput \"o\" { value = 1 }\n",
    );
    let counts = "+0 ~0 −0 ±0, 1 moved, 1 no longer managed";
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(2).says(counts);
    project.infractl(&["apply", "dev"]).code(0).says(counts);
    project.edit("environments/dev/main.tf", "output \"o\" { value = 1 }", "output \"o\" { value = 2 }");
    project.infractl(&["apply", "dev"]).code(0).says("terraform apply  +0 ~0 −0 ±0 (outputs only)");
    project.infractl(&["apply", "dev"]).code(0).says("terraform apply  no changes");
}

#[test]
fn an_init_is_done_when_it_is_needed_and_without_what_is_meant_for_the_plan() {
    let project = lab("module \"m\" { source = \"../../modules/m\" }\n");
    project.write("modules/m/main.tf", "output \"x\" { value = 1 }\n");
    let run = recorded(&project);
    let starts = |args: &[&str]| {
        let (done, lines) = run(args);
        done.code(0);
        let init = lines.iter().find(|line| line.starts_with("init"));
        assert!(init.is_none_or(|line| !line.contains("refresh")), "{lines:?}");
        verbs(&lines).join(" ")
    };
    let plan = ["plan", "dev", "--", "-refresh=false"];
    assert_eq!(starts(&plan), "init plan");
    assert_eq!(starts(&plan), "plan");
    project.write("modules/m/more.tf", "locals { more = 1 }\n");
    assert_eq!(starts(&plan), "plan", "a module with other content needs none");
    project.write("modules/m/more.tf", "module \"n\" { source = \"./n\" }\n");
    project.write("modules/m/n/main.tf", "");
    assert_eq!(starts(&plan), "init plan", "a module in a module");
    // Half of it is gone: seen before terraform has to say so.
    fs::remove_file(project.path("environments/dev/.terraform/modules/modules.json")).unwrap();
    assert_eq!(starts(&plan), "init plan");
    fs::remove_dir_all(project.path("environments/dev/.terraform")).unwrap();
    assert_eq!(starts(&["genenv", "dev"]), "", "a state on this disk needs no init");
    project.write(
        "environments/dev/environment.toml",
        "[terraform.env]\nTF_DATA_DIR = \".terraform/{{environment}}\"\n",
    );
    assert_eq!(starts(&plan), "init plan", "another data folder");
    assert_eq!(starts(&plan), "plan");
    // terraform says so itself when our stamp is wrong: somebody removed what it names.
    let stamp = project.path(".infractl/init/dev.json");
    let text = fs::read_to_string(&stamp).unwrap().replace("modules/modules.json", "modules");
    fs::remove_file(project.path("environments/dev/.terraform/dev/modules/modules.json")).unwrap();
    fs::write(&stamp, text).unwrap();
    assert_eq!(starts(&plan), "plan init plan");
    drop(run);
}

#[test]
fn the_ways_out_of_a_changed_backend_work_as_they_are_written() {
    let project = lab("terraform {\n  backend \"local\" {}\n}\nresource \"terraform_data\" \"a\" {}\n");
    let place = |name: &str| {
        let text = format!("[terraform.backend]\npath = \"{name}.tfstate\"\n");
        project.write("environments/dev/environment.toml", &text);
    };
    place("one");
    project.infractl(&["apply", "dev"]).code(0);
    place("two");
    let run = project.infractl(&["plan", "dev"]).code(1).says("Backend configuration changed");
    run.says("`infractl init dev -- -migrate-state -force-copy`").says("`infractl init dev -- -reconfigure`");
    project.infractl(&["init", "dev", "--", "-migrate-state", "-force-copy"]).code(0);
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
    place("three");
    project.infractl(&["init", "dev", "--", "-reconfigure"]).code(0);
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(2);
}

#[test]
fn environments_that_share_a_root_module_are_not_told_to_copy_a_state() {
    let project = lab("");
    project.write(
        "root/main.tf",
        "terraform {\n  backend \"local\" {}\n}\nresource \"terraform_data\" \"a\" {}\n",
    );
    let both = |more: &str| {
        for name in ["dev", "rec"] {
            let _ = fs::remove_dir_all(project.path(format!("environments/{name}")));
            project.write(
                format!("environments/{name}/environment.toml"),
                &format!(
                    "[terraform]\ndir = \"root\"\n[terraform.backend]\npath = \"{name}.tfstate\"\n{more}"
                ),
            );
        }
    };
    both("");
    project.infractl(&["apply", "dev"]).code(0);
    let run = project.infractl(&["apply", "rec"]).code(1);
    run.says("TF_DATA_DIR = \".terraform/{{environment}}\"").never_says("force-copy");
    both("[terraform.env]\nTF_DATA_DIR = \".terraform/{{environment}}\"\n");
    for name in ["dev", "rec", "dev", "rec"] {
        project.infractl(&["apply", name]).code(0);
    }
    assert!(project.path("root/rec.tfstate").exists() && project.path("root/dev.tfstate").exists());
}

#[test]
fn a_lock_that_somebody_holds_is_explained_wherever_lines_break() {
    let server = StateServer::new();
    let project = lab("terraform {\n  backend \"http\" {}\n}\nresource \"terraform_data\" \"a\" {}\n");
    project.write("environments/dev/environment.toml", &server.settings());
    project.infractl(&["apply", "dev"]).code(0);
    let id = "80b503f2-ce1b-d833-3715-891334bf2d3e";
    let lock = format!("{{\"ID\":\"{id}\",\"Who\":\"ann@ci\",\"Operation\":\"OperationTypeApply\"}}");
    server.with(|kept| kept.lock = Some(lock.into_bytes()));
    for verb in ["plan", "apply", "destroy"] {
        let run = project.infractl(&[verb, "dev"]).code(75);
        run.says(&format!("wait for the run that holds lock {id}")).says(&format!("force-unlock {id}"));
    }
    // No lock is needed to read, and the command that is named works.
    project.infractl(&["output", "dev"]).code(0);
    let dir = project.path("environments/dev").to_str().unwrap().to_owned();
    let unlock = ["exec", "dev", "--", "terraform", &format!("-chdir={dir}"), "force-unlock", "-force", id];
    project.infractl(&unlock).code(0);
    assert!(!server.is_locked());
    project.infractl(&["apply", "dev"]).code(0);
}

#[test]
fn a_state_that_was_not_saved_is_not_forked() {
    let server = StateServer::new();
    let project =
        lab("terraform {\n  backend \"http\" {}\n}\nresource \"terraform_data\" \"a\" { input = 1 }\n");
    project.write("environments/dev/environment.toml", &server.settings());
    project.infractl(&["apply", "dev"]).code(0);
    project.edit("environments/dev/main.tf", "input = 1", "input = 2");
    server.with(|kept| kept.refuses = true);
    let run = project.infractl(&["apply", "dev"]).code(1);
    run.says("state push errored.tfstate").says("infractl exec dev -- terraform -chdir=");
    assert!(!server.is_locked());
    server.with(|kept| kept.refuses = false);
    for verb in ["apply", "destroy"] {
        let run = project.infractl(&[verb, "dev"]).code(1);
        run.says("`environments/dev/errored.tfstate` holds a state that was never saved").says("state push");
    }
    let dir = project.path("environments/dev").to_str().unwrap().to_owned();
    let push =
        ["exec", "dev", "--", "terraform", &format!("-chdir={dir}"), "state", "push", "errored.tfstate"];
    project.infractl(&push).code(0);
    let run = project.infractl(&["apply", "dev"]).code(0).says("it may go");
    run.says("no changes");
}

#[test]
fn a_killed_infractl_does_not_take_terraform_along() {
    let server = StateServer::new();
    let project = lab("");
    project.write(
        "environments/dev/main.tf",
        &format!(
            "terraform {{\n  backend \"http\" {{}}\n}}\nresource \"terraform_data\" \"a\" {{\n  provisioner \"local-exec\" {{\n    command = \
             \"touch {}; sleep 1; seq 3000; sleep 1\"\n  }}\n}}\n",
            project.path("begun").display()
        ),
    );
    project.write("environments/dev/environment.toml", &server.settings());
    let mut child = start(&mut project.command(&["apply", "dev"]));
    wait_for("the resource", || project.path("begun").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(server.is_locked(), "terraform is at work");
    wait_for("the end of terraform", || running(&project).is_empty());
    assert!(!server.is_locked(), "it released its lock");
    let state = server.with(|kept| String::from_utf8(kept.state.clone().unwrap()).unwrap());
    assert!(state.replace(' ', "").contains("\"mode\":\"managed\"") && !state.contains("tainted"), "{state}");
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
    project.infractl(&["genenv", "dev"]).code(0);
}

#[test]
fn a_killed_terraform_is_told_as_such() {
    let project = lab("");
    project.write(
        "environments/dev/main.tf",
        &format!(
            "resource \"terraform_data\" \"a\" {{\n  provisioner \"local-exec\" {{\n    command = \"touch {}; sleep 20\"\n  }}\n}}\n",
            project.path("begun").display()
        ),
    );
    let child = start(&mut project.command(&["apply", "dev"]));
    wait_for("the resource", || project.path("begun").exists());
    let of_child = |pid: &&Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        stat.contains("(terraform)")
    };
    let all = running(&project);
    kill_process(*all.iter().find(of_child).unwrap(), Signal::KILL).unwrap();
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{err}");
    assert!(err.contains("was ended by signal 9") && err.contains("infractl plan dev"), "{err}");
    assert_eq!(running(&project), [], "what it ran is ended too");
    assert!(!project.path("shared/.env.dev").exists());
}

#[test]
fn a_wrapper_that_talks_is_as_good_as_terraform() {
    let project = lab("output \"a\" { value = \"x\" }\n");
    project.write("tf", "#!/bin/sh\necho 'using {terraform} 1'\necho more >&2\nexec terraform \"$@\"\n");
    fs::set_permissions(project.path("tf"), fs::Permissions::from_mode(0o755)).unwrap();
    project.write("environments/dev/environment.toml", "[terraform]\nprogram = \"./tf\"\n");
    project.infractl(&["apply", "dev"]).code(0);
    assert!(project.read("shared/.env.dev").contains("A=x\n"));
    project.write("environments/dev/bad.tf", "output \"b\" { value = var.nope }\n");
    project.infractl(&["validate", "dev"]).code(1).says("undeclared input variable").says("bad.tf line 1");
}

#[test]
fn variables_of_the_user_that_name_nothing_are_no_noise() {
    let project = lab("output \"a\" { value = 1 }\n");
    for (name, value) in [
        ("TF_CLI_CONFIG_FILE", "/nowhere/rc"),
        ("TF_PLUGIN_CACHE_DIR", "/nowhere/cache"),
        ("TF_CLI_ARGS_state_pull", "-no-such"),
    ] {
        for verb in ["plan", "fmt", "validate", "apply", "init"] {
            let run = Run::of(project.command(&[verb, "dev"]).env(name, value)).code(0);
            run.never_says("CLI configuration").never_says("Error:");
        }
    }
    Run::of(project.command(&["fmt", "dev"]).env("TF_CLI_ARGS", "-compact-warnings")).code(0);
}

#[test]
fn flags_that_made_a_plan_are_not_asked_of_its_apply() {
    let project = lab("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n");
    project.write("environments/dev/environment.toml", "protected = true\n");
    let lock = "-lock-timeout=1s";
    project.infractl(&["plan", "dev", "--out", "a.tfplan", "--", "-target=terraform_data.a"]).code(0);
    project
        .infractl(&["apply", "dev", "--plan", "a.tfplan", "--confirm", "dev", "--", lock])
        .code(0)
        .says("+1");
    // On a terminal a protected environment shows its plan first, keeps it, and applies that.
    let (code, out) =
        on_a_terminal(&project, 80, "dev\n", &format!("apply dev -- -target=terraform_data.b {lock}"));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("Type `dev`") && out.contains("+1 ~0 −0 ±0"), "{out}");
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
}
