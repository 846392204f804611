//! What is asked before something is taken away: at a terminal, once, by address.

use std::fs;

use crate::common::{Run, Sandbox, on_a_terminal};
use crate::terraform::{environment, lab};

const ONE: &str = "variable \"t\" { default = 1 }\nresource \"terraform_data\" \"keep\" {}\n\
                   resource \"terraform_data\" \"web\" {\n  for_each = toset([\"a b\"])\n  triggers_replace = [var.t]\n}\n";
const TWO: &str = "resource \"terraform_data\" \"gone\" {}\n";

/// A project whose next apply replaces one resource and destroys another.
fn doomed(settings: &str) -> Sandbox {
    let project = lab(&format!("{ONE}{TWO}"));
    project.write("environments/dev/environment.toml", settings);
    project.infractl(&["apply", "dev", "--confirm", "dev"]).code(0);
    project.write("environments/dev/main.tf", &ONE.replace("default = 1", "default = 2"));
    project
}

fn state(project: &Sandbox) -> String {
    project.read("environments/dev/terraform.tfstate")
}

const SHOWN: [&str; 3] = [
    "to replace terraform_data.web[\"a b\"]",
    "to destroy terraform_data.gone",
    "destroys 1 and replaces 1 resource",
];

#[test]
fn a_plan_that_destroys_is_shown_by_address_and_asked_about_once() {
    let project = doomed("");
    let before = state(&project);
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev");
    assert_eq!(code, 77, "{out}");
    for text in SHOWN {
        assert!(out.contains(text), "{text}: {out}");
    }
    assert!(out.contains("(because terraform_data.gone is not in configuration)"), "the plan itself: {out}");
    assert_eq!(out.matches("[y/N]").count(), 1, "{out}");
    assert_eq!(state(&project), before);
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert_eq!(code, 0, "{out}");
    assert!(!state(&project).contains("gone"));
    // What destroys nothing is not asked about; what changes nothing is not applied.
    let (code, out) = on_a_terminal(&project, 120, "", "apply dev");
    assert_eq!((code, out.contains("Go on?")), (0, false), "{out}");
    project.write("environments/dev/more.tf", "resource \"terraform_data\" \"more\" {}\n");
    let (code, out) = on_a_terminal(&project, 120, "", "apply dev");
    assert_eq!((code, out.contains("Go on?")), (0, false), "{out}");
    assert!(state(&project).contains("more"));
    let (code, out) = on_a_terminal(&project, 120, "n\n", "destroy dev");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("to destroy terraform_data.keep") && out.contains("destroys 3 resources"), "{out}");
    let (code, out) = on_a_terminal(&project, 120, "y\n", "destroy dev -- -target=terraform_data.more");
    assert_eq!(code, 0, "{out}");
    assert!(!state(&project).contains("\"more\"") && state(&project).contains("\"keep\""));
}

#[test]
fn who_decided_already_is_not_asked() {
    for (settings, args) in [
        ("", "apply dev --yes"),
        ("", "apply dev --confirm dev"),
        ("", "apply dev --no-input"),
        ("[safety]\nconfirm = \"never\"\n", "apply dev"),
    ] {
        let project = doomed(settings);
        let (code, out) = on_a_terminal(&project, 120, "", args);
        assert_eq!((code, out.contains("Go on?")), (0, false), "{args}: {out}");
        assert!(!state(&project).contains("gone"));
    }
    // Nor off a terminal, where nobody could answer.
    let project = doomed("[safety]\nconfirm = \"always\"\n");
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev");
    assert_eq!(code, 77, "{out}");
    project.infractl(&["apply", "dev"]).code(0);
    project.write("environments/dev/environment.toml", "[safety]\nconfirm = \"allways\"\n");
    project.infractl(&["apply", "dev"]).code(78).says("did you mean `always`?");
}

#[test]
fn everything_is_asked_about_where_the_project_wants_it() {
    let project = lab(ONE);
    project.write("environments/dev/environment.toml", "[safety]\nconfirm = \"always\"\n");
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev");
    assert_eq!(code, 77, "{out}");
    assert!(
        out.contains("will be created") && out.contains("`apply` on `dev` destroys nothing. Go on?"),
        "{out}"
    );
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert_eq!(code, 0, "{out}");
    let (code, out) = on_a_terminal(&project, 120, "", "apply dev");
    assert_eq!((code, out.contains("Go on?")), (0, false), "nothing changes: {out}");
}

#[test]
fn a_protected_environment_shows_its_plan_before_it_wants_its_name() {
    let project = doomed("protected = true\n");
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert_eq!(code, 77, "{out}");
    for text in SHOWN {
        assert!(out.find(text) < out.find("Type `dev`"), "{text}: {out}");
    }
    let (code, out) = on_a_terminal(&project, 120, "dev\n", "apply dev");
    assert_eq!(code, 0, "{out}");
    let (code, out) = on_a_terminal(&project, 120, "", "apply dev");
    assert_eq!((code, out.contains("Type `dev`")), (0, false), "a plan without changes: {out}");
    project.infractl(&["apply", "dev"]).code(77);
}

#[test]
fn a_saved_plan_is_asked_about_too() {
    let project = doomed("");
    project.infractl(&["plan", "dev", "--out", "p.plan"]).code(0);
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev --plan p.plan");
    assert_eq!(code, 77, "{out}");
    assert!(SHOWN.iter().all(|text| out.contains(text)), "{out}");
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev --plan p.plan");
    assert_eq!(code, 0, "{out}");
    assert!(!state(&project).contains("gone"));
}

/// `dev` would lose something, `rec` would get something, `calm` changes nothing.
fn several() -> Sandbox {
    let project = doomed("");
    for name in ["prod", "local"] {
        fs::remove_dir_all(project.path(format!("environments/{name}"))).unwrap();
    }
    environment(&project, "calm", TWO);
    project.infractl(&["apply", "calm"]).code(0);
    environment(&project, "rec", TWO);
    project
}

#[test]
fn several_environments_are_all_planned_first_and_asked_about_once() {
    let project = several();
    let before = state(&project);
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply --all");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("destroyed or replaced"), "{out}");
    for text in ["replace terraform_data.web[\"a b\"]", "destroy terraform_data.gone", "no changes"] {
        assert!(out.contains(text), "{text}: {out}");
    }
    assert!(out.contains("`apply` on 3 environments destroys 1 and replaces 1 resource. Go on?"), "{out}");
    assert_eq!(state(&project), before);
    assert!(!project.path("environments/rec/terraform.tfstate").exists());
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply --all");
    assert_eq!(code, 0, "{out}");
    assert!(!state(&project).contains("gone") && project.path("environments/rec/terraform.tfstate").exists());
    for name in ["dev", "rec", "calm"] {
        assert!(project.path(format!("shared/.env.{name}")).exists(), "{name}");
    }
    let (code, out) = on_a_terminal(&project, 120, "", "apply --all");
    assert_eq!((code, out.contains("Go on?")), (0, false), "nothing changes: {out}");
    let (code, out) = on_a_terminal(&project, 120, "calm,dev,rec\n", "destroy --all");
    assert_eq!(code, 0, "{out}");
    let run: Run = project.infractl(&["plan", "--all", "--detailed-exitcode"]);
    run.code(2);
}
