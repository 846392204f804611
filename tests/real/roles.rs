//! A check that takes its time and talks a lot: roles tested by the real molecule, on this machine.

use std::path::Path;

use crate::common::{CANARY, Sandbox, need};

const CHECKS: &str = "[checks]\nroles = { run = \"molecule test --all\", dir = \"ansible/roles/web\", env = { TOKEN = \"{{secret.TOKEN}}\" } }\n";
const MOLECULE: &str = "dependency: { name: galaxy, enabled: false }\ndriver: { name: default, options: { managed: false } }\nplatforms: [{ name: localhost }]\nprovisioner:\n  name: ansible\n  inventory: { hosts: { all: { hosts: { localhost: { ansible_connection: local, ansible_python_interpreter: \"{{ ansible_playbook_python }}\" } } } } }\nscenario: { test_sequence: [create, converge, idempotence, verify, destroy] }\n";

fn play(tasks: &str) -> String {
    format!("- hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}")
}

fn project() -> Option<Sandbox> {
    let project = Sandbox::empty().on_path(need("molecule")?).with_var("LANG", "C.UTF-8");
    let project = project.with_secrets(&[("TOKEN", &format!("{CANARY}token"))]);
    project.environment("dev", CHECKS);
    let folder = Path::new("ansible/roles/web/molecule/default");
    let write = |name: &str, text: &str| project.write(folder.join(name), text);
    write("molecule.yml", MOLECULE);
    write("create.yml", &play("    - ansible.builtin.debug: { msg: made }\n"));
    write(
        "converge.yml",
        &play(
            "    - ansible.builtin.debug: { msg: \"{{ lookup('env', 'TOKEN') }}\" }\n    - ansible.builtin.copy: { dest: \"{{ playbook_dir }}/out\", content: \"a\\n\", mode: \"0644\" }\n",
        ),
    );
    write(
        "verify.yml",
        &play("    - ansible.builtin.command: cat {{ playbook_dir }}/out\n      changed_when: false\n"),
    );
    write(
        "destroy.yml",
        &play("    - ansible.builtin.file: { path: \"{{ playbook_dir }}/out\", state: absent }\n"),
    );
    Some(project)
}

#[test]
fn roles_that_are_well_are_a_line_and_those_that_are_not_say_why_and_leave_nothing() {
    let Some(project) = project() else { return };
    let run = project.infractl(&["validate", "dev", "--only", "checks"]).code(0);
    run.says("✓ dev checks  roles").never_says("PLAY RECAP");
    let out = "ansible/roles/web/molecule/default/out";
    assert!(!project.path(out).exists());
    // Not the same the second time.
    project.edit(
        "ansible/roles/web/molecule/default/converge.yml",
        "content: \"a\\n\"",
        "content: \"{{ 999999 | random }}\\n\"",
    );
    let mut command = project.command(&["validate", "dev", "--only", "checks"]);
    command.env("CI", "true").env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.root());
    let ended = command.output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{err}");
    // The only line that has the secret is the one that tells GitHub to hide it.
    let mut open = err.lines().filter(|line| line.contains(CANARY));
    assert!(open.all(|line| line.starts_with("::add-mask::")), "{err}");
    for text in ["::group::", "roles: ", "dempotence", "`roles` ended with exit code 1"] {
        assert!(err.contains(text), "{text} is missing:\n{err}");
    }
    assert!(!project.path(out).exists(), "what was made for the test is still there");
}
