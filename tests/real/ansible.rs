//! `deploy` and `check` with the real ansible: on this machine, and by ssh on machines that are containers.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{CANARY, Sandbox, need, send};
use crate::machine::Machine;
use crate::ssh::{host, nothing_is_left, processes};

/// A host that is this machine: nothing is needed but ansible.
const HERE: &str = r#"
[hosts.here]
address = "127.0.0.1"
vars = { ansible_connection = "local", ansible_python_interpreter = "{{{{ ansible_playbook_python }}" }
"#;

const PLAYBOOK: &str = r#"
- name: Configure
  hosts: app
  gather_facts: false
  tasks:
    - name: place a file
      ansible.builtin.copy: { dest: "{{ place }}/app.conf", content: "version={{ version }}\n", mode: "0644" }
    - name: place a secret
      ansible.builtin.copy:
        dest: "{{ place }}/secret"
        content: "{{ token }}|{{ lookup('env', 'ACR_ADMIN_PASSWORD') }}"
        mode: "0600"
      no_log: true
    - name: place a token
      ansible.builtin.copy: { dest: "{{ place }}/token", content: "token={{ token }}\n", mode: "0600" }
    - name: show what has to be masked
      ansible.builtin.debug: { msg: "{{ token }} {{ odd }}" }
      tags: [shown]
"#;

/// A project whose environment `local` is deployed by ansible. None (and the test is skipped) without ansible.
fn project(hosts: &str, ansible: &str, playbook: &str) -> Option<Sandbox> {
    let project = Sandbox::new().on_path(need("ansible-playbook")?);
    let machines: Vec<String> = hosts
        .lines()
        .filter_map(|line| line.strip_prefix("[hosts.")?.strip_suffix(']'))
        .map(|name| format!("\"{name}\""))
        .collect();
    let text = format!(
        "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n[outputs]\nbackend_ip = \"127.0.0.9\"\n[env-file]\nsections = []\n{hosts}\n\
         [inventory]\ngroups.app = {{ hosts = [{}] }}\n[ansible]\n{ansible}\n",
        machines.join(", ")
    );
    project.write("environments/local/environment.toml", &text);
    project.write("ansible/site.yml", playbook);
    Some(project)
}

fn vars(place: &str, version: u32) -> String {
    format!(
        "vars = {{ place = \"{place}\", version = {version}, token = \"{{{{secret.POSTGRES_ADMIN_PASSWORD}}}}\", \
         odd = \"it's {{{{secret.ACR_ADMIN_PASSWORD}}}} #1\" }}"
    )
}

const ENVIRONMENT: &str = "environments/local/environment.toml";

#[test]
fn a_playbook_gets_variables_and_secrets_and_shows_none() {
    let Some(machine) = Machine::up() else { return };
    let Some(project) = project(&host("web", &machine, "deploy"), &vars("/tmp", 1), PLAYBOOK) else { return };
    // A user's configuration that would hide or change what is read.
    project
        .write("ansible/ansible.cfg", "[defaults]\nstdout_callback = minimal\nhost_key_checking = False\n");
    let run = project.infractl(&["deploy", "local", "-v"]).code(0);
    let run = run.says("3 tasks changed something on 1 of 1 host").says("TASK [place a file]\n");
    assert!(run.err.contains("it's *** #1") && !run.out.contains("TASK"), "{}", run.err);
    assert_eq!(machine.sh("cat /tmp/app.conf"), "version=1\n");
    assert_eq!(machine.sh("cat /tmp/secret"), format!("{CANARY}postgres-local|{CANARY}acr-local"));
    let known = project.read(".infractl/known_hosts/local");
    assert!(known.contains(&machine.host_key()), "{known}");
    project.assert_no_canary_on_disk();
    nothing_is_left(&project);

    project.infractl(&["deploy", "local"]).code(0).says("1 host, nothing changed").never_says("TASK");
    project.infractl(&["deploy", "local", "--tags", "shown", "--limit", "web"]).code(0);

    // Another machine with the same address is not trusted, whatever ansible.cfg says.
    machine.boot();
    machine.answers();
    project
        .infractl(&["deploy", "local"])
        .code(1)
        .says("`web` cannot be reached at `place a file`")
        .says("Host key verification failed")
        .says("infractl ssh local web --forget-host-key");
    assert!(!machine.is("test -e /tmp/app.conf"));
    nothing_is_left(&project);
}

#[test]
fn a_check_changes_nothing_and_says_what_would_change() {
    let Some(machine) = Machine::up() else { return };
    let Some(project) = project(&host("web", &machine, "deploy"), &vars("/tmp", 1), PLAYBOOK) else { return };
    let check = ["check", "local", "--exit-code"];
    let first = project.infractl(&check).code(2).says("3 tasks would change on 1 of 1 host");
    let first = first.says("ansible/inventory/local.ini is missing").says("shared/.env.local is missing");
    first.prints("+version=1").prints("+token=***").never_says("show what has to be masked");
    assert!(!project.path("ansible/inventory/local.ini").exists() && !machine.is("test -e /tmp/app.conf"));
    project.infractl(&["check", "local"]).code(0);

    project.infractl(&["apply", "local"]).code(0);
    project.infractl(&["deploy", "local"]).code(0);
    project.infractl(&check).code(0).says("nothing would change").says("local.ini is up to date");

    project.edit(ENVIRONMENT, "version = 1", "version = 2");
    let run = project.infractl(&check).code(2).says("1 task would change on 1 of 1 host");
    run.prints("TASK [place a file]\n")
        .prints("-version=1")
        .prints("+version=2")
        .never_says("place a secret");
    assert_eq!(machine.sh("cat /tmp/app.conf"), "version=1\n");
    project.infractl(&["check", "local"]).code(0);

    // The check takes the inventory as it would be written; the written one stays.
    let written = project.read("ansible/inventory/local.ini");
    project.edit(ENVIRONMENT, "version = 2", "version = 1");
    project.edit(ENVIRONMENT, "user = \"deploy\"", "user = \"deploy\"\nvars = { ansible_become = true }");
    project.infractl(&check).code(2).says("local.ini is stale");
    assert_eq!(project.read("ansible/inventory/local.ini"), written);
    assert_eq!(project.path("ansible/inventory").read_dir().unwrap().count(), 1);
    nothing_is_left(&project);
    project.assert_no_canary_on_disk();
}

#[test]
fn hosts_that_failed_are_named_with_task_and_reason() {
    let (Some(web), Some(db)) = (Machine::up(), Machine::up()) else { return };
    let hosts = host("web", &web, "deploy")
        + &host("db", &db, "deploy")
        + "[hosts.gone]\naddress = \"127.0.0.9\"\nport = 9\n";
    let playbook = r#"
- hosts: app
  gather_facts: false
  tasks:
    - name: install docker
      ansible.builtin.shell: "echo of no use; echo {{ lookup('env', 'ACR_ADMIN_PASSWORD') }} is wrong >&2; exit 7"
      when: inventory_hostname == 'db'
    - name: ignored
      ansible.builtin.command: "false"
      ignore_errors: true
    - block:
        - name: rescued
          ansible.builtin.command: "false"
      rescue:
        - name: mend it
          ansible.builtin.command: "true"
"#;
    let Some(project) = project(&hosts, "", playbook) else { return };
    let run = project.infractl(&["deploy", "local"]).code(1);
    let run = run.says("`db` failed at `install docker`: non-zero return code: exit code 7: *** is wrong");
    let run =
        run.says("`gone` cannot be reached at `ignored`").says("Connection refused").never_says("`web`");
    run.never_says("rescued");
    nothing_is_left(&project);
}

#[test]
fn who_may_not_log_in_or_become_root_is_told_what_to_do() {
    let Some(machine) = Machine::up() else { return };
    let playbook = "- hosts: app\n  gather_facts: false\n  become: true\n  tasks: [{ name: who, ansible.builtin.command: id }]\n";
    let Some(project) = project(&host("web", &machine, "admin"), "", playbook) else { return };
    // `admin` has no key there: the image gives one to all users but root, see tests/machine/entry.
    let run = project.infractl(&["deploy", "local"]).code(1).says("`web`");
    assert!(run.err.contains("sudo") || run.err.contains("Permission denied"), "{}", run.err);
    project.edit(ENVIRONMENT, "\"admin\"", "\"nobody-there\"");
    project.infractl(&["deploy", "local"]).code(1).says("Permission denied").says("identity-file");
}

#[test]
fn a_machine_behind_another_and_a_key_from_a_secret() {
    let (Some(front), Some(back)) = (Machine::up(), Machine::up()) else { return };
    let key = std::fs::read_to_string(front.key()).unwrap();
    back.sh(&format!(
        "echo '{}' >> ~deploy/.ssh/authorized_keys",
        std::fs::read_to_string(front.keys.path().join("id.pub")).unwrap().trim()
    ));
    let hosts = format!(
        "[hosts.front]\naddress = \"{}\"\nuser = \"deploy\"\nidentity = \"KEY\"\n\
         [hosts.back]\naddress = \"{}\"\nuser = \"deploy\"\nidentity = \"KEY\"\njump = \"front\"\n",
        front.address, back.address
    );
    let playbook = "- hosts: app\n  gather_facts: false\n  tasks: [{ name: from, ansible.builtin.shell: 'echo ${SSH_CLIENT%% *} > /tmp/from' }]\n";
    let Some(project) = project(&hosts, "", playbook) else { return };
    let lines = key.trim_end().replace('\n', "\\n");
    project.secrets_text("local", &format!("KEY={lines}\n"));
    project.infractl(&["deploy", "local"]).code(0).says("2 tasks changed something on 2 of 2 hosts");
    assert!(front.is("test -s /tmp/from") && back.is("test -s /tmp/from"));
    nothing_is_left(&project);
}

#[test]
fn the_inventory_works_without_infractl() {
    let (Some(front), Some(back)) = (Machine::up(), Machine::up()) else { return };
    let hosts = host("front", &front, "deploy") + &host("back", &back, "deploy") + "jump = \"front\"\n";
    for format in ["ini", "yaml"] {
        let Some(project) = project(&hosts, "", "") else { return };
        project.edit(ENVIRONMENT, "[inventory]", &format!("[inventory]\nformat = \"{format}\""));
        project.infractl(&["inventory", "local"]).code(0);
        let end = if format == "ini" { "ini" } else { "yml" };
        let inventory = project.path(format!("ansible/inventory/local.{end}"));
        let ansible = std::env::var_os("INFRACTL_TEST_ANSIBLE_PLAYBOOK").unwrap();
        let mut ping = project.command(&[]);
        let mut ansible = Command::new(Path::new(&ansible).with_file_name("ansible"));
        ansible.env_clear().envs(ping.get_envs().filter_map(|(name, value)| Some((name, value?))));
        ansible.args(["app", "-m", "ping", "-i"]).arg(&inventory).stdin(Stdio::null());
        // The target's key is new to the user himself.
        let done =
            ansible.env("ANSIBLE_HOST_KEY_CHECKING", "false").current_dir(project.root()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.matches("\"pong\"").count() == 2, "{said}");
        // Its masters go by themselves after a minute; not in this test.
        ping = Command::new("sh");
        let folder =
            project.command(&[]).get_envs().find(|(name, _)| *name == "HOME").unwrap().1.unwrap().to_owned();
        ping.arg("-c")
            .arg("for s in \"$0\"/.ansible/cp/*; do ssh -O exit -o ControlPath=\"$s\" x; done")
            .arg(folder);
        ping.output().unwrap();
        nothing_is_left(&project);
    }
}

#[test]
fn ansible_that_did_nothing_is_a_failure() {
    let playbook = "- hosts: app\n  gather_facts: false\n  tasks:\n    - { name: one, ansible.builtin.command: 'true', tags: [known] }\n- hosts: other\n  gather_facts: true\n  tasks: []\n";
    let Some(project) = project(HERE, "", playbook) else { return };
    let deploy = |args: &[&str]| project.infractl(&[&["deploy", "local"], args].concat());
    deploy(&[]).code(0).says("1 task changed something on 1 of 1 host");
    deploy(&["--tags", "known"]).code(0);
    deploy(&["--limit", "here"]).code(0);
    deploy(&["--tags", "nosuch"]).code(1).says("no task of the playbook is selected by these tags");
    deploy(&["--", "--tags", "nosuch"]).code(1).says("no task was run on any host");
    deploy(&["--limit", "nosuch"])
        .code(1)
        .says("no hosts to target")
        .says("infractl inventory local --print");
    deploy(&["--", "--nosuch"]).code(1).says("unrecognized arguments: --nosuch");

    // Facts are gathered whatever the tags are.
    project.edit("ansible/site.yml", "gather_facts: false", "gather_facts: true");
    deploy(&["--tags", "nosuch"]).code(1).says("no task of the playbook is selected by these tags");

    project.edit("ansible/site.yml", "hosts: app", "hosts: nobody");
    deploy(&[]).code(1).says("no play names a host of ansible/inventory/local.ini");
    project.write("ansible/site.yml", "- hosts: app\n  tasks:\n    - nosuchmodule: {}\n");
    deploy(&[]).code(1).says("couldn't resolve module/action 'nosuchmodule'").says("ansible/site.yml:3:7");
    project.write("ansible/site.yml", "- hosts: app\n  tasks: [\n");
    deploy(&[]).code(1).says("site.yml");
    std::fs::remove_file(project.path("ansible/site.yml")).unwrap();
    deploy(&[]).code(78).says("playbook");
    project.write("ansible/site.yml", playbook);
    project.edit(ENVIRONMENT, "[ansible]", "[ansible]\ninventory = \"nosuch.ini\"");
    deploy(&[]).code(78).says("there is no inventory `nosuch.ini`");
}

#[test]
fn the_vault_password_comes_from_a_secret() {
    let playbook = "- hosts: app\n  gather_facts: false\n  vars_files: [hidden.yml]\n  tasks:\n    - { name: use, ansible.builtin.copy: { dest: '{{ playbook_dir }}/out', content: '{{ hidden }}' } }\n";
    let Some(project) = project(HERE, "", playbook) else { return };
    let ansible = std::env::var_os("INFRACTL_TEST_ANSIBLE_PLAYBOOK").unwrap();
    let keys = tempfile::tempdir().unwrap();
    std::fs::write(keys.path().join("password"), format!("{CANARY}postgres-local\n")).unwrap();
    project.write("ansible/hidden.yml", "hidden: from the vault\n");
    let mut vault = Command::new(Path::new(&ansible).with_file_name("ansible-vault"));
    vault.arg("encrypt").arg("--vault-password-file").arg(keys.path().join("password"));
    assert!(vault.arg(project.path("ansible/hidden.yml")).output().unwrap().status.success());
    assert!(!project.read("ansible/hidden.yml").contains("from the vault"));

    project.infractl(&["deploy", "local"]).code(1).says("vault-password");
    project.edit(ENVIRONMENT, "[ansible]", "[ansible]\nvault-password = \"POSTGRES_ADMIN_PASSWORD\"");
    project.infractl(&["deploy", "local"]).code(0);
    assert_eq!(project.read("ansible/out"), "from the vault");
    project.edit(ENVIRONMENT, "POSTGRES_ADMIN_PASSWORD", "ACR_ADMIN_PASSWORD");
    project.infractl(&["deploy", "local"]).code(1).says("ecrypt");
    project.edit(ENVIRONMENT, "ACR_ADMIN_PASSWORD", "NOSUCH");
    project.infractl(&["deploy", "local"]).code(65).says("there is no secret `NOSUCH`, the vault password");
    project.assert_no_canary_on_disk();
}

#[test]
fn ctrl_c_ends_what_runs_on_the_host() {
    let Some(machine) = Machine::up() else { return };
    let playbook = "- hosts: app\n  gather_facts: false\n  tasks: [{ name: sleep, ansible.builtin.command: sleep 300 }]\n";
    let Some(project) = project(&host("web", &machine, "deploy"), "", playbook) else { return };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut command = project.command(&["deploy", "local"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(60);
        while !machine.is("pgrep -x sleep") {
            let is_over = Instant::now() > limit || child.try_wait().unwrap().is_some();
            assert!(!is_over, "{:?}", processes(&project).collect::<Vec<_>>());
            std::thread::sleep(Duration::from_millis(50));
        }
        send(&child, signal);
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        nothing_is_left(&project);
        let limit = Instant::now() + Duration::from_secs(10);
        while machine.is("pgrep -x sleep") {
            assert!(Instant::now() < limit, "the remote command goes on");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn roles_are_installed_when_their_list_has_changed() {
    let playbook = "- hosts: app\n  gather_facts: false\n  roles: [greeting]\n";
    let ansible =
        "requirements = \"ansible/requirements.yml\"\nenv = { ANSIBLE_ROLES_PATH = \"roles-here\" }";
    let Some(project) = project(HERE, ansible, playbook) else { return };
    project.write("role/tasks/main.yml", "- { name: greet, ansible.builtin.command: 'true' }\n");
    project.write("role/meta/main.yml", "galaxy_info: { author: a, description: d, license: MIT, min_ansible_version: '2.16' }\ndependencies: []\n");
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-C"]).arg(project.path("role")).args(args);
        assert!(git.output().unwrap().status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "role"]);
    let url = format!("git+file://{}", project.path("role").display());
    project.write("ansible/requirements.yml", &format!("roles: [{{ name: greeting, src: \"{url}\" }}]\n"));
    project.infractl(&["deploy", "local", "-v"]).code(0).says("ansible-galaxy install");
    project.infractl(&["deploy", "local", "-v"]).code(0).never_says("ansible-galaxy");
    project.write("ansible/requirements.yml", "roles: [{ name: other, src: \"git+file:///nosuch\" }]\n");
    project.infractl(&["deploy", "local"]).code(1).says("nosuch");
}
