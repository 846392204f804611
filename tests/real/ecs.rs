//! Tasks of ECS against moto whose tasks run in docker, with the real `aws` program, whose starts are counted.

use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::common::{Run, send, start, wait_for};
use crate::counted_aws::{CountedAws, REGION};

/// Subnets and security group of the back end.
static NETWORK: OnceLock<(String, String)> = OnceLock::new();

/// A project with one task of ECS.
pub(crate) struct Ecs {
    aws: CountedAws,
    network: String,
}

impl Deref for Ecs {
    type Target = CountedAws;

    fn deref(&self) -> &CountedAws {
        &self.aws
    }
}

impl Ecs {
    /// None without a back end. `more` stands in `[tasks.etl]`, `rest` after it.
    pub(crate) fn new(more: &str, rest: &str) -> Option<Ecs> {
        let mut ecs = Ecs { aws: CountedAws::new()?, network: String::new() };
        let (subnets, groups) = NETWORK.get_or_init(|| {
            let subnets = ecs.network(&["describe-subnets", "--query", "Subnets[].SubnetId"]);
            let groups = ecs.network(&["describe-security-groups", "--query", "SecurityGroups[:1].GroupId"]);
            ecs.calls();
            (subnets.trim().replace('\n', " "), groups.trim().replace('\n', " "))
        });
        ecs.network = format!("security-groups = {groups}\n");
        ecs.project.environment(
            "dev",
            &format!(
                "[outputs]\nsubnets = {subnets}\n[tasks.etl]\ndefinition-file = \"etl.json\"\ncluster = \"{}\"\n\
                 region = \"{REGION}\"\nsubnets = \"{{{{output.subnets}}}}\"\n{}{more}\n{rest}",
                ecs.cluster, ecs.network
            ),
        );
        ecs.definition(&["sh", "-c", "echo one; echo two; exit 0"], "");
        Some(ecs)
    }

    /// One container with this command; more fields of it.
    pub(crate) fn definition(&self, command: &[&str], more: &str) {
        self.containers(&self.container("etl", command, more));
    }

    fn container(&self, name: &str, command: &[&str], more: &str) -> String {
        format!(
            r#"{{ "name": "{name}", "image": "{}", "command": {}, "memory": 64, {more}
                 "logConfiguration": {{ "logDriver": "awslogs", "options": {{ "awslogs-group": "/{}", "awslogs-region": "{REGION}",
                   "awslogs-stream-prefix": "ecs", "awslogs-create-group": "true" }} }} }}"#,
            self.image,
            serde_json::to_string(command).unwrap(),
            self.cluster
        )
    }

    fn containers(&self, all: &str) {
        let text = format!(
            r#"{{ "family": "{}", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": 256, "memory": 512,
                 "containerDefinitions": [{all}] }}"#,
            self.cluster
        );
        self.project.write("etl.json", &text);
    }

    /// How many tasks AWS knows.
    pub(crate) fn tasks(&self) -> usize {
        let count = |status: &str| {
            let input = json!({ "cluster": self.cluster, "desiredStatus": status });
            self.ask("ListTasks", &input)["taskArns"].as_array().unwrap().len()
        };
        count("RUNNING") + count("STOPPED")
    }
}

#[test]
fn a_task_runs_once_with_its_log_and_its_code_and_registers_only_what_changed() {
    let Some(ecs) = Ecs::new("env = { MODE = \"full\" }\n", "") else { return };
    let dry = ecs.infractl(&["run", "dev", "etl", "--dry-run"]).code(0);
    dry.prints("aws ecs run-task").prints("nothing → its first revision");
    ecs.infractl(&["check", "dev", "--exit-code"]).code(2);
    assert_eq!(ecs.calls(), Vec::<String>::new(), "who only looks starts no program");
    let first = ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!(first.out, "one\ntwo\n");
    first.says(&format!("registered {}:1", ecs.cluster)).says("task stopped");
    let calls = ecs.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].contains("register-task-definition") && calls[1].contains("run-task"), "{calls:?}");
    // Nothing has changed; then something has, and is shown.
    ecs.infractl(&["check", "dev", "--exit-code"]).code(0);
    ecs.infractl(&["run", "dev", "etl"]).code(0).says(&format!("{}:1 unchanged", ecs.cluster));
    assert_eq!(ecs.calls().len(), 1);
    ecs.definition(
        &["sh", "-c", "echo $MODE; exit 3"],
        "\"environment\": [{ \"name\": \"X\", \"value\": \"1\" }],",
    );
    ecs.infractl(&["run", "dev", "etl", "--dry-run"])
        .code(0)
        .prints("etl.environment: nothing → {\"X\":\"1\"}");
    let third = ecs.infractl(&["run", "dev", "etl"]).code(3);
    assert_eq!(third.out, "full\n");
    third.says(&format!("registered {}:2", ecs.cluster)).says("exit code 3");
    ecs.calls();
    let other = ecs.infractl(&["run", "dev", "etl", "--", "sh", "-c", "echo $X; exit 4"]).code(4);
    assert_eq!(other.out, "1\n");
    assert_eq!(ecs.tasks(), 4);
    let kept = ecs.project.path(".infractl/tasks/dev");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0, "whose end was seen is not kept");
}

#[test]
fn a_step_fails_with_what_aws_says() {
    let Some(ecs) = Ecs::new(
        "fails-on = \"Traceback\"\n",
        "[pipelines]\nload = [{ ecs = { run = \"etl\" } }]\nregister = [{ ecs = { register = \"etl\" } }]\n",
    ) else {
        return;
    };
    ecs.infractl(&["register", "dev"]).code(0).says("registered");
    ecs.infractl(&["load", "dev"]).code(0).says("one");
    ecs.definition(&["sh", "-c", "echo Traceback; exit 0"], "");
    ecs.infractl(&["load", "dev"]).code(1).says("fails-on");
    let text = ecs.project.read("etl.json").replace(&ecs.image, "127.0.0.1:9/nosuch:1");
    ecs.project.write("etl.json", &text);
    ecs.infractl(&["load", "dev"]).code(1).says("CannotPullContainerError");
    ecs.project.write("etl.json", "{}");
    ecs.infractl(&["load", "dev"]).code(78).says("etl.json").says("containerDefinitions");
}

#[test]
fn with_several_containers_one_is_the_main_one() {
    let Some(ecs) = Ecs::new("", "") else { return };
    let both = |essential: &str| {
        let app = ecs.container("app", &["sh", "-c", "echo here; exit 5"], "");
        let side = ecs.container("side", &["sh", "-c", "echo beside"], essential);
        ecs.containers(&format!("{app}, {side}"));
    };
    both("");
    ecs.infractl(&["run", "dev", "etl"]).code(78).says("`container = ").says("`app` and `side`");
    assert_eq!(ecs.calls(), Vec::<String>::new(), "nothing was registered or started");
    both("\"essential\": false,");
    let run = ecs.infractl(&["run", "dev", "etl"]).code(5);
    run.prints("app | here");
}

#[test]
fn whoever_is_killed_leaves_one_task_that_is_found_again() {
    let Some(ecs) = Ecs::new("", "") else { return };
    ecs.definition(&["sh", "-c", "echo begin; sleep 8; echo end; exit 6"], "");
    let kept = ecs.project.path(".infractl/tasks/dev");
    let begun = || {
        wait_for("the task", || {
            let mut all = std::fs::read_dir(&kept).into_iter().flatten().flatten();
            all.any(|one| std::fs::read_to_string(one.path()).unwrap_or_default().contains("arn:aws:ecs"))
        });
    };
    let mut child = start(&mut ecs.command(&["run", "dev", "etl"]));
    begun();
    child.kill().unwrap();
    child.wait().unwrap();
    // The same again follows it instead of starting a second one.
    let again = ecs.infractl(&["run", "dev", "etl"]).code(6);
    assert_eq!(again.out, "begin\nend\n");
    again.says("no second one is started");
    assert_eq!(ecs.tasks(), 1);
    // Off a terminal Ctrl-C leaves it, and says how it is found.
    let child = start(&mut ecs.command(&["run", "dev", "etl"]));
    begun();
    std::thread::sleep(Duration::from_millis(500));
    send(&child, Signal::INT);
    let left = Run::ended(child.wait_with_output().unwrap()).code(130);
    left.says("--attach");
    let attached = ecs.infractl(&["run", "dev", "etl", "--attach"]).code(6);
    assert_eq!(attached.out, "begin\nend\n");
    assert_eq!(ecs.tasks(), 2);
    ecs.infractl(&["run", "dev", "etl", "--attach"]).code(64);
    ecs.infractl(&["run", "dev", "etl", "--attach", "nosuch"]).code(1).says("does not know");
}

#[test]
fn a_task_that_takes_too_long_is_stopped() {
    let Some(ecs) = Ecs::new("timeout = \"2s\"\n", "") else { return };
    ecs.definition(&["sleep", "60"], "");
    ecs.infractl(&["run", "dev", "etl"]).code(1).says("took longer than 2.0 s");
    let detached = ecs.infractl(&["run", "dev", "etl", "--detach"]).code(0);
    detached.says("--attach");
    let calls = ecs.calls();
    assert_eq!(calls.iter().filter(|call| call.contains("stop-task")).count(), 1, "{calls:?}");
}

#[test]
fn secrets_are_refused_where_everybody_reads_them() {
    let Some(ecs) = Ecs::new("env = { KEY = \"{{secret.KEY}}\" }\n", "[secrets]\nrequired = []\n") else {
        return;
    };
    ecs.infractl(&["run", "dev", "etl"]).code(78).says("KEY").says("`secrets` of the container");
    ecs.infractl(&["run", "dev", "etl", "--dry-run"]).code(78);
    assert_eq!(ecs.calls(), Vec::<String>::new());
}

#[test]
fn what_only_the_program_can_ask_it_asks() {
    let Some(ecs) = Ecs::new("", "[aws]\nreads = \"cli\"\n") else { return };
    let run = ecs.infractl(&["run", "dev", "etl"]).code(0);
    assert_eq!(run.out, "one\ntwo\n");
    let calls = ecs.calls();
    assert!(calls.iter().any(|call| call.contains("ecs describe-tasks")), "{calls:?}");
    assert!(calls.iter().any(|call| call.contains("logs get-log-events")), "{calls:?}");
}
