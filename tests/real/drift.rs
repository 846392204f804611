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

/// The project with the provider, which terraform finds on this disk.
pub(crate) fn with_provider(project: Sandbox) -> Option<Sandbox> {
    let provider = PathBuf::from(need("provider-local")?);
    let place =
        ".mirror/registry.terraform.io/hashicorp/local/2.5.3/linux_amd64/terraform-provider-local_v2.5.3";
    fs::create_dir_all(project.home.path(place).parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(provider, project.home.path(place)).unwrap();
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        project.home.path(".mirror").display()
    );
    project.home.write("terraformrc", &settings);
    let settings = project.home.path("terraformrc");
    Some(project.with_var("TF_CLI_CONFIG_FILE", settings))
}

/// A project whose environments have files that the provider made.
fn project(names: &[&str]) -> Option<Sandbox> {
    let project = with_provider(Sandbox::empty())?;
    for name in names {
        project.write(format!("environments/{name}/main.tf"), MODULE);
    }
    project.write("environments/defaults.toml", "");
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
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

#[test]
fn an_alarm_rings_once_for_each_change() {
    let Some(project) = project(&["dev"]) else { return };
    let change = |file: &str| fs::remove_file(project.path(format!("environments/dev/made/{file}"))).unwrap();
    project.infractl(&["drift", "dev", "--new"]).code(0);
    change("b.txt");
    // What people look at in between silences nothing.
    assert_eq!(project.infractl(&["drift", "dev"]).code(2).out, "local_sensitive_file.b: deleted\n");
    let run = project.infractl(&["drift", "dev", "--new"]).code(2);
    assert_eq!(run.out, "local_sensitive_file.b: deleted (new)\n");
    run.says("1 resource of `dev` changed behind terraform's back, not all of it told before");
    let run = project.infractl(&["drift", "dev", "--new"]).code(0);
    assert_eq!(run.out, "local_sensitive_file.b: deleted (known)\n");
    run.says("1 resource changed behind terraform's back, all of it told before");

    // Another one rings; what is mended is told, and rings when it comes again.
    change("a.txt");
    let run = project.infractl(&["drift", "dev", "--new"]).code(2);
    assert!(
        run.out.contains("local_file.a: deleted (new)") && run.out.contains("b: deleted (known)"),
        "{}",
        run.out
    );
    project.infractl(&["apply", "dev"]).code(0);
    let run = project.infractl(&["drift", "dev", "--new"]).code(0);
    assert!(run.out.contains("local_file.a: as the state says again"), "{}", run.out);
    change("a.txt");
    project.infractl(&["drift", "dev", "--new"]).code(2);

    // A folder of its own, as a CI job keeps it; a file that cannot be read rings.
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(2);
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(0);
    project.write("kept/dev.json", "{");
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(2).says("everything counts as new");
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(0);
    // Nothing is known by a look at a part, or by one that failed.
    project.infractl(&["drift", "dev", "--new", "--", "-target=local_file.a"]).code(64);
    project.infractl(&["drift", "dev", "--known", "kept"]).code(64);
    project.write("environments/dev/broken.tf", "locals { a = nothing.a }\n");
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(1);
    fs::remove_file(project.path("environments/dev/broken.tf")).unwrap();
    project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(0);
    fs::remove_dir_all(project.path("kept")).unwrap();
    project.write("kept", "in the way\n");
    let run = project.infractl(&["drift", "dev", "--new", "--known", "kept"]).code(1);
    run.says("what was told is not written down, and counts as new again");
}

#[test]
fn what_may_change_is_left_out_and_said() {
    let Some(project) = project(&["dev"]) else { return };
    fs::remove_file(project.path("environments/dev/made/a.txt")).unwrap();
    let rules = |rules: &str| {
        project.write("environments/dev/environment.toml", &format!("[drift]\nignore = [{rules}]\n"));
    };
    rules("{ address = \"local_file.*\", reason = \"made by hand\", until = \"2999-01-01\" }");
    let run = project.infractl(&["drift", "dev"]).code(0);
    assert_eq!(run.out, "local_file.a: ignored (made by hand)\n");
    let run = run.says("nothing else than 1 ignored resource changed behind terraform's back");
    assert!(!run.err.contains("warning"), "{}", run.err);
    rules(
        "{ address = \"local_file.*\", reason = \"made by hand\", until = \"2020-01-01\" }, { address = \"aws.*\", reason = \"x\" }",
    );
    let run = project.infractl(&["drift", "dev", "--format", "markdown"]).code(2);
    let run = run
        .says("`[drift] ignore` of `local_file.*` (made by hand) was until 2020-01-01")
        .says("`[drift] ignore` of `aws.*` (x): no resource is called so");
    let text = "### 1 resource of `dev` changed behind terraform's back\n\n```text\nlocal_file.a: deleted\noutput hash: has another value\n```\n";
    assert_eq!(run.out, text);
    rules("{ address = \"local_file.*\", reason = \"x\", until = \"soon\" }");
    project.infractl(&["drift", "dev"]).code(78).says("`soon` is not a day").says("write it as `2027-01-31`");
    rules("{ address = \"local_file.*\" }");
    project.infractl(&["drift", "dev"]).code(78).says("reason");
}

#[test]
fn the_hook_is_told_of_what_is_new_and_of_nothing_else() {
    let Some(project) = project(&["dev", "rec"]) else { return };
    let hook = "on-drift = [{ command = \"printf '%s: %s' \\\"$INFRACTL_FAILURE\\\" \\\"$INFRACTL_DRIFT\\\" > told\", effect = \"reads\" }]\n";
    project.write("environments/defaults.toml", &format!("protected = true\n[hooks]\n{hook}"));
    let told = || {
        let text = fs::read_to_string(project.path("told")).unwrap_or_default();
        let _ = fs::remove_file(project.path("told"));
        text
    };
    project.infractl(&["drift", "dev", "--new"]).code(0);
    assert_eq!(told(), "");
    let file = project.path("environments/dev/made/b.txt");
    fs::remove_file(&file).unwrap();
    // It reads: no question, although the environment is protected.
    project.infractl(&["drift", "dev", "--new"]).code(2);
    let said = told();
    assert!(
        said.starts_with("1 resource of `dev` changed behind terraform's back, not all of it told"),
        "{said}"
    );
    assert!(
        said.contains("### 1 resource of `dev`") && said.contains("local_sensitive_file.b: deleted (new)"),
        "{said}"
    );
    project.infractl(&["drift", "dev", "--new"]).code(0);
    assert_eq!(told(), "", "it was told");
    let dry = project.infractl(&["drift", "dev", "--dry-run"]).code(0);
    dry.prints("# if `terraform plan -refresh-only` finds something:");
    assert_eq!(told(), "");
    // A look that fails is none that found something.
    let module = project.read("environments/dev/main.tf");
    project.write("environments/dev/main.tf", "resource {");
    project.infractl(&["drift", "dev"]).code(1);
    assert_eq!(told(), "");
    project.write("environments/dev/main.tf", &module);

    // Of several only those that differ are told, each by itself.
    let run = project.infractl(&["drift", "--all", "--format", "markdown"]).code(2);
    assert!(run.out.starts_with("### 1 resource of `dev`") && !run.out.contains("rec"), "{}", run.out);
    let hook = "on-drift = [{ command = \"exit 3\", effect = \"reads\" }]\n";
    project.write("environments/defaults.toml", &format!("[hooks]\n{hook}"));
    project.infractl(&["drift", "dev"]).code(2).says("that failed too");
    project.write("environments/defaults.toml", "[hooks]\non-drift = [{ do = \"drift\" }]\n");
    project.infractl(&["drift", "dev"]).code(78).says("`drift` would do itself without end");
}
