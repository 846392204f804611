//! The reader against a small server, with a runner that starts nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::*;
use crate::config::{Environment, Project};
use crate::context::{Ctx, Vars};
use crate::exec::{
    Answer as Printed, BoxFuture, Cmd, Done, FakeRunner, Interrupts, OnLine, RunError, Runner,
};
use crate::net::aws::{ECS, LOGS};
use crate::redact::Masks;
use crate::ui::{Mode, Ui, Verbosity};
use crate::work::Facts;

struct Shared(Arc<FakeRunner>);

impl Runner for Shared {
    fn run<'a>(&'a self, cmd: &'a Cmd, line: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        self.0.run(cmd, line)
    }
}

struct World {
    dir: tempfile::TempDir,
    env: Environment,
    cx: Ctx,
    runner: Arc<FakeRunner>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A server that gives these answers in order, the last one for ever: status, header lines, body.
fn serve(
    answers: &'static [(&'static str, &'static str, &'static str)],
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&asked);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut got = String::new();
            let mut bytes = [0; 4096];
            while !got.ends_with('}') {
                match stream.read(&mut bytes) {
                    Ok(count) if count > 0 => got.push_str(&String::from_utf8_lossy(&bytes[..count])),
                    _ => break,
                }
            }
            tell.lock().unwrap().push(got);
            let (status, headers, body) = answers[number.min(answers.len() - 1)];
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(text.as_bytes());
        }
    });
    (url, asked)
}

fn world(
    toml: &str,
    vars: &[(&str, &str)],
    answers: &'static [(&'static str, &'static str, &'static str)],
    script: impl FnOnce(FakeRunner) -> FakeRunner,
) -> World {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("environments/dev/environment.toml"), toml);
    let env = Project::find(dir.path(), None).unwrap().environment("dev").unwrap();
    let (masks, interrupts) = (Masks::default(), Interrupts::deaf());
    let runner = Arc::new(script(FakeRunner::new(masks.clone(), interrupts.clone())));
    let (url, asked) = serve(answers);
    let mode = Mode::unattended(Verbosity::Quiet);
    let home = dir.path().display().to_string();
    let more = [("AWS_ENDPOINT_URL", url.as_str()), ("HOME", home.as_str())];
    let all = more.iter().chain(vars).map(|(name, value)| ((*name).into(), (*value).into()));
    let cx = Ctx {
        runner: Box::new(Shared(Arc::clone(&runner))),
        ui: Arc::new(Ui::with(mode, masks.clone(), Vec::new())),
        vars: Vars(all.collect()),
        now: Timestamp::now,
        interrupts,
        masks,
        dir: dir.path().to_owned(),
        scenarios: Vec::new(),
        dir_is_project: true,
        project: OnceLock::new(),
        states: OnceLock::new(),
        run: Arc::default(),
    };
    World { dir, env, cx, runner, asked }
}

impl World {
    async fn ask(&self, region: Option<&str>) -> Result<Json, Failure> {
        let mut facts = Facts::default();
        let step = StepCx::new(&self.cx, &self.env, "a step", &[], &mut facts);
        let reader = Reader::of(&step, region.map(str::to_owned))?;
        let body = serde_json::json!({ "cluster": "c" });
        reader.ask(&step, &ECS, "DescribeTasks", &body).await.map_err(|wrong| wrong.failure("not asked"))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "CANARY-secret")];
const GOOD: (&str, &str, &str) = ("200 OK", "", r#"{"tasks":[]}"#);
const EXPIRED: (&str, &str, &str) = (
    "400 Bad Request",
    "",
    r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#,
);

fn exported(token: &str, until: &str) -> Printed {
    Printed::out(format!(
        r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"{token}","Expiration":"{until}"}}"#
    ))
}

const EXPORT: &[&str] = &["aws", "configure", "export-credentials"];

#[tokio::test]
async fn keys_in_variables_need_no_program() {
    let world = world("", &KEYS, &[GOOD], |runner| runner);
    assert_eq!(world.ask(Some("eu-west-3")).await.unwrap()["tasks"], serde_json::json!([]));
    assert_eq!(world.runner.calls().len(), 0);
    assert!(world.asked()[0].contains("AKID/"), "{:?}", world.asked());
    assert!(world.asked()[0].contains("/eu-west-3/ecs/aws4_request"), "{:?}", world.asked());
}

#[tokio::test]
async fn keys_and_region_of_a_profile_need_none_either() {
    let world = world("", &[("AWS_PROFILE", "team")], &[GOOD], |runner| runner);
    write(
        &world.dir.path().join(".aws/credentials"),
        "[team]\naws_access_key_id = OFFILE\naws_secret_access_key = s\n",
    );
    write(&world.dir.path().join(".aws/config"), "[profile team]\nregion = eu-north-1\n");
    world.ask(None).await.unwrap();
    assert!(world.asked()[0].contains("OFFILE/") && world.asked()[0].contains("/eu-north-1/ecs/"));
    assert_eq!(world.runner.calls().len(), 0);
}

#[tokio::test]
async fn what_is_throttled_is_asked_again() {
    const BUSY: (&str, &str, &str) =
        ("400 Bad Request", "", r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
    let world = world("", &KEYS, &[BUSY, ("500 Internal Server Error", "", ""), GOOD], |runner| runner);
    world.ask(Some("eu-west-3")).await.unwrap();
    assert_eq!(world.asked().len(), 3);
}

#[tokio::test]
async fn a_refusal_that_stays_is_not_asked_again() {
    const NO: (&str, &str, &str) =
        ("400 Bad Request", "", r#"{"__type":"ClusterNotFoundException","message":"Cluster not found."}"#);
    let world = world("", &KEYS, &[NO], |runner| runner);
    let failure = world.ask(Some("eu-west-3")).await.unwrap_err();
    assert_eq!(format!("{:#}", failure.error), "not asked: ClusterNotFoundException: Cluster not found.");
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn the_clock_of_aws_is_taken_once() {
    const LATE: (&str, &str, &str) = (
        "403 Forbidden",
        "date: Sat, 28 Nov 2020 18:20:00 GMT\r\n",
        r#"{"__type":"InvalidSignatureException","message":"Signature expired: x is now earlier than y"}"#,
    );
    let good = world("", &KEYS, &[LATE, GOOD], |runner| runner);
    good.ask(Some("eu-west-3")).await.unwrap();
    assert!(good.asked()[1].to_ascii_lowercase().contains("x-amz-date: 20201128t18"), "{:?}", good.asked());
    let never = world("[aws]\nreads = \"cli\"\n", &KEYS, &[LATE], |runner| {
        runner.on(&["aws"], Printed::code(254).and_err("An error occurred (RequestExpired) when calling the DescribeTasks operation: Request has expired."))
    });
    never.ask(Some("eu-west-3")).await.unwrap_err();
    assert_eq!(never.asked().len(), 0, "the program asks");
}

#[tokio::test]
async fn a_session_that_is_over_is_renewed_once() {
    let far = "2099-01-01T00:00:00Z";
    let again = world("", &[("AWS_PROFILE", "sso")], &[EXPIRED, GOOD], |runner| {
        runner.once(EXPORT, exported("first", far)).once(EXPORT, exported("second", far))
    });
    again.ask(Some("eu-west-3")).await.unwrap();
    assert!(again.asked()[1].contains("second"), "{:?}", again.asked());
    let over =
        world("", &[("AWS_PROFILE", "sso")], &[EXPIRED], |runner| runner.on(EXPORT, exported("t", far)));
    let failure = over.ask(Some("eu-west-3")).await.unwrap_err();
    assert_eq!((failure.kind, over.asked().len()), (Kind::Failed, 2));
    assert_eq!(failure.help, ["run `aws sso login --profile sso`"]);
    let fixed = world("", &KEYS, &[EXPIRED], |runner| runner);
    let failure = fixed.ask(Some("eu-west-3")).await.unwrap_err();
    assert_eq!(fixed.asked().len(), 1);
    assert!(failure.help[0].contains("AWS_SESSION_TOKEN"), "{:?}", failure.help);
}

#[tokio::test]
async fn credentials_are_had_anew_before_they_end() {
    let now = Timestamp::now();
    let soon = (now + SignedDuration::from_mins(4)).to_string();
    let world = world("", &[], &[GOOD], |runner| {
        runner.once(EXPORT, exported("first", &soon)).once(EXPORT, exported("second", "2099-01-01T00:00:00Z"))
    });
    let mut facts = Facts::default();
    let step = StepCx::new(&world.cx, &world.env, "a step", &[], &mut facts);
    let reader = Reader::of(&step, Some("eu-west-3".to_owned())).unwrap();
    for _ in 0..3 {
        reader
            .in_region("eu-west-1")
            .ask(&step, &LOGS, "GetLogEvents", &serde_json::json!({}))
            .await
            .unwrap();
    }
    let tokens = world.asked().iter().map(|asked| asked.contains("first")).collect::<Vec<_>>();
    assert_eq!(tokens, [true, false, false]);
    assert_eq!(world.runner.calls().len(), 2);
}

#[tokio::test]
async fn an_old_program_asks_itself() {
    let old =
        "usage: aws [options] <command>\naws: error: argument operation: Invalid choice, valid choices are:";
    let asks = &[
        "aws",
        "--region",
        "eu-west-3",
        "--output",
        "json",
        "ecs",
        "describe-tasks",
        "--no-paginate",
        "--cli-input-json",
    ];
    let script = |runner: FakeRunner| {
        runner.on(EXPORT, Printed::code(2).and_err(old)).on(asks, Printed::out("{\"tasks\":[1]}"))
    };
    let world = world("", &[("AWS_PROFILE", "sso")], &[GOOD], script);
    assert_eq!(world.ask(Some("eu-west-3")).await.unwrap()["tasks"], serde_json::json!([1]));
    assert_eq!(world.asked().len(), 0);
    let call = world.runner.transcript().pop().unwrap();
    assert!(call.contains("AWS_PAGER='' ") && call.contains("file://"), "{call}");
}

#[tokio::test]
async fn nobody_is_asked_without_a_region_or_credentials() {
    let nowhere = world("", &KEYS, &[GOOD], |runner| runner);
    assert_eq!(nowhere.ask(None).await.unwrap_err().kind, Kind::Config);
    let nobody = world("", &[], &[GOOD], |runner| {
        runner.on(
            EXPORT,
            Printed::code(253).and_err(
                "Unable to retrieve credentials: no credentials found\nUnable to locate credentials",
            ),
        )
    });
    let failure = nobody.ask(Some("eu-west-3")).await.unwrap_err();
    assert!(failure.help[0].contains("AWS_ACCESS_KEY_ID"), "{:?}", failure.help);
    let missing = world("", &[], &[GOOD], |runner| runner.on(EXPORT, Printed::missing()));
    assert_eq!(missing.ask(Some("eu-west-3")).await.unwrap_err().kind, Kind::Tool);
}
