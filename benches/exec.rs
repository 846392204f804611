//! What a `Runner` adds to a program: time to start and end `true`, and the rate its output is read at.
//! `cargo bench --bench exec`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark: prints, and compares with bare"
)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use infractl::testing::exec::{Channel, Cmd, Interrupts, Io, OsRunner, Runner as _};
use infractl::testing::history::{Recorder, Setup};
use infractl::testing::redact::{Masks, Weight};
use infractl::testing::ui::event::{Event, Level, ToolLine};
use infractl::testing::ui::{Mode, Ui, Verbosity};
use tokio::runtime::Runtime;

const STARTS: u32 = 400;
const FLOOD: u64 = 1 << 30;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let masks = Masks::new();
    for n in 0..50u64 {
        let value = format!("{:x}-Zq{n}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        assert_eq!(masks.add(&n.to_string(), &value), Weight::Added);
    }
    let vars = std::env::vars_os().collect::<BTreeMap<_, _>>();
    let runner = OsRunner::new(vars, masks.clone(), Interrupts::deaf(), |_| {});
    // As large as infractl may be: a fork copies the tables of its memory.
    let ballast = vec![1u8; 20 << 20];

    println!("start and end of `true`, median of {STARTS}:");
    let bare = median(|| drop(Command::new("true").stdin(Stdio::null()).status()));
    println!("  bare (posix_spawn)   {:>8.3} ms", millis(bare));
    let piped = median(|| drop(Command::new("true").stdin(Stdio::null()).output()));
    println!("  bare, output piped   {:>8.3} ms", millis(piped));
    for io in [Io::Stream, Io::Capture, Io::Attach] {
        let cmd = Cmd::new("true").io(io);
        let took = median(|| drop(runtime.block_on(runner.run(&cmd, &|_, _| {}))));
        println!(
            "  OsRunner, {:<10} {:>8.3} ms, {:+.3} ms",
            format!("{io:?}"),
            millis(took),
            millis(took) - millis(bare)
        );
    }
    drop(ballast);

    println!("1 GiB of output in lines of 80 characters:");
    let script = format!("yes {} | head -c {FLOOD}", "0123456789 abcdefgh".repeat(4).trim_end());
    let (started, cpu) = (Instant::now(), self::cpu());
    let mut child = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdout.take() {
        let mut buffer = vec![0; 64 << 10];
        while pipe.read(&mut buffer)? > 0 {}
    }
    rate("only read", started.elapsed());
    rate("  of its own CPU time", self::cpu().saturating_sub(cpu));
    child.wait()?;
    let bytes = AtomicU64::new(0);
    let count = |_: Channel, line: &str| {
        bytes.fetch_add(line.len() as u64 + 1, Ordering::Relaxed);
    };
    let (started, cpu) = (Instant::now(), self::cpu());
    let cmd = Cmd::new("sh").args(["-c", &script]);
    let done = runtime.block_on(runner.run(&cmd, &count));
    rate("OsRunner, 50 secrets", started.elapsed());
    rate("  of its own CPU time", self::cpu().saturating_sub(cpu));
    assert!(done.is_ok_and(|done| done.code == 0) && bytes.into_inner() >= FLOOD);
    logged(&runtime, &runner, &masks, &script)
}

/// The same with the history, as the steps of a quiet run do it, beside `cat`.
fn logged(runtime: &Runtime, runner: &OsRunner, masks: &Masks, script: &str) -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let mode = Mode::unattended(Verbosity::Quiet);
    let recorder = Recorder::new(Setup { masks: masks.clone(), ..Setup::default() });
    let mut ui = Ui::new(mode, masks.clone());
    ui.add(Box::new(Arc::clone(&recorder)));
    ui.event(None, Event::Project { root: dir.path().to_owned() });
    ui.event(Some("dev"), Event::RunStarted { verb: "deploy".into(), steps: 1 });
    ui.event(Some("dev"), Event::StepStarted { number: 1, name: "flood".into() });
    let line = |_: Channel, text: &str| {
        let (environment, name, level) = (Some("dev"), "flood", Level::Normal);
        ui.masked_line(&ToolLine { environment, name, level, text });
    };
    let (started, cpu) = (Instant::now(), self::cpu());
    let done = runtime.block_on(runner.run(&Cmd::new("sh").args(["-c", script]), &line));
    let (took, used) = (started.elapsed(), self::cpu().saturating_sub(cpu));
    assert!(done.is_ok_and(|done| done.code == 0));
    rate("redactor and log", took);
    rate("  of its own CPU time", used);
    let to_file = format!("({script}) | cat > {}", dir.path().join("plain").display());
    let started = Instant::now();
    Command::new("sh").args(["-c", &to_file]).status()?;
    let plain = started.elapsed();
    rate("cat > file", plain);
    println!("  redactor and log / cat    {:.2} of its time", took.as_secs_f64() / plain.as_secs_f64());
    Ok(())
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..STARTS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn rate(what: &str, took: Duration) {
    println!("  {what:<22} {:>6.0} MB/s", 1024.0 / took.as_secs_f64());
}

/// The CPU time of this thread so far (Linux; else nothing).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default())
}
