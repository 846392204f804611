//! Where a project is found, which environments it has, and what is said when there is none.

use std::path::Path;

use infractl::testing::config::Project;
use infractl::testing::failure::{Failure, Kind};

use super::{Sandbox, dev};

fn said(failure: &Failure, sandbox: &Sandbox) -> String {
    let text = infractl::testing::ui::report::render(failure, false, 100);
    text.replace(&sandbox.root().display().to_string(), "ROOT")
}

#[test]
fn a_project_is_found_from_any_folder_below_it() {
    let sandbox =
        Sandbox::new(&[("environments/dev/environment.toml", ""), ("ansible/roles/db/tasks/main.yml", "")]);
    for folder in ["", "environments", "environments/dev", "ansible/roles/db/tasks"] {
        let project = Project::find(&sandbox.path(folder), None).unwrap();
        assert_eq!(project.root, sandbox.path("").components().collect::<std::path::PathBuf>(), "{folder}");
    }
}

#[test]
fn a_bare_environments_folder_of_terraform_does_not_hide_the_project_above_it() {
    let sandbox =
        Sandbox::new(&[("environments/defaults.toml", ""), ("terraform/environments/test/main.tf", "")]);
    let project = Project::find(&sandbox.path("terraform/environments/test"), None).unwrap();
    assert_eq!(project.root, sandbox.root());
}

#[test]
fn a_project_within_a_project_is_its_own() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", ""),
        ("examples/azure/environments/rec/environment.toml", ""),
    ]);
    let project = Project::find(&sandbox.path("examples/azure"), None).unwrap();
    assert_eq!(project.root, sandbox.path("examples/azure"));
    assert_eq!(project.name, "azure");
}

#[test]
fn a_bare_environments_folder_is_a_project_when_there_is_no_other() {
    let sandbox = Sandbox::new(&[("environments/dev/main.tf", "")]);
    assert_eq!(sandbox.project().environments, ["dev"]);
}

#[test]
fn outside_of_a_project_the_help_says_where_to_go() {
    let sandbox = dev("");
    let folder = tempfile::tempdir().unwrap();
    let failure = Project::find(folder.path(), None).unwrap_err();
    assert_eq!(failure.kind, Kind::Usage);
    let text = said(&failure, &sandbox).replace(&folder.path().display().to_string(), "HERE");
    insta::assert_snapshot!(text, @r#"
    error: no project here: no `environments/` in `HERE` or above
      help: change into the project, or name its folder with `-C DIR`
      help: or begin one here: write `environments/dev/environment.toml`
    "#);
}

#[test]
fn a_folder_given_by_flag_must_be_the_project_itself() {
    let sandbox = Sandbox::new(&[("environments/dev/environment.toml", ""), ("src/main.rs", "")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let project = Project::find(elsewhere.path(), Some(sandbox.root())).unwrap();
    assert_eq!(project.root, sandbox.root());
    let project = Project::find(&sandbox.path("src"), Some(Path::new(".."))).unwrap();
    assert_eq!(project.environments, ["dev"]);
    let failure = Project::find(elsewhere.path(), Some(&sandbox.path("src"))).unwrap_err();
    assert_eq!(failure.kind, Kind::Usage);
    insta::assert_snapshot!(said(&failure, &sandbox), @r#"
    error: no project in `ROOT/src`: no `environments/`
      help: use `-C ROOT`
    "#);
}

#[test]
fn folders_that_cannot_be_environments_are_not_listed() {
    let sandbox = Sandbox::new(&[
        ("environments/dev/environment.toml", ""),
        ("environments/eu-1.prod_2/environment.toml", ""),
        ("environments/.git/config", ""),
        ("environments/my env/environment.toml", ""),
        ("environments/-x/environment.toml", ""),
        ("environments/été/environment.toml", ""),
        ("environments/README.md", ""),
    ]);
    assert_eq!(sandbox.project().environments, ["dev", "eu-1.prod_2"]);
}

#[test]
fn an_unknown_environment_names_the_nearest_and_all() {
    let sandbox = Sandbox::new(&[
        ("environments/dev/environment.toml", ""),
        ("environments/rec/environment.toml", ""),
        ("environments/prod/environment.toml", ""),
    ]);
    let failure = sandbox.load("prdo").unwrap_err();
    assert_eq!(failure.kind, Kind::Usage);
    insta::assert_snapshot!(said(&failure, &sandbox), @r#"
    error: unknown environment `prdo`
      help: did you mean `prod`?
      help: use `dev`, `prod` or `rec`
    "#);
    insta::assert_snapshot!(said(&sandbox.load("staging").unwrap_err(), &sandbox), @r#"
    error: unknown environment `staging`
      help: use `dev`, `prod` or `rec`
    "#);
    insta::assert_snapshot!(said(&sandbox.load("../prod").unwrap_err(), &sandbox), @r#"
    error: `../prod` is not the name of an environment
      help: use letters, digits, `.`, `_` and `-`, and a letter or digit first
    "#);
    insta::assert_snapshot!(said(&sandbox.load("my env\u{1b}[31m").unwrap_err(), &sandbox), @r#"
    error: `my env\u{1b}[31m` is not the name of an environment
      help: use letters, digits, `.`, `_` and `-`, and a letter or digit first
    "#);
    insta::assert_snapshot!(said(&sandbox.load("").unwrap_err(), &sandbox), @r#"
    error: `` is not the name of an environment
      help: use letters, digits, `.`, `_` and `-`, and a letter or digit first
    "#);
    assert_eq!(sandbox.load("my env").unwrap_err().kind, Kind::Usage);
}

#[test]
fn a_project_without_environments_says_how_to_make_one() {
    let sandbox = Sandbox::new(&[("environments/defaults.toml", "")]);
    insta::assert_snapshot!(said(&sandbox.load("dev").unwrap_err(), &sandbox), @r#"
    error: unknown environment `dev`
      help: write a first one: `environments/dev/environment.toml`
    "#);
}

#[test]
fn one_broken_environment_does_not_hinder_another() {
    let sandbox = Sandbox::new(&[
        ("environments/dev/environment.toml", "protected = true"),
        ("environments/rec/environment.toml", "protected = = what"),
    ]);
    assert!(sandbox.load("dev").unwrap().protected);
    assert_eq!(sandbox.load("rec").unwrap_err().kind, Kind::Config);
}

#[test]
fn broken_defaults_still_let_the_environments_be_listed() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "[project\n"),
        ("environments/dev/environment.toml", ""),
    ]);
    assert_eq!(sandbox.project().environments, ["dev"]);
    assert_eq!(sandbox.load("dev").unwrap_err().kind, Kind::Config);
}

#[test]
fn a_project_for_a_later_infractl_says_so_and_nothing_else() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "new-thing = 1\n[project]\nminimum-version = \"99.1\"\n"),
        ("environments/dev/environment.toml", ""),
    ]);
    let failure = Project::find(sandbox.root(), None).unwrap_err();
    assert_eq!(failure.kind, Kind::Config);
    insta::assert_snapshot!(said(&failure, &sandbox), @r#"
    error: this project asks for infractl 99.1 or later; this is 0.1.0
     --> environments/defaults.toml:3:19
      |
    3 | minimum-version = "99.1"
      |                   ^^^^^^
      |
      = help: install infractl 99.1 or later
    "#);
}

#[test]
fn a_project_for_this_or_an_earlier_infractl_loads() {
    for version in ["0.1", "0.0.9", env!("CARGO_PKG_VERSION")] {
        let defaults = format!("[project]\nminimum-version = \"{version}\"\n");
        let sandbox = Sandbox::new(&[
            ("environments/defaults.toml", &defaults),
            ("environments/dev/environment.toml", ""),
        ]);
        sandbox.load("dev").unwrap();
    }
}

#[test]
fn environments_are_ordered_by_what_they_depend_on() {
    let sandbox = Sandbox::new(&[
        ("environments/app/environment.toml", "depends-on = [\"network\", \"database\"]"),
        (
            "environments/database/environment.toml",
            "depends-on = [\"network\"]\ndescription = \"rows\"\nprotected = true",
        ),
        ("environments/network/environment.toml", ""),
        ("environments/other/environment.toml", ""),
    ]);
    let project = sandbox.project();
    let order = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        project.order(&names).unwrap().join(" ")
    };
    assert_eq!(order(&["app", "database", "network", "other"]), "network database app other");
    assert_eq!(order(&["app", "network"]), "network app");
    let glance = project.glance("database").unwrap();
    assert_eq!(glance.description.as_deref(), Some("rows"));
    assert_eq!((glance.protected, glance.depends_on), (true, vec!["network".to_owned()]));
}

#[test]
fn environments_that_depend_on_each_other_in_a_circle_are_shown_with_each_arrow() {
    let sandbox = Sandbox::new(&[
        ("environments/a/environment.toml", "depends-on = [\"b\"]"),
        ("environments/b/environment.toml", "protected = true\ndepends-on = [\"c\"]"),
        ("environments/c/environment.toml", "depends-on = [\"b\"]"),
    ]);
    let failure = sandbox.project().order(&["a".to_owned()]).unwrap_err();
    assert_eq!(failure.kind, Kind::Config);
    insta::assert_snapshot!(said(&failure, &sandbox), @r#"
    error: `b` depends on `c`
     --> environments/b/environment.toml:2:15
      |
    2 | depends-on = ["c"]
      |               ^^^

    error: `c` depends on `b`
     --> environments/c/environment.toml:1:15
      |
    1 | depends-on = ["b"]
      |               ^^^

    error: 2 problems
    help: remove one of these: `b` and `c` depend on each other in a circle
    "#);
}
