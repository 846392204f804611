//! Requests of HTTP as steps, and waits that look into answers, against a server that says what it is asked to.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{CANARY, Run, Sandbox, send, wait_for};

/// A server whose answers are written down before; what it was asked is kept.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What is answered: by path, in order, the last one for ever.
type Answers = &'static [(&'static str, &'static [&'static str])];

impl Server {
    fn with(answers: Answers) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            let mut given: HashMap<String, usize> = HashMap::new();
            for mut stream in listener.incoming().flatten() {
                let got = read(&mut stream);
                let path = got.split(' ').nth(1).unwrap_or_default().to_owned();
                all.lock().unwrap().push(got);
                let Some((_, answers)) = answers.iter().find(|(known, _)| *known == path) else { continue };
                let number = given.entry(path).or_default();
                let answer = answers[(*number).min(answers.len() - 1)];
                *number += 1;
                let (head, body) = answer.split_once('|').unwrap_or((answer, ""));
                let text = format!(
                    "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(text.as_bytes());
            }
        });
        Server { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Head and body of a request.
fn read(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let (mut got, mut bytes) = (String::new(), [0; 4096]);
    while let Ok(count) = stream.read(&mut bytes) {
        got.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let length = got.to_lowercase().split_once("content-length: ").map_or(0, |(_, rest)| {
            rest.split("\r\n").next().unwrap_or_default().parse::<usize>().unwrap_or(0)
        });
        if count == 0 || got.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length) {
            break;
        }
    }
    got
}

/// A project with two secrets and these pipelines, where `URL` is the server.
fn project(server: &Server, pipelines: &str) -> Sandbox {
    let secrets = [("TOKEN", format!("{CANARY}tok")), ("PASSWORD", format!("{CANARY}pw\"\\x"))];
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let project = Sandbox::empty().with_secrets(&secrets);
    let pipelines = pipelines.replace("URL", &format!("http://{}", server.address));
    project.environment("dev", &format!("[pipelines]\n{pipelines}"));
    project
}

fn run(project: &Sandbox, name: &str, code: i32) -> Run {
    project.run(&["pipeline", "dev", name], code)
}

const PUT: &str = r#"put = [{ http = { method = "PUT", url = "URL/v1/db", headers = { X-Vault-Token = "{{secret.TOKEN}}" }, json = { data = { password = "{{secret.PASSWORD}}", on = true } }, status = [200, 204] } }]
"#;

#[test]
fn secrets_go_in_headers_and_bodies_and_are_seen_nowhere() {
    let server = Server::with(&[
        ("/v1/db", &["204 No Content|"]),
        ("/form", &["200 OK|"]),
        ("/text", &["201 Created|"]),
    ]);
    let project = project(
        &server,
        &format!(
            "{PUT}more = [{{ http = {{ method = \"POST\", url = \"URL/form\", form = {{ \"a b\" = \"1&2\", pw = \"{{{{secret.PASSWORD}}}}\" }} }} }},\n\
             {{ http = {{ method = \"POST\", url = \"URL/text\", body = \"x {{{{secret.TOKEN}}}}\", headers = {{ content-type = \"text/x\" }} }} }}]\n"
        ),
    );
    run(&project, "put", 0).says("status 204");
    let asked = server.asked();
    let body = format!("{{\"data\":{{\"password\":\"{CANARY}pw\\\"\\\\x\",\"on\":true}}}}");
    assert!(asked[0].starts_with("PUT /v1/db HTTP/1.1\r\n") && asked[0].ends_with(&body), "{}", asked[0]);
    let head = asked[0].to_lowercase();
    assert!(head.contains(&format!("x-vault-token: {CANARY}tok\r\n").to_lowercase()));
    assert!(head.contains("content-type: application/json\r\n"));
    run(&project, "more", 0);
    let asked = server.asked();
    assert!(asked[0].ends_with(&format!("\r\n\r\na%20b=1%262&pw={CANARY}pw%22%5Cx")), "{}", asked[0]);
    assert!(asked[1].ends_with(&format!("x {CANARY}tok")) && asked[1].contains("content-type: text/x"));
    let dry = project.run(&["pipeline", "dev", "put", "--dry-run"], 0);
    dry.prints("/v1/db  # status 200 or 204; headers `X-Vault-Token`; json {\"data\":{\"password\":\"***\",\"on\":true}}");
    assert_eq!(server.asked().len(), 0);
    let shown = project.run(&["history", "show", "1"], 0);
    shown.prints(&format!("$ http PUT http://{}/v1/db  (status 204", server.address));
}

#[test]
fn a_script_sends_the_same() {
    let server = Server::with(&[("/v1/db", &["200 OK|"]), ("/form", &["409 Conflict|{}"])]);
    let project = project(
        &server,
        &format!(
            "{PUT}form = [{{ http = {{ method = \"POST\", url = \"URL/form\", form = {{ \"a b\" = \"1&2\", pw = \"{{{{secret.PASSWORD}}}}\" }}, already = 409 }} }}]\n"
        ),
    );
    for name in ["put", "form"] {
        let script = project.infractl(&["pipeline", "dev", name, "--print"]).code(0).out;
        project.write("script.sh", &script);
        let ok = Command::new("shellcheck")
            .args(["-S", "style", "script.sh"])
            .current_dir(project.root())
            .output();
        if let Ok(output) = ok {
            assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stdout));
        }
        let output = Command::new("bash")
            .arg("script.sh")
            .current_dir(project.root())
            .env("TOKEN", format!("{CANARY}tok"))
            .env("PASSWORD", format!("{CANARY}pw\"\\x"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        let by_script = server.asked();
        run(&project, name, 0);
        let body = |asked: &[String]| asked[0].split_once("\r\n\r\n").unwrap().1.to_owned();
        let by_us = server.asked();
        assert_eq!(body(&by_script).replace('+', "%20"), body(&by_us), "{name}");
        assert_eq!(by_script[0].split(' ').next(), by_us[0].split(' ').next());
    }
}

#[test]
fn only_what_does_no_harm_is_sent_again() {
    const BUSY: &[&str] = &["429 Too Many Requests\r\nretry-after: 1|later", "503 No|", "200 OK|"];
    let server = Server::with(&[
        ("/put", BUSY),
        ("/post", BUSY),
        ("/twice", BUSY),
        ("/hour", &["429 No\r\nretry-after: 3600|"]),
    ]);
    let project = project(
        &server,
        "put = [{ http = { method = \"PUT\", url = \"URL/put\" } }]\npost = [{ http = { method = \"POST\", url = \"URL/post\" } }]\n\
         twice = [{ http = { method = \"POST\", url = \"URL/twice\", idempotent = true } }]\nhour = [{ http = { url = \"URL/hour\" } }]\n",
    );
    let begun = Instant::now();
    run(&project, "put", 0).says("status 200, at try 3");
    assert!(begun.elapsed() > Duration::from_secs(2), "it did not wait as it was asked to");
    assert_eq!(server.asked().len(), 3);
    run(&project, "post", 1).says("status 429 Too Many Requests, not 200-299").says("later");
    assert_eq!(server.asked().len(), 1);
    run(&project, "twice", 0).says("at try 3");
    assert_eq!(server.asked().len(), 3);
    run(&project, "hour", 1).says("the service asks to be left alone for 1h 00m");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_failure_shows_the_first_lines_of_the_answer_and_what_to_do() {
    let server = Server::with(&[
        ("/no", &["400 Bad Request|{\"error\":\"the name is taken\"}\n2\n3\n4\n5\nsixth"]),
        ("/red", &["500 No|\u{1b}[31mred"]),
        ("/gone", &["404 Not Found|"]),
        ("/exists", &["409 Conflict|"]),
    ]);
    let project = project(
        &server,
        "no = [{ http = { method = \"POST\", url = \"URL/no\" } }]\nred = [{ http = { url = \"URL/red\" } }]\n\
         gone = [{ http = { method = \"DELETE\", url = \"URL/gone\", already = 404 } }]\n\
         exists = [{ http = { method = \"POST\", url = \"URL/exists\" } }]\nhangs = [{ http = { method = \"POST\", url = \"URL/nothing\" } }]\n\
         down = [{ http = { url = \"http://127.0.0.1:1/\", each = \"1s\" } }]\n",
    );
    let run_ = run(&project, "no", 1);
    let run_ = run_.says("status 400 Bad Request, not 200-299").says("{\"error\":\"the name is taken\"}");
    run_.says(&format!("asked POST http://{}/no", server.address)).never_says("sixth");
    assert!(!run(&project, "red", 1).says("red").err.contains("\u{1b}[31m"));
    run(&project, "gone", 0).says("status 404: done already");
    run(&project, "exists", 1).says("write `already = 409`");
    run(&project, "hangs", 1).says("it may have been, and would be done twice");
    run(&project, "down", 1).says("connection refused").says("asked GET http://127.0.0.1:1/ 3 times");
}

#[test]
fn what_is_wrong_is_said_where_it_stands_and_nothing_is_sent() {
    let server = Server::with(&[("/", &["200 OK|"])]);
    for (step, message) in [
        (
            "{ http = { url = \"URL/?t={{secret.TOKEN}}\" } }",
            "a secret in `url` would be in the log of every server",
        ),
        (
            "{ wait = { http = \"URL/?t={{secret.TOKEN}}\" } }",
            "a secret in `http` would be in the log of every server",
        ),
        ("{ http = { url = \"http://me:pw@h/\" } }", "there is a login in the address"),
        ("{ http = { url = \"URL/\", json = 1 } }", "a GET sends no `json`"),
        (
            "{ http = { url = \"URL/\", method = \"POST\", json = 1, body = \"x\" } }",
            "`body` beside `json`: a request has one body",
        ),
        ("{ http = { url = \"URL/\", method = \"post\" } }", "`method` cannot be `post`"),
        (
            "{ http = { url = \"URL/\", method = \"POST\" }, retry = { attempts = 2 } }",
            "a POST that is tried again may be done twice",
        ),
        ("{ http = { method = \"POST\" } }", "`http` needs `url`"),
        (
            "{ wait = { http = \"URL/\", json = { \"a.b\" = 1 } } }",
            "`a.b` is not the way to a value of a JSON document",
        ),
        ("{ wait = { tcp = \"a:1\", json = { \".a\" = 1 } } }", "`json` means nothing here"),
        (
            "{ command = \"true\", unless = { tcp = \"a:1\", json = { \".a\" = 1 } } }",
            "`json` means nothing here",
        ),
        ("{ command = \"true\", unless = { http = \"URL/\", hold = \"5m\" } }", "`unless` is asked once"),
        ("{ wait = { http = \"URL/\", at-most = 2 } }", "`at-most` counts the breaks of `hold`"),
        ("{ wait = { http = \"URL/\", fail-fast = [\"(\"] } }", "`fail-fast` is not a regular expression"),
        ("{ http = { url = \"URL/\", method = \"PUT\" }, effect = \"reads\" }", "it changes something"),
    ] {
        let project = project(&server, &format!("x = [{step}]\n"));
        let run = run(&project, "x", 78).says(message);
        // What its steps do is known when they are planned.
        let has_place = run.err.contains("environment.toml:2:") || message == "it changes something";
        assert!(has_place, "no place: {}", run.err);
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_change_takes_the_lock_and_is_asked_about_and_a_look_is_not() {
    let server = Server::with(&[("/", &["200 OK|"])]);
    let project = project(
        &server,
        "look = [{ http = { url = \"URL/\" } }]\nsend = [{ http = { method = \"POST\", url = \"URL/\" } }]\n\
        ask = [{ http = { method = \"POST\", url = \"URL/\" }, effect = \"reads\" }]\n\
        odd = [{ command = \"true\", effect = \"reads\", verify = { http = \"URL/\", method = \"POST\" } }]\n",
    );
    let text = std::fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
    project.environment("dev", &format!("protected = true\n{text}"));
    run(&project, "look", 0);
    run(&project, "ask", 0);
    assert_eq!(server.asked().len(), 2);
    run(&project, "send", 77);
    let odd = project.infractl(&["pipeline", "dev", "odd"]);
    assert!([77, 78].contains(&odd.code), "{}", odd.err);
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_wait_looks_into_the_answer() {
    let server = Server::with(&[
        ("/health", &["200 OK|{\"db\":\"starting\",\"n\":1}", "200 OK|{\"db\":\"ok\",\"n\":2}"]),
        ("/secret", &["200 OK|{\"data\":{\"pw\":\"OLDSECRET\"}}"]),
        ("/page", &["200 OK\r\ncontent-type: text/html|<p>hello"]),
        ("/gone", &["404 Not Found|"]),
        ("/make", &["201 Created|"]),
    ]);
    let project = project(
        &server,
        "health = [{ wait = { http = \"URL/health\", json = { \".db\" = \"ok\", \".n\" = 2 } }, attempts = 3, every = \"100ms\" }]\n\
         page = [{ wait = { http = \"URL/page\", json = { \".db\" = \"ok\" }, attempts = 1 } }]\n\
         unlike = [{ wait = { http = \"URL/secret\", json = { \".data.pw\" = \"{{secret.PASSWORD}}\" }, attempts = 1 } }]\n\
         makes = [{ http = { method = \"POST\", url = \"URL/make\" }, unless = { http = \"URL/gone\", json = { \".a\" = 1 } } }]\n\
         unsure = [{ http = { method = \"POST\", url = \"URL/make\" }, unless = { http = \"URL/page\", json = { \".a\" = 1 } } }]\n\
         done = [{ http = { method = \"POST\", url = \"URL/make\" }, unless = { http = \"URL/health\", json = { \".db\" = \"ok\" } } }]\n\
         head = [{ wait = { http = \"URL/health\", method = \"HEAD\", attempts = 1 } }]\n",
    );
    run(&project, "health", 0).says("status 200, `.db` is \"ok\", `.n` is 2, at try 2 of 3");
    run(&project, "page", 1).says("the answer is not JSON").says("it calls itself `text/html`");
    run(&project, "unlike", 1).says("`.data.pw` is not the value that is wanted").never_says("OLDSECRET");
    server.asked();
    run(&project, "makes", 0).says("status 201");
    assert!(server.asked()[1].starts_with("POST /make"));
    run(&project, "unsure", 1).says("it cannot be told whether there is something to do");
    assert_eq!(server.asked().len(), 1);
    run(&project, "done", 0).says("nothing to do");
    run(&project, "head", 0);
    assert!(server.asked().iter().any(|got| got.starts_with("HEAD /health")));
    let script = project.infractl(&["pipeline", "dev", "health", "--print"]).code(0).out;
    project.write("script.sh", &script);
    let output = Command::new("bash").arg("script.sh").current_dir(project.root()).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_wait_holds_breaks_and_gives_up_with_a_reason() {
    const FLAPS: &[&str] =
        &["200 OK|", "200 OK|", "503 No|the pool is empty", "200 OK|", "503 No|the pool is empty", "200 OK|"];
    let server = Server::with(&[
        ("/steady", &["200 OK|"]),
        ("/flaps", FLAPS),
        ("/flaps2", FLAPS),
        ("/flaps3", FLAPS),
        ("/dead", &["200 OK|{\"phase\":\"Failed\",\n\"reason\":\"ImagePullBackOff\"}"]),
    ]);
    let project = project(
        &server,
        "steady = [{ wait = { http = \"URL/steady\", hold = \"700ms\", every = \"200ms\" } }]\n\
         flaps = [{ wait = { http = \"URL/flaps\", hold = \"600ms\", every = \"150ms\", at-most = 2 } }]\n\
         strict = [{ wait = { http = \"URL/flaps2\", hold = \"600ms\", every = \"150ms\", at-most = 0 } }]\n\
         short = [{ wait = { http = \"URL/flaps3\", hold = \"600ms\", every = \"150ms\", attempts = 2 } }]\n\
         late = [{ wait = { http = \"URL/steady\", hold = \"1h\", every = \"200ms\" }, timeout = \"1s\" }]\n\
         dead = [{ wait = { http = \"URL/dead\", json = { \".phase\" = \"Running\" }, fail-fast = [\"ImagePull\", \"CrashLoop\"] } }]\n\
         command = [{ wait = { command = \"echo starting; echo FATAL: no such role; exit 1\", fail-fast = [\"^FATAL\"] }, secrets = [] }]\n\
         tcp = [{ wait = { tcp = \"127.0.0.1:1\", fail-fast = [\"refused\"] } }]\n",
    );
    let begun = Instant::now();
    run(&project, "steady", 0).says("status 200, good for 700 ms");
    assert!(begun.elapsed() >= Duration::from_millis(700));
    assert!(server.asked().len() >= 4);
    run(&project, "flaps", 0).says("good for 600 ms after 2 breaks");
    let run_ = run(&project, "strict", 1).says("1 break of being good").says("at most 0 were allowed");
    run_.says("the pool is empty");
    run(&project, "short", 1)
        .says("last answer: status 503 Service Unavailable, not 200-299: `the pool is empty`");
    run(&project, "late", 1).says("good for").says("the step's `timeout` was over");
    let begun = Instant::now();
    run(&project, "dead", 1)
        .says("what it says does not get well (`ImagePull`): \"reason\":\"ImagePullBackOff\"}");
    run(&project, "command", 1).says("what it says does not get well (`^FATAL`): FATAL: no such role");
    run(&project, "tcp", 1).says("what it says does not get well (`refused`): connection refused");
    assert!(begun.elapsed() < Duration::from_secs(5), "it went on waiting");
    for (name, good) in [("steady", true), ("strict", false)] {
        let server = Server::with(&[("/steady", &["200 OK|"]), ("/flaps2", FLAPS)]);
        let project = self::project(
            &server,
            &std::fs::read_to_string(project.path("environments/dev/environment.toml"))
                .unwrap()
                .replace("[pipelines]\n", "")
                .lines()
                .filter(|line| line.starts_with(name))
                .collect::<String>()
                .replace(&format!("http://{}", self::address(&project)), "URL"),
        );
        let script = project.infractl(&["pipeline", "dev", name, "--print"]).code(0).out;
        project.write("script.sh", &script);
        let output = Command::new("bash").arg("script.sh").current_dir(project.root()).output().unwrap();
        assert_eq!(output.status.success(), good, "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The address that the pipelines of a project ask.
fn address(project: &Sandbox) -> String {
    let text = std::fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
    text.split_once("http://").unwrap().1.split('/').next().unwrap().to_owned()
}

#[test]
fn ctrl_c_ends_a_request_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (keep, kept) = std::sync::mpsc::channel();
    let server = Server { address: listener.local_addr().unwrap(), asked: Arc::default() };
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| keep.send(stream).unwrap()));
    let project =
        project(&server, "slow = [{ http = { method = \"POST\", url = \"URL/\", each = \"30s\" } }]\n");
    let mut child = project.command(&["pipeline", "dev", "slow"]).stderr(Stdio::piped()).spawn().unwrap();
    let stream = kept.recv_timeout(Duration::from_secs(10)).unwrap();
    let begun = Instant::now();
    send(&child, rustix::process::Signal::INT);
    wait_for("it ends", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(stream);
}

/// The first example of a page of the documentation, asked of this server instead.
fn example(page: &str, place: &str, server: &Server) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let example = text.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    assert!(example.contains(place), "the example asks somebody else");
    example.replace(place, &server.address.to_string())
}

#[test]
fn the_example_of_requests_is_true() {
    let server = Server::with(&[
        ("/v1/sys/health", &["200 OK|{\"sealed\":true}", "200 OK|{\"sealed\":false}"]),
        (
            "/v1/secret/data/gitlab",
            &[
                "404 Not Found|{\"errors\":[]}",
                "204 No Content|",
                "200 OK|{\"data\":{\"data\":{\"password\":\"CANARY-7f3a-pw\"}}}",
            ],
        ),
    ]);
    let secrets = [("VAULT_TOKEN", format!("{CANARY}t")), ("GITLAB_PASSWORD", format!("{CANARY}pw"))];
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let project = Sandbox::empty().with_secrets(&secrets);
    project.environment("dev", &example("http.md", "127.0.0.1:8200", &server));
    run(&project, "vault", 0).says("`.sealed` is false, at try 2 of 20").says("status 204");
    let sent = server.asked();
    assert!(sent[3].ends_with(&format!("{{\"data\":{{\"password\":\"{CANARY}pw\"}}}}")), "{sent:?}");
    run(&project, "vault", 0).says("`.data.data.password` is as wanted: nothing to do");
}

#[test]
fn the_example_of_waits_is_true() {
    let server = Server::with(&[("/api/health", &["503 No|", "200 OK|{\"database\":\"ok\"}"])]);
    let project = Sandbox::empty();
    let text = example("waits.md", "127.0.0.1:3000", &server);
    let text = text.replace("\"5m\"", "\"400ms\"").replace("\"10s\"", "\"100ms\"");
    project.environment("dev", &text);
    run(&project, "canary", 0).says("`.database` is \"ok\", good for 400 ms");
}
