//! One verb over several environments, with real terraform.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{Run, Sandbox, processes, send, start, wait_for};
use rustix::process::Signal;

const ROOT: &str = "resource \"terraform_data\" \"a\" { input = \"x\" }\noutput \"name\" { value = terraform_data.a.output }\n";

/// A project with a small root module for each of its environments.
fn project<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Sandbox {
    let project = Sandbox::empty();
    for name in names {
        project.write(format!("environments/{}/main.tf", name.as_ref()), ROOT);
    }
    project.write("environments/defaults.toml", "");
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    project
}

fn depends(project: &Sandbox, name: &str, on: &str) {
    project.environment(name, &format!("depends-on = [\"{on}\"]\n"));
}

/// Lines of an environment, without its prefix.
fn lines_of<'r>(run: &'r Run, name: &str) -> Vec<&'r str> {
    let lines = run.err.lines().filter_map(|line| line.split_once('│'));
    lines.filter(|(prefix, _)| prefix.trim() == name).map(|(_, rest)| rest.trim()).collect()
}

/// Place of the first line with this text.
#[track_caller]
fn place(run: &Run, text: &str) -> usize {
    run.err.find(text).unwrap_or_else(|| panic!("no `{text}` in:\n{}", run.err))
}

/// The row of the table at the end for an environment, as words.
#[track_caller]
fn row<'r>(run: &'r Run, name: &str) -> Vec<&'r str> {
    let rows = run.err.lines().rev().filter(|line| !line.contains('│'));
    let mut rows = rows.map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.find(|words| words.first() == Some(&name))
        .unwrap_or_else(|| panic!("no row of `{name}`:\n{}", run.err))
}

#[test]
fn plans_are_told_apart_and_summed_up_in_a_table() {
    let project = project(["alpha", "be", "gamma"]);
    let run = project.infractl(&["plan", "--all"]).code(0);
    for line in run.out.lines() {
        assert!(line.contains('│'), "whose is `{line}`?\n{}", run.out);
    }
    for name in ["alpha", "be", "gamma"] {
        let report = run.out.lines().filter_map(|line| line.split_once(" │ "));
        let mut own = report.filter(|(prefix, _)| prefix.trim() == name);
        assert!(own.any(|(_, line)| line.starts_with("Plan: 1 to add")), "{}", run.out);
        assert!(!lines_of(&run, name).iter().any(|line| line.contains("to add")), "{}", run.err);
        assert_eq!(row(&run, name)[..6], [name, "1", "0", "0", "0", "done"], "{}", run.err);
        let log = fs::read_to_string(project.path(format!(".infractl/history/000001.{name}.log"))).unwrap();
        assert!(log.contains("Plan: 1 to add"), "{log}");
    }
    // Every line before the table says whose it is.
    let table = run.err.find("\n environment ").unwrap() + 1;
    for line in run.err[..table].lines() {
        assert!(line.contains('│'), "whose is `{line}`?\n{}", run.err);
    }
    assert!(
        run.err.trim_end().lines().last().unwrap().starts_with("plan over 3 environments: 3 done"),
        "{}",
        run.err
    );
    // The exit code: a difference only when asked for.
    project.infractl(&["plan", "--all", "--detailed-exitcode"]).code(2);
    project.infractl(&["apply", "--all"]).code(0);
    let run = project.infractl(&["plan", "--all", "--detailed-exitcode"]).code(0);
    assert_eq!(row(&run, "be")[5..7], ["no", "changes"]);
    project.write("environments/be/more.tf", "resource \"terraform_data\" \"b\" {}\n");
    let run = project.infractl(&["plan", "--all", "--detailed-exitcode"]).code(2);
    assert_eq!(row(&run, "be")[..6], ["be", "1", "0", "0", "0", "difference"]);
}

#[test]
fn names_and_globs_select() {
    let project = project(["dev", "prod-eu", "prod-us", "rec"]);
    let run = project.infractl(&["validate", "--env", "dev,prod-*"]).code(0).says("over 3 environments");
    assert!(lines_of(&run, "rec").is_empty(), "{}", run.err);
    assert!(run.err.contains("`prod-us` is valid"), "{}", run.err);
    project.infractl(&["validate", "--env", "dve,rec"]).code(64).says("did you mean `dev`?");
    project.infractl(&["validate", "--env", "lab-*"]).code(64).says("no environment matches `lab-*`");
    project.infractl(&["validate", "--all", "dev"]).code(64);
    project.infractl(&["validate", "--env", "rec"]).code(0).never_says("over");
    project.infractl(&["plan", "--all", "--json"]).code(64).says("one environment at a time");
    project.infractl(&["plan", "--all", "--out", "x"]).code(64).says("{{environment}}");
    project.infractl(&["plan", "--env", "dev,rec", "--out", "{{environment}}.tfplan"]).code(0);
    project.infractl(&["apply", "--env", "dev,rec", "--plan", "{{environment}}.tfplan"]).code(0);
    assert!(project.path("dev.tfplan").exists() && project.path("rec.tfplan").exists());
}

#[test]
fn outputs_of_several_are_one_object_by_environment() {
    let project = project(["a", "b"]);
    project.infractl(&["apply", "--all"]).code(0);
    let run = project.infractl(&["output", "--all", "--format", "json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json, serde_json::json!({"a": {"name": "x"}, "b": {"name": "x"}}));
    let run = project.infractl(&["output", "--env", "a,b"]).code(0);
    assert_eq!(run.out, "a: name = \"x\"\nb: name = \"x\"\n");
    // As said of one that is alone, too.
    let run = project.infractl(&["output", "--env", "a*", "--format", "json"]).code(0);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&run.out).unwrap(),
        serde_json::json!({"a": {"name": "x"}})
    );
    project.infractl(&["output", "--all", "--format", "shell"]).code(64);
    project.infractl(&["genenv", "--all", "--check"]).code(0);
    fs::remove_file(project.path("shared/.env.b")).unwrap();
    project.infractl(&["genenv", "--all", "--check"]).code(2).says("shared/.env.b is missing");
    project.infractl(&["genenv", "--all"]).code(0);
    project.infractl(&["genenv", "--all", "--check"]).code(0);
    project.infractl(&["genenv", "--all", "--print"]).code(64);
}

#[test]
fn dependencies_come_first_and_go_last() {
    let project = project(["app", "base", "db", "free"]);
    depends(&project, "app", "db");
    depends(&project, "db", "base");
    let run = project.infractl(&["apply", "--all", "--jobs", "4"]).code(0);
    let (began, ended) = ("prepare ...", "✓ environment file");
    assert!(place(&run, &format!("base │ {ended}")) < place(&run, &format!("db   │ {began}")), "{}", run.err);
    assert!(place(&run, &format!("db   │ {ended}")) < place(&run, &format!("app  │ {began}")), "{}", run.err);
    // Not through one that is not selected, but in its order all the same.
    let run = project.infractl(&["apply", "--env", "app,base", "--jobs", "4"]).code(0);
    assert!(place(&run, &format!("base │ {ended}")) < place(&run, &format!("app  │ {began}")), "{}", run.err);
    let run = project.infractl(&["destroy", "--all", "--yes", "--jobs", "4"]).code(0);
    assert!(place(&run, "app  │ ✓ environment file") < place(&run, "db   │ prepare ..."), "{}", run.err);
    assert!(place(&run, "db   │ ✓ environment file") < place(&run, "base │ prepare ..."), "{}", run.err);
    depends(&project, "base", "app");
    project
        .infractl(&["plan", "--all"])
        .code(78)
        .says("environments depend on each other in a circle: `app` -> `db` -> `base` -> `app`");
}

#[test]
fn the_root_failure_is_said_first_and_its_dependents_are_skipped_because_of_it() {
    let project = project(["app", "base", "db", "free"]);
    depends(&project, "app", "db");
    depends(&project, "db", "base");
    project.write(
        "environments/base/broken.tf",
        "resource \"terraform_data\" \"b\" {\n  provisioner \"local-exec\" {\n    command = \"echo no such luck; exit 3\"\n  }\n}\n",
    );
    let run = project.infractl(&["apply", "--all", "--keep-going", "--jobs", "1"]).code(1);
    assert_eq!(row(&run, "free")[5], "done", "{}", run.err);
    assert_eq!(row(&run, "db")[1..], ["skipped", "because", "of", "`base`"], "{}", run.err);
    assert_eq!(row(&run, "app")[1..], ["skipped", "because", "of", "`base`"], "{}", run.err);
    assert!(row(&run, "base").contains(&"failed"));
    assert_eq!(run.err.matches("error: ").count(), 1, "one failure, said once:\n{}", run.err);
    assert!(place(&run, "error: terraform apply of `base` failed") < place(&run, "\n environment "));
    assert!(
        run.err.contains("last lines of `base`") && run.err.contains("history show --log"),
        "{}",
        run.err
    );
    let history = project.infractl(&["history", "show"]).code(0).out;
    assert!(history.contains("apply base: failed") && history.contains("apply app: skipped"), "{history}");
    // What failed first ends the run when nobody says otherwise.
    let run = project.infractl(&["apply", "--all", "--jobs", "1"]).code(1);
    assert_eq!(row(&run, "free")[1..], ["skipped", "because", "of", "`base`"], "{}", run.err);
}

#[test]
fn a_failure_wins_over_a_difference() {
    let project = project(["a", "b"]);
    project.write("environments/b/broken.tf", "resource \"terraform_data\" \"b\" { input = var.nothing }\n");
    let run = project.infractl(&["plan", "--all", "--detailed-exitcode", "--keep-going"]).code(1);
    assert_eq!(row(&run, "a")[5], "difference", "{}", run.err);
    assert!(run.err.contains("Reference to undeclared input variable"), "{}", run.err);
    // A configuration that is wrong stops all before anything starts.
    project.write("environments/b/environment.toml", "aply = 1\n");
    project.infractl(&["plan", "--all"]).code(78).never_says("│");
}

#[test]
fn protected_environments_are_confirmed_by_name_before_anything_starts() {
    let project = project(["dev", "prod", "vault"]);
    for name in ["prod", "vault"] {
        project.write(format!("environments/{name}/environment.toml"), "protected = true\n");
    }
    let never = |run: Run| {
        assert!(!run.err.contains('│') && !project.path("environments/dev/terraform.tfstate").exists());
    };
    never(
        project
            .infractl(&["apply", "--all"])
            .code(77)
            .says("`prod` and `vault` are protected")
            .says("--confirm prod,vault"),
    );
    never(project.infractl(&["apply", "--all", "--confirm", "prod"]).code(77).says("`vault` is protected"));
    never(project.infractl(&["apply", "--all", "--confirm", "prod,vault,nobody"]).code(77).says("nobody"));
    never(project.infractl(&["apply", "--all", "--yes"]).code(77));
    project.infractl(&["plan", "--all"]).code(0);
    project.infractl(&["apply", "--all", "--confirm", "prod,vault"]).code(0);
    // Taking several down wants all names, or `--yes` for those that are not protected.
    project
        .infractl(&["destroy", "--all", "--confirm", "prod,vault"])
        .code(77)
        .says("--confirm prod,vault,dev");
    project.infractl(&["destroy", "--all", "--yes"]).code(77);
    project.infractl(&["destroy", "--all", "--yes", "--confirm", "prod,vault"]).code(0);
}

#[test]
fn a_dry_run_shows_the_commands_of_each_in_order() {
    let project = project(["app", "base"]);
    depends(&project, "app", "base");
    let run = project.infractl(&["apply", "--all", "--dry-run"]).code(0);
    let (base, app) = (run.out.find("# base").unwrap(), run.out.find("# app").unwrap());
    assert!(base < app && run.out.matches("terraform apply").count() == 2, "{}", run.out);
    assert!(!project.path("environments/base/terraform.tfstate").exists());
}

#[test]
fn two_hundred_environments_at_once() {
    let names: Vec<String> = (0..200).map(|number| format!("e{number:03}")).collect();
    let project = project(&names);
    let run = project.infractl(&["apply", "--all", "--jobs", "200", "-q"]).code(0);
    assert_eq!(run.err, "", "{}", run.err);
    for name in &names {
        assert!(project.path(format!("shared/.env.{name}")).exists(), "{name}");
    }
}

#[test]
fn ctrl_c_reaches_each_terraform_once_and_leaves_nothing() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let project = project(names);
    for name in names {
        let begun = project.path(format!("begun-{name}"));
        project.write(
            format!("environments/{name}/slow.tf"),
            &format!(
                "resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{\n    command = \"echo begun > {}; sleep 90.51731; true\"\n  }}\n}}\n",
                begun.display()
            ),
        );
    }
    let child = start(&mut project.command(&["apply", "--all", "--jobs", "4"]));
    // Not a moment sooner: dash holds signals back while it starts a program, and takes them alone.
    wait_for("four of them", || {
        processes("sleep 90.51731").iter().filter(|line| line.starts_with("sleep")).count() == 4
    });
    let pressed = Instant::now();
    send(&child, Signal::INT);
    let run = Run::ended(child.wait_with_output().unwrap()).code(130);
    assert!(pressed.elapsed() < Duration::from_secs(20), "it waited for what it was to stop:\n{}", run.err);
    assert!(!run.err.contains("Two interrupts"), "one got the signal twice:\n{}", run.err);
    for name in ["a", "b", "c", "d"] {
        assert!(row(&run, name).contains(&"interrupted"), "{}", run.err);
    }
    assert!(run.err.contains("4 interrupted, 2 not started"), "{}", run.err);
    for name in ["e", "f"] {
        assert_eq!(row(&run, name)[1..], ["not", "started"], "{}", run.err);
        assert!(!project.path(format!("begun-{name}")).exists());
    }
    assert_eq!(processes("51731"), Vec::<String>::new(), "a process is left");
    // All locks are free, terraform's and ours.
    for name in names {
        project.write(format!("environments/{name}/slow.tf"), "");
    }
    project.infractl(&["apply", "--all", "-q"]).code(0).never_says("left behind");
}

/// A provider from a mirror on this disk, made as terraform wants it: `init` never starts it.
fn mirror(project: &Sandbox) {
    let place = "mirror/registry.example.com/acme/brick/1.2.3/linux_amd64/terraform-provider-brick_v1.2.3";
    project.write(place, &"x".repeat(3_000_000));
    let rc = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        project.path("mirror").display()
    );
    project.write("terraformrc", &rc);
}

#[test]
fn parallel_inits_fill_a_cold_cache_once() {
    let names: Vec<String> = (0..12).map(|number| format!("e{number:02}")).collect();
    let project = project(&names);
    mirror(&project);
    for name in &names {
        project.write(
            format!("environments/{name}/main.tf"),
            "terraform {\n  required_providers {\n    brick = { source = \"registry.example.com/acme/brick\", version = \"~> 1.0\" }\n  }\n}\n",
        );
    }
    let init = |args: &[&str]| {
        let mut command = project.command(args);
        Run::of(command.env("TF_CLI_CONFIG_FILE", project.path("terraformrc"))).code(0)
    };
    let run = init(&["init", "--all", "--jobs", "12", "-v"]);
    assert_eq!(run.err.matches("- Installing registry.example.com/acme/brick").count(), 1, "{}", run.err);
    // The first of them too, says tofu.
    assert!(run.err.matches("from the shared cache directory").count() >= 11, "{}", run.err);
    assert!(project.home.path(".cache/infractl/providers/registry.example.com/acme/brick/1.2.3").exists());
    // Locked, and the cache warm: side by side.
    for name in &names {
        fs::remove_dir_all(project.path(format!("environments/{name}/.terraform"))).unwrap();
    }
    let run = init(&["init", "--all", "--jobs", "12", "-v"]);
    assert!(!run.err.contains("- Installing"), "{}", run.err);
    // A cache of the user's own is used as it is.
    let own = project.path("own-cache");
    let mut command = project.command(&["init", "--env", "e00,e01", "-v"]);
    command.env("TF_CLI_CONFIG_FILE", project.path("terraformrc")).env("TF_PLUGIN_CACHE_DIR", &own);
    fs::remove_dir_all(project.path("environments/e00/.terraform")).unwrap();
    Run::of(&mut command).code(0);
    assert!(own.join("registry.example.com/acme/brick/1.2.3").exists());
}
