//! Failures by their names: rules of the project and of infractl, over a run and over its history.

use std::fs;

use crate::common::{CANARY, Run, Sandbox};

const RULES: &str = r#"
[[failures]]
name = "atlas-network"
match = 'MongoServerSelectionError|tlsv1 alert internal error'
says = "Atlas refuses this address: its access list does not hold it"
look = ["atlas accessLists list --projectId {{output.project}}", "infractl state {{environment}}"]
retry = false
[[failures]]
name = "flaky"
for = ["sh"]
match = "FLAKY"
says = "the other team's service hiccups"
retry = true
[[failures]]
name = "three"
in = "exit"
match = "^3$"
says = "it says three"
[outputs]
project = "p-7"
[pipelines]
"#;

fn project(pipelines: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.environment("dev", &format!("{RULES}{pipelines}"));
    project
}

fn run(project: &Sandbox, name: &str, code: i32) -> Run {
    project.run(&["pipeline", "dev", name], code)
}

fn tries(project: &Sandbox) -> usize {
    let text = fs::read_to_string(project.path("tries")).unwrap_or_default();
    let _ = fs::remove_file(project.path("tries"));
    text.lines().count()
}

#[test]
fn a_rule_of_the_project_names_a_failure_and_nothing_is_looked_at_by_itself() {
    let project = project(
        "migrate = [{ name = \"migrate\", command = \"echo x >> tries; echo MongoServerSelectionError: connection refused; exit 3\", secrets = [], when = { output = \"project\" }, retry = { attempts = 3, every = \"50ms\", on = [\"any\"] } }]\n\
         flaky = [{ command = \"echo x >> tries; echo FLAKY; test $(wc -l < tries) -ge 3\", secrets = [], retry = { attempts = 5, every = \"50ms\", on = [\"never\"] } }]\n\
         port = [{ command = \"echo dial tcp: Connection refused; exit 1\", secrets = [] }]\n\
         code = [{ command = \"exit 3\", secrets = [] }]\n",
    );
    let failed = run(&project, "migrate", 1)
        .says("error: atlas-network: Atlas refuses this address: its access list does not hold it")
        .says("`migrate` of `dev` ended with exit code 3")
        .says("look: `atlas accessLists list --projectId p-7`")
        .says("look: `infractl state dev`")
        .says("see also `three` and `refused`")
        .says("it was not tried again");
    assert_eq!(tries(&project), 1, "{}", failed.err);
    run(&project, "flaky", 0).says("at try 3 of 5");
    tries(&project);
    run(&project, "port", 1).says("see what it means (`refused`): nobody listens there");
    run(&project, "code", 1).says("error: three: it says three");
}

#[test]
fn an_old_run_is_explained_by_the_rules_of_today() {
    let project = project(
        "migrate = [{ name = \"migrate\", command = \"echo begin; echo E4711: pool exhausted at 0x7f3a9c; exit 3\", secrets = [] }]\n",
    );
    run(&project, "migrate", 1);
    let told = project.run(&["explain", "1"], 0);
    told.prints("run 1: migrate dev, failed")
        .prints("dev: step `migrate`, exit code 3")
        .prints("  three: it says three");
    let text = fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
    let rule = "[[failures]]\nname = \"pool\"\nmatch = 'e\\d+: POOL'\nsays = \"all connections are in use\"\nlook = [\"psql -c 'select 1'\"]\nretry = true\n";
    project.environment("dev", &format!("{rule}{text}"));
    let told = project.run(&["explain"], 0);
    told.prints("  pool: all connections are in use  (rule of the project)")
        .prints("    found      E4711: pool exhausted at 0x7f3a9c")
        .prints("    look       psql -c 'select 1'")
        .prints("    try again  helps")
        .prints("  also seen: three: it says three");
    run(&project, "migrate", 1);
    let told = project.run(&["explain", "2", "--json"], 0);
    let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(json["environments"][0]["branch"]["name"], "pool");
    assert_eq!(json["environments"][0]["also_seen"][0]["name"], "three");
    assert_eq!(json["environments"][0]["exit"], 3);
    assert_eq!(json["same_in"], serde_json::json!([]), "the rules were others: it had another name");
    run(&project, "migrate", 1);
    project.run(&["explain"], 0).prints("it failed in the same way in `2`");
}

#[test]
fn what_did_not_fail_is_not_explained() {
    let project = project("good = [{ command = \"echo MongoServerSelectionError\", secrets = [] }]\n");
    project.run(&["explain"], 64).says("there is no history yet");
    run(&project, "good", 0);
    project.run(&["explain", "1"], 0).prints("there is nothing to explain");
    project.run(&["explain", "7"], 64).says("there is no run 7");
    // A configuration that is broken meanwhile takes the built-in rules with it to nobody.
    project.environment(
        "dev",
        "[pipelines]\nbad = [{ command = \"echo Connection refused; exit 1\", secrets = [] }]\n",
    );
    run(&project, "bad", 1);
    project.environment("dev", "[pipelines]\nbad = 7\n");
    project.run(&["explain"], 0).says("cannot be read").prints("refused: nobody listens there");
}

#[test]
fn three_runs_that_fail_in_the_same_way_end_the_retries() {
    let project = project(
        "wait = [{ name = \"wait\", command = \"echo x >> tries; echo \\\"connection refused by 10.0.0.$(date +%N) after $(date +%N) ms\\\"; exit 7\", secrets = [], retry = { attempts = 3, every = \"20ms\" } }]\n\
         other = [{ name = \"other\", command = \"echo x >> tries; cat why; exit 7\", secrets = [], retry = { attempts = 2, every = \"20ms\" } }]\n",
    );
    for number in 1..=3 {
        run(&project, "wait", 1).says("was tried 3 times");
        assert_eq!(tries(&project), 3, "run {number}");
    }
    run(&project, "wait", 1).says("the last runs, `3`, `2` and `1`, failed in the same way").says("--insist");
    assert_eq!(tries(&project), 1);
    project.run(&["pipeline", "dev", "wait", "--insist"], 1).says("was tried 3 times");
    assert_eq!(tries(&project), 3);
    // Another failure, and another pipeline, are not the same.
    for why in [
        "connection refused\n",
        "connection refused\n",
        "connection reset\n",
        "connection refused\n",
        "connection refused\n",
    ] {
        project.write("why", why);
        run(&project, "other", 1).says("was tried 2 times");
        assert_eq!(tries(&project), 2);
    }
}

#[test]
fn what_a_rule_gets_wrong_is_said_where_it_stands() {
    for (rule, message) in [
        ("name = \"x\"\nmatch = '('\nsays = \"y\"", "`match` is not a regular expression"),
        ("name = \"x\"\nsays = \"y\"", "`failures` needs `match`"),
        ("match = 'a'\nsays = \"y\"", "`failures` needs `name`"),
        ("name = \"x\"\nmatch = 'a'\nsays = \"y\"\nin = \"stop-reason\"", "`in` cannot be `stop-reason`"),
        ("name = \"x\"\nmatch = 'a'\nsays = \"y\"\nlook = [\"a {{secret.B}}\"]", "a secret in `look`"),
        ("name = \"x\"\nmatch = 'a'\nsays = \"y\"\nretries = 1", "unknown key `retries`"),
    ] {
        let project = Sandbox::empty();
        project.environment("dev", &format!("[[failures]]\n{rule}\n"));
        let run = project.infractl(&["env", "show", "dev"]).code(78).says(message);
        assert!(run.err.contains("environment.toml:"), "no place: {}", run.err);
    }
}

#[test]
fn a_secret_in_what_failed_is_shown_by_nobody() {
    let token = format!("{CANARY}tok");
    let project = Sandbox::empty().with_secrets(&[("TOKEN", &token)]);
    project.environment(
        "dev",
        "[[failures]]\nname = \"login\"\nmatch = 'denied for'\nsays = \"the login is old\"\n[pipelines]\n\
         x = [{ command = \"echo denied for $TOKEN; exit 1\", secrets = [\"TOKEN\"] }]\n",
    );
    run(&project, "x", 1).says("login: the login is old");
    project.run(&["explain"], 0).prints("found      denied for ***");
}

#[test]
fn the_example_of_failures_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    let text = fs::read_to_string(path).unwrap();
    let example = text.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let project = Sandbox::empty();
    project.environment(
        "dev",
        &format!("{example}\n[pipelines]\nmigrate = [{{ name = \"migrate\", command = \"echo tlsv1 alert internal error; exit 3\", secrets = [] }}]\n"),
    );
    let told = run(&project, "migrate", 1).err;
    let printed = text.split_once("```\nerror:").unwrap().1.split_once("```").unwrap().0;
    for line in format!("error:{printed}").lines() {
        assert!(told.contains(line), "`{line}` is not in\n{told}");
    }
}
