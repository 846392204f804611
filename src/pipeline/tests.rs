//! The engine with a runner that starts nothing: which commands, in which order, with which events.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::engine::{self, Options};
use super::plan::{Verb, pipeline};
use super::select::{Selection, select};
use crate::config::verbs::Effect;
use crate::config::{Environment, Project};
use crate::context::{Ctx, Vars};
use crate::exec::{Answer, BoxFuture, Cmd, Done, FakeRunner, Interrupts, OnLine, Press, RunError, Runner};
use crate::failure::Failure;
use crate::redact::Masks;
use crate::steps::Work;
use crate::steps::confirm::Asks;
use crate::ui::event::{Event, Report, Reporter};
use crate::ui::{Mode, Ui, Verbosity};

/// A project with the environment `dev`, whose pipelines are these.
struct World {
    #[expect(dead_code, reason = "held, not read")]
    dir: tempfile::TempDir,
    env: Environment,
    cx: Ctx,
    runner: Arc<FakeRunner>,
    told: Arc<Mutex<Vec<String>>>,
}

/// One runner for the context and for the test.
struct Shared(Arc<FakeRunner>);

impl Runner for Shared {
    fn run<'a>(&'a self, cmd: &'a Cmd, line: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        self.0.run(cmd, line)
    }
}

struct Recorder(Arc<Mutex<Vec<String>>>);

impl Reporter for Recorder {
    fn report(&self, report: &Report) {
        let text = match &report.event {
            Event::RunStarted { verb, steps } => format!("run {verb} {steps}"),
            Event::StepStarted { number, name } => format!("{number} {name}"),
            Event::StepEnded { number, outcome, summary, .. } => format!("{number} {outcome:?} {summary}"),
            Event::RunEnded { outcome, .. } => format!("end {outcome:?}"),
            Event::Warning(text) => format!("warning {text}"),
            _ => return,
        };
        self.0.lock().unwrap().push(text.trim_end().to_owned());
    }
}

#[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn world(pipelines: &str, script: impl FnOnce(FakeRunner) -> FakeRunner) -> World {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("[outputs]\nhost = \"db.example\"\nlist = [1, 2]\n[pipelines]\n{pipelines}");
    write(&dir.path().join("environments/dev/environment.toml"), &text);
    let env = Project::find(dir.path(), None).unwrap().environment("dev").unwrap();
    let (masks, interrupts) = (Masks::default(), Interrupts::deaf());
    let runner = Arc::new(script(FakeRunner::new(masks.clone(), interrupts.clone())));
    let told = Arc::new(Mutex::new(Vec::new()));
    let mode = Mode::unattended(Verbosity::Quiet);
    let cx = Ctx {
        runner: Box::new(Shared(runner.clone())),
        ui: Arc::new(Ui::with(mode, masks.clone(), vec![Box::new(Recorder(told.clone()))])),
        vars: Vars::default(),
        now: jiff::Timestamp::now,
        interrupts,
        masks,
        dir: dir.path().to_owned(),
        scenarios: Vec::new(),
        dir_is_project: true,
        project: OnceLock::new(),
        states: OnceLock::new(),
        run: Arc::default(),
    };
    World { dir, env, cx, runner, told }
}

impl World {
    async fn run(&self, name: &str) -> Result<(), Failure> {
        let steps = pipeline(&self.env, &Verb::named(name));
        engine::run(&self.cx, &self.env, &steps, &Options::default()).await.map(|_| ())
    }

    /// Programs with their arguments, without their variables.
    fn calls(&self) -> Vec<String> {
        let words =
            |cmd: &Cmd| [&cmd.program].into_iter().chain(&cmd.args).cloned().collect::<Vec<_>>().join(" ");
        self.runner.calls().iter().map(words).collect()
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

fn all_good(runner: FakeRunner) -> FakeRunner {
    runner.on(&["do"], Answer::code(0))
}

#[tokio::test]
async fn steps_run_in_order_and_tell_their_events() {
    let world = world(
        "all = [{ command = [\"do\", \"a\"] }, { do = \"inner\" }, { name = \"last\", command = [\"do\", \"d\"] }]\n\
         inner = [{ command = [\"do\", \"b\"] }, { command = [\"do\", \"c\"], when = { environment = [\"prod\"] } }]\n",
        all_good,
    );
    world.run("all").await.unwrap();
    assert_eq!(world.calls(), ["do a", "do b", "do d"]);
    assert_eq!(
        world.told(),
        [
            "run all 4",
            "1 do a",
            "1 Done",
            "2 do b",
            "2 Done",
            "3 do c",
            "3 Skipped not for dev",
            "4 last",
            "4 Done",
            "end Done"
        ]
    );
}

#[tokio::test]
async fn outputs_and_places_are_handed_on() {
    let world = world("all = [{ command = [\"do\", \"{{output.host}}\", \"{{output.list}}\"] }]\n", all_good);
    world.run("all").await.unwrap();
    let cmd = &world.runner.calls()[0];
    assert_eq!(cmd.args, ["db.example", "[1,2]"]);
    let shown = cmd.to_string();
    for part in [
        "INFRACTL_ENVIRONMENT=dev",
        "INFRACTL_VERB=all",
        "INFRACTL_STEP_NUMBER=1",
        "INFRACTL_OUTPUT_HOST=db.example",
        "INFRACTL_OUTPUT_LIST='[1,2]'",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_and_then_stops_the_pipeline() {
    let world = world(
        "all = [{ command = [\"do\", \"x\"], retry = { attempts = 3, every = \"5s\" }, on-failure = [{ command = [\"do\", \"rescue\"] }] }, { command = [\"do\", \"after\"] }]\n",
        |runner| {
            runner
                .on(&["do", "x"], Answer::code(1).and_err("read: connection reset by peer\n"))
                .on(&["do", "rescue"], Answer::code(0))
        },
    );
    let begun = tokio::time::Instant::now();
    let failure = world.run("all").await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 10, "no sleep after the last try");
    assert_eq!(world.calls(), ["do x", "do x", "do x", "do rescue"]);
    let text = format!("{:#}", failure.error);
    assert!(
        text.starts_with("`do x` was tried 3 times in 10 s: `do x` of `dev` ended with exit code 1"),
        "{text}"
    );
    let rescue = world.runner.calls()[3].to_string();
    assert!(
        rescue.contains("INFRACTL_FAILED_STEP='do x'") && rescue.contains("connection reset by peer"),
        "{rescue}"
    );
    assert_eq!(world.told(), ["run all 2", "1 do x", "1 Failed", "2 do rescue", "2 Done", "end Failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_tried_again_as_a_whole() {
    let world = world(
        "all = [{ do = \"inner\", retry = { attempts = 2, every = \"1s\", on = [\"any\"] } }]\n\
         inner = [{ command = [\"do\", \"a\"] }, { command = [\"do\", \"b\"] }]\n",
        |runner| {
            runner
                .on(&["do", "a"], Answer::code(0))
                .once(&["do", "b"], Answer::code(1))
                .once(&["do", "b"], Answer::code(0))
        },
    );
    world.run("all").await.unwrap();
    assert_eq!(world.calls(), ["do a", "do b", "do a", "do b"]);
    assert_eq!(
        world.told(),
        [
            "run all 2",
            "1 do a",
            "1 Done",
            "2 do b",
            "2 Failed",
            "1 do a",
            "1 Done",
            "2 do b",
            "2 Done",
            "end Done"
        ]
    );
}

#[tokio::test]
async fn a_press_stops_between_steps_and_between_tries() {
    let world = world(
        "all = [{ command = [\"do\", \"a\"], on-failure = \"continue\" }, { command = [\"do\", \"b\"] }]\n",
        |runner| runner.on(&["do", "a"], Answer::code(0).interrupted()),
    );
    let failure = world.run("all").await.unwrap_err();
    assert_eq!(failure.kind.code(), 130);
    assert_eq!(world.calls(), ["do a"]);
    assert_eq!(world.told(), ["run all 2", "1 do a", "1 Interrupted", "end Interrupted"]);

    let waits = self::world(
        "w = [{ command = [\"do\"], retry = { attempts = 9, every = \"1h\", on = [\"any\"] } }]\n",
        |runner| runner.on(&["do"], Answer::code(1)),
    );
    let press = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        waits.cx.interrupts.press(Press::Term);
    };
    let (result, ()) = tokio::join!(waits.run("w"), press);
    assert_eq!(result.unwrap_err().kind.code(), 143);
}

#[tokio::test]
async fn what_goes_on_after_a_failure_ends_well_with_a_warning() {
    let world = world(
        "all = [{ command = [\"do\", \"a\"], on-failure = \"continue\" }, { command = [\"do\", \"b\"] }]\n",
        |runner| runner.on(&["do", "a"], Answer::code(7)).on(&["do", "b"], Answer::code(0)),
    );
    world.run("all").await.unwrap();
    let told = world.told();
    assert_eq!(told[2], "1 Failed");
    assert!(told[3].starts_with("warning `do a` failed, the pipeline goes on"), "{told:?}");
    assert_eq!(told.last().unwrap(), "end Done");
}

#[tokio::test]
async fn two_runs_at_once_do_not_know_of_each_other() {
    let world = world("a = [{ command = [\"do\", \"1\"] }]\nb = [{ command = [\"do\", \"2\"] }]\n", all_good);
    let run = |name: &str| {
        let steps = pipeline(&world.env, &Verb::named(name));
        // The lock is one per environment: each run has its own project in real life.
        (steps, Options { lock_wait: Some(std::time::Duration::from_secs(5)), ..Options::default() })
    };
    let ((a, options), (b, other)) = (run("a"), run("b"));
    let (one, two) = tokio::join!(
        engine::run(&world.cx, &world.env, &a, &options),
        engine::run(&world.cx, &world.env, &b, &other)
    );
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(world.calls().len(), 2);
}

fn prod(pipelines: &str) -> (tempfile::TempDir, Environment) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(&root.join("environments/defaults.toml"), "[project]\nname = \"demo\"\n");
    write(&root.join("environments/prod/main.tf"), "");
    let text = format!("protected = true\n[pipelines]\n{pipelines}");
    write(&root.join("environments/prod/environment.toml"), &text);
    let env = Project::find(root, None).unwrap().environment("prod").unwrap();
    (dir, env)
}

#[test]
fn the_question_stands_before_the_first_change_of_what_was_selected() {
    let (_dir, env) = prod("a = [{ do = \"apply\" }, { command = [\"do\"] }]\n");
    let whole = pipeline(&env, &Verb::named("a"));
    let names = |selection: &Selection| {
        let part = super::plan::asking(&env, select(&env, &whole, selection).unwrap(), Asks::Name);
        super::select::paths(&part).into_iter().map(|path| path.join("/")).collect::<Vec<_>>()
    };
    let from = |name: &str| Selection { from: Some(name.into()), ..Selection::default() };
    let all = [
        "prepare",
        "apply/terraform plan",
        "apply/confirm",
        "apply/terraform apply",
        "apply/outputs",
        "apply/environment file",
        "do",
    ];
    assert_eq!(names(&Selection::default()), all);
    assert_eq!(names(&from("terraform apply")), all);
    assert_eq!(names(&from("do")), ["confirm", "do"], "a command is taken for a change");
    let skip = Selection { skip: vec!["terraform apply".into(), "do".into()], ..Selection::default() };
    assert_eq!(names(&skip), ["prepare", "apply/outputs", "apply/environment file"], "nothing changes");
}

#[test]
fn what_a_pipeline_does_follows_from_its_steps_whatever_it_is_called() {
    let effect = |text: &str, name: &str| {
        let (_dir, env) = prod(text);
        pipeline(&env, &Verb::named(name)).effect()
    };
    for (verb, expected) in [
        ("init", Effect::Reads),
        ("plan", Effect::Reads),
        ("validate", Effect::Reads),
        ("genenv", Effect::Writes),
        ("apply", Effect::Changes),
        ("up", Effect::Changes),
        ("destroy", Effect::Destroys),
        ("down", Effect::Destroys),
        ("recreate", Effect::Destroys),
    ] {
        assert_eq!(effect("", verb), expected, "{verb}");
    }
    for (text, expected) in [
        ("plan = [{ do = \"apply\" }]", Effect::Changes),
        ("plan = [{ command = \"true\" }]", Effect::Changes),
        ("plan = [{ command = \"true\", effect = \"reads\" }]", Effect::Reads),
        ("plan = { effect = \"reads\", steps = [{ command = \"true\" }] }", Effect::Reads),
        (
            "plan = { effect = \"reads\", steps = [{ command = \"true\", effect = \"changes\" }] }",
            Effect::Changes,
        ),
        ("plan = [{ wait = { command = \"true\" } }]", Effect::Reads),
        ("plan = [{ copy = { files = [\"main.tf\"], to = \"out\" } }]", Effect::Writes),
        ("plan = [{ git = { tag = \"v1\" } }]", Effect::Changes),
        ("plan = [{ command = \"true\", when = { environment = [\"dev\"] } }]", Effect::Reads),
        ("plan = [{ do = \"genenv\", on-failure = [{ do = \"destroy\" }] }]", Effect::Destroys),
    ] {
        assert_eq!(effect(&format!("{text}\n"), "plan"), expected, "{text}");
    }
}

#[test]
fn what_is_said_to_read_must_not_change() {
    for text in [
        "smoke = [{ do = \"apply\", effect = \"reads\" }]",
        "smoke = { effect = \"reads\", steps = [{ do = \"destroy\" }] }",
        "other = [{ command = \"x\" }]\nsmoke = { effect = \"reads\", steps = [{ do = \"other\" }] }",
    ] {
        let (_dir, env) = prod(&format!("{text}\n"));
        let plan = pipeline(&env, &Verb::named("smoke"));
        assert!(plan.leaves().iter().any(|leaf| matches!(leaf.work, Work::Refused(_))), "{text}");
    }
}

#[test]
fn what_takes_down_last_is_told_from_what_comes_up_again() {
    let (_dir, env) = prod("");
    let takes_down = |verb: &str| pipeline(&env, &Verb::named(verb)).takes_down();
    assert!(takes_down("destroy") && takes_down("down"));
    assert!(!takes_down("recreate") && !takes_down("apply"));
}
