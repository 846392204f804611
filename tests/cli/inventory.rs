//! The ansible inventory: from outputs and `[hosts]` to a file, and back. No machine is needed.

use crate::common::{CANARY, Sandbox};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

/// An environment whose outputs are given by hand, with a list, a map and a sensitive output.
const ENVIRONMENT: &str = r#"
[outputs]
backend_ip = "192.0.2.10"
worker_ips = ["192.0.2.21", "192.0.2.22"]
db_ips = { north = "192.0.2.31", south = "192.0.2.32" }
zones = ["a", 2]
password = "{{secret.POSTGRES_ADMIN_PASSWORD}}"

[env-file]
sections = []

[secrets]
identity = "credentials/demo-key-PROTECTS-NOTHING.txt"

[inventory]
vars = { environment_name = "{{environment}}", zones = "{{output.zones}}", who = "{{{{ inventory_hostname }}" }
groups.app = { hosts = ["backend", "worker"], vars = { ansible_python_interpreter = "auto" } }
groups.site = { children = ["app"] }

[hosts.backend]
address = "{{output.backend_ip}}"
user = "debian"
port = 2222
identity-file = "keys/id one"
vars = { motd = "it's #1" }

[hosts.worker]
address = "{{output.worker_ips}}"
jump = "backend"

[hosts.db]
address = "{{output.db_ips}}"
"#;

const FILE: &str = "ansible/inventory/local.ini";

fn project() -> Sandbox {
    let project = Sandbox::new();
    project.write("environments/local/environment.toml", ENVIRONMENT);
    project
}

#[test]
fn the_inventory_has_hosts_groups_and_how_to_reach_them() {
    let project = project();
    project.infractl(&["inventory", "local"]).code(0).says("ansible/inventory/local.ini, 5 hosts");
    let root = project.root().canonicalize().unwrap();
    let text = project.read(FILE).replace(&*root.to_string_lossy(), "PROJECT");
    let through = |line: &str| match line.split_once("ansible_ssh_common_args=") {
        Some((start, args)) => {
            assert!(args.starts_with(r#"'"-o \x27ProxyCommand=ssh "#), "{args}");
            assert!(
                args.contains(" -l debian -p 2222 ") && args.ends_with(r#" -- 192.0.2.10\x27"'"#),
                "{args}"
            );
            format!("{start}THROUGH\n")
        }
        None => format!("{line}\n"),
    };
    let text: String = text.lines().map(through).collect();
    insta::assert_snapshot!(text, @r##"
    # nyctaxi: ansible inventory, written by infractl, do not edit
    # Environment: local
    # To write it again: infractl inventory local

    backend ansible_host=192.0.2.10 ansible_user=debian ansible_port=2222 ansible_ssh_private_key_file='"PROJECT/keys/id one"' motd='"it\x27s #1"'
    worker-1 ansible_host=192.0.2.21 THROUGH
    worker-2 ansible_host=192.0.2.22 THROUGH
    db-north ansible_host=192.0.2.31
    db-south ansible_host=192.0.2.32

    [app]
    backend
    worker-1
    worker-2

    [site]

    [site:children]
    app

    [local]
    backend
    worker-1
    worker-2
    db-north
    db-south

    [all:vars]
    environment_name = local
    zones = ["a", 2]
    who = "{{ inventory_hostname }}"

    [app:vars]
    ansible_python_interpreter = auto
    "##);
    let mode = fs::metadata(project.path(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    project.assert_no_canary_on_disk();
}

#[test]
fn check_print_and_diff_write_nothing() {
    let project = project();
    project
        .infractl(&["inventory", "local", "--check"])
        .code(2)
        .says("is missing")
        .says("infractl inventory local");
    let printed = project.infractl(&["inventory", "local", "--print"]).code(0).out;
    assert!(printed.contains("\n[app]\nbackend\nworker-1\nworker-2\n"), "{printed}");
    assert!(!project.path(FILE).exists());
    project.infractl(&["inventory", "local"]).code(0);
    assert_eq!(project.read(FILE), printed);
    project.infractl(&["inventory", "local", "--check"]).code(0).says("is up to date");
    project.infractl(&["inventory", "local", "--diff"]).code(0).says("is up to date");

    project.edit("environments/local/environment.toml", "192.0.2.22\"", "192.0.2.23\"");
    project.infractl(&["inventory", "local", "--check"]).code(2).says("is stale");
    let diff = project.infractl(&["inventory", "local", "--diff"]).code(0).out;
    let lines: Vec<&str> = diff.lines().collect();
    assert_eq!(lines.len(), 2, "{diff}");
    assert!(lines[0].starts_with("- worker-2 ansible_host=192.0.2.22 "), "{diff}");
    assert!(lines[1].starts_with("+ worker-2 ansible_host=192.0.2.23 "), "{diff}");
    assert_eq!(project.read(FILE), printed, "nothing was written");
    project.infractl(&["inventory", "local", "--print", "--all"]).code(64);
}

#[test]
fn an_unchanged_inventory_stays_the_same_file() {
    let project = project();
    let place = || fs::metadata(project.path(FILE)).unwrap().ino();
    project.infractl(&["inventory", "local"]).code(0);
    let first = place();
    project.infractl(&["inventory", "local"]).code(0).says("unchanged");
    assert_eq!(place(), first);
    // One that may be executed would be run by ansible.
    fs::set_permissions(project.path(FILE), fs::Permissions::from_mode(0o755)).unwrap();
    project.infractl(&["inventory", "local"]).code(0);
    assert_ne!(place(), first);
}

#[test]
fn a_secret_is_refused_with_the_way_out() {
    for (from, to) in [
        ("motd = \"it's #1\"", "motd = \"a {{secret.POSTGRES_ADMIN_PASSWORD}}\""),
        ("motd = \"it's #1\"", "motd = [\"{{output.password}}\"]"),
        ("zones = \"{{output.zones}}\"", "zones = \"{{output.password}}\""),
        ("ansible_python_interpreter = \"auto\"", "x = { y = \"{{output.password}}\" }"),
    ] {
        let project = project();
        project.edit("environments/local/environment.toml", from, to);
        for args in [&["inventory", "local"][..], &["inventory", "local", "--print"], &["apply", "local"]] {
            project
                .infractl(args)
                .code(78)
                .says("holds a secret, and the inventory is a file for everybody")
                .says("[ansible] vars");
        }
        assert!(!project.path(FILE).exists());
        project.assert_no_canary_on_disk();
    }
}

#[test]
fn yaml_can_hold_what_ini_cannot() {
    let project = project();
    let environment = "environments/local/environment.toml";
    project.edit(environment, "zones = [\"a\", 2]", "zones = \"{% {{{{ x }}\"");
    project
        .infractl(&["inventory", "local"])
        .code(78)
        .says("`zones` of `[inventory] vars` cannot be in the inventory: its value holds `{{`")
        .says("format = \"yaml\"");
    project.edit(environment, "[inventory]", "[inventory]\nformat = \"yaml\"");
    project.infractl(&["inventory", "local"]).code(0).says("ansible/inventory/local.yml, 5 hosts");
    let text = project.read("ansible/inventory/local.yml");
    assert!(text.contains("zones: !unsafe \"{% {{ x }}\"\n"), "{text}");
    assert!(text.contains("who: \"{{ inventory_hostname }}\"\n"), "{text}");
    project.edit(environment, "[inventory]", "[inventory]\npath = \"x.ini\"");
    project.infractl(&["inventory", "local"]).code(78).says("ansible would not read `x.ini` as what it is");
}

#[test]
fn a_file_of_somebody_else_is_never_replaced() {
    let project = project();
    project.write(FILE, "[app]\nby-hand\n");
    // Before anything else happens.
    project
        .infractl(&["apply", "local"])
        .code(78)
        .says("was not written by infractl")
        .never_says("==> outputs");
    project.infractl(&["inventory", "local"]).code(78).says("[ansible]");
    project.infractl(&["inventory", "local", "--diff"]).code(0);
    project.infractl(&["destroy", "local"]).code(0).says("is not infractl's, and stays");
    assert_eq!(project.read(FILE), "[app]\nby-hand\n");
}

#[test]
fn wrong_hosts_and_groups_are_said_before_anything_runs() {
    let wrong = |from: &str, to: &str| {
        let project = project();
        project.edit("environments/local/environment.toml", from, to);
        let run = project.infractl(&["inventory", "local"]);
        assert!(!project.path(FILE).exists());
        run
    };
    wrong("children = [\"app\"]", "children = [\"site\"]").code(78).says("`site` would be in itself");
    wrong("[hosts.backend]", "[hosts.backend]\njump = \"worker\"").code(78).says("through itself");
    wrong("north =", "\"a b\" =").code(78).says("`db-a b`").says("pattern");
    wrong("[hosts.db]\naddress = \"{{output.db_ips}}\"", "[hosts.worker-1]\naddress = \"x\"")
        .code(78)
        .says("two machines are called `worker-1`");
    wrong("motd = ", "\"mo-td\" = ").code(78).says("`mo-td` of the host `backend`");
    wrong("\"192.0.2.10\"", "\"\"").code(1).says("`backend` has no usable address");
    wrong("groups.site", "groups.all").code(78).says("ansible has a group of that name");
    let project = Sandbox::new();
    project.infractl(&["inventory", "local"]).code(78).says("there is no `[inventory]`");
    project.infractl(&["inventory", "local", "--check"]).code(78).says("there is no `[inventory]`");
}

#[test]
fn apply_writes_it_and_destroy_removes_it_only_on_success() {
    let project = Sandbox::new();
    let declared = "\n[inventory]\ngroups.app = { hosts = [\"backend\"] }\n";
    let file = project.path("ansible/inventory/dev.ini");
    project.write("environments/defaults.toml", &(project.read("environments/defaults.toml") + declared));
    project.infractl(&["inventory", "dev"]).code(1).says("infractl apply dev");
    project.infractl(&["apply", "dev"]).code(0).says("inventory  ansible/inventory/dev.ini, 1 host");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("\nbackend ansible_host=") && !written.contains(CANARY), "{written}");
    project.infractl(&["inventory", "dev", "--check"]).code(0);
    project.infractl(&["inventory", "--env", "dev,local", "--check"]).code(2);

    // An apply that fails leaves the old one.
    let main = project.read("environments/dev/main.tf");
    project.write(
        "environments/dev/main.tf",
        &format!("{main}\nresource \"terraform_data\" \"bad\" {{\n  provisioner \"local-exec\" {{ command = \"exit 3\" }}\n}}\n"),
    );
    project.infractl(&["apply", "dev"]).code(1);
    assert_eq!(fs::read_to_string(&file).unwrap(), written);

    // A destroy that fails keeps it.
    project.write(
        "environments/dev/main.tf",
        &format!(
            "{main}\nresource \"terraform_data\" \"bad\" {{\n  provisioner \"local-exec\" {{\n    when = destroy\n    command = \"exit 3\"\n  }}\n}}\n"
        ),
    );
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["destroy", "dev"]).code(1);
    assert!(file.exists());
    project.write("environments/dev/main.tf", &main);
    project.infractl(&["destroy", "dev"]).code(0).says("ansible/inventory/dev.ini removed");
    assert!(!file.exists());
    project.assert_no_canary_on_disk();
}

#[test]
fn a_dry_run_says_it_and_a_script_does_the_same() {
    let project = project();
    let said = project.infractl(&["inventory", "local", "--dry-run"]).code(0).out;
    assert!(said.contains("# write ansible/inventory/local.ini (mode 0644)"), "{said}");
    assert!(!project.path(FILE).exists());
    // A list has to be taken apart, which a script cannot do.
    let script = ["pipeline", "local", "inventory", "--print"];
    project.infractl(&script).code(64).says("has no script that does the same");
    let environment = "environments/local/environment.toml";
    for (from, to) in [
        ("\"{{output.worker_ips}}\"", "\"192.0.2.21\""),
        ("\"{{output.db_ips}}\"", "\"192.0.2.31\""),
        ("\"{{output.zones}}\"", "[\"a\", 2]"),
        ("jump = \"backend\"\n", ""),
    ] {
        project.edit(environment, from, to);
    }
    let text = project.infractl(&script).code(0).out;
    project.infractl(&["inventory", "local"]).code(0);
    let written = project.read(FILE);
    fs::remove_file(project.path(FILE)).unwrap();
    let done = Command::new("bash")
        .args(["-c", &text])
        .env("POSTGRES_ADMIN_PASSWORD", "for an output")
        .current_dir(project.root())
        .output()
        .unwrap();
    assert!(done.status.success(), "{text}\n{done:?}");
    assert_eq!(project.read(FILE).replace("'\"192.0.2.10\"'", "192.0.2.10"), written, "{text}");
}

#[test]
fn a_deploy_by_ansible_is_shown_without_running_anything() {
    let project = project();
    let environment = "environments/local/environment.toml";
    let ansible = "\n[ansible]\nvars = { password = \"{{secret.POSTGRES_ADMIN_PASSWORD}}\" }\nvault-password = \"ACR_ADMIN_PASSWORD\"\nlimit = [\"backend\"]\nforks = 3\n";
    project.write(environment, &(project.read(environment) + ansible));
    project.infractl(&["deploy", "local"]).code(78).says("there is no playbook");
    project.write("ansible/site.yml", "- hosts: app\n");
    let said = project.infractl(&["deploy", "local", "--dry-run", "--tags", "a,b", "--", "-vv"]).code(0).out;
    let root = project.root().canonicalize().unwrap();
    let said = said.replace(&*root.to_string_lossy(), "PROJECT");
    let expected = "(cd PROJECT/ansible && ansible-playbook --inventory PROJECT/ansible/inventory/local.ini \
                    --vault-password-file VAULT-PASSWORD --extra-vars @VARIABLES --limit backend --tags a,b \
                    PROJECT/ansible/site.yml --forks 3 -vv)";
    assert!(said.contains("# write ansible/inventory/local.ini") && said.contains(expected), "{said}");
    let said = project.infractl(&["check", "local", "--dry-run"]).code(0).out;
    assert!(said.contains("# compare shared/.env.local") && said.contains(" --check --diff"), "{said}");
    assert!(!project.path(FILE).exists());
    project.write(
        environment,
        &(project.read(environment) + "[pipelines]\ndeploy = [{ command = \"true\" }]\n"),
    );
    project.infractl(&["deploy", "local", "--tags", "a"]).code(64).says("has no playbook for `--tags`");
    project.infractl(&["deploy", "local"]).code(0);
    project.assert_no_canary_on_disk();
}
