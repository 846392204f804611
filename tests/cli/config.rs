//! Keys that were renamed: read under the old name for a while, with their place, and rewritten by `config fix`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::common::Sandbox;

/// With the old name of `[window] time-zone`, which infractl 0.1 renamed.
const OLD: &str =
    "# when\r\n[window] # zone\r\nfrom = \"09:00\"\r\n  zone   = 'Europe/Paris' # where we are\r\n";

fn project() -> Sandbox {
    let project = Sandbox::empty();
    project.write(
        "environments/defaults.toml",
        "\u{feff}ttl = { after = \"8h\", zone = \"Europe/Paris\", action = \"none\" }\n",
    );
    project.environment("dev", OLD);
    project.environment("prod", "protected = true\n");
    project
}

/// Whether this infractl still reads what 0.1 renamed.
fn is_read() -> bool {
    env!("CARGO_PKG_VERSION").starts_with("0.1.")
}

#[test]
fn an_old_name_is_read_for_one_minor_version_and_told_with_its_place() {
    let project = project();
    let run = project.infractl(&["env", "show", "dev", "--origin"]);
    let run =
        if is_read() { run.code(0).prints("window.time-zone = \"Europe/Paris\"") } else { run.code(78) };
    let run = run
        .says("environments/dev/environment.toml:4")
        .says("`window.zone` is called `time-zone` since infractl 0.1");
    if is_read() {
        // The page shows what is really said.
        let page = include_str!("../../docs/compatibility.md");
        let warning = run.err.lines().find_map(|line| line.split_once("environment.toml:4: ")).unwrap().1;
        assert!(page.contains(warning), "{warning}");
        let run = project.infractl(&["env", "list"]).code(0);
        let once = run.err.matches("environments/defaults.toml:1: `ttl.zone` is called `time-zone`").count();
        assert_eq!(once, 1, "{}", run.err);
        run.says("run `infractl config fix`");
    }
    // With both of them nobody knows what is meant.
    project.environment("dev", "[window]\nzone = \"UTC\"\ntime-zone = \"Europe/Paris\"\n");
    for words in [["env", "show", "dev"], ["config", "fix", "--check"]] {
        project
            .infractl(&words)
            .code(78)
            .says("environments/dev/environment.toml:2")
            .says("`window.zone` beside `time-zone`: they are the same key");
    }
}

#[test]
fn config_fix_writes_the_new_names_and_nothing_else() {
    let project = project();
    let file = project.path("environments/dev/environment.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let read = |name: &str| fs::read_to_string(project.path(name)).unwrap();
    for (flag, code) in [("--check", 2), ("--dry-run", 0)] {
        project
            .infractl(&["config", "fix", flag])
            .code(code)
            .prints("-   zone   = 'Europe/Paris' # where we are")
            .prints("+   time-zone   = 'Europe/Paris' # where we are")
            .says("environments/dev/environment.toml:4: `window.zone` would become `time-zone`");
        assert_eq!(read("environments/dev/environment.toml"), OLD);
    }
    project
        .infractl(&["config", "fix"])
        .code(0)
        .says("environments/defaults.toml:1: `ttl.zone` is now `time-zone`")
        .says("environments/dev/environment.toml:4: `window.zone` is now `time-zone`");
    assert_eq!(read("environments/dev/environment.toml"), OLD.replace("  zone ", "  time-zone "));
    let defaults = "\u{feff}ttl = { after = \"8h\", time-zone = \"Europe/Paris\", action = \"none\" }\n";
    assert_eq!(read("environments/defaults.toml"), defaults);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    project.infractl(&["config", "fix", "--check"]).code(0).says("every key has the name that it has now");
    project.infractl(&["env", "show", "dev"]).code(0).never_says("is called");
}

#[test]
fn config_fix_writes_nothing_while_a_file_cannot_be_read() {
    let project = project();
    project.environment("prod", "protected = \n");
    project.infractl(&["config", "fix"]).code(78).says("environments/prod/environment.toml:1");
    assert_eq!(fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap(), OLD);
}
