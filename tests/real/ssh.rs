//! Machines by ssh: logins, commands, secrets on their way, keys, faults.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{CANARY, Run, Sandbox, send, start, wait_for};
use crate::machine::Machine;

/// The environment `local` of the example with these hosts and pipelines.
pub(crate) fn project(hosts: &str, pipelines: &str) -> Sandbox {
    let project = Sandbox::new();
    project.write("environments/defaults.toml", "");
    let text = format!(
        "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nidentity = \"credentials/demo-key-PROTECTS-NOTHING.txt\"\n{hosts}\n[pipelines]\n{pipelines}\n"
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

#[test]
fn a_machine_that_is_not_reached_says_why_and_what_to_do() {
    let Some(machine) = Machine::up() else { return };
    let step = "go = [{ remote = { host = \"web\", run = \"true\" } }]\n";
    let denied = project(&host("web", &machine, "nosuch"), step);
    run(&denied, "go")
        .code(1)
        .says(&format!("`web` (nosuch@{}) cannot be reached by ssh", machine.address))
        .says("permission denied")
        .says("[hosts.web]");
    let web = project(&host("web", &machine, "deploy"), step);
    run(&web, "go").code(0);
    machine.does("stop");
    run(&web, "go").code(1).says("connection refused").says("check that the machine is on");
    // Rebuilt: another host key at the same address.
    machine.boot();
    machine.answers();
    run(&web, "go").code(1).says("its host key has changed").says("infractl ssh local web --forget-host-key");
    web.infractl(&["ssh", "local", "web", "--forget-host-key"]).code(0).says("is forgotten");
    run(&web, "go").code(0);
    let nameless = project("[hosts.web]\naddress = \"no-such-machine.invalid\"\n", step);
    run(&nameless, "go").code(1).says("its name has no address").says("`address`");
    for project in [&denied, &web, &nameless] {
        nothing_is_left(project);
    }
}

#[test]
fn a_host_key_that_was_given_is_the_only_one_that_is_trusted() {
    let Some(machine) = Machine::up() else { return };
    let step = "go = [{ remote = { host = \"web\", run = \"true\" } }]\n";
    let with =
        |key: &str| project(&format!("{}host-key = \"{key}\"\n", host("web", &machine, "deploy")), step);
    run(&with(&machine.host_key()), "go").code(0);
    let other = std::fs::read_to_string(machine.keys.path().join("id.pub")).unwrap();
    run(&with(other.trim()), "go").code(1).says("its host key").says("web");
    run(&with("SHA256:abc"), "go").code(78).says("is no public host key");
}

#[test]
fn the_exit_code_of_a_command_is_told_from_a_connection_that_was_lost() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "own = [{ remote = { host = \"web\", run = \"echo why >&2; exit 255\" } }]\n\
         three = [{ remote = { host = \"web\", run = \"exit 3\" } }]\n\
         lost = [{ name = \"long\", remote = { host = \"web\", run = \"sleep 60\" } }]\n\
         folder = [{ remote = { host = \"web\", run = \"true\", dir = \"/no/such\" } }]\n\
         missing = [{ remote = { host = \"web\", run = [\"no-such-program\"] } }]\n",
    );
    run(&project, "own").code(1).says("ended on `web` with exit code 255").says("why");
    run(&project, "three").code(1).says("ended on `web` with exit code 3");
    run(&project, "folder").code(1).says("/no/such");
    run(&project, "missing").code(1).says("exit code 127").says("no-such-program");
    let child = start(&mut project.command(&["pipeline", "local", "lost"]));
    wait_for("the command runs", || machine.is("pgrep -x sleep"));
    machine.sh("pkill -KILL -u deploy sshd");
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(said.contains("the connection to `web` was lost while `long` ran there"), "{said}");
    nothing_is_left(&project);
}

#[test]
fn sudo_that_wants_a_password_is_an_error_that_says_so() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &format!("{}{}", host("web", &machine, "deploy"), host("other", &machine, "admin")),
        "may = [{ remote = { host = \"web\", run = \"sudo id -un\" } }]\n\
         asks = [{ remote = { host = \"other\", run = \"sudo id -un\" } }]\n",
    );
    let may = run(&project, "may").code(0);
    assert!(may.err.contains("root"), "{}", may.err);
    run(&project, "asks").code(1).says("sudo").says("NOPASSWD");
}

#[test]
fn secrets_are_in_no_argument_here_nor_there() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "go = [{ remote = { host = \"web\", run = \"sleep 3; test -n \\\"$TOKEN\\\"\", env = { TOKEN = \"{{secret.ACR_ADMIN_PASSWORD}}\" }, input = \"{{secret.POSTGRES_ADMIN_PASSWORD}}\" } }]\n",
    );
    let child = start(&mut project.command(&["pipeline", "local", "go"]));
    wait_for("the command runs", || machine.is("pgrep -x sleep"));
    let here: Vec<String> = processes(&project).collect();
    let there = machine.sh("ps axww -o args");
    assert!(here.iter().any(|line| line.contains("ControlPath")), "{here:#?}");
    assert!(!here.concat().contains(CANARY) && !there.contains(CANARY), "{here:#?}\n{there}");
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_jump_host_has_its_own_key_and_one_connection() {
    let (Some(bastion), Some(machine)) = (Machine::up(), Machine::up()) else { return };
    let project = project(
        &format!(
            "{}{}jump = \"bastion\"\n",
            host("bastion", &bastion, "admin"),
            host("web", &machine, "deploy")
        ),
        "go = [{ remote = { host = \"web\", run = \"echo $SSH_CONNECTION\" } }, { remote = { host = \"web\", run = \"true\" } }]\n",
    );
    let before = logins(&bastion);
    run(&project, "go").code(0);
    assert_eq!(logins(&bastion) - before, 1, "the way goes through it, by one connection");
    let known = project.read(".infractl/known_hosts/local");
    assert!(known.contains(&bastion.address) && known.contains(&machine.address), "{known}");
    let shown = project.infractl(&["ssh", "local", "web", "--dry-run", "--", "id"]).code(0);
    assert!(shown.out.contains("ProxyCommand=ssh"), "{}", shown.out);
    let by_hand = project.infractl(&["ssh", "local", "web", "--", "id -un"]).code(0);
    assert_eq!(by_hand.out, "deploy\n");
    bastion.does("stop");
    run(&project, "go").code(1).says("`bastion` (admin@");
    nothing_is_left(&project);
}

/// A host whose key is in a secret, and the key.
fn with_secret_key(machine: &Machine, pipelines: &str) -> Sandbox {
    let hosts = format!(
        "[hosts.web]\naddress = \"{}\"\nuser = \"deploy\"\nidentity = \"DEPLOY_KEY\"\n",
        machine.address
    );
    let project = project(&hosts, pipelines);
    let key = std::fs::read_to_string(machine.key()).unwrap();
    project.secrets_text("local", &format!("DEPLOY_KEY={}\n", key.replace('\n', "\\n")));
    project
}

#[test]
fn a_key_from_a_secret_is_in_an_agent_and_never_in_a_file() {
    let Some(machine) = Machine::up() else { return };
    let project = with_secret_key(
        &machine,
        "go = [{ remote = { host = \"web\", run = \"sleep 3\" }, secrets = [] }]\n",
    );
    let mut child = start(&mut project.command(&["pipeline", "local", "go"]));
    wait_for("the command runs", || machine.is("pgrep -x sleep"));
    let agent =
        processes(&project).find(|line| line.starts_with("ssh-agent") || line.contains("SSH_AGENT_PID"));
    let agent = agent.expect("no agent runs");
    assert!(!agent.contains("PRIVATE"), "{agent}");
    let key = std::fs::read_to_string(machine.key()).unwrap();
    let line = key.lines().nth(2).unwrap();
    for folder in std::fs::read_dir("/dev/shm").unwrap().flatten() {
        for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let text = std::fs::read(file.path()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&text).contains(line), "{}", file.path().display());
        }
    }
    assert!(child.wait().unwrap().success());
    nothing_is_left(&project);
    // The terminal can use it too.
    let by_hand = project.infractl(&["ssh", "local", "--", "id -un"]).code(0);
    assert_eq!(by_hand.out, "deploy\n");
    nothing_is_left(&project);
    project.secrets_text("local", "DEPLOY_KEY=CANARY-7f3a-no-key\n");
    run(&project, "go").code(65).says("`DEPLOY_KEY` is no private key");
    project.secrets_text("local", "OTHER=x1234\n");
    run(&project, "go").code(65).says("there is no secret `DEPLOY_KEY`");
}

#[test]
fn a_killed_infractl_leaves_neither_agent_nor_connection() {
    let Some(machine) = Machine::up() else { return };
    let project = with_secret_key(
        &machine,
        "go = [{ remote = { host = \"web\", run = \"true\" }, secrets = [] }, { command = \"sleep 60\", secrets = [] }]\n",
    );
    let mut child = start(&mut project.command(&["pipeline", "local", "go"]));
    wait_for("the next step runs", || processes(&project).any(|line| line.contains("sleep 60")));
    assert!(processes(&project).any(|line| line.contains("ControlPersist") || line.contains("[mux]")));
    send(&child, Signal::KILL);
    child.wait().unwrap();
    // A command of this machine goes on, as it would under any shell.
    wait_for("connection and agent end", || !processes(&project).any(|line| line.contains("ssh")));
    for line in std::fs::read_dir("/proc").unwrap().flatten() {
        let cmdline = std::fs::read_to_string(line.path().join("cmdline")).unwrap_or_default();
        let environ = std::fs::read(line.path().join("environ")).unwrap_or_default();
        let home = project.command(&[]);
        let home = home.get_envs().find(|(name, _)| *name == "HOME").unwrap().1.unwrap().to_owned();
        if cmdline.contains("sleep") && String::from_utf8_lossy(&environ).contains(home.to_str().unwrap()) {
            let pid = line.file_name().to_string_lossy().into_owned();
            let _ = Command::new("kill").arg(pid).status();
        }
    }
}

#[test]
fn an_interrupt_ends_the_command_there_and_the_connection() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "go = [{ remote = { host = \"web\", run = \"sleep 60\" } }]\n\
         late = [{ remote = { host = \"web\", run = \"sleep 60\" }, timeout = \"2s\" }]\n",
    );
    run(&project, "late").code(1).says("took longer than 2.0 s");
    wait_for("the command there ends", || !machine.is("pgrep -x sleep"));
    let child = start(&mut project.command(&["pipeline", "local", "go"]));
    wait_for("the command runs", || machine.is("pgrep -x sleep"));
    send(&child, Signal::INT);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", String::from_utf8_lossy(&done.stderr));
    wait_for("the command there ends", || !machine.is("pgrep -x sleep"));
    nothing_is_left(&project);
}

#[test]
fn several_machines_work_at_the_same_time_and_their_lines_say_whose_they_are() {
    let meet = tempfile::TempDir::new().unwrap();
    let volume = format!("--volume={}:/meet", meet.path().display());
    let (Some(one), Some(two)) = (Machine::with(&[&volume]), Machine::with(&[&volume])) else { return };
    one.answers();
    two.answers();
    one.sh("chmod 777 /meet");
    // One key for both.
    let key = std::fs::read_to_string(one.keys.path().join("id.pub")).unwrap();
    two.sh(&format!("echo '{}' >> /home/deploy/.ssh/authorized_keys", key.trim()));
    let hosts = format!(
        "[outputs]\nips = [\"{}\", \"{}\"]\n[hosts.web]\naddress = \"{{{{output.ips}}}}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\n",
        one.address,
        two.address,
        one.key().display()
    );
    let project = project(
        &hosts,
        "meet = [{ remote = { host = \"web\", run = \"touch /meet/$(hostname); n=0; while [ $(ls /meet | wc -l) -lt 2 ]; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done; echo met\" } }]\n\
         first = [{ remote = { host = \"web\", run = \"true\" } }]\n\
         fail = [{ remote = { host = \"web\", run = \"test $(hostname) = x\" } }]\n",
    );
    run(&project, "meet").code(0).says("web-1: met").says("web-2: met");
    assert_eq!(project.infractl(&["ssh", "local", "web-2", "--", "hostname"]).code(0).out.trim(), two.name);
    run(&project, "fail").code(1).says("it failed on 2 of 2 machines: `web-1` and `web-2`");
    project.infractl(&["ssh", "local", "web"]).code(64).says("`web-1` and `web-2`");
    two.does("stop");
    run(&project, "first").code(1).says("`web-2` (deploy@").says("connection refused");
    one.does("stop");
    run(&project, "fail").code(1).says("`web-1` and `web-2` cannot be reached");
    nothing_is_left(&project);
}

#[test]
fn a_destroy_forgets_the_host_keys() {
    let Some(machine) = Machine::up() else { return };
    let project =
        project(&host("web", &machine, "deploy"), "go = [{ remote = { host = \"web\", run = \"true\" } }]\n");
    run(&project, "go").code(0);
    assert!(project.read(".infractl/known_hosts/local").contains(&machine.address));
    machine.boot();
    machine.answers();
    project.infractl(&["destroy", "local"]).code(0).says("host keys");
    assert!(!project.path(".infractl/known_hosts/local").exists());
    run(&project, "go").code(0);
    project.infractl(&["down", "local"]).code(0);
    assert!(!project.path(".infractl/known_hosts/local").exists());
}

#[test]
fn somebody_logs_in_or_runs_one_command() {
    let Some(machine) = Machine::up() else { return };
    let project =
        project(&format!("{}{}", host("web", &machine, "deploy"), host("db", &machine, "admin")), "");
    let ssh = |args: &[&str]| project.infractl(&[&["ssh", "local"], args].concat());
    ssh(&["web", "--", "exit 7"]).code(7);
    assert_eq!(ssh(&["db", "--", "printf", "%s|", "a b", "it's"]).code(0).out, "a b|it's|");
    ssh(&[]).code(64).says("which machine?").says("`web` and `db`");
    ssh(&["wb"]).code(64).says("did you mean `web`?");
    let shown = ssh(&["web", "--dry-run"]).code(0).out;
    assert!(shown.starts_with("ssh -o ") && shown.ends_with(&format!("-- {}\n", machine.address)), "{shown}");
    machine.boot();
    machine.answers();
    ssh(&["web", "--", "true"]).code(255).says("--forget-host-key");
    nothing_is_left(&project);
}

#[test]
fn what_the_users_configuration_has_for_logging_in_by_hand_does_no_harm() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        "[hosts.web]\naddress = \"web-of-mine\"\n",
        "go = [{ remote = { host = \"web\", run = \"id -un\" } }]\n",
    );
    // ssh looks for it in the home that the system knows, not in HOME: it is handed over.
    let config = format!(
        "Host web-of-mine\n  HostName {}\n  User deploy\n  IdentityFile {}\n  RemoteCommand tmux\n  RequestTTY yes\n  \
         LocalForward 1 localhost:1\n  ExitOnForwardFailure yes\n  ControlMaster auto\n  ControlPath {}/%C\n  ControlPersist yes\n",
        machine.address,
        machine.key().display(),
        machine.keys.path().display()
    );
    project.write("config", &config);
    let ssh = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", project.path("config").display());
    project.write("bin/ssh", &ssh);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("bin/ssh"), executable).unwrap();
    let mut command = project.command(&["pipeline", "local", "go"]);
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    let done = Run::of(command.env("PATH", path)).code(0);
    assert!(done.err.contains("deploy"), "{}", done.err);
    assert!(project.read(".infractl/known_hosts/local").contains(&machine.address));
    nothing_is_left(&project);
}
