//! Waits for machines: late, hung, wrong, never.

use crate::common::{Run, Sandbox, wait_for};
use crate::machine::Machine;
use crate::ssh::{host, nothing_is_left, project};

fn run(project: &Sandbox, name: &str) -> Run {
    project.infractl(&["pipeline", "local", name])
}

#[test]
fn a_machine_on_its_way_up_is_waited_for_step_by_step() {
    let Some(machine) = Machine::with(&["--env=SSH_DELAY=2", "--env=MARKER_DELAY=4"]) else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        "up = [\n\
           { wait = { ssh = \"web\", attempts = 60, every = \"200ms\" } },\n\
           { wait = { file = \"/var/lib/cloud/instance/boot-finished\", host = \"web\", attempts = 60, every = \"200ms\" } },\n\
           { wait = { command = \"cat /var/log/cloud-init-output.log\", host = \"web\", body = \"finished\", attempts = 3, every = \"1s\" } },\n\
         ]\n",
    );
    run(&project, "up").code(0).says("at try");
    assert!(machine.is("test -e /var/lib/cloud/instance/boot-finished"));
    nothing_is_left(&project);
}

#[test]
fn a_machine_that_hangs_is_not_up_though_its_port_answers() {
    let Some(machine) = Machine::up() else { return };
    let project = project(
        &host("web", &machine, "deploy"),
        &format!(
            "tcp = [{{ wait = {{ tcp = \"{}:22\", attempts = 1 }} }}]\n\
             login = [{{ wait = {{ ssh = \"web\", attempts = 2, every = \"100ms\", each = \"1s\" }} }}]\n\
             both = [{{ remote = {{ host = \"web\", run = \"true\" }} }}, {{ command = \"touch now; while [ -e now ]; do sleep 0.1; done\", secrets = [] }}, {{ wait = {{ ssh = \"web\", attempts = 1, each = \"1s\" }} }}]\n\
             file = [{{ wait = {{ file = \"/etc/passwd\", host = \"web\", attempts = 1, each = \"1s\" }} }}]\n",
            machine.address
        ),
    );
    let child = project
        .command(&["pipeline", "local", "both"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the connection is open", || project.path("now").exists());
    machine.does("pause");
    std::fs::remove_file(project.path("now")).unwrap();
    // The connection from before says nothing.
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("waited in vain for `web` to take a login"), "{said}");
    run(&project, "tcp").code(0);
    run(&project, "login").code(1).says("tried 2 times").says("web: no answer in time").says("firewall");
    run(&project, "file").code(1).says("waited in vain for /etc/passwd to be there on `web`");
    machine.does("unpause");
    run(&project, "login").code(0);
    nothing_is_left(&project);
}

#[test]
fn a_login_that_is_refused_may_be_accepted_once_the_first_boot_has_made_the_user() {
    let Some(machine) = Machine::up() else { return };
    let wait = "go = [{ wait = { ssh = \"web\", attempts = ATTEMPTS, every = \"200ms\" } }]\n";
    let early = project(&host("web", &machine, "late"), &wait.replace("ATTEMPTS", "2"));
    run(&early, "go").code(1).says("tried 2 times").says("permission denied");
    let late = project(&host("web", &machine, "late"), &wait.replace("ATTEMPTS", "300"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_secs(1));
            machine.sh(
                "useradd -m -s /bin/bash -p '*' late && cp -r /home/deploy/.ssh /home/late/ && chown -R late: /home/late",
            );
        });
        run(&late, "go").code(0).says("at try ");
    });
}

#[test]
fn what_waiting_does_not_change_ends_the_wait() {
    let Some(machine) = Machine::up() else { return };
    let wait = "go = [{ wait = { ssh = \"web\", attempts = 50, every = \"5s\" } }]\n";
    let changed = project(&host("web", &machine, "deploy"), wait);
    run(&changed, "go").code(0);
    machine.boot();
    machine.answers();
    run(&changed, "go").code(1).says("tried 1 time").says("host key has changed").says("--forget-host-key");
    nothing_is_left(&changed);
}

#[test]
fn a_file_that_never_comes_shows_the_end_of_cloud_inits_log() {
    let Some(machine) = Machine::with(&["--env=MARKER_DELAY=never"]) else { return };
    machine.answers();
    machine.sh("echo 'E: Unable to locate package dokcer' >> /var/log/cloud-init-output.log; chmod 600 /var/log/cloud-init-output.log");
    let project = project(
        &host("web", &machine, "deploy"),
        "go = [{ wait = { file = \"/var/lib/cloud/instance/boot-finished\", host = \"web\", attempts = 2, every = \"100ms\" } }]\n\
         other = [{ wait = { command = \"exit 4\", host = \"web\", attempts = 2, every = \"100ms\" } }]\n",
    );
    run(&project, "go")
        .code(1)
        .says("tried 2 times")
        .says("there is no /var/lib/cloud/instance/boot-finished")
        .says("E: Unable to locate package dokcer")
        .says("infractl ssh local web");
    run(&project, "other").code(1).says("exit code 4").never_says("dokcer");
    let shown = project.infractl(&["pipeline", "local", "go", "--dry-run"]).code(0).out;
    assert!(shown.contains("test -e /var/lib/cloud"), "{shown}");
}

#[test]
fn machines_are_waited_for_at_the_same_time() {
    let delays = ["--env=SSH_DELAY=1", "--env=SSH_DELAY=3"];
    let (Some(one), Some(two)) = (Machine::with(&[delays[0]]), Machine::with(&[delays[1]])) else { return };
    let agent = |machine: &Machine| host("x", machine, "deploy");
    let hosts =
        agent(&one).replace(&format!("address = \"{}\"", one.address), "address = \"{{output.ips}}\"");
    let project = project(
        &format!("[outputs]\nips = {{ a = \"{}\", b = \"{}\" }}\n{hosts}", one.address, two.address),
        "go = [{ wait = { ssh = \"x\", attempts = 100, every = \"200ms\" } }]\n",
    );
    let key = std::fs::read_to_string(one.keys.path().join("id.pub")).unwrap();
    two.sh(&format!("while [ ! -d /home/deploy/.ssh ]; do sleep 0.1; done; sleep 0.5; echo '{}' >> /home/deploy/.ssh/authorized_keys", key.trim()));
    run(&project, "go").code(0).says("at try");
    nothing_is_left(&project);
}
