//! `image`: terraform and ansible in containers, by the engine of the tests.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{
    BIN, CANARY, Run, Sandbox, encrypted, need, on_a_terminal, output, program, send, skip, start, wait_for,
};
use crate::machine::Machine;
use crate::providers;
use crate::ssh::{host, nothing_is_left};

/// There is a file in the images of the tests that this machine does not have.
const MODULE: &str = r#"
variable "word" { type = string }
variable "any" {}
variable "token" {
  type      = string
  sensitive = true
}
variable "seconds" {
  type    = number
  default = 0
}
resource "terraform_data" "a" {
  input            = var.word
  triggers_replace = [var.seconds]
  provisioner "local-exec" {
    command = <<-EOT
      set -e
      cat /in-a-container
      test "$LANG" = C.UTF-8 && test -z "$SOPS_AGE_KEY_FILE$INFRACTL_ENV$DOCKER_HOST"
      test "$HOME" = "${pathexpand("~")}" && touch "$HOME/scratch"
      id -u >../../shared/who
      if echo x >../../notes; then exit 9; fi
      sleep ${var.seconds}
    EOT
  }
}
output "word" { value = terraform_data.a.output }
output "any" { value = var.any }
output "token" {
  value     = var.token
  sensitive = true
}
"#;

fn image(name: &str) -> Option<String> {
    need("docker")?;
    Some(need(name)?.into_string().unwrap())
}

/// A project whose environment `dev` has terraform in a container, and no terraform on its PATH.
fn project() -> Option<Sandbox> {
    let image = image("terraform-image")?;
    let project = Sandbox::empty();
    project.write("environments/defaults.toml", "");
    let project = project.with_secrets(&[("TOKEN", &format!("{CANARY}token"))]);
    project.write("environments/dev/main.tf", MODULE);
    project.environment(
        "dev",
        &format!(
            "[terraform]\nimage = \"{image}\"\nvars = {{ word = \"hello\", any = {{ a = [\"1\", 2] }} }}\n"
        ),
    );
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    let docker = Path::new(&need("docker")?).parent().unwrap().to_owned();
    let bin = project.home.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(docker.join("docker"), bin.join("docker")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    Some(
        project
            .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"])
            .with_var("PATH", path)
            .with_var("LANG", "C.UTF-8"),
    )
}

/// A program in the folder and with the variables of infractl.
fn as_infractl(project: &Sandbox, program: impl AsRef<OsStr>) -> Command {
    let infractl = project.command(&[]);
    let mut command = Command::new(program);
    command.current_dir(project.root()).env_clear();
    command.envs(infractl.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// The containers of an environment that are there.
fn containers(project: &Sandbox) -> String {
    let mut docker = program(need("docker").unwrap(), project.root());
    let name = project.root().join("environments/dev");
    let listed = output(docker.args(["ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.Mounts}}"]));
    let listed = String::from_utf8(listed).unwrap();
    listed.lines().filter(|line| line.contains(name.to_str().unwrap())).collect()
}

#[test]
fn every_verb_runs_there_with_secrets_by_name() {
    let Some(project) = project() else { return };
    let run = project.infractl(&["plan", "dev", "-v"]).code(0);
    run.says("docker run --rm --init").says(" --env TF_VAR_token ").says("TF_VAR_token=***");
    let run = project.infractl(&["apply", "dev", "-v"]).code(0);
    run.says("the image of the tests");
    assert!(!project.path("notes").exists(), "the project is there to be read");
    let env_file = project.read("shared/.env.dev");
    assert!(
        env_file.contains("WORD=hello\n") && env_file.contains(&format!("TOKEN={CANARY}token\n")),
        "{env_file}"
    );
    assert_eq!(project.infractl(&["output", "dev", "word"]).code(0).out, "hello\n");
    assert_eq!(project.infractl(&["tf", "dev", "--", "state", "list"]).code(0).out, "terraform_data.a\n");
    let mut console = project.command(&["tf", "dev", "--", "console"]);
    assert_eq!(Run::with_input(&mut console, "var.word\n").code(0).out, "\"hello\"\n");
    project.infractl(&["fmt", "dev", "--", "-check"]).code(0);
    project.infractl(&["validate", "dev"]).code(0);
    project.infractl(&["apply", "dev"]).code(0).says("no changes");

    project.edit("environments/dev/environment.toml", "hello", "there");
    project.infractl(&["plan", "dev", "--out", "saved.plan"]).code(0);
    project.infractl(&["apply", "dev", "--plan", "saved.plan"]).code(0);
    assert!(project.read("shared/.env.dev").contains("WORD=there\n"));
    project.infractl(&["drift", "dev"]).code(0);
    project.infractl(&["doctor", "dev"]).never_says("terraform` is not").never_says("install terraform");
    // Its own exit codes, and its own words.
    project.infractl(&["tf", "dev", "--", "output", "nothing"]).code(1);
    project.write("environments/dev/bad.tf", "resource \"terraform_data\" \"b\" { input = nothing }\n");
    project.infractl(&["plan", "dev"]).code(1).says("bad.tf").says("Invalid reference");
    fs::remove_file(project.path("environments/dev/bad.tf")).unwrap();

    project.infractl(&["destroy", "dev", "--yes"]).code(0);
    assert_eq!(containers(&project), "");
    project.assert_no_canary_on_disk();
}

#[test]
fn dry_runs_and_scripts_have_the_line() {
    let Some(project) = project() else { return };
    let run = project.infractl(&["apply", "dev", "--dry-run"]).code(0);
    run.prints("docker run --rm --init")
        .prints("--entrypoint terraform infractl-test/terraform")
        .prints("readonly");
    assert_eq!(containers(&project), "");
    let script = project.infractl(&["apply", "dev", "--print", "--skip", "environment file"]).code(0).out;
    project.write("apply.sh", &script);
    if let Some(shellcheck) = need("shellcheck") {
        output(program(shellcheck, project.root()).arg("apply.sh"));
    }
    let mut bash = as_infractl(&project, "bash");
    let run = Run::in_clear(bash.arg("apply.sh").env("TOKEN", format!("{CANARY}token")));
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    assert!(run.out.contains("the image of the tests"), "{}", run.out);
    assert!(project.read("environments/dev/terraform.tfstate").contains(&format!("{CANARY}token")));
}

#[test]
fn a_state_a_var_file_and_modules_beside_the_project_are_reached() {
    let Some(project) = project() else { return };
    let image = image("terraform-image").unwrap();
    let beside = Sandbox::empty();
    beside.write("module/main.tf", "variable \"x\" {}\noutput \"x\" { value = var.x }\n");
    beside.write("more.tfvars", "x = \"more, \\\"quoted\\\"\"\n");
    let module = format!(
        "terraform {{\n  backend \"local\" {{}}\n}}\nvariable \"x\" {{}}\nmodule \"m\" {{\n  source = \"../../../{}/module\"\n  x      = var.x\n}}\n\
         output \"x\" {{ value = module.m.x }}\n",
        beside.root().file_name().unwrap().to_string_lossy()
    );
    project.write("environments/dev/main.tf", &module);
    project.environment(
        "dev",
        &format!(
            "[terraform]\nimage = \"{image}\"\nvar-files = [\"{}\"]\nbackend = {{ path = \"{}\" }}\n",
            beside.path("more.tfvars").display(),
            project.path("state/dev/x.tfstate").display()
        ),
    );
    project.infractl(&["apply", "dev"]).code(0);
    assert!(project.read("state/dev/x.tfstate").contains("more, "));
    assert_eq!(project.infractl(&["output", "dev", "x", "--raw"]).code(0).out.trim(), "more, \"quoted\"");
}

#[test]
fn files_are_those_of_the_caller() {
    let Some(project) = project() else { return };
    let Ok(setpriv) = which::which("setpriv") else { return skip("there is no setpriv") };
    if !rustix::process::getuid().is_root() {
        return skip("only root can become somebody else");
    }
    for folder in [project.root(), project.home.root()] {
        output(program("chown", folder).args(["-R", "1234:1234"]).arg(folder));
    }
    // Its secrets, and the program of the tests, are only to be read.
    let own = project.home.path("infractl");
    fs::copy(BIN, &own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = as_infractl(&project, setpriv);
    // The folder of the engine's socket is root's.
    command.args(["--reuid=1234", "--regid=1234", "--clear-groups"]);
    command
        .args(["--inh-caps=+dac_override", "--ambient-caps=+dac_override"])
        .arg(own)
        .args(["apply", "dev"]);
    // The configuration of the tests' docker may be somebody else's.
    command.env_remove("DOCKER_CONFIG");
    let run = Run::of(&mut command);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(project.read("shared/who"), "1234\n");
    for file in ["shared/who", "environments/dev/terraform.tfstate", "shared/.env.dev"] {
        let meta = fs::metadata(project.path(file)).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (1234, 1234), "{file}");
    }
}

#[test]
fn ctrl_c_stops_it_in_order_and_a_kill_leaves_no_container() {
    let Some(project) = project() else { return };
    let slow = project.read("environments/dev/environment.toml").replace("word =", "seconds = 100, word =");
    project.environment("dev", &slow);
    let begun = |project: &Sandbox| {
        let _ = fs::remove_file(project.path("shared/who"));
        let child = start(&mut project.command(&["apply", "dev"]));
        wait_for("the provisioner", || project.path("shared/who").exists());
        child
    };
    let child = begun(&project);
    let pressed = Instant::now();
    send(&child, Signal::INT);
    Run::ended(child.wait_with_output().unwrap()).code(130);
    assert!(pressed.elapsed() < Duration::from_secs(30), "it waited for what it was to stop");
    assert_eq!(containers(&project), "");
    assert!(project.path("environments/dev/terraform.tfstate").exists(), "it has kept its state");

    // Ended by force: nothing goes on.
    let child = begun(&project);
    for _ in 0..3 {
        send(&child, Signal::INT);
        std::thread::sleep(Duration::from_millis(150));
    }
    Run::ended(child.wait_with_output().unwrap()).code(130);
    wait_for("the container to go", || containers(&project).is_empty());

    // infractl itself is killed: terraform finishes, as it does on this machine.
    let quick = project.read("environments/dev/environment.toml").replace("seconds = 100", "seconds = 3");
    project.environment("dev", &quick);
    let _ = fs::remove_file(project.path("environments/dev/.terraform.tfstate.lock.info"));
    let mut child = begun(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("terraform to end", || containers(&project).is_empty());
    let _ = fs::remove_file(project.path("shared/who"));
    project.infractl(&["apply", "dev"]).code(0).says("no changes");
}

#[test]
fn at_a_terminal_the_command_has_it() {
    let Some(project) = project() else { return };
    project.infractl(&["apply", "dev"]).code(0);
    // `script` starts it with the variables of the tests.
    let (code, screen) = on_a_terminal(&project, 80, "var.word\nexit\n", "tf dev -- console");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("> var.word") && screen.contains("\"hello\""), "{screen}");
    assert_eq!(containers(&project), "");
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let Some(project) = project() else { return };
    let settings = project.read("environments/dev/environment.toml");
    let image = image("terraform-image").unwrap();
    let with = |to: &str| project.environment("dev", &settings.replace(&image, to));
    with("127.0.0.1:9/no/such:1");
    let run = project.infractl(&["plan", "dev"]).code(69);
    run.says("no container of the image `127.0.0.1:9/no/such:1` could be started")
        .says("help: see whether the image is here");
    project.environment("dev", &settings.replace("vars", "program = \"tofu-that-is-nowhere\"\nvars"));
    project.infractl(&["plan", "dev"]).code(69).says("tofu-that-is-nowhere").says("docker image inspect");
    project.environment("dev", &settings);

    let mut no_engine = project.command(&["plan", "dev"]);
    Run::of(no_engine.env("DOCKER_HOST", "unix:///nowhere.sock"))
        .code(69)
        .says("no docker engine answers")
        .says("start it");
    let mut no_docker = project.command(&["plan", "dev"]);
    Run::of(no_docker.env("PATH", project.home.path("none")))
        .code(69)
        .says("`docker` is not installed")
        .says("install docker");

    // By digest.
    let mut inspect = program(need("docker").unwrap(), project.root());
    let id = output(inspect.args(["image", "inspect", "--format", "{{.Id}}", &image]));
    with(String::from_utf8(id).unwrap().trim());
    project.infractl(&["plan", "dev"]).code(0);
}

#[test]
fn providers_come_from_the_cache_and_run_there() {
    let (Some(image), Some(project)) = (image("terraform-image"), providers::project(&["a", "b"])) else {
        return;
    };
    let project = project.with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]);
    project.write("environments/defaults.toml", &format!("[terraform]\nimage = \"{image}\"\n"));
    let run = project.infractl(&["apply", "--all", "--jobs", "2", "-v"]).code(0);
    assert_eq!(
        (run.err.matches("- Installed").count(), run.err.matches("shared cache").count()),
        (1, 1),
        "{}",
        run.err
    );
    assert_eq!(project.read("environments/b/made.txt"), "one\n");
    project.infractl(&["plan", "b", "--detailed-exitcode"]).code(0);
    assert_eq!(providers::provider(&project, "a"), providers::provider(&project, "b"));
}

const PLAYBOOK: &str = r#"
- name: Configure
  hosts: app
  gather_facts: false
  tasks:
    - name: where are we
      ansible.builtin.command: cat /in-a-container
      delegate_to: localhost
    - name: place a secret
      ansible.builtin.copy: { dest: /tmp/secret, content: "{{ token }}|{{ lookup('env', 'TOKEN') }}", mode: "0600" }
      no_log: true
    - name: fetch into shared
      ansible.builtin.fetch: { src: /etc/hostname, dest: "{{ playbook_dir }}/../shared/hostname", flat: true }
"#;

#[test]
fn a_playbook_reaches_its_hosts_from_there() {
    let (Some(image), Some(machine)) = (image("ansible-image"), Machine::up()) else { return };
    let key = fs::read_to_string(machine.key()).unwrap();
    let project = Sandbox::empty();
    project.write("environments/defaults.toml", "");
    let project = project.with_secrets(&[("TOKEN", &format!("{CANARY}token"))]);
    let hosts = host("web", &machine, "deploy");
    let text = |hosts: &str| {
        format!(
            "[env-file]\nsections = []\n{hosts}\n[inventory]\ngroups.app = {{ hosts = [\"web\"] }}\n\
             [ansible]\nimage = \"{image}\"\nvars = {{ token = \"{{{{secret.TOKEN}}}}\" }}\n"
        )
    };
    project.environment("dev", &text(&hosts));
    project.write("ansible/site.yml", PLAYBOOK);
    project.write(".gitignore", "shared/\n.infractl/\nansible/inventory/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    let path = format!("{}:/usr/bin:/bin", Path::new(&need("docker").unwrap()).parent().unwrap().display());
    let project = project.with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]).with_var("PATH", path);

    let run = project.infractl(&["deploy", "dev", "-v"]).code(0);
    run.says("--entrypoint ansible-playbook").says("3 tasks changed something on 1 of 1 host");
    assert_eq!(machine.sh("cat /tmp/secret"), format!("{CANARY}token|{CANARY}token"));
    assert!(project.path("shared/hostname").exists());
    assert!(project.read(".infractl/known_hosts/dev").contains(&machine.host_key()));
    project
        .infractl(&["deploy", "dev", "--dry-run"])
        .code(0)
        .prints("docker run")
        .prints("--entrypoint ansible-playbook");

    // A key that is a secret, in an agent of infractl's own.
    let quoted = key.trim_end().replace('\n', "\\n");
    project.write("all.enc.env", &encrypted(&format!("TOKEN={CANARY}token\nKEY={quoted}\n")));
    project.environment(
        "dev",
        &text(
            &hosts.replace(&format!("identity-file = \"{}\"", machine.key().display()), "identity = \"KEY\""),
        ),
    );
    let run = project.infractl(&["deploy", "dev"]);
    assert_eq!(run.code, 0, "{}", run.err);
    machine.sh("echo other >/tmp/secret");
    project.infractl(&["check", "dev", "--exit-code"]).code(2).says("would change");
    // A host key that changed is refused there as well.
    machine.boot();
    machine.answers();
    project.infractl(&["deploy", "dev"]).code(1).says("`web` cannot be reached");
    nothing_is_left(&project);
    project.assert_no_canary_on_disk();
}
