//! Many environments: what infractl adds to terraform's own CPU time, against `make -j` with a shell wrapper, and how
//! long a graph takes.
//!
//! `cargo bench --bench many`. Needs terraform and make.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark prints, starts programs and stops at the first surprise"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use infractl::testing::pipeline::graph::{Direction, graph};

const BIN: &str = env!("CARGO_BIN_EXE_infractl");
const ENVIRONMENTS: usize = 50;
const ROUNDS: usize = 7;

fn main() {
    ordering();
    let cores = std::thread::available_parallelism().unwrap().get();
    let project = tempfile::tempdir().unwrap();
    let dir = project.path();
    write(dir);
    let apply = infractl(dir).args(["apply", "--all", "-q"]).status().unwrap();
    assert!(apply.success());
    let (mut ours, mut make, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    let jobs = format!("-j{cores}");
    for _ in 0..ROUNDS {
        make.push(timed(Command::new("make").args(["-s", jobs.as_str(), "all"]).current_dir(dir)));
        ours.push(timed(infractl(dir).args(["plan", "--all", "-q"])));
        let between = children();
        // terraform alone, one after the other: what it takes of a processor.
        for number in 0..ENVIRONMENTS {
            let status = terraform(&dir.join(format!("environments/e{number:02}"))).status().unwrap();
            assert!(status.success());
        }
        cpu.push(children().checked_sub(between).unwrap());
    }
    let (ours, make, cpu) = (median(ours), median(make), median(cpu));
    let floor = cpu / u32::try_from(cores).unwrap();
    println!("plan --all over {ENVIRONMENTS}, medians of {ROUNDS}, {cores} cores");
    println!("  infractl plan --all        {ours:?}");
    println!(
        "  make {jobs} with a wrapper    {make:?}   ratio {:.3}",
        ours.as_secs_f64() / make.as_secs_f64()
    );
    println!(
        "  terraform's CPU time / {cores}   {floor:?}   ratio {:.3} (goal at most 1.1)",
        ours.as_secs_f64() / floor.as_secs_f64()
    );
}

/// A graph of 1,000 environments, with five dependencies each.
fn ordering() {
    let names: Vec<String> = (0..1000).map(|number| format!("environment-{number:04}")).collect();
    let depends: Vec<Vec<String>> = (0..1000_usize)
        .map(|number| {
            (1..=5).filter_map(|step| number.checked_sub(step * 7)).map(|at| names[at].clone()).collect()
        })
        .collect();
    let times = (0..25).map(|_| {
        let begun = Instant::now();
        black_box(graph(black_box(&names), black_box(&depends), names.len(), Direction::Up).unwrap());
        begun.elapsed()
    });
    println!("graph of 1,000 environments  {:?}   (goal 50 ms)", median(times.collect()));
    let project = tempfile::tempdir().unwrap();
    for (name, depends) in names.iter().zip(&depends) {
        let folder = project.path().join("environments").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("environment.toml"), format!("depends-on = {depends:?}\n")).unwrap();
    }
    fs::write(project.path().join("environments/defaults.toml"), "").unwrap();
    let times = (0..9).map(|_| timed(infractl(project.path()).args(["validate", "--all", "-q"])));
    println!("  read, checked, ordered and each validated by the program  {:?}", median(times.collect()));
}

fn write(dir: &Path) {
    let root = "variable \"region\" { default = \"x\" }\nresource \"terraform_data\" \"a\" { input = var.region }\n\
                output \"name\" { value = terraform_data.a.output }\n";
    let mut targets = String::from("all:");
    let mut rules = String::new();
    for number in 0..ENVIRONMENTS {
        let name = format!("e{number:02}");
        let folder = dir.join("environments").join(&name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("main.tf"), root).unwrap();
        targets.push_str(&format!(" plan-{name}"));
        rules.push_str(&format!("plan-{name}:\n\t@./wrapper.sh {name}\n"));
    }
    fs::create_dir_all(dir.join("shared")).unwrap();
    fs::write(dir.join("environments/defaults.toml"), "").unwrap();
    fs::write(dir.join(".gitignore"), "shared/\n.infractl/\n").unwrap();
    fs::write(dir.join("Makefile"), format!("{targets}\n{rules}")).unwrap();
    let wrapper = "#!/bin/sh\nset -eu\ncd environments/\"$1\"\nexport CHECKPOINT_DISABLE=1 TF_VAR_region=x\n\
                   exec terraform plan -input=false -no-color >/dev/null\n";
    fs::write(dir.join("wrapper.sh"), wrapper).unwrap();
    assert!(Command::new("chmod").args(["+x", "wrapper.sh"]).current_dir(dir).status().unwrap().success());
}

fn infractl(dir: &Path) -> Command {
    let mut command = Command::new(BIN);
    command.current_dir(dir).env_remove("TF_CLI_CONFIG_FILE");
    command
}

fn terraform(dir: &Path) -> Command {
    let mut command = Command::new("terraform");
    command.args(["plan", "-input=false", "-no-color"]).current_dir(dir);
    command.env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1").stdout(Stdio::null());
    command
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status =
        command.env_remove("TF_CLI_CONFIG_FILE").stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    begun.elapsed()
}

/// CPU time of all children so far.
fn children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // User and system time of children that were waited for, in hundredths of a second.
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
