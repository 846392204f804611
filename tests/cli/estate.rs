//! Verbs over an estate: which environments are meant, which wait for which, and what all of them share.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Sandbox, output};

const ROOT: &str = "resource \"terraform_data\" \"a\" {}\n";

fn estate(names: &[&str]) -> Sandbox {
    let project = Sandbox::empty();
    for name in names {
        project.write(format!("environments/{name}/main.tf"), ROOT);
        project.write(format!("environments/{name}/environment.toml"), "");
    }
    project.write("environments/defaults.toml", "");
    project.write(".gitignore", "shared/\n.infractl/\n.terraform*\n*.tfstate*\n");
    project
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    output(Command::new("git").args(who).args(args).current_dir(folder));
}

fn commit(project: &Sandbox) {
    git(project.root(), &["add", "--all"]);
    git(project.root(), &["commit", "-q", "-m", "x"]);
}

/// The environments that a look at them all means.
#[track_caller]
fn meant(project: &Sandbox, args: &[&str]) -> BTreeSet<String> {
    let run = project.infractl(&[&["output", "--format", "json"], args].concat()).code(0);
    if run.out.is_empty() {
        return BTreeSet::new();
    }
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    found.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn what_changed_is_found_through_shared_modules() {
    let project = estate(&["dev", "prod", "lab"]);
    project.write("modules/base/main.tf", ROOT);
    project.write("modules/net/main.tf", "module \"base\" {\n  source = \"../base\"\n}\n");
    let uses = "module \"net\" {\n  source = \"../../modules/net\"\n}\n";
    project.write("environments/dev/net.tf", uses);
    project.write(
        "environments/prod/net.tf.json",
        "{\"module\": {\"net\": {\"source\": \"../../modules/net\"}}}",
    );
    project.write("roots/lab/main.tf", ROOT);
    project.environment("lab", "[terraform]\ndir = \"roots/lab\"\nvar-files = [\"common.tfvars\"]\n");
    project.write("common.tfvars", "");
    git(project.root(), &["init", "-q"]);
    commit(&project);
    let changed = |args: &[&str]| {
        let names = meant(&project, &[&["--changed-since", "main"], args].concat());
        git(project.root(), &["checkout", "-q", "--", "."]);
        git(project.root(), &["clean", "-fdq"]);
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(changed(&[]), "");
    project.write("modules/base/main.tf", "# other\n");
    assert_eq!(changed(&[]), "dev prod", "followed through a module, in both languages");
    project.write("modules/net/templates/new.txt", "new, and not committed\n");
    assert_eq!(changed(&[]), "dev prod");
    fs::remove_file(project.path("modules/base/main.tf")).unwrap();
    assert_eq!(changed(&[]), "dev prod", "gone is changed too");
    project.write("roots/lab/main.tf", "# other\n");
    assert_eq!(changed(&[]), "lab");
    project.write("common.tfvars", "# other\n");
    assert_eq!(changed(&[]), "lab");
    project.environment("prod", "description = \"x\"\n");
    assert_eq!(changed(&[]), "prod");
    project.write("environments/defaults.toml", "# other\n");
    assert_eq!(changed(&[]), "dev lab prod");
    project.write("README.md", "nothing of an environment\n");
    assert_eq!(changed(&[]), "");
    project.write("modules/base/main.tf", "# other\n");
    assert_eq!(changed(&["--env", "d*,lab"]), "dev");

    // What others did on the branch meanwhile is not ours.
    git(project.root(), &["checkout", "-q", "-b", "work"]);
    project.write("environments/dev/more.tf", "# ours\n");
    commit(&project);
    git(project.root(), &["checkout", "-q", "main"]);
    project.write("environments/prod/more.tf", "# theirs\n");
    commit(&project);
    git(project.root(), &["checkout", "-q", "work"]);
    assert_eq!(changed(&[]), "dev");
    let run = project.infractl(&["plan", "--changed-since", "nowhere"]).code(64);
    run.says("git does not say what changed since `nowhere`").says("git fetch");
    project.infractl(&["plan", "--changed-since", "--output=x"]).code(64);
    let run = project.infractl(&["plan", "--changed-since", "HEAD"]).code(0);
    run.says("no environment changed since `HEAD`: nothing to do");
}

#[test]
fn a_project_in_a_folder_of_its_repository_finds_its_modules_too() {
    let project = estate(&[]);
    project.write("infra/environments/dev/main.tf", "module \"a\" {\n  source = \"../../../modules/a\"\n}\n");
    project.write("infra/environments/dev/environment.toml", "");
    project.write("modules/a/main.tf", ROOT);
    git(project.root(), &["init", "-q"]);
    commit(&project);
    project.write("modules/a/main.tf", "# other\n");
    let run = project.infractl(&["-C", "infra", "output", "--changed-since", "main", "--dry-run"]).code(0);
    run.prints("# dev");
}

#[test]
fn shares_are_disjoint_and_complete() {
    let names: Vec<String> = (0..12).map(|at| format!("e{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let project = estate(&names);
    let share = |which: &str| meant(&project, &["--shard", which]);
    let (one, two, three) = (share("1/3"), share("2/3"), share("3/3"));
    assert_eq!(one.len() + two.len() + three.len(), 12);
    let all: BTreeSet<String> = one.iter().chain(&two).chain(&three).cloned().collect();
    assert_eq!(all.len(), 12);
    // One more moves no other.
    project.write("environments/more/main.tf", ROOT);
    assert!(share("1/3").is_superset(&one) && share("2/3").is_superset(&two));
    project.infractl(&["plan", "--shard", "4/3"]).code(64).says("2/5");
    project.infractl(&["plan", "dev", "--shard", "1/3"]).code(64);
}

#[test]
fn the_graph_is_text_dot_json_and_a_page() {
    let project = estate(&["app", "base", "prod"]);
    project.environment("app", "depends-on = [\"base\"]\n");
    project.environment(
        "prod",
        "depends-on = [\"base\", \"app\"]\nprotected = true\ndescription = \"<customers>\"\n",
    );
    assert_eq!(project.infractl(&["graph"]).code(0).out, "base\napp   after base\nprod  after base, app\n");
    let dot = project.infractl(&["graph", "--dot"]).code(0).out;
    assert!(dot.starts_with("digraph") && dot.contains("\"base\" -> \"app\";"), "{dot}");
    project.infractl(&["graph", "--html", "graph.html"]).code(0);
    let page = fs::read_to_string(project.path("graph.html")).unwrap();
    assert!(
        page.contains("&lt;customers&gt;") && !page.contains("<script") && !page.contains("src="),
        "{page}"
    );
    assert_eq!(project.infractl(&["graph", "--html"]).code(0).out, page);
    let json = project.infractl(&["graph", "--output", "json"]).code(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[2]["depends-on"], serde_json::json!(["base", "app"]));
    project.environment("base", "depends-on = [\"prod\"]\n");
    project.infractl(&["graph"]).code(78).says("in a circle");
}

#[test]
fn the_example_is_planned_as_a_whole() {
    let project = Sandbox::new();
    let run = project.infractl(&["plan", "--all"]).code(0);
    run.says("local │ ✓ plan  no root module: nothing to plan").prints("dev   │ Plan: 4 to add");
    project.infractl(&["plan", "local", "--detailed-exitcode"]).code(0);
    project.infractl(&["drift", "local"]).code(0).says("nothing to look at");
    project.infractl(&["init", "--all"]).code(0);
    project.infractl(&["fmt", "--all", "--check"]).code(0);
}

#[test]
fn a_warning_about_all_of_them_is_said_once() {
    let project = estate(&["a", "b", "c"]).with_var("TF_CLI_ARGS", "-no-color");
    let project = project.with_var("TF_CLI_CONFIG_FILE", "/nowhere");
    let run = project.infractl(&["plan", "--all"]).code(0);
    for text in ["TF_CLI_ARGS is set", "TF_CLI_CONFIG_FILE names"] {
        assert_eq!(run.err.matches(text).count(), 1, "{}", run.err);
    }
    assert!(run.err.lines().any(|line| line.starts_with("warning: TF_CLI_ARGS")), "{}", run.err);
}
