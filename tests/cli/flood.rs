//! Memory: a child that prints 1 GB, 200 environments at once.

use crate::common::Sandbox;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The highest `VmHWM` of a process that was seen, in MB, its exit code, and what it said.
fn peak(command: &mut Command) -> (u64, Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut highest = 0;
    let code = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended.code();
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        highest = highest.max(kilobytes.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(10));
    };
    (highest / 1024, code, reader.join().unwrap())
}

#[test]
fn a_gigabyte_goes_through_redactor_history_and_log_in_bounded_memory() {
    let project = Sandbox::new();
    let line = "0123456789".repeat(20);
    let secret = "echo \\\"$ACR_ADMIN_PASSWORD\\\"";
    project.write(
        "environments/local/environment.toml",
        &format!(
            "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n[pipelines]\n\
             flood = [{{ name = \"flood\", command = \"{secret}; yes {line} | head -c 1073741824; echo; {secret}; echo the last line\" }}]\n"
        ),
    );
    let (megabytes, code, err) = peak(&mut project.command(&["-q", "flood", "local"]));
    assert_eq!(code, Some(0), "{err}");
    eprintln!("a flood of 1 GB: at most {megabytes} MB of memory");
    assert!((1..=60).contains(&megabytes), "{megabytes} MB");
    let log = fs::read(project.path(".infractl/history/000001.local.log")).unwrap();
    let length = log.len() / 1024 / 1024;
    assert!((16..=18).contains(&length), "{length} MB on disk");
    let end = String::from_utf8_lossy(&log[log.len() - 100..]).into_owned();
    assert!(end.ends_with("the last line\n"), "{end}");
    assert!(log.windows(17).any(|text| text == b"MB left out here:"), "nothing says that a part is missing");
    project.assert_no_canary_on_disk();
}

#[test]
fn two_hundred_environments_at_once_need_little_memory() {
    let project = Sandbox::new();
    for number in 0..200 {
        project.write(
            format!("environments/m{number:03}/environment.toml"),
            "[secrets]\nfiles = []\nrequired = []\n[pipelines]\ngreet = [{ name = \"greet\", command = \"seq 500; sleep 1\" }]\n",
        );
    }
    let (megabytes, code, err) = peak(&mut project.command(&["-q", "greet", "--env", "m*", "--jobs", "200"]));
    assert_eq!(code, Some(0), "{err}");
    eprintln!("200 environments at once: at most {megabytes} MB of memory");
    assert!((1..=150).contains(&megabytes), "{megabytes} MB");
    for number in [0, 199] {
        let log = project.read(format!(".infractl/history/000001.m{number:03}.log"));
        assert!(log.ends_with("\n500\n"), "{log}");
    }
}
