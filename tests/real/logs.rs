//! Logs of containers, compose services, machines and tasks of ECS, as they really are.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value as Json, json};

use crate::common::{CANARY, Sandbox, need, output, send, start};
use crate::compose::only_compose_1;
use crate::docker::{Docker, unique};
use crate::machine::Machine;
use crate::ssh::{host, project};

/// The lines of standard output until one has this text.
#[track_caller]
fn read_until(child: &mut Child, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    // Byte by byte: what comes after that line is for the next call.
    let mut reader = BufReader::with_capacity(1, child.stdout.as_mut().unwrap());
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "it ended without `{text}`: {lines:?}");
        lines.push(line.trim_end().to_owned());
        if line.contains(text) {
            return lines;
        }
    }
}

/// Ctrl-C ends it with 0.
#[track_caller]
fn end(child: Child) {
    send(&child, Signal::INT);
    end_of(child);
}

#[track_caller]
fn end_of(mut child: Child) {
    let status = child.wait().unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(status.code(), Some(0), "{err}");
}

/// The same, and nothing comes any more.
#[track_caller]
fn end_silently(mut child: Child) {
    send(&child, Signal::INT);
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    end_of(child);
}

/// What the containers of a test are called; they go with it.
struct Made<'a>(&'a Docker, &'a str);

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let filter = format!("name={}", self.1);
        let ids = self.0.docker(&["ps", "--all", "--quiet", "--filter", &filter]);
        let ids: Vec<&str> = ids.lines().collect();
        if !ids.is_empty() {
            self.0.docker(&[&["rm", "--force"], &ids[..]].concat());
        }
        let networks = self.0.docker(&["network", "ls", "--quiet", "--filter", &filter]);
        networks.lines().for_each(|id| drop(self.0.docker(&["network", "rm", id])));
    }
}

/// A name, and a project whose `up` starts compose and whose `one` starts a container, both called so.
fn with_compose() -> Option<(String, Docker)> {
    let name = unique();
    let text = r#"
[pipelines]
up = [{ compose = { dir = "app", project = "NAME", up = true } }]
one = [{ docker = { run = "IMAGE", name = "NAME-one", detach = true } }]
"#;
    let docker = Docker::new(&text.replace("NAME", &name))?;
    need("compose-2")?;
    Some((name, docker))
}

#[test]
fn compose_services_and_containers_are_read_and_followed() {
    let Some((name, docker)) = with_compose() else { return };
    let compose = format!(
        "services:\n  web:\n    image: {image}\n    command: [\"sh\", \"-c\", \"echo web says {CANARY}token; echo web error; exec sleep 1000\"]\n    stop_grace_period: 0s\n  worker:\n    image: {image}\n    command: [\"sh\", \"-c\", \"i=0; while true; do i=$$((i+1)); echo worker $$i; sleep 0.3; done\"]\n    stop_grace_period: 0s\n",
        image = docker.image
    );
    // In pieces: no file may hold it.
    let in_pieces = compose.replace(&format!("{CANARY}token"), "CAN$${X}ARY-7f3a-token");
    docker.project.write("app/docker-compose.yml", &in_pieces);
    let _made = Made(&docker, &name);
    docker.docker(&[
        "run",
        "--detach",
        "--name",
        &format!("{name}-one"),
        &docker.image,
        "echo",
        "one is done",
    ]);
    docker.pipeline("up").code(0);

    let run = docker.infractl(&["logs", "local", "web"]).code(0);
    assert_eq!(run.out.lines().collect::<Vec<_>>(), ["web says ***", "web error"], "{}", run.out);
    let one = format!("{name}-one");
    assert_eq!(docker.infractl(&["logs", "local", &one]).code(0).out, "one is done\n");
    let run = docker
        .infractl(&["logs", "local", "web", "worker", &one, "--filter", "(error|worker 1|done)$"])
        .code(0);
    let mut lines: Vec<&str> = run.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [&format!("{name}-one | one is done"), "web | web error", "worker | worker 1"]);
    let run = docker.infractl(&["logs", "local"]).code(0);
    assert!(run.out.contains("web | web error") && run.out.contains("worker | worker 1"), "{}", run.out);

    let run = docker.infractl(&["logs", "local", "wrker"]).code(64).says("did you mean `worker`?");
    run.says("these have one:").says("web");
    // A container that is not there: the code of docker.
    docker.docker(&["rm", "--force", &one]);
    docker.infractl(&["logs", "local", &one]).code(1).says("No such container");

    let mut follow = start(&mut docker.command(&["logs", "local", "worker", "-f"]));
    let lines = read_until(&mut follow, "worker 12");
    let wanted: Vec<String> = (1..=12).map(|number| format!("worker {number}")).collect();
    assert_eq!(lines, wanted);
    end(follow);
    docker.project.assert_no_canary_on_disk();
}

#[test]
fn files_and_journals_of_machines_are_read_by_ssh() {
    let Some(machine) = Machine::up() else { return };
    let project = project(&host("web", &machine, "deploy"), "");
    project.secrets("local", &[("TOKEN", "token")]);
    machine.sh(&format!("printf 'begun\\nwith {CANARY}token\\n' >/tmp/app.log; chmod 644 /tmp/app.log"));
    let run = project.infractl(&["logs", "local", "web", "--file", "/tmp/app.log"]).code(0);
    assert_eq!(run.out.lines().collect::<Vec<_>>(), ["begun", "with ***"]);
    // The code of `tail`, and of a machine without a journal.
    project.infractl(&["logs", "local", "web", "--file", "/tmp/none.log"]).code(1).says("No such file");
    project.infractl(&["logs", "local", "web"]).code(127).says("--file PATH");
    project.infractl(&["logs", "local", "wbe"]).code(64).says("did you mean `web`?");

    let mut follow = start(&mut project.command(&["logs", "local", "web", "--file", "/tmp/app.log", "-f"]));
    read_until(&mut follow, "with ***");
    machine.sh("echo later >>/tmp/app.log");
    assert_eq!(read_until(&mut follow, "later"), ["later"]);
    end(follow);
}

/// A container that says how often it was started, and goes on.
const STARTS: &str =
    "n=$(cat /n 2>/dev/null || echo 0); n=$((n+1)); echo $n >/n; echo start $n; exec sleep 1000";

#[test]
fn containers_that_are_made_anew_are_followed_again_and_nothing_is_told_twice() {
    let Some((name, docker)) = with_compose() else { return };
    let service = |text: &str| {
        format!(
            "services:\n  web:\n    image: {}\n    command: [\"sh\", \"-c\", \"{text}\"]\n    stop_grace_period: 0s\n",
            docker.image
        )
    };
    docker.project.write("app/docker-compose.yml", &service("echo first; exec sleep 1000"));
    let _made = Made(&docker, &name);
    let one = format!("{name}-one");
    let run_one = |text: &str| {
        docker.docker(&["run", "--detach", "--name", &one, &docker.image, "sh", "-c", text]);
    };
    // There is nothing yet: it is waited for.
    let mut follow = start(&mut docker.command(&["logs", "local", "web", &one, "-f"]));
    run_one(STARTS);
    assert_eq!(read_until(&mut follow, "start 1"), [format!("{one} | start 1")]);
    docker.pipeline("up").code(0);
    assert_eq!(read_until(&mut follow, "first"), ["web | first"]);
    // The same container once more, and then another in its place.
    docker.docker(&["restart", "--time", "0", &one]);
    assert_eq!(read_until(&mut follow, "start 2"), [format!("{one} | start 2")]);
    docker.docker(&["rm", "--force", &one]);
    run_one("echo anew; echo anew; exec sleep 1000");
    docker.project.write("app/docker-compose.yml", &service("echo second; exec sleep 1000"));
    docker.pipeline("up").code(0);
    let mut lines = Vec::new();
    while lines.len() < 3 {
        lines.extend(read_until(&mut follow, " | "));
    }
    lines.sort();
    assert_eq!(lines, [format!("{one} | anew"), format!("{one} | anew"), "web | second".to_owned()]);
    // One that has ended is looked at again and again: that tells nothing twice.
    docker.docker(&["stop", "--time", "0", &one]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    docker.docker(&["start", &one]);
    assert_eq!(read_until(&mut follow, "anew").len() + read_until(&mut follow, "anew").len(), 2);
    end_silently(follow);
}

#[test]
fn services_of_compose_1_are_read_and_followed() {
    let name = unique();
    let text = "[pipelines]\nup = [{ compose = { dir = \"app\", project = \"NAME\", up = true } }]\n";
    let Some(mut docker) = Docker::new(&text.replace("NAME", &name)) else { return };
    let Some(_config) = only_compose_1(&mut docker) else { return };
    let compose = format!(
        "version: \"3.9\"\nservices:\n  web:\n    image: {}\n    command: [\"sh\", \"-c\", \"echo up; exec sleep 1000\"]\n    stop_grace_period: 0s\n",
        docker.image
    );
    docker.project.write("app/docker-compose.yml", &compose);
    let _made = Made(&docker, &name);
    docker.pipeline("up").code(0);
    assert_eq!(docker.infractl(&["logs", "local", "web"]).code(0).out, "up\n");
    let mut follow = start(&mut docker.command(&["logs", "local", "-f"]));
    assert_eq!(read_until(&mut follow, "up"), ["up"]);
    docker.project.write("app/docker-compose.yml", &compose.replace("echo up", "echo anew"));
    docker.pipeline("up").code(0);
    assert_eq!(read_until(&mut follow, "anew"), ["anew"]);
    end_silently(follow);
}

#[test]
fn services_of_compose_on_a_machine_are_read_and_followed_by_ssh() {
    let Some(machine) = Machine::with_docker(&[]) else { return };
    let name = unique();
    let pipelines = "up = [{ compose = { host = \"web\", dir = \"/home/deploy/app\", project = \"NAME\", up = true } }]\n";
    let project = project(&host("web", &machine, "deploy"), &pipelines.replace("NAME", &name));
    project.secrets("local", &[("TOKEN", "token")]);
    let Some(docker) = Docker::new("") else { return };
    let _made = Made(&docker, &name);
    let write = |text: &str| {
        let compose = format!(
            "services:\n  app:\n    image: {}\n    command: [\"sh\", \"-c\", \"X=; echo {text} CAN$${{X}}ARY-7f3a-token; exec sleep 1000\"]\n    stop_grace_period: 0s\n",
            docker.image
        );
        machine.sh(&format!(
            "mkdir -p /home/deploy/app; cat >/home/deploy/app/compose.yml <<'END'\n{compose}END"
        ));
    };
    write("first");
    project.infractl(&["pipeline", "local", "up"]).code(0);
    assert_eq!(project.infractl(&["logs", "local", "app"]).code(0).out, "first ***\n");
    let mut follow = start(&mut project.command(&["logs", "local", "app", "-f"]));
    assert_eq!(read_until(&mut follow, "first"), ["first ***"]);
    write("second");
    project.infractl(&["pipeline", "local", "up"]).code(0);
    assert_eq!(read_until(&mut follow, "second"), ["second ***"]);
    end_silently(follow);
    // A container of a machine by its name.
    let container = docker.docker(&["ps", "--filter", &format!("name={name}"), "--format", "{{.Names}}"]);
    let container = container.trim();
    let run = project.infractl(&["logs", "local", "web", "--container", container]).code(0);
    assert_eq!(run.out, "second ***\n");
    let mut follow = start(&mut project.command(&["logs", "local", "web", "--container", container, "-f"]));
    assert_eq!(read_until(&mut follow, "second"), ["second ***"]);
    docker.docker(&["restart", "--time", "0", container]);
    assert_eq!(read_until(&mut follow, "second"), ["second ***"]);
    end_silently(follow);
    crate::ssh::nothing_is_left(&project);
}

/// Stands where systemd's `journalctl` would, which the machines of the tests do not have: it is not the real one. What it
/// was asked is written down.
const JOURNAL: &str = r#"#!/bin/sh
echo "$*" >>/tmp/journal.asked
case " $* " in
*" --unit=app.service "*) ;;
*) echo "-- No entries --"; exit 0 ;;
esac
printf '2026-11-28T21:00:00+0000 web app[7]: %s
' begun "with CAN""ARY-7f3a-token"
echo "Hint: You are currently not seeing messages from other users and the system." >&2
case " $* " in *" --follow "*) sleep 1; echo '2026-11-28T21:00:02+0000 web app[7]: later'; exec sleep 1000 ;; esac
"#;

#[test]
fn the_journal_of_a_unit_is_read_and_followed_by_ssh() {
    let Some(machine) = Machine::up() else { return };
    let project = project(&host("web", &machine, "deploy"), "");
    project.secrets("local", &[("TOKEN", "token")]);
    machine.sh(&format!(
        "cat >/usr/local/bin/journalctl <<'END'\n{JOURNAL}END\nchmod 755 /usr/local/bin/journalctl"
    ));
    let run = project.infractl(&["logs", "local", "web", "--unit", "app.service", "--since", "10m"]).code(0);
    let line = |text: &str| format!("2026-11-28T21:00:00+0000 web app[7]: {text}");
    assert_eq!(run.out.lines().collect::<Vec<_>>(), [line("begun"), line("with ***")]);
    project
        .infractl(&["logs", "local", "--unit", "app.service", "--filter", "begun"])
        .code(0)
        .prints("begun");
    assert_eq!(project.infractl(&["logs", "local", "web"]).code(0).out, "-- No entries --\n");
    let asked = machine.sh("cat /tmp/journal.asked");
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(asked[0], "--no-pager --output=short-iso --lines=all --since=-600s --unit=app.service");
    assert_eq!(asked[2], "--no-pager --output=short-iso --lines=all --since=-3600s");
    let mut follow = start(&mut project.command(&["logs", "local", "web", "--unit", "app.service", "-f"]));
    assert_eq!(read_until(&mut follow, "later").len(), 3);
    end_silently(follow);
    crate::ssh::nothing_is_left(&project);
    assert!(machine.sh("cat /tmp/journal.asked").ends_with(" --unit=app.service --follow\n"));
}

/// CloudWatch and ECS of moto.
struct Cloud {
    server: String,
    region: String,
}

impl Cloud {
    fn ask(&self, target: &str, body: &Json) -> Json {
        let body = body.to_string();
        let service = if target.starts_with("Logs") { "logs" } else { "ecs" };
        let mut stream = TcpStream::connect(self.server.trim_start_matches("http://")).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=testing/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.region,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 OK"), "{target}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    fn logs(&self, operation: &str, body: &Json) -> Json {
        self.ask(&format!("Logs_20140328.{operation}"), body)
    }

    fn put(&self, group: &str, stream: &str, texts: &[&str]) {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let events: Vec<Json> =
            texts.iter().map(|text| json!({ "timestamp": now, "message": text })).collect();
        self.logs(
            "PutLogEvents",
            &json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events }),
        );
    }
}

/// A project whose tasks are defined there; the group of `etl` and `side` does not exist yet. `backend` is what moto runs in.
fn cloud(backend: &str, name: &str, region: &str) -> Option<(Cloud, Sandbox)> {
    let server = need(backend)?.into_string().unwrap();
    let cloud = Cloud { server: server.clone(), region: region.to_owned() };
    let log = |prefix: &str| json!({ "logDriver": "awslogs", "options": { "awslogs-group": format!("/ecs/{name}"), "awslogs-stream-prefix": prefix, "awslogs-region": region } });
    let container = |one: &str, prefix: &str| json!({ "name": one, "image": "x", "memory": 128, "logConfiguration": log(prefix) });
    let define = |family: &str, containers: Json| {
        let body = json!({ "family": family, "containerDefinitions": containers });
        cloud.ask("AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", &body);
    };
    define(name, json!([container("app", "one")]));
    define(&format!("{name}-two"), json!([container("app", "two"), container("proxy", "two")]));
    let project = Sandbox::new();
    project.write("environments/defaults.toml", "");
    project.environment(
        "local",
        &format!(
            "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nidentity = \"credentials/demo-key-PROTECTS-NOTHING.txt\"\n[tasks.etl]\ndefinition = \"{name}\"\nregion = \"{region}\"\n[tasks.two]\ndefinition = \"{name}-two\"\nregion = \"{region}\"\n"
        ),
    );
    project.secrets("local", &[("TOKEN", "token")]);
    let project = project
        .with_var("AWS_ENDPOINT_URL", server)
        .with_var("AWS_ACCESS_KEY_ID", "testing")
        .with_var("AWS_SECRET_ACCESS_KEY", "testing");
    Some((cloud, project))
}

#[test]
fn tasks_of_ecs_are_read_from_cloudwatch() {
    let name = unique();
    let Some((cloud, project)) = cloud("s3", &name, "eu-west-3") else { return };
    let group = format!("/ecs/{name}");
    project.infractl(&["logs", "local", "etl"]).code(1).says("there is no log group").says("--follow");
    cloud.logs("CreateLogGroup", &json!({ "logGroupName": group }));
    for stream in ["one/app/aaa", "one/app/bbb", "two/app/ccc", "two/proxy/ccc"] {
        cloud.logs("CreateLogStream", &json!({ "logGroupName": group, "logStreamName": stream }));
        cloud.put(&group, stream, &[&format!("{stream} with {CANARY}token"), "same", "same"]);
    }
    let run = project.infractl(&["logs", "local", "etl", "--task", "bbb"]).code(0);
    assert_eq!(run.out.lines().collect::<Vec<_>>(), ["one/app/bbb with ***", "same", "same"]);
    let run = project.infractl(&["logs", "local", "etl"]).code(0);
    assert_eq!(run.out.lines().count(), 6, "{}", run.out);
    assert!(!run.out.contains("two/"), "{}", run.out);
    let run = project.infractl(&["logs", "local", "two", "--filter", "with"]).code(0);
    let mut lines: Vec<&str> = run.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["two/app | two/app/ccc with ***", "two/proxy | two/proxy/ccc with ***"]);
    project.infractl(&["logs", "local", "elt"]).code(64).says("did you mean `etl`?").says("two");
}

#[test]
fn a_group_that_is_late_is_waited_for_and_nothing_is_told_twice() {
    let name = unique();
    let Some((cloud, project)) = cloud("s3", &name, "eu-west-1") else { return };
    let group = format!("/ecs/{name}");
    let mut follow = start(&mut project.command(&["logs", "local", "etl", "-f", "--since", "10m"]));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(follow.try_wait().unwrap().is_none(), "it did not wait");
    cloud.logs("CreateLogGroup", &json!({ "logGroupName": group }));
    cloud.logs("CreateLogStream", &json!({ "logGroupName": group, "logStreamName": "one/app/aaa" }));
    cloud.put(&group, "one/app/aaa", &["first", &format!("with {CANARY}token"), "same", "same"]);
    assert_eq!(read_until(&mut follow, "same")[..2], ["first", "with ***"]);
    // Another task of the same definition, and the looks after it: what is there is not told again.
    cloud.logs("CreateLogStream", &json!({ "logGroupName": group, "logStreamName": "one/app/bbb" }));
    std::thread::sleep(std::time::Duration::from_secs(5));
    cloud.put(&group, "one/app/bbb", &["last"]);
    let rest = read_until(&mut follow, "last");
    assert!(rest == ["last"] || rest == ["same", "last"], "{rest:?}");
    end(follow);
}

/// The next looks at CloudWatch are refused so often.
fn throttle(cloud: &Cloud, group: &str, times: u32) {
    let fault = json!({ "action": "FilterLogEvents", "of": group, "status": 400, "error": "ThrottlingException", "message": "Rate exceeded", "times": times });
    let url = format!("{}/test/faults", cloud.server);
    output(Command::new("curl").args(["-sf", "-X", "POST", "-d", &fault.to_string(), &url]));
}

#[test]
fn cloudwatch_that_throttles_is_asked_again_and_nothing_is_lost_or_told_twice() {
    let name = unique();
    let Some((cloud, project)) = cloud("ecs", &name, "eu-west-3") else { return };
    let group = format!("/ecs/{name}");
    cloud.logs("CreateLogGroup", &json!({ "logGroupName": group }));
    cloud.logs("CreateLogStream", &json!({ "logGroupName": group, "logStreamName": "one/app/aaa" }));
    cloud.put(&group, "one/app/aaa", &["first", "same", "same"]);
    throttle(&cloud, &group, 3);
    let run = project.infractl(&["logs", "local", "etl"]).code(0);
    assert_eq!(run.out.lines().collect::<Vec<_>>(), ["first", "same", "same"]);
    let mut follow = start(&mut project.command(&["logs", "local", "etl", "-f"]));
    assert_eq!(read_until(&mut follow, "first"), ["first"]);
    throttle(&cloud, &group, 3);
    cloud.put(&group, "one/app/aaa", &["last"]);
    assert_eq!(read_until(&mut follow, "last"), ["same", "same", "last"]);
    end_silently(follow);
}

#[test]
fn an_answer_of_megabytes_is_read_whole() {
    let name = unique();
    let Some((cloud, project)) = cloud("s3", &name, "eu-north-1") else { return };
    let group = format!("/ecs/{name}");
    cloud.logs("CreateLogGroup", &json!({ "logGroupName": group }));
    cloud.logs("CreateLogStream", &json!({ "logGroupName": group, "logStreamName": "one/app/aaa" }));
    let filling = "x".repeat(640);
    let lines: Vec<String> = (0..9_000).map(|number| format!("{number} {filling}")).collect();
    for some in lines.chunks(1_000) {
        let texts: Vec<&str> = some.iter().map(String::as_str).collect();
        cloud.put(&group, "one/app/aaa", &texts);
    }
    let whole = cloud.logs("FilterLogEvents", &json!({ "logGroupName": group })).to_string();
    assert!(whole.len() > 5_000_000, "one answer has {} bytes", whole.len());
    let run = project.infractl(&["logs", "local", "etl"]).code(0);
    let told: Vec<&str> = run.out.lines().collect();
    assert!(told == lines, "{} lines, the last of them {:?}", told.len(), told.last());
}
