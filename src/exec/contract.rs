//! What every runner does: each test runs a real program and its scripted twin and wants the same.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::redact::{Masks, Weight};

/// What is to be the same: how it ended, and the lines shown.
#[derive(Debug, PartialEq)]
struct Outcome {
    ended: Result<(i32, Vec<u8>, String, bool), String>,
    out: Vec<String>,
    err: Vec<String>,
}

async fn outcome(runner: &dyn Runner, cmd: &Cmd) -> Outcome {
    let lines = Mutex::new(Vec::new());
    let line = |channel: Channel, text: &str| lines.lock().unwrap().push((channel, text.to_owned()));
    let ended = runner.run(cmd, &line).await;
    let lines = lines.into_inner().unwrap();
    let of = |wanted| lines.iter().filter(|(c, _)| *c == wanted).map(|(_, text)| text.clone()).collect();
    Outcome {
        ended: ended
            .map(|done| (done.code, done.stdout, done.tail, done.interrupted))
            .map_err(|error| format!("{error}, {:?}", error.kind())),
        out: of(Channel::Out),
        err: of(Channel::Err),
    }
}

/// Runs `sh -c script` and its scripted twin, after `presses` interrupts; gives what both did.
async fn both(script: &str, answer: Answer, presses: u32, change: impl Fn(Cmd) -> Cmd) -> Outcome {
    let masks = Masks::new();
    assert_eq!(masks.add("secret", "CANARY-contract-1"), Weight::Added);
    let interrupts = Interrupts::deaf();
    for _ in 0..presses {
        interrupts.press(Press::Int);
    }
    let vars = BTreeMap::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]);
    let real = OsRunner::new(vars, masks.clone(), interrupts.clone(), |_| {});
    let fake = FakeRunner::new(masks, interrupts)
        .on(&["sh", "-c", script], answer)
        .on(&["no-such-program-here"], Answer::missing());
    let cmd = change(Cmd::new("sh").args(["-c", script]));
    let (real, fake) = (outcome(&real, &cmd).await, outcome(&fake, &cmd).await);
    assert_eq!(real, fake);
    fake
}

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn streamed_output_is_shown_line_by_line_and_masked() {
    let script = "echo one CANARY-contract-1; printf two";
    let got = both(script, Answer::out("one CANARY-contract-1\ntwo"), 0, |cmd| cmd).await;
    assert_eq!(got.out, lines(&["one ***", "two"]));
    assert_eq!(got.ended, Ok((0, Vec::new(), "one ***\ntwo".to_owned(), false)));
}

#[tokio::test]
async fn captured_output_is_kept_as_it_is_and_not_shown() {
    let script = "echo CANARY-contract-1; echo oh CANARY-contract-1 >&2";
    let answer = Answer::out("CANARY-contract-1\n").and_err("oh CANARY-contract-1\n");
    let got = both(script, answer, 0, |cmd| cmd.io(Io::Capture)).await;
    assert_eq!((got.out, got.err), (lines(&[]), lines(&["oh ***"])));
    assert_eq!(got.ended, Ok((0, b"CANARY-contract-1\n".to_vec(), "oh ***".to_owned(), false)));
}

#[tokio::test]
async fn a_raw_stream_comes_as_it_is_and_is_in_no_message() {
    let script = "echo '{\"n\":\"CANARY-contract-1\"}'; echo oh CANARY-contract-1 >&2";
    let answer = Answer::out("{\"n\":\"CANARY-contract-1\"}\n").and_err("oh CANARY-contract-1\n");
    let got = both(script, answer, 0, |cmd| cmd.io(Io::Raw)).await;
    assert_eq!(got.out, lines(&["{\"n\":\"CANARY-contract-1\"}"]));
    assert_eq!(got.err, lines(&["oh ***"]));
    assert_eq!(got.ended, Ok((0, Vec::new(), "oh ***".to_owned(), false)));
}

#[tokio::test]
async fn a_program_that_owns_the_terminal_gives_no_lines() {
    let got = both("exit 3", Answer::code(3), 0, |cmd| cmd.io(Io::Attach)).await;
    assert_eq!(got.ended, Ok((3, Vec::new(), String::new(), false)));
}

#[tokio::test]
async fn a_code_that_is_not_zero_is_no_error_of_the_runner() {
    let got = both("echo no >&2; exit 7", Answer::code(7).and_err("no\n"), 0, |cmd| cmd).await;
    assert_eq!(got.ended, Ok((7, Vec::new(), "no".to_owned(), false)));
}

#[tokio::test]
async fn the_tail_is_the_last_40_lines() {
    let text = (1..=50).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let got =
        both("i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done", Answer::out(text), 0, |cmd| cmd);
    let Outcome { ended: Ok((_, _, tail, _)), out, .. } = got.await else { panic!("it failed") };
    assert_eq!(out.len(), 50);
    assert_eq!(tail.lines().count(), 40);
    assert!(tail.starts_with("line 11\n") && tail.ends_with("\nline 50"));
}

#[tokio::test]
async fn a_program_that_is_missing() {
    let missing = |cmd: Cmd| Cmd { program: "no-such-program-here".into(), ..cmd };
    let got = both("", Answer::missing(), 0, missing).await;
    assert_eq!(got.ended, Err("`no-such-program-here` is not installed, or not on PATH, Tool".to_owned()));
}

#[tokio::test]
async fn a_time_limit_that_is_passed() {
    let limit = Some(Duration::from_millis(50));
    let got = both("sleep 5", Answer::code(0).too_long(), 0, |cmd| cmd.timeout(limit)).await;
    assert_eq!(got.ended, Err("`sh` took longer than 0.05 s and was ended, Failed".to_owned()));
}

#[tokio::test]
async fn after_an_interrupt_only_what_cleans_up_is_started() {
    let got = both("echo no", Answer::out("no\n"), 1, |cmd| cmd).await;
    assert_eq!(got.ended, Err("stopped before `sh` was started, Interrupted".to_owned()));
    let got = both("echo yes", Answer::out("yes\n"), 1, Cmd::even_if_interrupted).await;
    assert_eq!(got.ended, Ok((0, Vec::new(), "yes".to_owned(), false)));
}

#[tokio::test]
async fn the_fake_fails_for_what_is_not_scripted_and_keeps_a_transcript() {
    let fake = FakeRunner::new(Masks::new(), Interrupts::deaf())
        .on(&["tool"], Answer::code(1))
        .on(&["tool", "plan"], Answer::out("general"))
        .once(&["tool", "plan"], Answer::out("first"));
    let run = async |cmd: Cmd| outcome(&fake, &cmd.io(Io::Capture)).await.ended;
    let plan =
        || Cmd::new("tool").args(["plan", "-out", "a b"]).secret("KEY", "CANARY-fake-1".to_owned().into());
    assert_eq!(run(plan()).await.unwrap().1, b"first");
    assert_eq!(run(plan()).await.unwrap().1, b"general");
    assert_eq!(run(Cmd::new("tool").arg("planet")).await.unwrap().0, 1);
    assert_eq!(run(Cmd::new("other")).await, Err("`other` could not be started, Failed".to_owned()));
    let plan = "KEY=*** tool plan -out 'a b'";
    assert_eq!(fake.transcript(), [plan, plan, "tool planet", "other"]);
    assert_eq!(fake.calls().len(), 4);
}

#[tokio::test]
async fn a_scripted_interrupt_is_as_a_real_one() {
    let interrupts = Interrupts::deaf();
    let fake = FakeRunner::new(Masks::new(), interrupts.clone()).on(&["tool"], Answer::code(1).interrupted());
    assert!(outcome(&fake, &Cmd::new("tool")).await.ended.unwrap().3);
    assert_eq!(interrupts.seen().kind(), Some(Kind::Interrupted));
    let second = outcome(&fake, &Cmd::new("tool")).await.ended;
    assert_eq!(second, Err("stopped before `tool` was started, Interrupted".to_owned()));
}
