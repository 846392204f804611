//! What an operator must not have to fear: keys and secrets where they do not belong, a run that does not answer, a result
//! that nobody got.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{Run, Sandbox, send, start, wait_for};

fn with_pipeline(line: &str) -> Sandbox {
    let project = Sandbox::new();
    project.write("environments/dev/environment.toml", &format!("[pipelines]\n{line}\n"));
    project
}

#[test]
fn a_key_of_the_environment_is_in_no_child_and_masked_where_it_is_printed() {
    let key = "AGE-SECRET-KEY-1CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCAN";
    let project = with_pipeline(&format!("show = [{{ command = \"env; echo {key}\", secrets = [] }}]"));
    for name in ["INFRACTL_AGE_KEY", "SOPS_AGE_KEY"] {
        let run = Run::of(project.command(&["show", "dev"]).env(name, key)).code(0);
        assert!(!run.err.contains(name) && !run.err.contains(key) && run.err.contains("***"), "{}", run.err);
    }
}

#[test]
fn what_an_earlier_run_wrote_is_masked_for_a_step_without_secrets() {
    let project = with_pipeline("show = [{ command = \"cat shared/.env.dev\", secrets = [] }]");
    fs::create_dir_all(project.path("shared")).unwrap();
    project.write("shared/.env.dev", "DB_PASSWORD=written-before-1\nREGION=elsewhere\n");
    project.infractl(&["show", "dev"]).code(0).never_says("written-before-1").says("REGION=elsewhere");
}

#[test]
fn a_read_that_blocks_hears_signals() {
    let project = Sandbox::new();
    let code = |signal, project: &Sandbox| {
        let mut child =
            project.command(&["secrets", "set", "dev", "X"]).stdin(Stdio::piped()).spawn().unwrap();
        // Kept: to wait for a child ends its standard input.
        let _input = child.stdin.take();
        sleep(Duration::from_millis(500));
        let pressed = Instant::now();
        send(&child, signal);
        let code = child.wait().unwrap().code();
        assert!(pressed.elapsed() < Duration::from_secs(4));
        code
    };
    assert_eq!(code(Signal::INT, &project), Some(130));
    assert_eq!(code(Signal::TERM, &project), Some(143));
}

#[test]
fn pipes_and_devices_in_the_place_of_files_are_said() {
    let project = Sandbox::new();
    std::os::unix::fs::symlink("/dev/zero", project.path("environments/dev/zero.tf")).unwrap();
    project.infractl(&["plan", "dev"]).code(1).says("zero.tf").says("a device, a pipe or a socket");
    fs::remove_file(project.path("environments/dev/zero.tf")).unwrap();
    let file = project.path("credentials/dev.enc.env");
    fs::remove_file(&file).ok();
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let run = project.infractl(&["apply", "dev"]);
    assert_ne!(run.code, 0);
    run.says("a device, a pipe or a socket");
}

#[test]
fn the_lock_of_a_killed_run_is_held_by_what_it_started() {
    let project = with_pipeline("hold = [{ command = \"sleep 6 & wait\", secrets = [] }]");
    let mut child = start(&mut project.command(&["hold", "dev"]));
    sleep(Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    project.infractl(&["hold", "dev"]).code(75).says("was killed itself").says("`sleep` (pid");
    project.infractl(&["unlock", "dev"]).code(75).says("what it has started still runs");
    sleep(Duration::from_secs(6));
    project.edit("environments/dev/environment.toml", "sleep 6 & wait", "true");
    project.infractl(&["hold", "dev"]).code(0);
}

#[test]
fn an_interrupt_in_the_last_step_decides_the_exit_code() {
    let project = with_pipeline("last = [{ command = \"trap '' TERM; sleep 1; true\", secrets = [] }]");
    let child = start(&mut project.command(&["last", "dev"]));
    sleep(Duration::from_millis(600));
    send(&child, Signal::TERM);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
}

#[test]
fn an_interrupt_while_git_is_asked_is_one_and_no_refusal() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    // A stand-in that answers late, and otherwise is git itself.
    let late = "#!/bin/sh\ncase \"$*\" in *check-ignore*) : >\"$ASKED\"; sleep 1.2 ;; esac\nPATH=${PATH#*:} exec git \"$@\"\n";
    let git = project.script("bin/git", late);
    let asked = project.path("asked");
    let project = project.with_var("ASKED", &asked);
    let project = project.on_path(&git);
    // First before any tool starts, then in the step that writes: the answer of a slow git is asked for again.
    for questions in [1, 2] {
        let child = start(&mut project.command(&["genenv", "dev"]));
        for _ in 0..questions {
            wait_for("git", || asked.exists());
            fs::remove_file(&asked).unwrap();
        }
        send(&child, Signal::TERM);
        let said = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(143), "{questions}: {err}");
    }
}

#[test]
fn what_could_not_be_told_is_an_error() {
    let project = with_pipeline("x = [{ command = \"true\", secrets = [] }]");
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for args in [
        "x dev --output json",
        "env list",
        "env show dev",
        "env show dev --output json",
        "output local",
        "output local --format json",
        "genenv local --print",
        "secrets view dev",
        "secrets list dev",
        "secrets get dev SHARED_TOKEN",
        "history",
        "history --output json",
        "history show 1",
        "history export 1 --html -",
        "validate local --output json",
        "plan dev --json",
        "apply dev --print",
        "apply dev --dry-run",
        "completions bash",
        "--help",
        "apply --help",
        "--version",
    ] {
        let words: Vec<&str> = args.split(' ').collect();
        let run = Run::of(project.command(&words).stdout(full())).code(1);
        assert!(run.err.contains("standard output could not be written: No space"), "{args}: {}", run.err);
    }
    for report in ["--report-junit", "--report-json"] {
        project
            .infractl(&["x", "dev", report, "environments/dev/environment.toml/x"])
            .code(1)
            .says("the report");
    }
    project
        .infractl(&["x", "dev", "--log-file", "/dev/full"])
        .code(1)
        .says("the log file could not be written");
}

#[test]
fn too_few_descriptors_are_said_by_every_verb_and_do_nothing() {
    let project = with_pipeline("x = [{ command = \"true\", secrets = [] }]");
    let limited = |files: u32, args: &str| {
        let own = project.command(&[]);
        let script = format!("ulimit -n {files}; exec \"$0\" {args}");
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &script, crate::common::BIN]).current_dir(project.root()).env_clear();
        limited.envs(own.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
        Run::in_clear(&mut limited)
    };
    let verbs = [
        "apply local",
        "genenv local",
        "genenv local --print",
        "output local",
        "plan dev",
        "secrets view dev",
        "secrets set dev X \
         --from-file /etc/hostname",
        "secrets check",
        "env list",
        "env show dev",
        "exec dev -- true",
        "history",
        "x dev",
        "validate dev",
        "unlock dev",
    ];
    for files in (5..=26).rev().step_by(3) {
        for verb in verbs {
            let run = limited(files, verb);
            run.code(1).says("too few files can be open at once").says("`ulimit -n 1024`").never_says("bug");
        }
    }
    assert!(!project.path("shared/.env.local").exists() && !project.path(".infractl/history").exists());
    for verb in verbs {
        limited(40, verb).code(0);
    }
}

#[test]
fn nothing_of_the_repository_drives_the_terminal() {
    let project = Sandbox::new();
    project.write(
        "environments/dev/environment.toml",
        "description = \"\\u001b]52;c;cm0=\\u0007\\u001b[2Jabout\"\n[pipelines]\nx = [{ name = \"na\\u001b[31mme\", command = \"true\", secrets = [] }]\n",
    );
    for args in [
        &["env", "list"][..],
        &["env", "show", "dev"],
        &["x", "dev"],
        &["x", "dev", "--dry-run"],
        &["history"],
    ] {
        let run = project.infractl(args).code(0);
        assert!(
            !format!("{}{}", run.out, run.err).contains(['\u{1b}', '\u{7}']),
            "{args:?}: {:?} {:?}",
            run.out,
            run.err
        );
    }
    project.infractl(&["env", "list"]).prints("about");
}

#[test]
fn a_dry_run_needs_no_key_and_no_secret() {
    let project = Sandbox::new();
    project.write("environments/dev/environment.toml", "[terraform.env]\nMY = \"{{secret.NOWHERE}}\"\n");
    fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    project.infractl(&["apply", "dev", "--dry-run"]).code(0).prints("terraform").prints("MY=***");
}

#[test]
fn sources_show_what_is_no_secret_and_defaults_are_shown() {
    let project = Sandbox::new();
    project.write("environments/dev/environment.toml", "[terraform.env]\nMY = \"plain-{{environment}}\"\n");
    project.infractl(&["env", "show", "dev", "--explain", "MY"]).code(0).prints("MY=plain-{{environment}}");
    project
        .infractl(&["env", "show", "dev"])
        .code(0)
        .prints("terraform.program = \"terraform\"")
        .prints("# default");
}

#[test]
fn a_sensitive_output_of_the_state_is_masked_from_the_first_line() {
    let project = Sandbox::new();
    project.write(
        "environments/dev/x.tf",
        "resource \"terraform_data\" \"p\" {\n  input = \"GENERATED-CANARY-1\"\n}\noutput \"gen\" {\n  value     = terraform_data.p.output\n  sensitive = true\n}\nresource \"terraform_data\" \"q\" {\n  triggers_replace = [timestamp()]\n  provisioner \"local-exec\" {\n    command = \"echo with ${nonsensitive(terraform_data.p.output)}\"\n  }\n}\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["apply", "dev", "-v"]).code(0).says("echo").never_says("GENERATED-CANARY-1");
}
