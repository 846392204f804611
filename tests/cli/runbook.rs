//! `docs runbook`: the same bytes for the same configuration, whoever writes it and whatever was done before.

use std::fs;

use crate::common::{CANARY, Run, Sandbox};

const CONFIGURATION: &str = r#"
description = "what customers see"
protected = true
contacts = ["on call: +33 1 99 00 12 34"]
[secrets]
required = ["DATABASE_URL"]
[hosts.backend]
address = "{{output.fqdn}}"
user = "debian"
identity = "SSH_PRIVATE_KEY"
[hosts.worker]
address = "192.0.2.9"
jump = "backend"
[snapshots.database]
kind = "postgres"
url = "{{secret.DATABASE_URL}}"
keep = { last = 3, daily = 7 }
[tasks.etl]
cluster = "shop"
definition = "etl"
subnets = "subnet-1"
[[tasks.etl.diagnose]]
match = "no trips"
says = "feed: nothing was delivered"
[[failures]]
name = "atlas"
match = "MongoServerSelectionError"
says = "Atlas refuses this address | ask data"
look = ["infractl output prod"]
retry = false
[rollout]
on-failure = "freeze"
[release]
migrations = "forward-only"
[power]
provider = "openstack"
servers = ["shop-backend"]
[lock]
wait = "2m"
[pipelines]
deploy = [{ name = "release", command = ["./deploy.sh"], on-failure = [{ command = "./undo.sh" }] }]
smoke = [{ wait = { http = "https://{{output.fqdn}}/health" } }]
"#;

fn project() -> Sandbox {
    let project = Sandbox::new();
    project.environment("prod", CONFIGURATION);
    project.write("environments/prod/main.tf", "output \"fqdn\" {\n  value = \"shop.example.com\"\n}\n");
    project.secrets("prod", &[("DATABASE_URL", "url"), ("SSH_PRIVATE_KEY", "key")]);
    project
}

#[test]
fn it_says_what_people_on_call_have_to_know_and_never_a_value() {
    let project = project();
    project.infractl(&["docs", "runbook", "prod"]).code(0).says("wrote docs/runbook-prod.md");
    let text = project.read("docs/runbook-prod.md");
    for part in [
        "<!-- infractl runbook, format 1: ",
        "# Runbook: prod",
        "what customers see",
        "on call: +33 1 99 00 12 34",
        "### `infractl deploy prod`",
        "./deploy.sh",
        "./undo.sh",
        "`--confirm prod`",
        "### `infractl smoke prod`",
        "| `backend` | `{{output.fqdn}}` | `debian` |",
        "`infractl ssh prod worker`",
        "### credentials/prod.enc.env",
        "`DATABASE_URL` and `SSH_PRIVATE_KEY`",
        "| `atlas` | Atlas refuses this address \\| ask data | `infractl output prod` | does not help |",
        "| `feed` | nothing was delivered |",
        "```mermaid\nflowchart TD",
        "| `terraform-state-lock` |",
        "infractl snapshot restore prod database --in-place --confirm prod",
        "3 last, 7 daily",
        "infractl rollback prod --list",
        "`--accept-schema`",
        "freezes the environment",
        "`shop-backend`",
        "A run waits 2m",
        "infractl unlock prod --dry-run",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let recipients = project.infractl(&["secrets", "recipients", "list", "prod"]).code(0).out;
    let public = recipients.lines().find_map(|line| line.trim().strip_prefix("age1")).unwrap();
    assert!(text.contains(public), "who reads the secrets is missing:\n{text}");
    assert!(!text.contains(CANARY), "{text}");
    let root = project.root().to_string_lossy();
    assert!(!text.contains(&*root), "a place of this machine is in it:\n{text}");
    assert!(!text.contains(&*project.home.root().to_string_lossy()), "{text}");
}

#[test]
fn the_same_configuration_gives_the_same_bytes_wherever_and_whenever() {
    let project = project();
    let first = project.infractl(&["docs", "runbook", "dev", "--out", "-"]).code(0).out;
    assert!(first.contains("terraform"), "{first}");
    // What runs leave is nothing to it, and neither keys nor programs are needed.
    project.infractl(&["apply", "dev"]).code(0);
    assert_eq!(project.infractl(&["docs", "runbook", "dev", "--out", "-"]).code(0).out, first);
    let bare = |project: &Sandbox| {
        let mut command = project.command(&["docs", "runbook", "dev", "--out", "-"]);
        command.env_clear().env("PATH", "/nowhere").env("HOME", "/nonexistent").env("TZ", "Pacific/Auckland");
        Run::of(&mut command).code(0).out
    };
    assert_eq!(bare(&project), first);
    let other = project_at_another_place(&project);
    assert_eq!(bare(&other), first);
}

/// A copy of the files of a project, without what infractl keeps.
fn project_at_another_place(project: &Sandbox) -> Sandbox {
    let other = Sandbox::empty();
    for folder in ["environments", "credentials", "shared"] {
        let from = project.path(folder);
        let copied = std::process::Command::new("cp")
            .args(["-r", &from.to_string_lossy(), &other.root().to_string_lossy()])
            .status();
        assert!(copied.unwrap().success());
    }
    let _ = fs::copy(project.path(".sops.yaml"), other.path(".sops.yaml"));
    let _ = fs::remove_dir_all(other.path("environments/dev/.terraform"));
    other
}

#[test]
fn a_check_shows_what_differs_and_a_file_of_somebody_else_stays() {
    let project = project();
    let check = ["docs", "runbook", "prod", "--check"];
    project
        .infractl(&check)
        .code(2)
        .says("docs/runbook-prod.md is missing")
        .says("infractl docs runbook prod");
    project.infractl(&["docs", "runbook", "prod", "--dry-run"]).code(0).says("would write");
    assert!(!project.path("docs").exists());
    project.infractl(&["docs", "runbook", "prod"]).code(0);
    project.infractl(&check).code(0).says("is up to date");
    let text = project.read("environments/prod/environment.toml");
    project.environment("prod", &text.replace("what customers see", "what they all see"));
    project
        .infractl(&check)
        .code(2)
        .prints("- what customers see\n+ what they all see\n")
        .says("is not what the configuration says now");
    project.infractl(&["docs", "runbook", "prod"]).code(0);
    project.infractl(&check).code(0);
    project.write("docs/runbook-prod.md", "# mine\n");
    project.infractl(&["docs", "runbook", "prod"]).code(1).says("infractl has not written it");
    assert_eq!(project.read("docs/runbook-prod.md"), "# mine\n");
    project.infractl(&["docs", "runbook", "prod", "--out", "mine.md"]).code(0);
    project.infractl(&["docs", "runbook", "prod", "--out", "mine.md", "--check"]).code(0);
    project.infractl(&["docs", "runbook", "prod", "--out", "-", "--check"]).code(64);
}
