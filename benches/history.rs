//! What recording adds to a run: goal 1 ms beyond the writes.
//!
//! `cargo bench --bench history`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use infractl::testing::history::{Recorder, Setup, Store, html};
use infractl::testing::ui::event::{Event, Level, Outcome, Report, Reporter};

const ROUNDS: usize = 101;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    one(root, 4, 5);
    let folder = root.join(".infractl/history");
    let (line, log) = (folder.join("000001.jsonl"), folder.join("000001.dev.log"));
    for number in 2..=199 {
        fs::copy(&line, folder.join(format!("{number:06}.jsonl"))).unwrap();
        fs::copy(&log, folder.join(format!("{number:06}.dev.log"))).unwrap();
    }
    println!("medians of {ROUNDS}, 200 runs are kept, the oldest one goes with each");
    println!("a run of 4 steps, 20 lines     {:?}", median(|| one(root, 4, 5)));
    let with = median(|| one(root, 100, 5));
    println!("a run of 100 steps, 500 lines  {with:?}");
    let megabytes = 50;
    let lines = megabytes * 1024 * 1024 / 100;
    let began = Instant::now();
    one(root, 1, lines);
    let took = began.elapsed();
    println!(
        "a log of {megabytes} MB               {:.0} MB/s",
        f64::from(u32::try_from(megabytes).unwrap()) / took.as_secs_f64()
    );
    let store = Store::of(root);
    let numbers = store.numbers();
    let list = median(|| numbers.iter().rev().take(20).filter_map(|number| store.head(*number)).count());
    println!("the table of 20 runs           {list:?}");
    one(root, 2000, 10);
    let last = *store.numbers().last().unwrap();
    let run = store.read(last).unwrap();
    println!("a page of 2000 steps           {:?}", median(|| html::page(&run, &store).len()));
}

fn median<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut all: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(work());
            began.elapsed()
        })
        .collect();
    all.sort();
    all[ROUNDS / 2]
}

fn one(root: &Path, steps: usize, lines: usize) {
    let recorder = Recorder::new(Setup { user: "camille".into(), ..Setup::default() });
    let tell = |event| recorder.report(&Report { environment: Some("dev".into()), event });
    tell(Event::Project { root: root.to_owned() });
    tell(Event::RunStarted { verb: "apply".into(), steps });
    for number in 1..=steps {
        let name = || "terraform apply".to_owned();
        tell(Event::StepStarted { number, name: name() });
        for _ in 0..lines {
            tell(Event::Line { name: name(), level: Level::Detail, text: "x".repeat(99) });
        }
        let (outcome, took) = (Outcome::Done, Duration::from_millis(10));
        tell(Event::StepEnded { number, name: name(), outcome, summary: "+1 ~0 −0 ±0".into(), took });
    }
    tell(Event::RunEnded { verb: "apply".into(), outcome: Outcome::Done, took: Duration::from_secs(1) });
    tell(Event::Ended { code: 0, error: None });
    recorder.tidy();
}
