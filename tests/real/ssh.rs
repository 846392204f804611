//! Machines by ssh: logins, commands, secrets on their way, keys, faults.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::machine::Machine;
use crate::sandbox::{CANARY, Run, Sandbox};

/// The environment `local` of the example with these hosts and pipelines.
pub(crate) fn project(hosts: &str, pipelines: &str) -> Sandbox {
    let project = Sandbox::new();
    let text = format!(
        "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n{hosts}\n[pipelines]\n{pipelines}\n"
    );
    project.write("environments/local/environment.toml", &text);
    project
}

/// `[hosts.NAME]` for a machine, logging in as this user with the machine's key.
pub(crate) fn host(name: &str, machine: &Machine, user: &str) -> String {
    format!(
        "[hosts.{name}]\naddress = \"{}\"\nuser = \"{user}\"\nidentity-file = \"{}\"\n",
        machine.address,
        machine.key().display()
    )
}

/// Nothing of infractl runs any more: neither connection nor agent, nor what looks after them.
#[track_caller]
pub(crate) fn nothing_is_left(project: &Sandbox) {
    let limit = Instant::now() + Duration::from_secs(5);
    loop {
        let left: Vec<String> = processes(project).collect();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < limit, "still running: {left:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The arguments of every process that infractl has started for this project.
pub(crate) fn processes(project: &Sandbox) -> impl Iterator<Item = String> {
    let command = project.command(&[]);
    let home = command.get_envs().find(|(name, _)| *name == "HOME").unwrap().1.unwrap();
    let home = format!("HOME={}", home.to_str().unwrap());
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(move |entry| {
        let read = |name| std::fs::read(entry.path().join(name)).ok();
        let environment = read("environ")?;
        let ours = environment.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes());
        ours.then(|| read("cmdline"))?.map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
    })
}

fn run(project: &Sandbox, name: &str) -> Run {
    project.infractl(&["pipeline", "local", name])
}

/// How often somebody logged in to the machine.
fn logins(machine: &Machine) -> usize {
    let docker = std::env::var_os("INFRACTL_TEST_DOCKER").unwrap();
    let done = Command::new(docker).args(["logs", &machine.name]).output().unwrap();
    String::from_utf8_lossy(&done.stderr).matches("Accepted publickey").count()
}

#[test]
fn a_command_runs_there_with_its_words_folder_variables_secrets_and_input() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        r#"
show = [
  { remote = { host = "web", run = ["sh", "-c", 'printf "%s|" "$1" "$PLAIN" "$(pwd)"; cat; printf "%s" "$TOKEN" > token; echo; env | grep -c ^TOKEN=', "x", "it's a \"word\""], dir = "/tmp", env = { PLAIN = "p q", TOKEN = "{{secret.ACR_ADMIN_PASSWORD}}" }, input = "in {{environment}}" } },
  { remote = { host = "web", run = "id -un; hostname" } },
]
"#,
    );
    let before = logins(&machine);
    let shown = run(&project, "show").code(0);
    assert!(shown.err.contains("it's a \"word\"|p q|/tmp|in local"), "{}", shown.err);
    assert!(shown.err.contains("deploy") && shown.err.contains(&machine.name), "{}", shown.err);
    assert_eq!(machine.sh("cat /tmp/token"), format!("{CANARY}acr-local"));
    assert_eq!(logins(&machine) - before, 1, "one connection for all steps");
    nothing_is_left(&project);
    project.assert_no_canary_on_disk();
}
