//! No advice that harms: what infractl says to run is run, in the situation in which it is said.

use crate::common::{Run, Sandbox};
use crate::terraform::lab;

/// The calls of infractl that an error names, with a file where one is to be named.
fn advised(run: &Run) -> Vec<Vec<String>> {
    let quoted = run.err.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let calls = quoted.filter_map(|text| text.strip_prefix("infractl "));
    calls.map(|call| shell_words::split(&call.replace("FILE", "p.plan")).unwrap()).collect()
}

#[track_caller]
fn follow(project: &Sandbox, run: &Run, number: usize) -> Run {
    let all = advised(run);
    let words: Vec<&str> = all[number].iter().map(String::as_str).collect();
    project.infractl(&words)
}

const MODULE: &str = "resource \"terraform_data\" \"a\" {}\noutput \"ip\" { value = \"127.0.0.1\" }\n";

#[test]
fn a_refused_flag_names_a_verb_that_works() {
    let project = lab(MODULE);
    project.infractl(&["apply", "dev"]).code(0);
    for (args, code) in [
        (["destroy", "dev", "--", "-refresh-only"], 0),
        (["destroy", "dev", "--", "-replace=terraform_data.a"], 0),
        (["apply", "dev", "--", "-detailed-exitcode"], 0),
        (["apply", "dev", "--", "-destroy"], 0),
    ] {
        let run = project.infractl(&args).code(64);
        follow(&project, &run, 0).code(code);
    }
    project.write("environments/dev/more.tf", "resource \"terraform_data\" \"b\" {}\n");
    let run = project.infractl(&["apply", "dev", "--", "-out=x"]).code(64);
    follow(&project, &run, 0).code(0);
    follow(&project, &run, 1).code(0);
    let run = project.infractl(&["apply", "dev", "--plan", "p.plan"]).code(1).says("Saved plan is stale");
    follow(&project, &run, 0).code(0);
    let run = project.infractl(&["apply", "dev", "--plan", "none.plan"]).code(64);
    follow(&project, &run, 0).code(0);
    project.infractl(&["plan", "dev", "--out", "p.plan", "--", "-destroy"]).code(0);
    let run = project.infractl(&["apply", "dev", "--plan", "p.plan"]).code(64);
    follow(&project, &run, 0).code(0);
}

#[test]
fn a_plan_of_another_workspace_is_made_again() {
    let project = lab(MODULE);
    project.infractl(&["plan", "dev", "--out", "p.plan"]).code(0);
    project.write("environments/dev/environment.toml", "[terraform]\nworkspace = \"blue\"\n");
    let run = project.infractl(&["apply", "dev", "--plan", "p.plan"]).code(64);
    follow(&project, &run, 0).code(0);
    project.infractl(&["apply", "dev", "--plan", "p.plan"]).code(0);
}

#[test]
fn a_run_that_stopped_goes_on_as_it_says() {
    let project = lab(MODULE);
    let settings = |output: &str, command: &str| {
        let text = format!(
            "[env-file]\nsections = [{{ title = \"x\", values = {{ IP = {{ output = \"{output}\" }} }} }}]\n[pipelines]\n\
             deploy = [{{ name = \"ready\", command = \"{command}\" }}, {{ command = \"echo done >> seen\" }}]\n"
        );
        project.write("environments/dev/environment.toml", &text);
    };
    // Mending the configuration makes another run of it.
    settings("ipp", "true");
    let run = project.infractl(&["up", "dev"]).code(78).says("did you mean `ip`?").never_says("--resume");
    settings("ip", "test -e ready");
    let run = follow(&project, &run, 0).code(1);
    let other = follow(&project, &run, 0).code(1).says("goes on at");
    project.write("ready", "");
    follow(&project, &other, 0).code(0);
    assert_eq!(project.read("seen"), "done\n");
    std::fs::remove_file(project.path("ready")).unwrap();
    let run = project.infractl(&["up", "dev"]).code(1);
    settings("ip", "true");
    let refused = follow(&project, &run, 0).code(64).says("it would be another run");
    assert_eq!(advised(&refused)[0], advised(&run)[1]);
    follow(&project, &run, 1).code(0);
    assert_eq!(project.read("seen"), "done\ndone\n");
}
