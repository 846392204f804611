//! What the engine adds to a step: goal at most 1 ms. `cargo bench --bench engine --features test-fakes`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark: prints, writes its project, and compares with bare"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use infractl::testing::config::{Environment, Project};
use infractl::testing::context::{Ctx, Vars};
use infractl::testing::exec::{Answer, FakeRunner, Interrupts, OsRunner, Runner};
use infractl::testing::pipeline::engine::{self, Options};
use infractl::testing::pipeline::plan::{Verb, pipeline};
use infractl::testing::redact::Masks;
use infractl::testing::ui::{Mode, Ui, Verbosity};

const FAKE: usize = 1000;
const REAL: usize = 100;
const ROUNDS: usize = 7;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    std::fs::create_dir_all(root.join("environments/dev")).unwrap();
    std::fs::write(root.join("environments/dev/environment.toml"), text()).unwrap();
    let env = Project::find(root, None).unwrap().environment("dev").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let fake = || {
        let runner = FakeRunner::new(Masks::default(), Interrupts::deaf()).on(&["true"], Answer::code(0));
        context(root, Box::new(runner))
    };
    let took = median(|| runtime.block_on(run(&fake(), &env, "fake")));
    println!(
        "{FAKE} steps that start nothing: {:.2} ms, {:.4} ms a step",
        millis(took),
        millis(took) / 1000.0
    );

    let vars = std::env::vars_os().collect::<std::collections::BTreeMap<_, _>>();
    let real = || {
        let runner = OsRunner::new(vars.clone(), Masks::default(), Interrupts::deaf(), |_| {});
        context(root, Box::new(runner))
    };
    let ours = median(|| runtime.block_on(run(&real(), &env, "real")));
    let script = "env true\n".repeat(REAL);
    let shell = median(|| {
        let status = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).status();
        assert!(status.unwrap().success());
    });
    println!(
        "{REAL} times `env true`, engine: {:.2} ms; `sh -c` doing the same: {:.2} ms",
        millis(ours),
        millis(shell)
    );
    println!("  added per step: {:.3} ms (goal 1 ms)", (millis(ours) - millis(shell)) / 100.0);
    let plan = median(|| drop(pipeline(&env, &Verb::named("fake"))));
    println!("planning {FAKE} steps: {:.2} ms", millis(plan));
}

fn text() -> String {
    let steps = |count: usize, argv: &str| -> String {
        let step = |n: usize| format!("  {{ name = \"s{n}\", command = [{argv}], secrets = [] }},");
        (0..count).map(step).collect::<Vec<_>>().join("\n")
    };
    let (fake, real) = (steps(FAKE, "\"true\""), steps(REAL, "\"env\", \"true\""));
    format!("[pipelines]\nfake = [\n{fake}]\nreal = [\n{real}]\n")
}

fn context(root: &Path, runner: Box<dyn Runner>) -> Ctx {
    let mode = Mode::unattended(Verbosity::Quiet);
    let masks = Masks::default();
    Ctx {
        runner,
        ui: Arc::new(Ui::with(mode, masks.clone(), Vec::new())),
        vars: Vars::default(),
        now: jiff::Timestamp::now,
        interrupts: Interrupts::deaf(),
        masks,
        dir: root.to_owned(),
        scenarios: Vec::new(),
        dir_is_project: true,
        project: OnceLock::new(),
        states: OnceLock::new(),
        run: Arc::default(),
    }
}

async fn run(cx: &Ctx, env: &Environment, name: &str) {
    let done = engine::run(cx, env, &pipeline(env, &Verb::named(name)), &Options::default()).await;
    assert!(done.is_ok(), "{:?}", done.err());
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut all: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    all.sort();
    all[all.len() / 2]
}

fn millis(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}
