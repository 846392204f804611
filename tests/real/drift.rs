//! Drift, with a real provider: `hashicorp/local`, from a mirror on this disk.

use std::fs;
use std::path::PathBuf;

use crate::common::{Sandbox, need};

const MODULE: &str = r#"
terraform {
  required_providers {
    local = { source = "registry.terraform.io/hashicorp/local" }
  }
}
resource "local_file" "a" {
  filename = "${path.module}/made/a.txt"
  content  = "one\n"
}
resource "local_sensitive_file" "b" {
  filename = "${path.module}/made/b.txt"
  content  = "two\n"
}
output "hash" { value = local_file.a.content_sha256 }
"#;

/// A project whose environments have files that the provider made.
fn project(names: &[&str]) -> Option<Sandbox> {
    let provider = PathBuf::from(need("provider-local")?);
    let project = Sandbox::empty();
    let place =
        "mirror/registry.terraform.io/hashicorp/local/2.5.3/linux_amd64/terraform-provider-local_v2.5.3";
    fs::create_dir_all(project.path(place).parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(provider, project.path(place)).unwrap();
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        project.path("mirror").display()
    );
    project.write("terraformrc", &settings);
    for name in names {
        project.write(format!("environments/{name}/main.tf"), MODULE);
    }
    project.write("environments/defaults.toml", "");
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    let rc = project.path("terraformrc");
    let project = project.with_var("TF_CLI_CONFIG_FILE", rc);
    project.infractl(&["apply", "--all"]).code(0);
    Some(project)
}

#[test]
fn what_changed_behind_terraforms_back_is_told_by_address() {
    let Some(project) = project(&["dev"]) else { return };
    let run = project.infractl(&["drift", "dev"]).code(0);
    assert_eq!(run.out, "");
    run.says("nothing changed behind terraform's back");

    fs::write(project.path("environments/dev/made/a.txt"), "somebody was here\n").unwrap();
    let serial =
        |project: &Sandbox| fs::read_to_string(project.path("environments/dev/terraform.tfstate")).unwrap();
    let before = serial(&project);
    let junit = project.path("report.xml");
    let run = project.infractl(&["drift", "dev", "--report-junit", junit.to_str().unwrap()]).code(2);
    let said = "local_file.a: deleted\noutput hash: has another value\n";
    assert_eq!(run.out, said, "what the provider says of a file with another content");
    run.says("1 resource of `dev` changed behind terraform's back").says("infractl plan dev");
    assert_eq!(serial(&project), before, "nothing was changed");
    let report = fs::read_to_string(junit).unwrap();
    assert!(report.contains("failures=\"1\"") && report.contains("local_file.a: deleted"), "{report}");

    let run = project.infractl(&["drift", "dev", "--output", "json"]).code(2);
    let events: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let data = events.iter().find(|event| event["event"] == "data").unwrap();
    assert_eq!(data["value"]["environment"], "dev");
    assert_eq!(data["value"]["drift"]["resources"][0]["address"], "local_file.a");
    assert_eq!(data["value"]["drift"]["resources"][0]["action"], "deleted");

    let summary = project.path("summary.md");
    let project = project.with_var("GITHUB_ACTIONS", "true").with_var("GITHUB_STEP_SUMMARY", &summary);
    let run = project.infractl(&["drift", "dev"]).code(2);
    run.says("::warning").says("local_file.a: deleted behind terraform's back");
    assert!(fs::read_to_string(summary).unwrap().contains("dev"));
}

#[test]
fn over_all_environments_each_is_told_and_the_exit_code_is_2() {
    let Some(project) = project(&["dev", "rec"]) else { return };
    fs::remove_file(project.path("environments/rec/made/b.txt")).unwrap();
    let run = project.infractl(&["drift", "--all"]).code(2);
    assert_eq!(run.out, "rec │ local_sensitive_file.b: deleted\n");
    let row =
        |name: &str| run.err.lines().rev().find(|line| line.trim().starts_with(name)).unwrap().to_owned();
    assert!(row("rec").contains("difference") && row("dev").contains("done"), "{}", run.err);
    project.infractl(&["apply", "rec"]).code(0);
    project.infractl(&["drift", "--all"]).code(0);
}
