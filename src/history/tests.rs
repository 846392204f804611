use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::history::junit;
use crate::history::state::State;
use crate::history::{html, markdown};
use crate::ui::event::Outcome;

fn recorder(root: &Path) -> Arc<Recorder> {
    let recorder = Recorder::new(Setup {
        argv: ["infractl", "apply", "dev", "--", "-var", "x=CANARY-1"].map(str::to_owned).into(),
        user: "camille".into(),
        ..Setup::default()
    });
    tell(&recorder, "", Event::Project { root: root.to_owned() });
    recorder
}

fn tell(recorder: &Recorder, environment: &str, event: Event) {
    let environment = (!environment.is_empty()).then(|| environment.to_owned());
    recorder.report(&Report { environment, event });
}

fn step(recorder: &Recorder, number: usize, lines: &[&str], outcome: Outcome) {
    let name = || format!("step {number}");
    tell(recorder, "dev", Event::StepStarted { number, name: name() });
    let argv = vec!["tool".to_owned(), "-x".to_owned()];
    tell(recorder, "dev", Event::CommandStarted { name: name(), argv });
    for line in lines {
        let (level, text) = (Level::Normal, (*line).to_owned());
        tell(recorder, "dev", Event::Line { name: name(), level, text });
    }
    let took = Duration::from_millis(1234);
    let code = i32::from(outcome == Outcome::Failed);
    tell(recorder, "dev", Event::CommandEnded { name: name(), code: Some(code), took });
    tell(recorder, "dev", Event::StepEnded { number, name: name(), outcome, summary: "ok".into(), took });
}

fn begin(recorder: &Recorder) {
    tell(recorder, "dev", Event::RunStarted { verb: "apply".into(), steps: 3 });
}

#[test]
fn a_run_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    let _ = recorder.setup.masks.add("x", "CANARY-1");
    begin(&recorder);
    step(&recorder, 1, &["\x1b[1mone\x1b[0m", "two"], Outcome::Done);
    step(&recorder, 2, &["three"], Outcome::Failed);
    recorder.dirty(true);
    let took = Duration::from_secs(3);
    tell(&recorder, "dev", Event::RunEnded { verb: "apply".into(), outcome: Outcome::Failed, took });
    tell(&recorder, "", Event::Ended { code: 1, error: Some("it failed".into()) });
    let memory = recorder.lock().run.clone().unwrap().0;
    let store = Store::of(dir.path());
    let mut run = store.read(1).unwrap();
    for (read, step) in run.environments[0].steps.iter_mut().zip(&memory.environments[0].steps) {
        step.tail.clone_into(&mut read.tail);
    }
    assert_eq!(run, memory);
    assert_eq!(run.argv.join(" "), "infractl apply dev -- -var x=***");
    assert_eq!((run.outcome, run.code, run.dirty), (State::Failed, Some(1), Some(true)));
    let steps = &run.environments[0].steps;
    assert_eq!(steps[0].log, (0, 8), "lines of the first step: {steps:?}");
    assert_eq!(steps[1].log, (8, 14));
    assert_eq!(steps[1].commands[0].code, Some(1));
    let log = std::fs::read_to_string(store.log(1, "dev")).unwrap();
    assert_eq!(log, "one\ntwo\nthree\n");
    for name in ["000001.jsonl", "000001.dev.log"] {
        let mode = dir.path().join(store::FOLDER).join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let head = store.head(1).unwrap();
    assert_eq!((head.names(), head.outcome, head.seconds), (run.names(), run.outcome, run.seconds));
}

#[test]
fn a_run_that_lives_is_running_and_a_dead_one_is_interrupted_even_when_its_last_line_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    step(&recorder, 1, &["one"], Outcome::Done);
    tell(&recorder, "dev", Event::StepStarted { number: 2, name: "two".into() });
    let store = Store::of(dir.path());
    assert_eq!(store.read(1).unwrap().outcome, State::Running);
    drop(recorder);
    let file = dir.path().join(store::FOLDER).join("000001.jsonl");
    OpenOptions::new().append(true).open(file).unwrap().write_all(b"{\"event\":\"step-en").unwrap();
    let run = store.head(1).unwrap();
    assert_eq!(run.outcome, State::Interrupted);
    let lane = &run.environments[0];
    assert_eq!((lane.outcome, lane.steps[0].outcome), (State::Interrupted, State::Done));
    assert_eq!(lane.steps[1].outcome, State::Interrupted);
}

#[test]
fn verbs_that_only_read_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    tell(&recorder, "dev", Event::RunStarted { verb: "output".into(), steps: 1 });
    step(&recorder, 1, &["one"], Outcome::Done);
    tell(&recorder, "", Event::Ended { code: 0, error: None });
    assert!(!dir.path().join(".infractl").exists());
}

#[test]
fn old_runs_go_and_those_that_live_stay() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(store::FOLDER);
    let first = recorder(dir.path());
    begin(&first);
    for number in 2..=260 {
        for end in ["jsonl", "dev.log"] {
            File::create_new(folder.join(format!("{number:06}.{end}"))).unwrap();
        }
    }
    let second = recorder(dir.path());
    begin(&second);
    second.tidy();
    let store = Store::of(dir.path());
    let numbers = store.numbers();
    assert_eq!(numbers.last(), Some(&261));
    assert!(numbers.contains(&1), "a run that lives was removed");
    assert!((200..=202).contains(&numbers.len()), "{}", numbers.len());
    assert!(!store.log(2, "dev").exists());
    assert!(store.log(260, "dev").exists());
}

#[test]
fn runs_older_than_ninety_days_go_at_the_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(store::FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    for number in 1..=9 {
        let file = File::create_new(folder.join(format!("{number:06}.jsonl"))).unwrap();
        let days = if number <= 4 { 91 } else { 80 };
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
    }
    let recorder = recorder(dir.path());
    begin(&recorder);
    recorder.tidy();
    assert_eq!(Store::of(dir.path()).numbers(), [5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_log_is_bounded_and_keeps_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    let line = "x".repeat(1023);
    let many = vec![line.as_str(); 30 * 1024];
    let lines: Vec<&str> = many.into_iter().chain(["the last line"]).collect();
    step(&recorder, 1, &lines, Outcome::Done);
    step(&recorder, 2, &["after it"], Outcome::Done);
    tell(&recorder, "", Event::Ended { code: 0, error: None });
    let store = Store::of(dir.path());
    let log = std::fs::read_to_string(store.log(1, "dev")).unwrap();
    assert!(log.len() < 20 * 1024 * 1024, "{}", log.len());
    assert!(log.contains("MB left out here"));
    assert!(log.ends_with("the last line\nafter it\n"), "{}", &log[log.len() - 50..]);
    let run = store.read(1).unwrap();
    let (from, to) = run.environments[0].steps[1].log;
    assert_eq!(&log[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()], "after it\n");
}

#[test]
fn a_history_that_cannot_be_written_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    File::create_new(dir.path().join(".infractl")).unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    step(&recorder, 1, &["one"], Outcome::Done);
    tell(&recorder, "", Event::Ended { code: 0, error: None });
    assert_eq!(recorder.number_with_log(), None);
}

#[test]
fn a_page_is_one_file_and_nothing_in_a_log_becomes_markup() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    let lines = ["<script>alert(1)</script>", "  + resource \"a\" & 'b'", "Error: no"];
    step(&recorder, 1, &lines, Outcome::Failed);
    tell(&recorder, "", Event::Ended { code: 1, error: Some("`x` <b>".into()) });
    let store = Store::of(dir.path());
    let page = html::page(&store.read(1).unwrap(), &store);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("<code>x</code> &lt;b&gt;"));
    for outside in ["src=", "http:", "https:", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "the page asks for something: {outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn reports_escape_what_their_forms_cannot_hold() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    step(&recorder, 1, &["a \x1b[31m<&>\x07 ``` |", "]]>"], Outcome::Failed);
    tell(&recorder, "", Event::Ended { code: 1, error: Some("a \"b\"\n```\n<c>".into()) });
    let run = recorder.lock().run.clone().unwrap().0;
    let xml = junit::report(&run);
    assert!(xml.contains("a &lt;&amp;&gt; ``` |\n]]&gt;"), "{xml}");
    assert!(xml.contains("message=\"a &quot;b&quot;\""), "{xml}");
    let markdown = markdown::summary(&run, 1 << 20).unwrap();
    assert!(markdown.contains("````text\n"), "the fence is longer than any in the text:\n{markdown}");
    assert!(!markdown.contains(['\u{1b}', '\u{7}']), "{markdown}");
}

#[test]
fn a_summary_has_the_room_that_is_left_and_no_part_of_it_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = recorder(dir.path());
    begin(&recorder);
    step(&recorder, 1, &[&"one ".repeat(100)], Outcome::Failed);
    step(&recorder, 2, &[&"two ".repeat(100)], Outcome::Failed);
    tell(&recorder, "", Event::Ended { code: 1, error: Some("it failed".into()) });
    let run = recorder.lock().run.clone().unwrap().0;
    let whole = markdown::summary(&run, 1 << 20).unwrap();
    assert!(whole.contains("one ") && whole.contains("two ") && !whole.contains("does not fit"), "{whole}");
    for room in 0..=whole.len() {
        let Some(text) = markdown::summary(&run, room) else { continue };
        assert!(text.len() <= room);
        assert_eq!(text.matches("```").count() % 2, 0, "{room}: {text}");
        assert_eq!(text.matches("<details").count(), text.matches("</details>").count(), "{room}: {text}");
        assert!(text.len() == whole.len() || text.contains("the rest does not fit"), "{room}");
    }
    assert!(markdown::summary(&run, 100).is_none());
}

#[test]
fn more_than_200_mb_go_oldest_first_but_never_a_run_that_lives() {
    const EACH: usize = 30 * 1024 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(store::FOLDER);
    let alive = recorder(dir.path());
    begin(&alive);
    let block = vec![b'x'; EACH];
    for number in 1..=8 {
        let name = format!("{number:06}");
        if number > 1 {
            File::create_new(folder.join(format!("{name}.jsonl"))).unwrap();
        }
        File::create_new(folder.join(format!("{name}.dev.log"))).unwrap().write_all(&block).unwrap();
    }
    for number in 9..=10 {
        let next = recorder(dir.path());
        begin(&next);
        next.tidy();
        assert_eq!(Store::of(dir.path()).numbers().last(), Some(&number));
    }
    // 240 MB were there; 210 MB are still too much.
    let store = Store::of(dir.path());
    assert_eq!(store.numbers(), [1, 4, 5, 6, 7, 8, 9, 10]);
    assert!(store.log(1, "dev").exists() && !store.log(2, "dev").exists() && !store.log(3, "dev").exists());
    let old = SystemTime::now() - Duration::from_secs(91 * 24 * 60 * 60);
    for number in [1, 4] {
        File::open(folder.join(format!("{number:06}.jsonl"))).unwrap().set_modified(old).unwrap();
    }
    for _ in 11..=20 {
        let next = recorder(dir.path());
        begin(&next);
        next.tidy();
    }
    let numbers = store.numbers();
    assert!(numbers.contains(&1) && !numbers.contains(&4) && numbers.contains(&5), "{numbers:?}");
    assert_eq!(store.read(1).unwrap().outcome, State::Running);
}

#[test]
fn a_run_that_never_began_is_kept_with_its_environments() {
    let dir = tempfile::tempdir().unwrap();
    let end = |verb: Option<&str>, code: u8| {
        let recorder = Recorder::new(Setup { verb: verb.map(str::to_owned), ..Setup::default() });
        tell(&recorder, "", Event::Project { root: dir.path().to_owned() });
        tell(&recorder, "", Event::Environments { names: vec!["dev".into(), "rec".into()] });
        tell(&recorder, "", Event::Ended { code, error: Some("why".into()) });
        recorder.tidy();
    };
    for (verb, code) in [(None, 78), (Some("apply"), 0), (Some("apply"), 64), (Some("fmt"), 78)] {
        end(verb, code);
        assert!(Store::of(dir.path()).numbers().is_empty(), "{verb:?} {code}");
    }
    end(Some("apply"), 77);
    let run = Store::of(dir.path()).read(1).unwrap();
    assert_eq!((run.verb.as_str(), run.code, run.outcome), ("apply", Some(77), State::Interrupted));
    assert_eq!((run.names().as_str(), run.error.as_deref()), ("dev, rec", Some("why")));
}
