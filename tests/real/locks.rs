//! Locks that keep other machines out, in a real PostgreSQL and in moto's S3: each contender has a checkout of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::common::{BIN, Folder, Run, clean, need, send, skip, start, wait_for};
use rustix::process::Signal;

/// A stand-in for terraform: `apply` says so when two of it run at the same time.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
  state) echo '{"version":4,"serial":1,"outputs":{}}' ;;
  apply)
    mkdir "$PLACE/critical" 2>/dev/null || echo two >>"$PLACE/violations"
    echo run >>"$PLACE/runs"
    touch "$PWD/working"
    sleep "${WORK:-0.01}"
    rmdir "$PLACE/critical" ;;
esac
"#;

/// Checkouts of one project whose state is at one place.
pub(crate) struct Team {
    folder: Folder,
    vars: Vec<(String, String)>,
}

impl Team {
    fn new(checkouts: usize, backend: &str, lock: &str, vars: &[(&str, &str)]) -> Team {
        let team = Team {
            folder: Folder::new(),
            vars: vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        let tool = team.folder.script("tool", TOOL);
        for number in 0..checkouts {
            let dir = team.checkout(number);
            team.folder
                .write(dir.join("environments/dev/main.tf"), &format!("terraform {{\n{backend}\n}}\n"));
            let defaults =
                format!("[terraform]\nprogram = \"{}\"\n[lock]\nshared = true\n{lock}\n", tool.display());
            team.folder.write(dir.join("environments/defaults.toml"), &defaults);
            fs::create_dir_all(dir.join("shared")).unwrap();
        }
        team
    }

    pub(crate) fn checkout(&self, number: usize) -> PathBuf {
        self.folder.path(format!("checkout-{number}"))
    }

    pub(crate) fn command(&self, checkout: usize, args: &[&str]) -> Command {
        let mut command = clean(BIN, &self.checkout(checkout), self.folder.root());
        command
            .args(args)
            .env("USER", format!("user{checkout}"))
            .env("PLACE", self.folder.root())
            .envs(self.vars.iter().map(|(name, value)| (name, value)));
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, checkout: usize, args: &[&str], code: i32) -> String {
        Run::of(&mut self.command(checkout, args)).code(code).err
    }

    /// Starts a run that works for so long, and waits until it works.
    fn holder(&self, checkout: usize, seconds: &str) -> Child {
        let working = self.checkout(checkout).join("environments/dev/working");
        let _ = fs::remove_file(&working);
        let child = start(self.command(checkout, &["apply", "dev"]).env("WORK", seconds));
        wait_for("the work", || working.exists());
        child
    }

    fn fifty_contenders(&self) {
        let begun = Instant::now();
        let contenders: Vec<Child> =
            (0..50).map(|at| start(&mut self.command(at, &["apply", "dev", "--lock-wait", "5m"]))).collect();
        for contender in contenders {
            Run::ended(contender.wait_with_output().unwrap()).code(0);
        }
        let runs = self.folder.read("runs").lines().count();
        assert_eq!(runs, 50);
        self.assert_one_at_a_time();
        println!("fifty contenders took {:.1} s", begun.elapsed().as_secs_f64());
    }

    fn assert_one_at_a_time(&self) {
        assert!(!self.folder.path("violations").exists(), "two ran at the same time");
    }

    /// What a second machine is told while the first works, and that the first keeps its lock for longer than a
    /// silent one would.
    fn busy_for_others(&self) {
        let holder = self.holder(0, "5");
        let err = self.run(1, &["apply", "dev"], 75);
        for part in ["`dev` is busy", "`apply` by user0 on ", "infractl unlock dev", "--lock-wait"] {
            assert!(err.contains(part), "{part}: {err}");
        }
        assert!(err.contains(&format!("(pid {})", holder.id())), "{err}");
        // Longer than `stale-after`.
        let err = self.run(1, &["genenv", "dev", "--lock-wait", "3s"], 75);
        assert!(err.contains("waiting for the lock of `dev`") && !err.contains("left behind"), "{err}");
        // What changes nothing needs no lock.
        self.run(1, &["plan", "dev"], 0);
        Run::ended(holder.wait_with_output().unwrap()).code(0);
        let err = self.run(1, &["apply", "dev"], 0);
        assert!(!err.contains("left behind"), "{err}");
        self.assert_one_at_a_time();
    }

    /// A killed run holds nobody up.
    fn killed_owner(&self, says: bool) {
        let mut holder = self.holder(0, "1");
        send(&holder, Signal::KILL);
        holder.wait().unwrap();
        std::thread::sleep(Duration::from_millis(1200));
        let err = self.run(1, &["apply", "dev", "--lock-wait", "10s"], 0);
        assert!(!says || err.contains("left behind by a run that died: `apply` by user0"), "{err}");
    }

    /// What a killed run has started, and what nobody ends, holds its lock for as long as it runs.
    fn killed_owner_with_children(&self) {
        let mut holder = self.holder(0, "8");
        let begun = Instant::now();
        send(&holder, Signal::KILL);
        holder.wait().unwrap();
        for _ in 0..3 {
            let err = self.run(1, &["apply", "dev"], 75);
            assert!(
                err.contains("it was killed itself, and this still runs") && err.contains("by user0"),
                "{err}"
            );
            std::thread::sleep(Duration::from_millis(300));
        }
        let err = self.run(1, &["apply", "dev", "--lock-wait", "60s"], 0);
        assert!(err.contains("left behind by a run that died: `apply` by user0"), "{err}");
        assert!(begun.elapsed() > Duration::from_secs(6));
        self.assert_one_at_a_time();
    }

    /// A call as from another machine: where process ids are others.
    fn elsewhere(&self, checkout: usize, args: &[&str]) -> Command {
        let own = self.command(checkout, args);
        let mut command = clean("unshare", &self.checkout(checkout), self.folder.root());
        command.args(["--pid", "--fork"]).arg(own.get_program()).args(own.get_args());
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// The same holds on other machines, which see no process of this one: longer than a lock is kept that gives no sign
    /// of life.
    fn killed_owner_with_children_elsewhere(&self) {
        let mut holder = self.holder(0, "9");
        send(&holder, Signal::KILL);
        holder.wait().unwrap();
        std::thread::sleep(Duration::from_secs(4));
        let busy = Run::of(&mut self.elsewhere(1, &["apply", "dev"]));
        if busy.code == 1 && busy.err.contains("unshare failed") {
            return skip("no right to make a process namespace");
        }
        assert!(busy.code == 75 && busy.err.contains("`apply` by user0"), "{}", busy.err);
        let begun = Instant::now();
        let err = Run::of(&mut self.elsewhere(1, &["apply", "dev", "--lock-wait", "60s"])).code(0).err;
        assert!(err.contains("left behind by a run that died: `apply` by user0"), "{err}");
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody said that it is over");
        self.assert_one_at_a_time();
        // Whoever held it is gone as well.
        wait_for("the keeper to end", || {
            let root = self.checkout(0).display().to_string();
            let all = fs::read_dir("/proc").unwrap().flatten();
            !all.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
                .any(|line| line.contains("keep-lock") && line.contains(&root))
        });
    }

    /// A suspended run loses its lock, and stops when it wakes up.
    fn suspended_owner(&self) {
        let holder = self.holder(0, "1");
        send(&holder, Signal::STOP);
        let err = self.run(1, &["genenv", "dev", "--lock-wait", "30s"], 0);
        assert!(err.contains("left behind by a run that died: `apply` by user0"), "{err}");
        send(&holder, Signal::CONT);
        let output = holder.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        // Whether it notices before its last step is over depends on the moment; it never frees the lock of another.
        assert!(matches!(output.status.code(), Some(0 | 75)), "{err}");
    }
}

/// One request to moto, which looks at no signature.
pub(crate) fn s3(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let who = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x";
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: {who}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A team whose state is in a bucket of its own.
pub(crate) fn s3_team(checkouts: usize, lock: &str) -> Option<(Team, String, String)> {
    let address = need("s3")?.into_string().unwrap();
    let bucket = format!("state-{}-{:?}", std::process::id(), std::thread::current().id());
    let bucket: String =
        bucket.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    assert_eq!(s3(&address, "PUT", &format!("/{bucket}"), "").0, 200);
    let backend = format!(
        "backend \"s3\" {{\n bucket = \"{bucket}\"\n key = \"dev/terraform.tfstate\"\n region = \"eu-west-1\"\n}}"
    );
    let vars = [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_ENDPOINT_URL", address.as_str()),
    ];
    let team = Team::new(checkouts, &backend, lock, &vars);
    let object = format!("/{bucket}/dev/terraform.tfstate.infractl-lock");
    Some((team, address, object))
}

pub(crate) fn pg_team(checkouts: usize, lock: &str, schema: &str, ssl: &[(&str, &str)]) -> Option<Team> {
    let server = need("postgres")?.into_string().unwrap();
    let (host, port) = server.split_once(':').unwrap();
    let schema = format!("{schema}_{}", std::process::id());
    let backend = format!("backend \"pg\" {{\n schema_name = \"{schema}\"\n}}");
    let mut vars = vec![
        ("PGHOST", host),
        ("PGPORT", port),
        ("PGUSER", "tf"),
        ("PGPASSWORD", "p@ss w0rd"),
        ("PGDATABASE", "postgres"),
    ];
    vars.extend(ssl);
    Some(Team::new(checkouts, &backend, lock, &vars))
}

#[test]
fn fifty_contenders_for_an_object_run_one_at_a_time_and_none_waits_for_ever() {
    let Some((team, address, object)) = s3_team(50, "") else { return };
    team.fifty_contenders();
    assert_eq!(s3(&address, "GET", &object, "").0, 404, "the object stays");
}

#[test]
fn an_object_keeps_other_machines_out_as_long_as_the_run_lives() {
    let Some((team, address, object)) = s3_team(2, "stale-after = \"2s\"") else { return };
    team.busy_for_others();
    assert_eq!(s3(&address, "GET", &object, "").0, 404);
}

#[test]
fn terraforms_own_lock_in_a_bucket_is_explained() {
    let Some((first, address, object)) = s3_team(1, "") else { return };
    let bucket = object.split('/').nth(1).unwrap();
    let backend = format!(
        "backend \"s3\" {{\n bucket = \"{bucket}\"\n key = \"own/terraform.tfstate\"\n region = \"eu-west-1\"\n use_lockfile = true\n use_path_style = true\n}}"
    );
    let vars: Vec<(&str, &str)> =
        first.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let team = Team::new(1, &backend, "", &vars);
    // The real one.
    team.folder.write("checkout-0/environments/defaults.toml", "");
    team.run(0, &["plan", "dev"], 0);
    let id = "d92ccfb0-277d-a96f-e09d-2a3e5e0eae46";
    let held = format!("{{\"ID\":\"{id}\",\"Who\":\"ann@ci\",\"Operation\":\"OperationTypeApply\"}}");
    assert_eq!(s3(&address, "PUT", &format!("/{bucket}/own/terraform.tfstate.tflock"), &held).0, 200);
    for verb in ["plan", "apply"] {
        let err = team.run(0, &[verb, "dev"], 75);
        assert!(
            err.contains("wait: ann@ci holds the state") && err.contains(&format!("force-unlock {id}`")),
            "{err}"
        );
    }
}

#[test]
fn the_object_says_who_holds_it() {
    let Some((team, address, object)) = s3_team(1, "") else { return };
    let holder = team.holder(0, "1");
    let (status, text) = s3(&address, "GET", &object, "");
    assert_eq!(status, 200);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((json["owner"].as_str(), json["verb"].as_str()), (Some("user0"), Some("apply")), "{json}");
    assert_eq!(json["pid"].as_u64(), Some(u64::from(holder.id())));
    for field in ["host", "start", "heartbeat"] {
        assert!(json[field].is_string(), "{field}: {json}");
    }
    Run::ended(holder.wait_with_output().unwrap()).code(0);
}

#[test]
fn the_object_of_a_killed_run_is_taken_over() {
    let Some((team, ..)) = s3_team(2, "") else { return };
    team.killed_owner(true);
}

#[test]
fn what_a_killed_run_has_started_keeps_its_object() {
    let Some((team, ..)) = s3_team(2, "stale-after = \"2s\"") else { return };
    team.killed_owner_with_children();
}

#[test]
fn what_a_killed_run_has_started_keeps_its_object_for_other_machines() {
    let Some((team, ..)) = s3_team(2, "stale-after = \"2s\"") else { return };
    team.killed_owner_with_children_elsewhere();
}

#[test]
fn what_a_killed_run_has_started_keeps_its_advisory_lock_for_other_machines() {
    let Some(team) = pg_team(2, "stale-after = \"2s\"", "far", &[]) else { return };
    team.killed_owner_with_children_elsewhere();
}

#[test]
fn what_a_killed_run_has_started_keeps_its_advisory_lock() {
    let Some(team) = pg_team(2, "stale-after = \"2s\"", "children", &[]) else { return };
    team.killed_owner_with_children();
}

#[test]
fn the_object_of_another_machine_is_taken_over_when_it_is_silent_for_too_long() {
    let Some((team, address, object)) = s3_team(1, "") else { return };
    let text = r#"{"owner":"bob","host":"far","pid":1,"verb":"deploy","environment":"dev","start":"2026-01-01T00:00:00Z",
        "heartbeat":"2026-01-01T00:00:00Z","stale-after":3,"machine":"another","token":"x"}"#;
    assert_eq!(s3(&address, "PUT", &object, text).0, 200);
    // By the clock of the server it is young, whatever it says itself.
    let err = team.run(0, &["apply", "dev"], 75);
    assert!(err.contains("`deploy` by bob on far (pid 1) since 2026-01-01"), "{err}");
    let begun = Instant::now();
    let err = team.run(0, &["apply", "dev", "--lock-wait", "30s"], 0);
    assert!(err.contains("left behind by a run that died: `deploy` by bob on far"), "{err}");
    assert!(begun.elapsed() > Duration::from_millis(1500));
}

#[test]
fn a_suspended_run_loses_its_object_and_leaves_that_of_another_alone() {
    let Some((team, ..)) = s3_team(2, "stale-after = \"2s\"") else { return };
    team.suspended_owner();
}

#[test]
fn unlock_removes_an_object_and_says_whose_it_was() {
    let Some((team, address, object)) = s3_team(2, "") else { return };
    let holder = team.holder(0, "2");
    let err = team.run(1, &["unlock", "dev"], 77);
    assert!(err.contains("held, and its owner seems to be alive") && err.contains("by user0 on "), "{err}");
    send(&holder, Signal::KILL);
    drop(holder.wait_with_output());
    let err = team.run(1, &["unlock", "dev"], 77);
    assert!(err.contains("its run was killed, and what that has started still runs: `"), "{err}");
    std::thread::sleep(Duration::from_secs(3));
    let err = team.run(1, &["unlock", "dev", "--confirm", "dev"], 0);
    assert!(err.contains("left behind at http://") && err.contains("the lock of `dev` is released"), "{err}");
    assert_eq!(s3(&address, "GET", &object, "").0, 404);
}

/// A way to moto on which `after_answer` is called with the number of each GET of the object, after its answer.
fn on_the_way(address: &str, object: &str, after_answer: impl Fn(usize) + Send + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    let (moto, get) = (address.strip_prefix("http://").unwrap().to_owned(), format!("GET {object} "));
    std::thread::spawn(move || {
        let mut gets = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).to_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                body.len() >= length.map_or(0, |length| length.parse().unwrap())
            };
            while !is_whole(&request) {
                let count = stream.read(&mut bytes).unwrap();
                if count == 0 {
                    break;
                }
                request.extend_from_slice(&bytes[..count]);
            }
            if request.is_empty() {
                continue;
            }
            let text = String::from_utf8(request).unwrap();
            let is_get = text.starts_with(&get);
            let mut server = TcpStream::connect(&moto).unwrap();
            server.write_all(text.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes()).unwrap();
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).unwrap();
            if is_get {
                gets += 1;
                after_answer(gets);
            }
            stream.write_all(&answer).unwrap();
        }
    });
    own
}

#[test]
fn a_run_that_takes_the_object_while_it_is_unlocked_keeps_it() {
    let owner = |name: &str| {
        format!(
            r#"{{"owner":"{name}","host":"far","pid":1,"verb":"deploy","environment":"dev","start":"2026-01-01T00:00:00Z",
            "heartbeat":"2026-01-01T00:00:00Z","stale-after":300,"machine":"another","token":"{name}"}}"#
        )
    };
    // Taken over between the look and the question, and at the last moment.
    for moment in [1, 2] {
        let Some((mut team, address, object)) = s3_team(1, "") else { return };
        assert_eq!(s3(&address, "PUT", &object, &owner("bob")).0, 200);
        let (moto, place, ann) = (address.clone(), object.clone(), owner("ann"));
        let way = on_the_way(&address, &object, move |number| {
            if number == moment {
                assert_eq!(s3(&moto, "PUT", &place, &ann).0, 200);
            }
        });
        team.vars.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
        team.vars.push(("AWS_ENDPOINT_URL".into(), way));
        let err = team.run(0, &["unlock", "dev", "--confirm", "dev"], 75);
        assert!(err.contains("somebody took the lock") && err.contains("`deploy` by ann on far"), "{err}");
        let (status, text) = s3(&address, "GET", &object, "");
        assert!(status == 200 && text.contains("\"ann\""), "{text}");
        team.run(0, &["unlock", "dev", "--confirm", "dev"], 0);
        assert_eq!(s3(&address, "GET", &object, "").0, 404);
    }
}

#[test]
fn a_bucket_that_is_not_there_and_a_server_that_does_not_answer_are_said() {
    let Some((mut team, ..)) = s3_team(1, "") else { return };
    team.folder.edit("checkout-0/environments/dev/main.tf", "bucket = \"", "bucket = \"no-");
    let err = team.run(0, &["apply", "dev"], 1);
    assert!(err.contains("NoSuchBucket") && err.contains("look at `bucket`"), "{err}");
    team.vars.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
    team.vars.push(("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:9".into()));
    let begun = Instant::now();
    let err = team.run(0, &["apply", "dev"], 1);
    assert!(err.contains("could not be reached"), "{err}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    // What changes nothing does not even ask.
    team.run(0, &["plan", "dev"], 0);
    team.vars.retain(|(name, _)| !name.starts_with("AWS_"));
    team.vars.push(("PATH".into(), "/bin:/usr/bin".into()));
    let err = team.run(0, &["apply", "dev"], 65);
    assert!(err.contains("no credentials for the bucket of `dev`"), "{err}");
}

#[test]
fn fifty_contenders_for_an_advisory_lock_run_one_at_a_time_and_none_waits_for_ever() {
    let Some(team) = pg_team(50, "", "fifty", &[("PGSSLMODE", "disable")]) else { return };
    team.fifty_contenders();
}

#[test]
fn an_advisory_lock_keeps_other_machines_out_as_long_as_the_run_lives() {
    let Some(team) = pg_team(2, "stale-after = \"2s\"", "busy", &[]) else { return };
    team.busy_for_others();
}

#[test]
fn the_advisory_lock_of_a_killed_run_is_free_at_once() {
    let Some(team) = pg_team(2, "", "killed", &[]) else { return };
    team.killed_owner(true);
}

#[test]
fn a_suspended_run_loses_its_advisory_lock() {
    let Some(team) = pg_team(2, "stale-after = \"2s\"", "suspended", &[]) else { return };
    team.suspended_owner();
}

#[test]
fn unlock_ends_the_connection_that_holds_the_advisory_lock() {
    let Some(team) = pg_team(2, "", "unlock", &[]) else { return };
    let holder = team.holder(0, "3");
    let err = team.run(1, &["unlock", "dev", "--confirm", "dev"], 0);
    assert!(err.contains("held, and its owner seems to be alive at advisory lock of `default`"), "{err}");
    assert!(err.contains("`apply` by user0 on "), "{err}");
    let err = team.run(1, &["genenv", "dev"], 0);
    assert!(!err.contains("waiting"), "{err}");
    drop(holder.wait_with_output());
}

#[test]
fn the_connection_is_checked_as_sslmode_says() {
    let Some(ca) = need("postgres-ca") else { return };
    let ca = ca.into_string().unwrap();
    let full = [("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", ca.as_str())];
    let Some(team) = pg_team(1, "", "full", &full) else { return };
    team.run(0, &["apply", "dev"], 0);
    let Some(team) = pg_team(1, "", "unknown", &[("PGSSLMODE", "verify-full")]) else { return };
    let err = team.run(0, &["apply", "dev"], 1);
    assert!(err.contains("could not be reached") && err.contains("certificate"), "{err}");
    let Some(mut team) = pg_team(1, "", "wrong", &[]) else { return };
    team.vars.push(("PGPASSWORD".into(), "CANARY-wrong".into()));
    let err = team.run(0, &["apply", "dev"], 1);
    assert!(err.contains("password authentication failed") && !err.contains("CANARY"), "{err}");
}

#[test]
fn a_lock_file_beside_a_local_state_keeps_other_checkouts_out() {
    let dir = Folder::new();
    let state = dir.path("terraform.tfstate");
    let backend = format!("backend \"local\" {{\n path = \"{}\"\n}}", state.display());
    let team = Team::new(50, &backend, "stale-after = \"2s\"", &[]);
    team.fifty_contenders();
    team.busy_for_others();
    team.killed_owner(true);
    assert!(dir.path("terraform.tfstate.infractl-lock").exists());
}

#[test]
fn a_backend_without_a_shared_lock_is_refused() {
    let team = Team::new(1, "backend \"gcs\" {}", "", &[]);
    let err = team.run(0, &["apply", "dev"], 78);
    assert!(err.contains("no shared lock for the backend `gcs`"), "{err}");
}
