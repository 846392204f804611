//! One pipeline that is called with different values.

use crate::common::{CANARY, Run, Sandbox};

fn project(text: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.environment("dev", text);
    project
}

fn run(project: &Sandbox, name: &str, flags: &[&str]) -> Run {
    let args: Vec<&str> = ["pipeline", "dev", name].iter().chain(flags).copied().collect();
    project.infractl(&args)
}

const WRITES: &str = r#"[hosts]
one = { address = "192.0.2.1" }
[secrets]
from = { PASSWORD = { command = "echo $C-given" } }
[pipelines]
all = [
  { do = "write", with = { path = "gitlab", key = "{{environment}}", value = "{{secret.PASSWORD}}" } },
  { do = "write", with = { path = "grafana", key = "b", value = "plain {{{{x}}" } },
  { name = "third one", do = "write", with = { path = "gitlab", key = "c", value = "" } },
]
write = [
  { name = "open", command = "echo open {{with.path}} >> did", when = { missing = "no/{{with.path}}/file" } },
  { do = "put", with = { what = "{{with.path}}/{{with.key}}", value = "{{with.value}}" } },
]
put = { effect = "reads", steps = [
  { name = "put", command = { run = ["sh", "-c", "printf '%s=' $0 >> did; cat >> did; echo >> did", "{{with.what}}"], dir = ".", input = "{{with.value}}" } },
] }
"#;

#[test]
fn each_call_has_its_own_values() {
    let project = project(WRITES).with_var("C", CANARY);
    run(&project, "all", &[])
        .code(0)
        .says("write gitlab: open")
        .says("write grafana: put grafana/b: put")
        .says("third one: open");
    let did = project.read("did");
    let expected = format!(
        "open gitlab\ngitlab/dev={CANARY}-given\nopen grafana\ngrafana/b=plain {{{{x}}}}\nopen gitlab\ngitlab/c=\n"
    );
    assert_eq!(did, expected);
    std::fs::remove_file(project.path("did")).unwrap();
    project.assert_no_canary_on_disk();
    let shown = run(&project, "all", &["--dry-run"]).code(0).out;
    assert!(
        shown.contains("sh -c 'printf '\\''%s='\\'' $0 >> did; cat >> did; echo >> did' grafana/b"),
        "{shown}"
    );
    run(&project, "all", &["--only", "write grafana: open"]).code(0);
    assert_eq!(project.read("did"), "open grafana\n");
    run(&project, "all", &["--from", "third one"]).code(0);
    assert_eq!(project.read("did"), "open grafana\nopen gitlab\ngitlab/c=\n");
    run(&project, "all", &["--only", "open"]).code(64).says("`all` has no step `open`");
    let script = run(&project, "all", &["--print"]).code(0).out;
    assert!(script.contains("step `write grafana") || script.contains("write grafana: open"), "{script}");
    run(&project, "write", &[])
        .code(78)
        .says("`write` needs `{{with.path}}`: only a step `do` can call it")
        .says("{ do = \"write\", with = { path = \"…\" } }");
    project.infractl(&["validate", "dev"]).code(0);
    project.infractl(&["env", "show", "dev"]).code(0).never_says("called");
}

#[test]
fn what_a_call_gives_is_checked_when_the_files_are_read() {
    let wrong = |calls: &str, says: &[&str]| {
        let project = project(&format!(
            "[hosts]\none = {{ address = \"192.0.2.1\" }}\n[pipelines]\ncalls = [\n  {calls}\n]\n\
             write = [{{ command = {{ run = [\"echo\", \"{{{{with.path}}}}\"], input = \"{{{{with.value}}}}\" }} }}]\n\
             far = [{{ remote = {{ host = \"{{{{with.host}}}}\", run = \"true\" }} }}]\n"
        ));
        let ended = project.infractl(&["env", "show", "dev"]).code(78);
        says.iter().fold(ended, |ended, text| ended.says(text));
    };
    wrong(
        "{ do = \"write\", with = { path = \"a\" } },",
        &[
            "environments/dev/environment.toml:5:10",
            "`write` needs `{{with.value}}`",
            "add `with = { value = \"…\" }`",
        ],
    );
    wrong("{ do = \"write\" },", &["`write` needs `{{with.path}}`", "`write` needs `{{with.value}}`"]);
    wrong(
        "{ do = \"write\", with = { path = \"a\", valeu = \"b\" } },",
        &[
            "environments/dev/environment.toml:5:40",
            "no step of `write` names `{{with.valeu}}`",
            "did you mean `value`?",
        ],
    );
    wrong(
        "{ do = \"fmt\", with = { path = \"a\" } },",
        &["no step of `fmt` names `{{with.path}}`", "remove it"],
    );
    wrong("{ command = \"true\", with = { path = \"a\" } },", &["`with` belongs to `do`"]);
    wrong(
        "{ do = \"write\", with = { path = \"{{secret.X}}\", value = \"b\" } },",
        &[
            "environments/dev/environment.toml:5:38",
            "a secret in `run` would be seen in the list of processes",
        ],
    );
    wrong(
        "{ do = \"write\", with = { path = \"{{outptu.x}}\", value = \"b\" } },",
        &["unknown name `outptu.x` in a template", "did you mean `output`?"],
    );
    wrong(
        "{ do = \"far\", with = { host = \"on\" } },",
        &["environments/dev/environment.toml:5:33", "there is no host `on`", "did you mean `one`?"],
    );
    wrong(
        "{ command = \"echo {{with.path}}\" }, { do = \"calls\", with = { path = \"x\" } },",
        &["would do itself without end"],
    );
    let project = project("[hosts]\none = { address = \"{{with.x}}\" }\n");
    project
        .infractl(&["env", "show", "dev"])
        .code(78)
        .says("`{{with.x}}` has a value only in a pipeline that a step `do` calls");
}

#[test]
fn a_pipeline_that_is_called_twice_captures_twice() {
    let project = project(
        r#"[pipelines]
all = [
  { do = "push", with = { repository = "one" } },
  { do = "push", with = { repository = "two" } },
  { command = ["sh", "-c", "echo last $0 >> did", "{{value.revision}}"] },
]
push = [
  { name = "push", command = "echo {{with.repository}}-rev", capture = { revision = {} } },
  { name = "tell", command = ["sh", "-c", "echo $0 >> did", "{{value.revision}}"] },
]
"#,
    );
    run(&project, "all", &[]).code(0);
    assert_eq!(project.read("did"), "one-rev\ntwo-rev\nlast two-rev\n");
}

#[test]
fn the_example_of_the_page_is_true() {
    let project = project(&crate::values::example("with.md"));
    project
        .infractl(&["repositories", "dev"])
        .code(0)
        .says("push apps: archive")
        .says("archive of apps goes to main")
        .says("archive of platform goes to dev");
    project
        .infractl(&["repositories", "dev", "--from", "push platform: send"])
        .code(0)
        .says("archive of platform goes to dev")
        .never_says("goes to main");
    project.infractl(&["push", "dev"]).code(78);
}
