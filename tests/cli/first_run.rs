//! What a first run stops at: told all at once, and mended by one answer where that does no harm.

use std::fs;
use std::process::Command;

use crate::common::{Sandbox, on_a_terminal};

/// A project whose first run lacks a folder, a line for git, and two secrets.
fn fresh() -> Sandbox {
    let project = Sandbox::new();
    fs::remove_dir_all(project.path("shared")).unwrap();
    project.write(".gitignore", "# mine\r\n*.tfstate*\r\n.terraform/");
    project
}

/// The question about `shared/` and `.gitignore`.
const ASKED: &str = "Do that now? [y/N]";

#[test]
fn off_a_terminal_all_of_it_is_told_and_nothing_is_touched() {
    let project = fresh();
    project.edit("environments/defaults.toml", "required = [", "required = [\"FIRST\", \"SECOND\", ");
    let before = project.read(".gitignore");
    for args in [&["apply", "dev"][..], &["apply", "dev", "--yes"], &["genenv", "dev"], &["up", "dev"]] {
        let run = project.infractl(args).code(65);
        run.says("the required secrets `FIRST`, `SECOND` are missing")
            .says("infractl secrets set credentials/dev.enc.env FIRST")
            .says("infractl secrets set credentials/dev.enc.env SECOND")
            .says("there is no folder `shared`")
            .says("run `mkdir -p shared`")
            .says("git does not ignore `shared/.env.dev`")
            .says("add the line `shared/.env.*` to .gitignore")
            .says("3 problems")
            .never_says("terraform apply");
        assert!(!project.path("shared").exists());
        assert_eq!(project.read(".gitignore"), before);
    }
    // What writes no environment file does not ask for its place.
    project.edit("environments/defaults.toml", "\"FIRST\", \"SECOND\", ", "");
    project.infractl(&["plan", "dev"]).code(0);
    project.infractl(&["apply", "dev"]).code(78).says("2 problems");
    // doctor tells each by itself.
    let run = project.infractl(&["doctor", "dev"]).code(1);
    run.prints("there is no folder `shared`").prints("git does not ignore `shared/.env.dev`");
}

#[test]
fn each_missing_file_and_a_missing_program_are_told_in_one_stop() {
    let project = fresh();
    project.edit("environments/defaults.toml", "[secrets]", "[tools]\nterraform = \"99.1\"\n\n[secrets]");
    project.edit(
        "environments/dev/environment.toml",
        "description",
        "secrets.files = [\"a.enc.env\", \"b.enc.env\"]\ndescription",
    );
    let run = project.infractl(&["apply", "dev"]).code(65);
    run.says("there is no file `a.enc.env`")
        .says("there is no file `b.enc.env`")
        .says("there is no folder `shared`")
        .says("99.1 is asked for")
        .says("5 problems")
        .never_says("terraform apply");
    // Nobody asks for a version: that it is not there at all is found out before anything starts too.
    let project = fresh();
    project.edit(
        "environments/defaults.toml",
        "[terraform]",
        "[terraform]\nprogram = \"terraform-elsewhere\"",
    );
    project
        .infractl(&["apply", "dev"])
        .code(78)
        .says("`terraform-elsewhere`")
        .says("there is no folder `shared`")
        .says("3 problems");
    project.infractl(&["plan", "dev"]).code(69).says("`terraform-elsewhere`").never_says("problems");
}

#[test]
fn at_a_terminal_one_answer_mends_all_of_it() {
    let project = fresh();
    let before = project.read(".gitignore");
    let (code, out) = on_a_terminal(&project, 120, "n\n", "apply dev");
    assert_eq!(code, 78, "{out}");
    assert!(out.contains("2 problems") && out.contains("mkdir -p shared"), "{out}");
    assert!(!project.path("shared").exists() && project.read(".gitignore") == before);
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert_eq!((code, out.matches(ASKED).count()), (0, 1), "{out}");
    assert!(
        out.contains("make the folder `shared`") && out.contains("add the line `shared/.env.*`"),
        "{out}"
    );
    assert!(project.read("shared/.env.dev").contains("# Environment: dev"));
    let ignored = project.read(".gitignore");
    assert!(ignored.starts_with(&format!("{before}\r\n")) && ignored.ends_with("\r\nshared/.env.*\r\n"));
    let done = Command::new("git")
        .args(["check-ignore", "-q", "shared/.env.dev"])
        .current_dir(project.root())
        .status();
    assert!(done.unwrap().success());
    // The second run has nothing to ask, and neither has another environment.
    let (code, out) = on_a_terminal(&project, 120, "", "apply rec");
    assert_eq!((code, out.matches(ASKED).count()), (0, 0), "{out}");
}

#[test]
fn who_has_said_yes_is_not_asked_and_several_environments_ask_once() {
    let project = fresh();
    let (code, out) = on_a_terminal(&project, 120, "", "genenv local --yes");
    assert_eq!((code, out.matches(ASKED).count()), (0, 0), "{out}");
    assert!(project.path("shared/.env.local").exists());
    let project = fresh();
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply --env dev,rec");
    assert_eq!((code, out.matches(ASKED).count()), (0, 1), "{out}");
    assert!(project.path("shared/.env.dev").exists() && project.path("shared/.env.rec").exists());
    let (code, _) = on_a_terminal(&fresh(), 120, "y\n", "apply dev --no-input");
    assert_eq!(code, 78);
}

#[test]
fn what_cannot_be_mended_is_told_after_what_can() {
    // A later line of git's takes back what would be added, so it is said and not said again.
    let project = fresh();
    project.write("shared/.gitignore", "!.env.*\n");
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert_eq!(code, 78, "{out}");
    assert!(out.contains("git does not ignore `shared/.env.dev`"), "{out}");
    // A file stands where the folder should be.
    let project = fresh();
    project.write("shared", "mine\n");
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert!(code != 0 && out.contains("could not be made"), "{out}");
    assert_eq!(project.read("shared"), "mine\n");
    // Committed values are nothing that is mended by the way.
    let project = Sandbox::new();
    project.write("shared/.env.dev", "OLD=1\n");
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(project.root()).output().unwrap();
    assert!(git(&["add", "-f", "shared/.env.dev"]).status.success());
    let (code, out) = on_a_terminal(&project, 120, "y\n", "apply dev");
    assert!(code == 78 && out.contains("git rm --cached") && !out.contains(ASKED), "{out}");
}
