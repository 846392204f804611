//! Part of a verb: `--from`, `--only`, `--skip`, `--resume`, `--print` where the project has its own idea of it.

use crate::common::{BIN, Run, Sandbox};
use std::path::Path;
use std::process::Command;

const VERBS: [&str; 4] = ["init", "plan", "fmt", "genenv"];

/// The example project; in `local` each of these verbs has three steps that say so in a file.
fn project() -> Sandbox {
    let project = Sandbox::new();
    let step = |name: &str, more: &str| {
        format!(
            "{{ name = \"{name}\", command = \"echo $INFRACTL_VERB {name} >> seen{more}\", secrets = [] }}"
        )
    };
    let mut toml = String::from(
        "[secrets]\nfiles = []\nrequired = []\n[outputs]\nfqdn = \"app.example\"\n[pipelines]\n",
    );
    for verb in VERBS {
        toml.push_str(&format!(
            "{verb} = [{}, {}, {}]\n",
            step("one", ""),
            step("two", "; test -e ready"),
            step("three", "")
        ));
    }
    project.write("environments/local/environment.toml", &toml);
    project
}

fn seen(project: &Sandbox) -> String {
    let text = project.read("seen");
    std::fs::remove_file(project.path("seen")).unwrap();
    text.lines().map(|line| line.split_once(' ').unwrap().1).collect::<Vec<_>>().join(" ")
}

#[test]
fn verbs_that_look_or_prepare_take_parts_and_go_on() {
    let project = project();
    for verb in VERBS {
        let run = |flags: &[&str]| {
            let args: Vec<&str> = [verb, "local"].iter().chain(flags).copied().collect();
            project.infractl(&args)
        };
        let _ = std::fs::remove_file(project.path("ready"));
        run(&["--only", "one"]).code(0);
        assert_eq!(seen(&project), "one", "{verb}");
        run(&["--skip", "two"]).code(0);
        assert_eq!(seen(&project), "one three", "{verb}");
        run(&["--from", "tow"]).code(64).says("did you mean `two`?");
        run(&["--resume"]).code(64).says("nothing to resume");
        run(&[]).code(1).says("--resume");
        assert_eq!(seen(&project), "one two", "{verb}");
        project.write("ready", "");
        run(&["--resume"]).code(0).says("goes on at `two`");
        assert_eq!(seen(&project), "two three", "{verb}");
        run(&["--from", "three"]).code(0);
        assert_eq!(seen(&project), "three", "{verb}");
    }
}

#[test]
fn the_same_verbs_print_a_script_that_does_it() {
    let project = project();
    project.write("ready", "");
    for verb in VERBS {
        let args: &[&str] = if verb == "genenv" {
            &["pipeline", "local", "genenv", "--print"]
        } else {
            &[verb, "local", "--print"]
        };
        let script = project.infractl(args).code(0).out;
        project.write("script.sh", &script);
        let done = Command::new("bash").arg("script.sh").current_dir(project.root()).output().unwrap();
        assert!(done.status.success(), "{verb}: {}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(seen(&project), "one two three", "{verb}");
    }
    // Those of terraform itself.
    for verb in ["plan", "validate"] {
        let script = project.infractl(&[verb, "dev", "--print"]).code(0).never_says("is valid").out;
        assert!(script.contains("terraform") && script.contains(&format!("terraform {verb}")), "{script}");
    }
    assert!(!project.path(".infractl/history").exists(), "printing is no run");
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    let project = project();
    for flags in [["--check", "--only"], ["--print", "--from"], ["--diff", "--skip"]] {
        project.infractl(&["genenv", "local", flags[0], flags[1], "one"]).code(64);
    }
    project.infractl(&["plan", "local", "--resume", "--only", "one"]).code(64);
}

#[test]
fn the_environment_file_alone_has_its_outputs() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let whole = project.read("shared/.env.dev");
    std::fs::remove_file(project.path("shared/.env.dev")).unwrap();
    for args in [["apply", "--only"], ["genenv", "--from"]] {
        project.infractl(&[args[0], "dev", args[1], "environment file"]).code(0);
        let alone = project.read("shared/.env.dev");
        let values = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(values(&alone), values(&whole), "{alone}");
        std::fs::remove_file(project.path("shared/.env.dev")).unwrap();
    }
}

#[test]
fn a_looking_verb_that_the_project_made_dangerous_asks() {
    let project = Sandbox::new();
    let toml = "protected = true\n[pipelines]\nplan = [{ do = \"apply\" }]\n";
    project.write("environments/rec/environment.toml", toml);
    project.infractl(&["plan", "rec"]).code(77);
    project.infractl(&["plan", "--env", "dev,rec"]).code(77).says("`rec` is protected");
    assert!(!project.path("shared/.env.rec").exists());
}

#[test]
fn a_pipeline_of_the_project_runs_over_all_environments() {
    let project = Sandbox::new();
    let defaults = project.read("environments/defaults.toml")
        + "\n[pipelines]\ngreet = [{ name = \"look\", command = \"touch seen-$INFRACTL_ENVIRONMENT\", secrets = [] }]\n";
    project.write("environments/defaults.toml", &defaults);
    let names = ["dev", "local", "prod", "rec"];
    project.infractl(&["greet", "--all"]).code(77).says("--confirm prod");
    assert!(names.iter().all(|name| !project.path(format!("seen-{name}")).exists()));
    let Run { err, .. } = project.infractl(&["greet", "--all", "--confirm", "prod"]).code(0);
    for name in names {
        assert!(project.path(format!("seen-{name}")).exists(), "{name}: {err}");
        assert!(
            err.lines().any(|line| line.trim_start().starts_with(name) && line.contains("done")),
            "{name}: {err}"
        );
        std::fs::remove_file(project.path(format!("seen-{name}"))).unwrap();
    }
    project.infractl(&["greet", "--env", "d*,rec", "--only", "look"]).code(0);
    assert!(project.path("seen-dev").exists() && project.path("seen-rec").exists());
    assert!(!project.path("seen-local").exists());
    project
        .infractl(&["gret", "--all", "--confirm", "prod"])
        .code(64)
        .says("unknown verb or pipeline `gret`");
}

#[test]
fn names_of_steps_show_what_is_known_and_are_selected_either_way() {
    let project = Sandbox::new();
    let defaults = project.read("environments/defaults.toml")
        + "\n[pipelines]\nlook = [{ wait = { file = \"seen-{{environment}}\" }, attempts = 1, secrets = [] }, \
           { command = [\"touch\", \"{{ project }}-{{environment}}\"], secrets = [] }]\n";
    project.write("environments/defaults.toml", &defaults);
    for name in ["rec", "local"] {
        project.write(format!("seen-{name}"), "");
    }
    let run = project.infractl(&["look", "--env", "rec,local"]).code(0);
    let run = run.says("wait file seen-rec").says("wait file seen-local").says("touch nyctaxi-rec");
    run.never_says("{{");
    assert!(project.path("nyctaxi-rec").exists());
    std::fs::remove_file(project.path("nyctaxi-rec")).unwrap();
    project.infractl(&["look", "--env", "rec,local", "--only", "wait file seen-{{environment}}"]).code(0);
    assert!(!project.path("nyctaxi-rec").exists());
    project.infractl(&["look", "rec", "--from", "touch nyctaxi-rec"]).code(0);
    assert!(project.path("nyctaxi-rec").exists());
    project.infractl(&["look", "rec", "--only", "touch nyctaxi-local"]).code(64);
}

/// What a shell is offered after these words.
fn offered(dir: &Path, words: &[&str]) -> Vec<String> {
    let mut command = Command::new(BIN);
    command.arg("--").arg("infractl").args(words).current_dir(dir).env_clear();
    // Nothing to find on it: no program can be started by its name.
    command.env("PATH", "/nonexistent").env("COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn shells_complete_pipelines_of_the_project() {
    let project = Sandbox::new();
    let defaults = project.read("environments/defaults.toml");
    project.write(
        "environments/defaults.toml",
        &format!(
            "{defaults}\n[pipelines]\nsmoke = [{{ command = \"true\" }}]\napply = [{{ do = \"smoke\" }}]\n"
        ),
    );
    project.write("environments/local/environment.toml", "[pipelines]\nsmelt = [{ command = \"true\" }]\n");
    // No file of secrets is opened: there is none.
    std::fs::remove_dir_all(project.path("credentials")).unwrap();
    let root = project.root();
    assert_eq!(offered(root, &["sm"]), ["smelt", "smoke"]);
    assert_eq!(offered(root, &["appl"]), ["apply"]);
    assert_eq!(offered(root, &["smoke", "re"]), ["rec"]);
    assert_eq!(offered(root, &["help", "lo"]), ["logs", "local-lab", "locks", "logs.md"]);
    assert_eq!(offered(root, &["help", "secrets", "rot"]), ["rotate"]);
    assert_eq!(offered(root, &["smoke", "--fr"]), ["--from"]);
    let both = offered(root, &["pipeline", ""]);
    for name in ["dev", "smoke", "smelt", "deploy"] {
        assert!(both.iter().any(|word| word == name), "{name}: {both:?}");
    }
    assert_eq!(offered(root, &["pipeline", "dev", "smo"]), ["smoke"]);
    assert_eq!(offered(root, &["fmt", "--on"]), ["--only"]);
    // A file that is wrong takes nothing from the others.
    project.write("environments/rec/environment.toml", "[pipelines\n");
    assert_eq!(offered(root, &["sm"]), ["smelt", "smoke"]);
    assert!(offered(Path::new("/"), &["sm"]).is_empty());
}

#[test]
fn shells_complete_hosts_steps_secrets_outputs_and_runs_without_a_program_or_a_key() {
    let project = Sandbox::new();
    project.infractl(&["plan", "dev"]).code(0);
    let own = "[hosts.backend]\naddress = \"203.0.113.7\"\n[hosts.bastion]\naddress = \"b\"\n[pipelines]\nprobe = [\"true\", { name = \"ping\", command = \"true\" }]\n";
    project.edit("environments/dev/environment.toml", "[pipelines]\n", own);
    let root = project.root();
    std::fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    assert_eq!(offered(root, &["ssh", "dev", "ba"]), ["backend", "bastion"]);
    assert_eq!(offered(root, &["probe", "dev", "--from", ""]), ["ping", "prepare", "true"]);
    assert_eq!(offered(root, &["secrets", "get", "dev", "SHARED"]), ["SHARED_TOKEN"]);
    assert_eq!(offered(root, &["history", "show", ""])[0], "1");
    assert_eq!(offered(root, &["output", "dev", "storage_con"]), ["storage_connection_string"]);
    project.infractl(&["env", "use", "dev"]).code(0);
    assert_eq!(offered(root, &["probe", "--only", "pi"]), ["ping"]);
    // What is wrong offers nothing.
    project.environment("dev", "[hosts\n");
    assert!(offered(root, &["ssh", "dev", "ba"]).is_empty());
}
