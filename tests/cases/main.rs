//! Inputs that other tools, and once infractl, got wrong: the cases that are kept beside the project. Each is a folder with a
//! program `run`, which ends with 0 when infractl is right, 1 when it is wrong, and 2 when something it needs is missing.
//!
//! They are looked for in `INFRACTL_CASES`, then in `shared/cases` beside the checkout. The project stands without them: every kind
//! of fault among them has tests of its own in the other folders, so where there are no cases, also in CI, there is nothing to
//! show. What is asked for by name has to be there, and with CI set no case that is there is skipped.
//!
//! ```text
//! tests/run --test cases                    all
//! tests/run --test cases -- --nocapture     with what each says
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests: a panic is a failure, and programs are started"
)]

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{BIN, absent, beside, skip};

/// Longer than any of them takes.
const LONGEST: &str = "120";

#[test]
fn cases() {
    let folder = match std::env::var_os("INFRACTL_CASES").map(PathBuf::from) {
        Some(folder) => {
            assert!(folder.is_dir(), "INFRACTL_CASES: there is no folder {}", folder.display());
            folder
        }
        None => match beside("cases") {
            Some(folder) => folder,
            None => return absent("there are no cases beside the checkout (INFRACTL_CASES is not set)"),
        },
    };
    small_image();
    let (mut right, mut wrong, mut lacking) = (0, Vec::new(), Vec::new());
    for case in programs(&folder) {
        let (code, said) = run(&case);
        let name = case.strip_prefix(&folder).unwrap().parent().unwrap().display().to_string();
        println!("{code} {name}: {}", said.lines().last().unwrap_or_default());
        match code {
            0 => right += 1,
            2 => lacking.push(format!("{name}: {}", said.trim())),
            _ => wrong.push(format!("{name}:\n{said}")),
        }
    }
    assert!(wrong.is_empty(), "{right} right, {} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(right > 0, "no case in {}", folder.display());
    if !lacking.is_empty() {
        skip(&format!("{} of {} cases: {}", lacking.len(), right + lacking.len(), lacking.join("; ")));
    }
}

/// `GROUP/CASE/run`, in order; one after the other, for they measure time.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    };
    let groups = entries(folder);
    let cases = groups.iter().flat_map(|group| entries(group));
    let mut programs: Vec<PathBuf> = cases.map(|case| case.join("run")).filter(|run| run.is_file()).collect();
    programs.sort();
    programs
}

/// How it ends, and what it says.
fn run(case: &Path) -> (i32, String) {
    let mut command = Command::new("timeout");
    let output = command
        .arg(LONGEST)
        .arg(case)
        .env("BIN", BIN)
        .env("SRC", env!("CARGO_MANIFEST_DIR"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

/// The small image of the tests, under the name that the cases have for it.
fn small_image() {
    if let Some(image) = std::env::var_os("INFRACTL_TEST_IMAGE") {
        let _ = Command::new("docker").arg("tag").arg(image).arg("bb:1").status();
    }
}
