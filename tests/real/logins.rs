//! Logins that are not those of a plain `bash`: other shells, none at all, commands that leave something running.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant, SystemTime};

use crate::common::{CANARY, Run, Sandbox, skip, wait_for};
use crate::machine::Machine;
use crate::ssh::{host, nothing_is_left, project};

fn run(project: &Sandbox, name: &str) -> Run {
    project.infractl(&["pipeline", "local", name])
}

const STEPS: &str = r#"
wait = [
  { wait = { ssh = "web", attempts = 3, every = "1s" } },
  { wait = { file = "/etc/passwd", host = "web", attempts = 2, every = "1s" } },
]
put = [{ copy = { files = ["app"], host = "web", to = "~/pl ace!", delete = true } }]
tell = [{ remote = { host = "web", dir = "~/pl ace!", run = """printf '[%s]\\n' "$ODD" "$PWD" "${#TOKEN}" """, env = { ODD = '''a 'b' \ $HOME ! "c" #''', TOKEN = "{{secret.APP_TOKEN}}" } } }]
lines = [{ remote = { host = "web", run = """
false
touch /tmp/went-on
""" } }]
code = [{ remote = { host = "web", run = "exit 7" } }]
"#;

#[test]
fn other_login_shells_do_everything_that_bash_does() {
    let Some(machine) = Machine::up() else { return };
    let project = project(&host("web", &machine, "deploy"), STEPS);
    project.secrets("local", &[("APP_TOKEN", "token")]);
    project.write("app/it's \"here\"!", "one");
    for shell in ["fish", "tcsh", "dash"] {
        if !machine.is(&format!("command -v {shell}")) {
            skip(&format!("the machine has no {shell}"));
            continue;
        }
        machine.sh(&format!("usermod -s $(command -v {shell}) deploy; rm -rf '/home/deploy/pl ace!'"));
        run(&project, "wait").code(0);
        run(&project, "put").code(0);
        assert_eq!(machine.sh(r#"cat "/home/deploy/pl ace!/app/it's \"here\"!""#), "one", "{shell}");
        let told = run(&project, "tell").code(0).says(r#"[a 'b' \ $HOME ! "c" #]"#);
        told.says("[/home/deploy/pl ace!]").says(&format!("[{}]", CANARY.len() + "token".len()));
        run(&project, "lines").code(1);
        assert!(!machine.is("[ -e /tmp/went-on ]"), "{shell}");
        run(&project, "code").code(1).says("exit code 7");
        let login = project.infractl(&["ssh", "local", "web", "--", "echo", "two  blanks", "$HOME"]).code(0);
        assert_eq!(login.out, "two  blanks $HOME\n", "{shell}");
    }
    nothing_is_left(&project);
}

#[test]
fn a_login_that_runs_nothing_is_no_machine_that_is_up() {
    let Some(machine) = Machine::up() else { return };
    let wait = "go = [{ wait = { ssh = \"web\", attempts = 2, every = \"200ms\" } }]\n";
    let project = project(&host("web", &machine, "deploy"), wait);
    let refused = |says: &str| {
        run(&project, "go").code(1).says("a login works, a command does not run there").says(says);
    };
    for shell in ["/usr/sbin/nologin", "/bin/false", "/bin/true"] {
        machine.sh(&format!("usermod -s {shell} deploy"));
        refused("`user` of `[hosts]`");
    }
    machine.sh("usermod -s /bin/bash deploy");
    let keys = "/home/deploy/.ssh/authorized_keys";
    machine.sh(&format!("cp {keys} /root/own"));
    // What prints, what prints the line that it got, and what ends with a code of its own.
    for (forced, says) in [
        ("echo Please log in as debian rather than deploy; exit 142", "rather than deploy"),
        (r#"echo \"$SSH_ORIGINAL_COMMAND\""#, "exit code 0"),
        ("exit 3", "exit code 3"),
    ] {
        machine.sh(&format!("{{ printf %s 'command=\"{forced}\" '; cat /root/own; }} >{keys}"));
        refused(says);
    }
    machine.sh(&format!("cat /root/own >{keys}"));
    run(&project, "go").code(0);
    nothing_is_left(&project);
}

#[test]
fn what_a_line_leaves_running_there_goes_on_is_named_and_holds_nobody_up() {
    let Some(machine) = Machine::up() else { return };
    let steps = r#"
loud = [{ remote = { host = "web", run = "(while sleep 1; do echo tick; echo >>/tmp/ticks; done) & echo begun" } }]
quiet = [{ remote = { host = "web", run = "nohup sleep 7654 >/dev/null 2>&1 </dev/null & echo begun" } }]
"#;
    let project = project(&host("web", &machine, "deploy"), steps);
    for (name, what) in [("loud", "sleep 1"), ("quiet", "sleep 7654")] {
        let begun = Instant::now();
        run(&project, name).code(0).says("begun").says("still running in the background there").says(what);
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} was held up");
    }
    // Both go on after the connection is gone.
    nothing_is_left(&project);
    assert!(machine.is("pgrep -f 'sleep 7654'"));
    let ticks = || machine.sh("cat /tmp/ticks | wc -l").trim().parse::<u32>().unwrap();
    let before = ticks();
    wait_for("it to go on", || ticks() > before);
}

#[test]
fn times_of_files_arrive_as_they_are_here() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "put = [{ copy = { files = [\"app\"], host = \"web\", to = \"~/place\" } }]\n\
         here = [{ copy = { files = [\"app\"], to = \"copied\" } }]\n",
    );
    project.write("app/old", "1");
    project.write("app/below/new", "2");
    let times = [("app/old", 981_173_106), ("app/below/new", 1_700_000_001)];
    for (name, seconds) in times {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::open(project.path(name)).unwrap().set_modified(time).unwrap();
    }
    // Also over what is there, with another time.
    for _ in 0..2 {
        run(&project, "put").code(0);
        let look = "cd /home/deploy/place/app && stat -c %Y old below/new && touch old below/new";
        assert_eq!(machine.sh(look), "981173106\n1700000001\n");
    }
    run(&project, "here").code(0);
    for (name, seconds) in times {
        let copied = fs::metadata(project.path(format!("copied/{name}"))).unwrap();
        assert_eq!(u64::try_from(copied.mtime()).unwrap(), seconds, "{name}");
    }
}
