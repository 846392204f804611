//! The runner with real processes. Linux: looks into `/proc`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use secrecy::SecretString;
use tokio::time::{sleep, timeout};

use super::*;
use crate::redact::{Masks, Weight};

struct Bench {
    runner: OsRunner,
    interrupts: Interrupts,
    notices: Arc<Mutex<Vec<String>>>,
    lines: Mutex<Vec<(Channel, String)>>,
}

impl Bench {
    fn new() -> Self {
        Bench::with(&[])
    }

    fn with(vars: &[(&str, &str)]) -> Self {
        let masks = Masks::new();
        assert_eq!(masks.add("canary", "CANARY-exec-1"), Weight::Added);
        let mut environment: BTreeMap<OsString, OsString> =
            [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())].into();
        environment.extend(vars.iter().map(|(name, value)| (name.into(), value.into())));
        let interrupts = Interrupts::deaf();
        let notices = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&notices);
        let notice = move |text: &str| told.lock().unwrap().push(text.to_owned());
        let runner = OsRunner::new(environment, masks, interrupts.clone(), notice).nested(false);
        Bench { runner, interrupts, notices, lines: Mutex::default() }
    }

    async fn run(&self, cmd: &Cmd) -> Result<Done, RunError> {
        let line = |channel, text: &str| self.lines.lock().unwrap().push((channel, text.to_owned()));
        timeout(Duration::from_secs(20), self.runner.run(cmd, &line)).await.expect("it hangs")
    }

    async fn sh(&self, script: &str) -> Done {
        self.run(&sh(script)).await.unwrap()
    }

    fn shown(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }

    fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap().clone()
    }

    /// Waits until the program has printed this line.
    async fn printed(&self, wanted: &str) {
        while !self.shown().iter().any(|line| line == wanted) {
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The number in the line that begins with this word.
    fn pid(&self, word: &str) -> i32 {
        let shown = self.shown();
        let rest = shown.iter().find_map(|line| line.strip_prefix(word));
        rest.unwrap_or_else(|| panic!("no {word} in {shown:?}")).trim().parse().unwrap()
    }
}

fn sh(script: &str) -> Cmd {
    Cmd::new("sh").args(["-c", script])
}

/// The number of the group of these tests.
fn own_group() -> String {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().to_owned()
}

/// Zombies do not count: PID 1 of a container may reap late.
fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().unwrap().trim_start().starts_with(['R', 'S', 'D', 'T', 't', 'I'])
}

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

const MOMENT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn what_is_not_there_is_found_out_before_the_start() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let missing = |result| matches!(result, Err(RunError::NotFound { .. }));
    assert!(missing(bench.run(&Cmd::new("no-such-program")).await));
    assert!(missing(bench.run(&Cmd::new("/no/such/program")).await));
    assert!(missing(bench.run(&Cmd::new("./tool").dir(dir.path())).await));
    // The child's PATH counts, not ours.
    assert!(missing(bench.run(&sh("").env("PATH", dir.path().to_str().unwrap())).await));
    let error = bench.run(&sh("").dir("/no/such/dir")).await.unwrap_err();
    let RunError::Start { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.to_string(), "its working directory `/no/such/dir` does not exist");
}

#[tokio::test]
async fn a_program_is_found_on_the_path_of_the_child_and_from_its_directory() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/echo", dir.path().join("tool")).unwrap();
    let path = dir.path().to_str().unwrap();
    assert_eq!(bench.run(&Cmd::new("tool").arg("1").env("PATH", path)).await.unwrap().code, 0);
    assert_eq!(bench.run(&Cmd::new("./tool").arg("2").dir(path)).await.unwrap().code, 0);
    assert_eq!(bench.run(&Cmd::new("tool").arg("3").env("PATH", ".").dir(path)).await.unwrap().code, 0);
    assert_eq!(bench.run(&Cmd::new("sh").args(["-c", "echo 4"]).unset("PATH")).await.unwrap().code, 0);
    assert_eq!(bench.shown(), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn exit_codes_and_signals() {
    let bench = Bench::new();
    for code in [0, 1, 42, 255] {
        assert_eq!(bench.sh(&format!("exit {code}")).await.code, code);
    }
    assert_eq!(bench.sh("kill -TERM $$").await.code, 143);
    assert_eq!(bench.sh("kill -KILL $$").await.code, 137);
}

#[tokio::test]
async fn standard_input_is_closed_or_what_was_given() {
    let bench = Bench::new();
    assert_eq!(bench.sh("cat; echo end").await.tail, "end");
    let done = bench.run(&Cmd::new("cat").input(secret("a\nCANARY-exec-1\n"))).await.unwrap();
    assert_eq!(done.tail, "a\n***");
    // More than a pipe holds, and nobody reads it.
    let long = secret(&"x".repeat(1 << 20));
    assert_eq!(bench.run(&sh("exit 5").input(long.clone())).await.unwrap().code, 5);
    let done = bench.run(&Cmd::new("cat").input(long).io(Io::Capture)).await.unwrap();
    assert_eq!(done.stdout.len(), 1 << 20);
}

#[tokio::test]
async fn secrets_are_masked_on_both_outputs_also_when_written_in_parts() {
    let bench = Bench::new();
    let script =
        "printf CANARY-; sleep 0.05; echo exec-1 end; printf 'e CANA' >&2; sleep 0.05; printf RY-exec-1 >&2";
    let done = bench.sh(script).await;
    assert_eq!(
        bench.lines.lock().unwrap().clone(),
        [(Channel::Out, "*** end".to_owned()), (Channel::Err, "e ***".to_owned())]
    );
    assert_eq!(done.tail, "*** end\ne ***");
    assert!(done.stdout.is_empty());
}

#[tokio::test]
async fn the_environment_is_exactly_what_was_given() {
    let bench = Bench::with(&[("KEEP", "1"), ("DROP", "2"), ("CHANGE", "3"), ("BOTH", "4")]);
    let cmd = Cmd::new("env").unset("DROP").unset("BOTH").env("CHANGE", "x").env("BOTH", "y");
    let done = bench.run(&cmd.secret("NEW", secret("CANARY-exec-1")).io(Io::Capture)).await.unwrap();
    let mut lines: Vec<_> = str::from_utf8(&done.stdout).unwrap().lines().collect();
    lines.sort_unstable();
    let path = "PATH=/usr/local/bin:/usr/bin:/bin";
    assert_eq!(lines, ["BOTH=y", "CHANGE=x", "INFRACTL_GROUP=1", "KEEP=1", "NEW=CANARY-exec-1", path]);
    assert!(!format!("{done:?}").contains("CANARY"));
}

#[tokio::test]
async fn a_flood_is_read_in_constant_memory() {
    let bench = Bench::new();
    let count = Mutex::new((0u64, 0usize));
    let line = |_, text: &str| {
        let mut count = count.lock().unwrap();
        *count = (count.0 + 1, count.1.max(text.len()));
    };
    let before = peak();
    let script =
        "yes 'a line of output CANARY-exec-1 and more' | head -n 200000; head -c 100000000 /dev/zero";
    let done = bench.runner.run(&sh(script), &line).await.unwrap();
    assert_eq!(*count.lock().unwrap(), (200_000 + 100_000_000 / 65536 + 1, 65536));
    assert!(done.tail.len() < 40 * 2001);
    assert!(peak() < before + 50_000, "kB: {before} -> {}", peak());
}

/// The most memory this process ever had, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipes_is_not_waited_for_and_not_left() {
    let bench = Bench::new();
    let started = Instant::now();
    let done = bench.sh("sleep 300 & echo pid $!; printf no-line-end").await;
    assert_eq!(done.code, 0);
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(bench.shown()[1], "no-line-end");
    assert!(!is_alive(bench.pid("pid ")));
}

#[tokio::test]
async fn a_grandchild_without_pipes_that_ignores_sigterm_is_not_left() {
    let bench = Bench::new();
    bench
        .sh("sh -c 'trap \"\" TERM; echo ready; exec sleep 300 >/dev/null 2>&1' & echo pid $!; sleep 0.2")
        .await;
    assert!(!is_alive(bench.pid("pid ")));
}

#[tokio::test]
async fn too_long_ends_the_group() {
    let bench = Bench::new();
    let started = Instant::now();
    let cmd = sh("sleep 300 & echo pid $!; echo CANARY-exec-1; wait").timeout(Some(10 * MOMENT));
    let error = bench.run(&cmd).await.unwrap_err();
    assert!(matches!(&error, RunError::TimedOut { tail, .. } if tail.ends_with("***")), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(!is_alive(bench.pid("pid ")));
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_after_its_grace() {
    let bench = Bench::new();
    let script = "trap '' TERM; echo pid $$; while :; do sleep 0.05; done";
    let started = Instant::now();
    let cmd = sh(script).timeout(Some(10 * MOMENT)).grace(Some(3 * MOMENT));
    assert!(matches!(bench.run(&cmd).await, Err(RunError::TimedOut { .. })));
    assert!(started.elapsed() >= 13 * MOMENT);
    assert!(!is_alive(bench.pid("pid ")));
    // One that says goodbye in time is heard.
    let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let error = bench.run(&sh(script).timeout(Some(10 * MOMENT))).await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut { tail, .. } if tail.contains("bye")));
}

#[tokio::test]
async fn a_dropped_future_ends_the_group() {
    let bench = Bench::new();
    let cmd = sh("sleep 300 & echo pid $!; echo self $$; wait");
    {
        let run = bench.run(&cmd);
        tokio::select! {
            _ = run => panic!("it ended"),
            () = async { while bench.shown().len() < 2 { sleep(Duration::from_millis(5)).await } } => {}
        }
    }
    sleep(MOMENT).await;
    assert!(!is_alive(bench.pid("pid ")) && !is_alive(bench.pid("self ")));
}

#[tokio::test]
async fn a_program_that_must_not_be_killed_is_only_asked_when_its_future_is_dropped() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let script = "trap 'sleep 0.2; echo saved > state; exit' TERM; echo ready; exec >/dev/null 2>&1; while :; do sleep 0.01; done";
    let cmd = sh(script).grace(None).dir(dir.path());
    tokio::select! {
        _ = bench.run(&cmd) => panic!("it ended"),
        () = bench.printed("ready") => {}
    }
    sleep(5 * MOMENT).await;
    assert_eq!(fs::read_to_string(dir.path().join("state")).unwrap(), "saved\n");
}

/// The mask of ignored signals, the group and the session of a process, as it sees them itself.
const SELF: &str = "grep SigIgn /proc/self/status; echo pid $$; cut -d' ' -f5,6 /proc/$$/stat";

fn ignores_hangup(bench: &Bench) -> bool {
    let line = bench.shown().into_iter().find(|line| line.starts_with("SigIgn")).unwrap();
    let mask = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(mask & (1 << 1 | 1 << 2 | 1 << 14), 0, "INT, QUIT and TERM must not be ignored");
    mask & 1 == 1
}

#[tokio::test]
async fn a_program_starts_without_terminal_in_its_own_group_and_with_sighup_ignored() {
    let bench = Bench::new();
    bench.sh(SELF).await;
    assert!(ignores_hangup(&bench));
    let pid = bench.pid("pid ");
    assert_eq!(bench.shown()[2], format!("{pid} {pid}"));
    assert_ne!(bench.sh("exec 3</dev/tty").await.code, 0);
    // So a hangup does nothing to it.
    assert_eq!(bench.sh("kill -HUP $$; exit 9").await.code, 9);
}

#[tokio::test]
async fn below_another_infractl_no_group_is_made_and_no_signal_forwarded() {
    let mut bench = Bench::new();
    bench.runner = bench.runner.clone().nested(true);
    bench.sh(SELF).await;
    assert!(ignores_hangup(&bench));
    let group = own_group();
    assert_eq!(bench.shown()[2].split(' ').next().unwrap(), group);

    let cmd = sh("trap 'echo got it' INT TERM; echo ready; sleep 0.4; echo end");
    let interrupt = async {
        bench.printed("ready").await;
        bench.interrupts.press(Press::Int);
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    let done = done.unwrap();
    assert!(done.interrupted && done.tail == "ready\nend", "{done:?}");
}

#[tokio::test]
async fn a_program_that_owns_the_terminal_stays_in_our_group() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let group = own_group();
    let script = format!(
        "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = {group} || exit 2; test -z \"$INFRACTL_GROUP\" || exit 3
         test $((0x$(grep SigIgn /proc/self/status | cut -f2) & 7)) = 0 || exit 4
         echo > ready; trap 'exit 5' TERM; while :; do sleep 0.01; done"
    );
    let cmd = sh(&script).io(Io::Attach).dir(dir.path());
    let interrupt = async {
        while !dir.path().join("ready").exists() {
            sleep(Duration::from_millis(5)).await;
        }
        // Ctrl-C is the program's; SIGTERM is passed on.
        bench.interrupts.press(Press::Int);
        sleep(MOMENT).await;
        assert!(!bench.interrupts.is_pressed());
        bench.interrupts.press(Press::Term);
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    let done = done.unwrap();
    assert_eq!((done.code, done.interrupted), (5, true));
    assert_eq!(bench.interrupts.seen().kind(), Some(Kind::Terminated));
    // Once it has ended, Ctrl-C is ours again.
    bench.interrupts.press(Press::Int);
    assert_eq!(bench.interrupts.seen().presses, 2);
}

/// Counts the signals it gets and ends half a second after the first.
const COUNTS: &str = "trap 'echo INT; asked=1' INT; trap 'echo TERM; asked=1' TERM; echo ready
    while [ -z $asked ]; do sleep 0.01; done
    i=0; while [ $i -lt 50 ]; do sleep 0.01; i=$((i+1)); done; echo saved; exit 1";

fn stopping() -> Stopping {
    Stopping {
        waits_for: "it saves".into(),
        loses: "the state would be lost".into(),
        after_kill: "the lock stays".into(),
    }
}

#[tokio::test]
async fn the_first_interrupt_is_sent_once_and_the_second_only_warns() {
    for (press, name, kind) in
        [(Press::Int, "INT", Kind::Interrupted), (Press::Term, "TERM", Kind::Terminated)]
    {
        let bench = Bench::new();
        let cmd = sh(COUNTS).grace(None).stopping(stopping());
        let interrupt = async {
            bench.printed("ready").await;
            sleep(MOMENT).await;
            bench.interrupts.press(press);
            sleep(MOMENT).await;
            bench.interrupts.press(Press::Int);
        };
        let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
        let done = done.unwrap();
        assert!(done.interrupted && done.code == 1, "{done:?}");
        let shown = bench.shown();
        assert_eq!(shown.iter().filter(|line| *line == name).count(), 1, "{shown:?}");
        assert_eq!(shown.iter().filter(|line| *line == "saved").count(), 1, "{shown:?}");
        let warning = "the state would be lost; to kill it, interrupt once more";
        assert_eq!(bench.notices(), ["it saves", warning]);
        assert_eq!(bench.interrupts.seen().kind(), Some(kind));
        assert!(matches!(bench.run(&sh("")).await, Err(RunError::Cancelled { .. })));
    }
}

#[tokio::test]
async fn the_third_interrupt_kills_the_group_and_says_what_is_left() {
    let bench = Bench::new();
    let script = "trap '' INT; sh -c 'while :; do sleep 1; done' & echo pid $!; trap : INT; echo ready; while :; do wait; done";
    let cmd = sh(script).grace(None).stopping(stopping());
    let interrupt = async {
        bench.printed("ready").await;
        sleep(MOMENT).await;
        for _ in 0..3 {
            bench.interrupts.press(Press::Int);
            sleep(Duration::from_millis(20)).await;
        }
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    assert_eq!(done.unwrap().code, 137);
    assert_eq!(bench.notices()[2], "the lock stays");
    assert!(!is_alive(bench.pid("pid ")));
}

#[tokio::test]
async fn what_a_program_without_time_limit_left_saving_is_waited_for() {
    let bench = Bench::new();
    // The leader dies of the signal; what it started goes on to save.
    let script = "sh -c 'trap : INT; echo ready; sleep 0.1; sleep 2.5; echo saved' & wait";
    let cmd = sh(script).grace(None);
    let interrupt = async {
        bench.printed("ready").await;
        bench.interrupts.press(Press::Int);
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    assert!(done.unwrap().interrupted);
    assert!(bench.shown().contains(&"saved".to_owned()), "{:?}", bench.shown());
    let waiting = "`sh` has ended; waiting up to 30 s for what it left running";
    assert_eq!(bench.notices(), ["`sh` is asked to stop; waiting for it", waiting]);
}

#[tokio::test]
async fn each_of_several_programs_gets_the_signal_once() {
    let bench = Bench::new();
    let (one, two) = (sh(COUNTS), sh(COUNTS));
    let interrupt = async {
        while bench.shown().iter().filter(|line| *line == "ready").count() < 2 {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(MOMENT).await;
        bench.interrupts.press(Press::Int);
    };
    let (one, two, ()) = tokio::join!(bench.run(&one), bench.run(&two), interrupt);
    assert!(one.unwrap().interrupted && two.unwrap().interrupted);
    assert_eq!(bench.shown().iter().filter(|line| *line == "INT").count(), 2);
    assert_eq!(bench.notices().len(), 2);
}

#[tokio::test]
async fn a_time_limit_after_an_interrupt_sends_no_second_signal() {
    let bench = Bench::new();
    let cmd = sh(&COUNTS.replace("50", "300")).grace(None).timeout(Some(20 * MOMENT));
    let interrupt = async {
        bench.printed("ready").await;
        sleep(MOMENT).await;
        bench.interrupts.press(Press::Int);
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    assert!(matches!(done, Err(RunError::TimedOut { .. })));
    assert!(!bench.shown().contains(&"TERM".to_owned()), "{:?}", bench.shown());
    assert!(bench.shown().contains(&"saved".to_owned()));
}

#[tokio::test]
async fn a_command_that_cleans_up_has_interrupts_of_its_own() {
    let bench = Bench::new();
    bench.interrupts.press(Press::Term);
    let cmd = sh(COUNTS).even_if_interrupted();
    let interrupt = async {
        bench.printed("ready").await;
        sleep(MOMENT).await;
        bench.interrupts.press(Press::Int);
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), interrupt);
    assert!(done.unwrap().interrupted);
    assert!(bench.shown().contains(&"INT".to_owned()));
    assert_eq!(bench.interrupts.seen().kind(), Some(Kind::Terminated));
}

#[tokio::test]
async fn a_hangup_stops_nothing() {
    let bench = Bench::new();
    bench.interrupts.hang_up();
    assert_eq!(bench.sh("echo still").await.tail, "still");
    assert!(bench.interrupts.seen().hung_up && !bench.interrupts.is_pressed());
    assert_eq!(bench.notices(), [""; 0]);
}

#[tokio::test]
async fn whoever_waits_hears_of_an_interrupt() {
    let interrupts = Interrupts::deaf();
    let pressed = async {
        sleep(MOMENT).await;
        interrupts.press(Press::Int);
    };
    let (heard, ()) = tokio::join!(timeout(Duration::from_secs(5), interrupts.pressed()), pressed);
    heard.unwrap();
    // And at once when it has been.
    timeout(MOMENT, interrupts.pressed()).await.unwrap();
}

/// What `main` does, in a process of its own: the tests below start it and send it real signals.
#[tokio::test]
#[ignore = "is started by other tests"]
#[expect(clippy::disallowed_methods, reason = "it does what `main` does, which reads the environment")]
async fn a_program_of_its_own() {
    println!();
    forbid_core_dumps().unwrap();
    let interrupts = Interrupts::listen(|_| ()).unwrap();
    let runner = OsRunner::new(std::env::vars_os().collect(), Masks::new(), interrupts.clone(), |text| {
        println!("{text}");
    });
    let line = |_: Channel, text: &str| println!("below: {text}");
    let script = format!("echo group $(cut -d' ' -f5 /proc/$$/stat); echo core $(ulimit -c); {COUNTS}");
    let done = runner.run(&sh(&script).grace(None), &line).await.unwrap();
    println!("code {} {:?} {:?}", done.code, interrupts.seen().kind(), interrupts.seen());
}

fn own_words() -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let words =
        ["exec::tests::a_program_of_its_own", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
    [program].into_iter().chain(words.map(str::to_owned)).collect()
}

#[tokio::test]
async fn real_signals_are_heard_and_passed_on_once() {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    for (signals, kind, trapped) in [
        (vec![Signal::INT], "Interrupted", "INT"),
        (vec![Signal::QUIT], "Interrupted", "INT"),
        (vec![Signal::TERM, Signal::INT], "Terminated", "TERM"),
        (vec![Signal::HUP, Signal::INT], "Interrupted", "INT"),
    ] {
        let bench = Bench::new();
        // In a group of its own it is the first infractl: it makes a group for what it starts.
        let cmd = sh("echo pid $$; unset INFRACTL_GROUP; exec \"$@\"").arg("sh").args(own_words());
        let send = async {
            bench.printed("below: ready").await;
            sleep(MOMENT).await;
            for signal in signals {
                kill_process(Pid::from_raw(bench.pid("pid ")).unwrap(), signal).unwrap();
                sleep(MOMENT).await;
            }
        };
        let (done, ()) = tokio::join!(bench.run(&cmd), send);
        assert_eq!(done.unwrap().code, 0, "{:?}", bench.shown());
        assert_ne!(bench.pid("below: group "), bench.pid("pid "));
        assert_eq!(bench.pid("below: core "), 0);
        let trapped: Vec<_> =
            bench.shown().into_iter().filter(|line| line == &format!("below: {trapped}")).collect();
        assert_eq!(trapped.len(), 1, "{:?}", bench.shown());
        assert!(bench.shown().iter().any(|line| line.starts_with(&format!("code 1 Some({kind})"))));
    }

    // Below another: what it starts is in the same group and gets the signal of that group, once.
    let bench = Bench::new();
    let cmd = sh("echo pid $$; exec \"$@\"").arg("sh").args(own_words());
    let send = async {
        bench.printed("below: ready").await;
        sleep(MOMENT).await;
        kill_process_group(Pid::from_raw(bench.pid("pid ")).unwrap(), Signal::INT).unwrap();
    };
    let (done, ()) = tokio::join!(bench.run(&cmd), send);
    assert_eq!(done.unwrap().code, 0);
    assert_eq!(bench.pid("below: group "), bench.pid("pid "));
    assert_eq!(bench.shown().iter().filter(|line| *line == "below: INT").count(), 1);
    assert!(bench.shown().iter().any(|line| line.starts_with("code 1 Some(Interrupted)")));
}

#[tokio::test]
async fn input_in_parts_comes_in_order_and_ends_where_a_file_is_short() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    crate::disk::write(&file, b"abcdef", 0o600).unwrap();
    let cat = |length| {
        let parts = vec![
            InputPart::Bytes(b"<".to_vec()),
            InputPart::File(file.clone(), length),
            InputPart::Bytes(b">".to_vec()),
        ];
        sh("cat").parts(parts).io(Io::Capture)
    };
    let bench = Bench::new();
    assert_eq!(bench.run(&cat(4)).await.unwrap().stdout, b"<abcd>");
    assert_eq!(bench.run(&cat(7)).await.unwrap().stdout, b"<");
}

#[tokio::test]
async fn input_that_is_held_has_no_end_while_the_program_runs() {
    let script = "read -r line; echo \"$line\"; timeout 0.3 cat >/dev/null; echo $?";
    let bench = Bench::new();
    let done = bench.run(&sh(script).held("one\n".to_owned().into()).io(Io::Capture)).await.unwrap();
    assert_eq!(done.stdout, b"one\n124\n");
}

#[tokio::test]
async fn a_kept_program_runs_until_it_is_dropped_and_then_does_its_last_work() {
    let dir = tempfile::tempdir().unwrap();
    let done = dir.path().join("done");
    let script = format!("cat >/dev/null; sleep 0.1; touch '{}'", done.display());
    let kept = Bench::new().runner.keep(&sh(&script)).unwrap();
    sleep(Duration::from_millis(300)).await;
    assert!(!done.exists());
    drop(kept);
    assert!(done.exists());
}
