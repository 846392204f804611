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
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use infractl::exec::{Channel, Cmd, Interrupts, Io, OsRunner, Runner as _};
use infractl::redact::{Masks, Weight};

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
    let runner = OsRunner::new(vars, masks, Interrupts::deaf(), |_| {});
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
