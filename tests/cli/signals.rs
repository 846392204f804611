//! Interrupts while real terraform works: what it gets, what is left, how infractl ends.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{CANARY, Sandbox, processes, send, start, wait_for};
use rustix::process::Signal;

/// A project whose `dev` has a resource that takes `seconds`; `mark` is in the command line of what it runs.
fn slow(seconds: u32, mark: &str) -> Sandbox {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    project.write(
        "environments/dev/slow.tf",
        &format!(
            "resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{\n    command = \"echo begun > {}; sleep {seconds}.{mark}; true\"\n  }}\n}}\n",
            project.path("begun").display()
        ),
    );
    project
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains(CANARY), "{err}");
    (output.status.code(), err)
}

fn interrupted_once(signal: Signal, code: i32, mark: &str) {
    let project = slow(10, mark);
    let before = project.read("shared/.env.dev");
    let child = start(&mut project.command(&["apply", "dev"]));
    wait_for("the resource", || project.path("begun").exists());
    let pressed = Instant::now();
    send(&child, signal);
    let (ended, err) = end(child);
    assert_eq!(ended, Some(code), "{err}");
    assert!(pressed.elapsed() < Duration::from_secs(8), "it did not wait for the resource");
    assert!(err.contains("saves its state"), "{err}");
    assert!(!err.contains("Two interrupts"), "terraform got the signal twice: {err}");
    assert_eq!(processes(mark), Vec::<String>::new(), "a process is left");
    assert_eq!(project.read("shared/.env.dev"), before);
    // The lock is free, and the state knows what was begun.
    project.edit("environments/dev/slow.tf", "sleep 10", "sleep 0");
    project.infractl(&["apply", "dev"]).code(0).says("±1");
    project.assert_no_canary_on_disk();
}

#[test]
fn ctrl_c_reaches_terraform_once_and_leaves_nothing() {
    interrupted_once(Signal::INT, 130, "41731");
}

#[test]
fn sigterm_does_the_same() {
    interrupted_once(Signal::TERM, 143, "41732");
}

#[test]
fn the_second_ctrl_c_only_says_what_would_be_lost_and_the_third_kills() {
    let project = slow(1, "41733");
    // A terraform that is saving its state for long: the real one cannot be made to.
    let signals = project.path("signals");
    project.write(
        "slow-terraform",
        &format!(
            "#!/bin/sh\ntrap 'echo INT >> {0}' INT\ntrap 'echo TERM >> {0}' TERM\necho begun > {1}\n\
             while :; do sleep 0.41733; done\n",
            signals.display(),
            project.path("begun").display()
        ),
    );
    let _ = Command::new("chmod").arg("+x").arg(project.path("slow-terraform")).status();
    project.write("environments/dev/environment.toml", "[terraform]\nprogram = \"./slow-terraform\"\n");
    let before = project.read("shared/.env.dev");
    let mut child = start(&mut project.command(&["apply", "dev"]));
    wait_for("the fake", || project.path("begun").exists());
    send(&child, Signal::INT);
    wait_for("the first signal", || signals.exists());
    send(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(fs::read_to_string(&signals).unwrap(), "INT\n", "only one signal was passed on");
    assert!(child.try_wait().unwrap().is_none(), "it still waits");
    send(&child, Signal::INT);
    let (ended, err) = end(child);
    assert_eq!(ended, Some(130), "{err}");
    assert!(err.contains("can lose track") && err.contains("once more"), "{err}");
    assert!(err.contains("force-unlock"), "{err}");
    assert_eq!(fs::read_to_string(&signals).unwrap(), "INT\n");
    assert_eq!(processes("41733"), Vec::<String>::new(), "a process is left");
    assert_eq!(project.read("shared/.env.dev"), before);
}

#[test]
fn a_closed_terminal_lets_terraform_finish() {
    let project = slow(3, "41734");
    project.edit("environments/defaults.toml", "POSTGRES_DB = \"citus\"", "POSTGRES_DB = \"later\"");
    let line = format!("{} apply dev", crate::common::BIN);
    let mut terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(project.root())
        .env_remove("TF_CLI_CONFIG_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    wait_for("the resource", || project.path("begun").exists());
    // The terminal goes away: the kernel sends SIGHUP to what runs on it.
    send(&terminal, Signal::KILL);
    terminal.wait().unwrap();
    wait_for("the end", || {
        processes("41734").is_empty() && processes(&project.root().to_string_lossy()).is_empty()
    });
    wait_for("the environment file", || project.read("shared/.env.dev").contains("POSTGRES_DB=later\n"));
    assert!(project.read("environments/dev/terraform.tfstate").contains("\"slow\""));
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
}

#[test]
fn two_applies_at_once_the_second_says_who_holds_it() {
    let project = slow(4, "41735");
    let first = start(&mut project.command(&["apply", "dev"]));
    wait_for("the resource", || project.path("begun").exists());
    let second = project.infractl(&["apply", "dev"]);
    assert!(second.code == 1 || second.code == 75, "{second:?}");
    assert!(second.err.contains("lock"), "{second:?}");
    let (ended, err) = end(first);
    assert_eq!(ended, Some(0), "{err}");
}

#[test]
fn terraforms_own_lock_error_names_the_holder_and_the_way_out() {
    let project = slow(4, "41736");
    let vars = [("storage_account_key", "a"), ("postgres_admin_password", "b"), ("acr_admin_password", "c")];
    let mut holder = Command::new("terraform");
    holder
        .args(["apply", "-auto-approve", "-input=false"])
        .args(["-var=project=nyctaxi", "-var=environment=dev", "-var=region=x"])
        .envs(vars.map(|(name, value)| (format!("TF_VAR_{name}"), value)))
        .env_remove("TF_CLI_CONFIG_FILE")
        .current_dir(project.path("environments/dev"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut holder = holder.spawn().unwrap();
    wait_for("the resource", || project.path("begun").exists());
    let run = project.infractl(&["apply", "dev"]).code(75);
    run.says("Error acquiring the state lock").says("holds the state since").says("force-unlock");
    assert!(holder.wait().unwrap().success());
}

#[test]
fn no_secret_is_ever_in_a_command_line() {
    let project = slow(2, "41737");
    let child = start(&mut project.command(&["apply", "dev"]));
    let mut seen = 0;
    let started = Instant::now();
    while !project.path("begun").exists() || seen < 20 {
        assert_eq!(processes(CANARY), Vec::<String>::new());
        seen += 1;
        assert!(started.elapsed() < Duration::from_secs(30));
    }
    assert_eq!(end(child).0, Some(0));
}

#[test]
fn infractl_itself_has_no_secret_in_its_environment() {
    let project = slow(2, "41738");
    let child = start(&mut project.command(&["apply", "dev"]));
    wait_for("the resource", || project.path("begun").exists());
    let own = fs::read(format!("/proc/{}/environ", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&own).contains(CANARY));
    assert_eq!(end(child).0, Some(0));
}

#[test]
fn kill_9_at_a_hundred_random_instants_leaves_the_old_file_or_the_new_one() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    let normal = |text: &str| -> String {
        let lines =
            text.lines().filter(|line| !line.starts_with("# Generated") && !line.contains("_SERIAL="));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let citus = normal(&project.read("shared/.env.dev"));
    let other = citus.replace("POSTGRES_DB=citus", "POSTGRES_DB=other");
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut killed = 0;
    for round in 0..100 {
        let (from, to) = if round % 2 == 0 { ("citus", "other") } else { ("other", "citus") };
        project.edit(
            "environments/defaults.toml",
            &format!("POSTGRES_DB = \"{from}\""),
            &format!("POSTGRES_DB = \"{to}\""),
        );
        let verb = if round % 4 < 2 { "genenv" } else { "apply" };
        // What the run before has started holds the lock a moment longer.
        wait_for("the lock", || project.infractl(&["unlock", "dev"]).code != 75);
        let mut child = start(&mut project.command(&[verb, "dev"]));
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_micros(random % 250_000));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
        let now = normal(&project.read("shared/.env.dev"));
        assert!(now == citus || now == other, "round {round}:\n{now}");
    }
    assert!(killed > 30, "only {killed} were still running");
    // Whatever was left lying about is no obstacle, and is gone after the next write.
    wait_for("terraform", || processes(&project.root().to_string_lossy()).is_empty());
    project.infractl(&["apply", "dev", "--lock-wait", "30s"]).code(0);
    let names: Vec<String> = fs::read_dir(project.path("shared"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("infractl"))
        .collect();
    assert_eq!(names, Vec::<String>::new());
}
