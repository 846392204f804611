//! Environment files that infractl writes, read by the programs they are for.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use infractl::testing::files::dotenv::{Dialect, encode};
use infractl::testing::files::env_file::{Entry, EnvFile, Metadata, Section};

use crate::common::{need, output, program};
use crate::values::{known, random};

type Read = HashMap<String, String>;

/// What a program reads from the file; the folder is its own. None when the program is not there.
type Reader = fn(file: &Path, folder: &Path) -> Option<Read>;

/// Writes the 45 known values and 500 random ones with `dialect` and has them read.
fn reads_back_everything(dialect: Dialect, reader: Reader) {
    let values: Vec<String> = known().into_iter().chain(random(500)).collect();
    let entries: Vec<Entry> = (0..)
        .zip(&values)
        .map(|(at, value)| Entry { key: format!("V{at}"), value: value.clone(), sensitive: false })
        .filter(|entry| encode(dialect, &entry.key, &entry.value).is_ok())
        .collect();
    assert!(entries.len() > values.len() / 2, "only {} of {} can be written", entries.len(), values.len());
    let got = read(dialect, &entries, reader);
    let Some(got) = got else { return };
    let wrong: Vec<String> = entries
        .iter()
        .filter(|entry| got.get(&entry.key) != Some(&entry.value))
        .map(|Entry { key, value, .. }| {
            format!("{value:?} written {:?} read {:?}", encode(dialect, key, value).unwrap(), got.get(key))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
    assert_eq!(got["TERRAFORM_SERIAL"], "7", "the last line");
}

fn read(dialect: Dialect, entries: &[Entry], reader: Reader) -> Option<Read> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.env");
    let sections = entries.chunks(20).zip(1..).map(|(entries, number)| Section {
        title: Some(format!("Section {number}: isn't it \"nice\", `$FOO` ${{FOO}} \\")),
        entries: entries.to_vec(),
    });
    let env_file = EnvFile {
        title: "Test".into(),
        environment: "dev".into(),
        generated: "2026-01-14T15:30:00Z".parse().unwrap(),
        dialect,
        sections: sections.collect(),
        metadata: Metadata { workspace: "default".into(), serial: Some(7) },
    };
    infractl::testing::disk::write(&file, env_file.render().unwrap().as_bytes(), 0o600).unwrap();
    reader(&file, folder.path())
}

// The readers

/// `NAME=value` with a NUL after each, as `env -0` prints and the kernel keeps it.
pub(crate) fn environment(bytes: &[u8]) -> Read {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.split('\0')
        .filter_map(|one| one.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

fn json(bytes: &[u8]) -> Read {
    serde_json::from_slice(bytes).unwrap()
}

/// A shell that sources the file and prints its environment.
pub(crate) fn sourcing(shell: &OsString, file: &Path, folder: &Path) -> Command {
    let mut command = program(shell, folder);
    command.args(["-c", r#"set -e; set -a; . "$1"; exec /usr/bin/env -0"#, "sh"]).arg(file);
    command
}

fn sourced(shell: &OsString, file: &Path, folder: &Path) -> Read {
    environment(&output(&mut sourcing(shell, file, folder)))
}

fn bash(file: &Path, folder: &Path) -> Option<Read> {
    Some(sourced(&need("bash")?, file, folder))
}

fn dash(file: &Path, folder: &Path) -> Option<Read> {
    Some(sourced(&need("dash")?, file, folder))
}

fn docker(file: &Path, folder: &Path) -> Option<Read> {
    let (docker, image) = (need("docker")?, need("image")?);
    let mut run = program(docker, folder);
    run.args(["run", "--rm", "--network", "none", "--env-file"]).arg(file).arg(image);
    Some(environment(&output(run.args(["cat", "/proc/self/environ"]))))
}

fn compose(mut compose: Command, file: &Path, folder: &Path) -> Option<Read> {
    let project = serde_json::json!({
        "version": "3.7",
        "services": { "reader": { "image": need("image")?.to_str(), "network_mode": "none", "env_file": [file] } },
    });
    fs::write(folder.join("docker-compose.yml"), project.to_string()).unwrap();
    // each run is a project of its own, so that they can go on at the same time
    let name = folder.file_name().unwrap().to_str().unwrap().to_lowercase().replace('.', "infractl-test-");
    compose.args(["-p", &name, "run", "--rm", "-T", "reader", "cat", "/proc/self/environ"]);
    Some(environment(&output(&mut compose)))
}

fn compose_1(file: &Path, folder: &Path) -> Option<Read> {
    compose(program(need("compose-1")?, folder), file, folder)
}

fn compose_2(file: &Path, folder: &Path) -> Option<Read> {
    let mut docker = program(need("docker")?, folder);
    need("compose-2")?;
    docker.arg("compose");
    compose(docker, file, folder)
}

fn python_dotenv(file: &Path, folder: &Path) -> Option<Read> {
    let script = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))";
    Some(json(&output(program(need("python")?, folder).args(["-c", script]).arg(file))))
}

fn npm_dotenv(file: &Path, folder: &Path) -> Option<Read> {
    let (node, modules) = (need("node")?, need("node-modules")?);
    let script =
        "console.log(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1]))))";
    Some(json(&output(program(node, folder).env("NODE_PATH", modules).args(["-e", script]).arg(file))))
}

fn node(file: &Path, folder: &Path) -> Option<Read> {
    let file = format!("--env-file={}", file.display());
    let script = "console.log(JSON.stringify(process.env))";
    Some(json(&output(program(need("node")?, folder).args([&file, "-e", script]))))
}

#[expect(clippy::unnecessary_wraps, reason = "it is one of the readers, and always there")]
fn dotenvy(file: &Path, _: &Path) -> Option<Read> {
    Some(dotenvy::from_path_iter(file).unwrap().collect::<Result<_, _>>().unwrap())
}

fn just(file: &Path, folder: &Path) -> Option<Read> {
    let just = need("just")?;
    fs::write(folder.join("justfile"), "dump:\n    @/usr/bin/env -0\n").unwrap();
    Some(environment(&output(program(just, folder).arg("--dotenv-path").arg(file).arg("dump"))))
}

fn task(file: &Path, folder: &Path) -> Option<Read> {
    let task = need("task")?;
    let taskfile = serde_json::json!({
        "version": "3", "silent": true, "dotenv": [file], "tasks": { "dump": "/usr/bin/env -0" },
    });
    fs::write(folder.join("Taskfile.yml"), taskfile.to_string()).unwrap();
    Some(environment(&output(program(task, folder).arg("dump"))))
}

#[test]
fn compose_is_read_by_compose_1() {
    reads_back_everything(Dialect::Compose, compose_1);
}

#[test]
fn compose_is_read_by_compose_2() {
    reads_back_everything(Dialect::Compose, compose_2);
}

#[test]
fn compose_is_read_by_python_dotenv() {
    reads_back_everything(Dialect::Compose, python_dotenv);
}

#[test]
fn docker_is_read_by_docker_run() {
    reads_back_everything(Dialect::Docker, docker);
}

#[test]
fn shell_is_read_by_bash() {
    reads_back_everything(Dialect::Shell, bash);
}

#[test]
fn shell_is_read_by_dash() {
    reads_back_everything(Dialect::Shell, dash);
}

#[test]
fn portable_is_read_by_compose_1() {
    reads_back_everything(Dialect::Portable, compose_1);
}

#[test]
fn portable_is_read_by_compose_2() {
    reads_back_everything(Dialect::Portable, compose_2);
}

#[test]
fn portable_is_read_by_python_dotenv() {
    reads_back_everything(Dialect::Portable, python_dotenv);
}

#[test]
fn portable_is_read_by_bash() {
    reads_back_everything(Dialect::Portable, bash);
}

#[test]
fn portable_is_read_by_dash() {
    reads_back_everything(Dialect::Portable, dash);
}

#[test]
fn portable_is_read_by_npm_dotenv() {
    reads_back_everything(Dialect::Portable, npm_dotenv);
}

#[test]
fn portable_is_read_by_node() {
    reads_back_everything(Dialect::Portable, node);
}

#[test]
fn portable_is_read_by_dotenvy() {
    reads_back_everything(Dialect::Portable, dotenvy);
}

#[test]
fn portable_is_read_by_just() {
    reads_back_everything(Dialect::Portable, just);
}

#[test]
fn portable_is_read_by_task() {
    reads_back_everything(Dialect::Portable, task);
}

// Limits

/// What one reader makes of a file with the single line `text`; none when it, or what it starts, gives up.
fn read_line(mut command: Command, file: &Path, text: &str) -> Option<Read> {
    fs::write(file, format!("{text}\n")).unwrap();
    let done = command.output().unwrap();
    done.status.success().then(|| environment(&done.stdout))
}

#[test]
fn the_longest_line_for_docker_is_what_docker_reads() {
    let (Some(docker), Some(image)) = (need("docker"), need("image")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.env");
    let carries = |length: usize| {
        let mut run = program(&docker, folder.path());
        run.args(["run", "--rm", "--network", "none", "--env-file"]).arg(&file);
        run.arg(&image).args(["cat", "/proc/self/environ"]);
        let value = "x".repeat(length);
        let accepted = encode(Dialect::Docker, "K", &value).is_ok();
        let got = read_line(run, &file, &format!("K={value}"));
        (accepted, got.is_some_and(|got| got.get("K") == Some(&value)))
    };
    assert_eq!(carries(65_533), (true, true));
    assert_eq!(carries(65_534), (false, false));
}

#[test]
fn the_longest_variable_is_what_a_program_can_be_started_with() {
    let Some(bash) = need("bash") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.env");
    let carries = |length: usize| {
        let value = "x".repeat(length);
        let accepted = encode(Dialect::Shell, "K", &value).is_ok();
        let got = read_line(sourcing(&bash, &file, folder.path()), &file, &format!("K={value}"));
        (accepted, got.is_some_and(|got| got.get("K") == Some(&value)))
    };
    assert_eq!(carries(131_069), (true, true));
    assert_eq!(carries(131_070), (false, false));
}

#[test]
fn names_that_shells_keep_for_themselves_are_refused_and_no_others() {
    let (Some(bash), Some(dash)) = (need("bash"), need("dash")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("name.env");
    let listed = output(program(&bash, folder.path()).args(["-c", "compgen -v"]));
    let own: Vec<String> = String::from_utf8(listed).unwrap().lines().map(str::to_owned).collect();
    assert!(own.len() > 20, "{own:?}");
    for name in own {
        let line = format!("{name}='x y'");
        let carried = [&bash, &dash].iter().all(|shell| {
            let got = read_line(sourcing(shell, &file, folder.path()), &file, &line);
            got.is_some_and(|got| got.get(&name).is_some_and(|value| value == "x y"))
        });
        assert_eq!(
            encode(Dialect::Shell, &name, "x y").is_ok(),
            carried && !name.starts_with("BASH"),
            "{name}"
        );
    }
}
