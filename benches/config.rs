//! How long it takes to load one environment among 1,000, beside reading and parsing its two files alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark")]

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use infractl::testing::config::Project;

const ENVIRONMENTS: usize = 1_000;
const ROUNDS: usize = 200;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("environments")).unwrap();
    let defaults = include_str!("../tests/config/defaults.toml").replace("\"dev\"", "\"env-0\"");
    fs::write(root.join("environments/defaults.toml"), defaults).unwrap();
    for number in 0..ENVIRONMENTS {
        let dir = root.join(format!("environments/env-{number}"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("environment.toml"), include_str!("../tests/config/prod.toml")).unwrap();
        fs::write(dir.join("main.tf"), "").unwrap();
    }

    // What a fresh process pays, once: the shapes are made from the model.
    let start = Instant::now();
    load(root, "env-0");
    let first = start.elapsed();
    let loaded = median(|| load(root, "env-500"));
    let parsed = median(|| parse(root, "env-500"));
    println!("load one environment among {ENVIRONMENTS}: first {first:?}, median {loaded:?}");
    println!("read and parse its two files alone:   median {parsed:?}, ratio {:.1}", ratio(loaded, parsed));

    let mut long = String::from("[terraform.vars]\n");
    for line in 0..10_000 {
        writeln!(long, "variable_{line} = \"value {line} of {{{{environment}}}}\"").unwrap();
    }
    fs::write(root.join("environments/env-500/environment.toml"), long).unwrap();
    let loaded = median(|| load(root, "env-500"));
    let parsed = median(|| parse(root, "env-500"));
    println!("the same with a file of 10,000 lines: median {loaded:?}");
    println!("read and parse its two files alone:   median {parsed:?}, ratio {:.1}", ratio(loaded, parsed));
}

fn load(root: &Path, name: &str) {
    let project = Project::find(root, None).unwrap();
    black_box(project.environment(name).unwrap());
}

fn parse(root: &Path, name: &str) {
    for path in ["environments/defaults.toml".to_owned(), format!("environments/{name}/environment.toml")] {
        let text = fs::read_to_string(root.join(path)).unwrap();
        black_box(toml::from_str::<toml::Table>(&text).unwrap());
    }
}

fn median(work: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
