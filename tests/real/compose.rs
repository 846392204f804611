//! Compose steps with the real engine, by compose 2 and 1.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::{Run, need, program, skip};
use crate::docker::{Docker, unique};
use crate::machine::Machine;

const SERVICES: &str = r#"version: "3.9"
services:
  web:
    image: IMAGE
    command: ["sh", "-c", "sleep 1; echo up >/ready; exec sleep 1000"]
    stop_grace_period: 0s
    healthcheck: {test: ["CMD", "/bin/busybox", "test", "-f", "/ready"], interval: 1s, retries: 20}
  plain:
    image: IMAGE
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    volumes: ["data:/data"]
  migrate:
    image: IMAGE
    command: ["true"]
volumes:
  data:
"#;

/// A compose project of this test alone; all of it goes when the value is dropped.
struct World {
    docker: Docker,
    name: String,
    _config: Option<TempDir>,
}

/// Which compose there is.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    Two,
    One,
}

/// From now on it has no compose but version 1, as long as the folder is there.
pub(crate) fn only_compose_1(docker: &mut Docker) -> Option<TempDir> {
    need("compose-1")?;
    // Without the plugin that DOCKER_CONFIG has.
    let empty = TempDir::new().unwrap();
    if has_plugin(&empty) {
        skip("compose 2 is installed for everybody: compose 1 is never asked");
        return None;
    }
    docker.vars.push(("DOCKER_CONFIG".to_owned(), empty.path().display().to_string()));
    Some(empty)
}

impl World {
    /// A project whose pipelines these are; `IMAGE` and `NAME` in it are replaced.
    fn new(version: Version, compose: &str, pipelines: &str) -> Option<World> {
        let name = unique();
        let mut docker = Docker::new(&format!("[pipelines]\n{}", pipelines.replace("NAME", &name)))?;
        let mut config = None;
        match version {
            Version::Two => drop(need("compose-2")?),
            Version::One => config = Some(only_compose_1(&mut docker)?),
        }
        let world = World { docker, name, _config: config };
        world.compose(compose);
        Some(world)
    }

    /// Writes the compose file anew.
    fn compose(&self, text: &str) {
        let text = text.replace("IMAGE", &self.docker.image);
        self.docker.project.write("app/docker-compose.yml", &text);
    }

    #[track_caller]
    fn pipeline(&self, name: &str) -> Run {
        self.docker.pipeline(name)
    }

    #[track_caller]
    fn docker(&self, args: &[&str]) -> String {
        self.docker.docker(args)
    }

    /// What docker has of this project: `container`, `volume`, `network`.
    fn has(&self, what: &str) -> Vec<String> {
        let label = format!("label=com.docker.compose.project={}", self.name);
        let all: &[&str] = if what == "container" { &["--all"] } else { &[] };
        let args = [&[what, "ls", "--quiet", "--filter", label.as_str()], all].concat();
        self.docker(&args).lines().map(str::to_owned).collect()
    }
}

/// Whether docker has compose without a configuration of its own.
fn has_plugin(empty: &TempDir) -> bool {
    let mut ask = program("docker", empty.path());
    ask.args(["compose", "version"]).env("DOCKER_CONFIG", empty.path());
    ask.output().unwrap().status.success()
}

impl Drop for World {
    fn drop(&mut self) {
        for (what, remove) in
            [("container", &["rm", "--force", "--volumes"][..]), ("network", &["rm"]), ("volume", &["rm"])]
        {
            let ids = self.has(what);
            if !ids.is_empty() {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                self.docker(&[&[what], remove, &ids].concat());
            }
        }
    }
}

const ALL: &str = r#"
up = [{ compose = { dir = "app", project = "NAME", up = true, wait = true, remove-orphans = true } }]
restart = [{ compose = { dir = "app", project = "NAME", restart = true, services = ["plain"] } }]
stop = [{ compose = { dir = "app", project = "NAME", stop = true } }]
down = [{ compose = { dir = "app", project = "NAME", down = true, volumes = true, remove-orphans = true } }]
"#;

fn goes_up_and_down(version: Version) {
    let Some(world) = World::new(version, SERVICES, ALL) else { return };
    // One-off jobs that end with 0 have done their work; the rest is healthy, or goes on running.
    world.pipeline("up").code(0).says("3 containers: 1 healthy, 1 running, 1 done");
    assert_eq!(world.has("container").len(), 3);
    let before = world.has("container");
    world.pipeline("up").code(0);
    assert_eq!(world.has("container"), before, "nothing was made anew");
    world.pipeline("restart").code(0);
    let gone = SERVICES.replace("plain:", "other:");
    world.compose(&gone);
    world.pipeline("up").code(0);
    let names = world.docker(&["ps", "--format", "{{.Names}}"]);
    assert!(!names.contains(&format!("{}-plain", world.name)), "an orphan is left: {names}");
    world.pipeline("stop").code(0);
    assert_eq!(
        world.docker(&["ps", "-q", "--filter", &format!("label=com.docker.compose.project={}", world.name)]),
        ""
    );
    assert_eq!(world.has("volume").len(), 1);
    world.pipeline("down").code(0);
    for what in ["container", "network", "volume"] {
        assert!(world.has(what).is_empty(), "a {what} is left");
    }
}

#[test]
fn a_project_goes_up_and_down() {
    goes_up_and_down(Version::Two);
}

#[test]
fn a_project_goes_up_and_down_with_compose_1() {
    goes_up_and_down(Version::One);
}

const SICK: &str = r#"version: "3.9"
services:
  sick:
    image: IMAGE
    command: ["sh", "-c", "echo I do not feel well; exec sleep 1000"]
    stop_grace_period: 0s
    healthcheck: {test: ["CMD", "/bin/busybox", "sh", "-c", "echo no database; exit 1"], interval: 1s, retries: RETRIES}
"#;

const UP: &str =
    "up = [{ compose = { dir = \"app\", project = \"NAME\", up = true, wait = true }, timeout = \"60s\" }]\n";

#[test]
fn a_service_that_is_not_healthy_is_told_with_its_check_and_its_log() {
    for version in [Version::Two, Version::One] {
        let Some(world) = World::new(version, &SICK.replace("RETRIES", "2"), UP) else { return };
        world
            .pipeline("up")
            .code(1)
            .says("`sick` is unhealthy")
            .says("checks failed, the last one with exit code 1: no database")
            .says("I do not feel well");
    }
}

#[test]
fn a_service_that_never_becomes_healthy_is_bounded_by_the_timeout() {
    for version in [Version::Two, Version::One] {
        let up = UP.replace("60s", "20s");
        let Some(world) = World::new(version, &SICK.replace("RETRIES", "1000"), &up) else { return };
        let started = Instant::now();
        world
            .pipeline("up")
            .code(1)
            .says("`sick` not healthy within 20")
            .says("no database")
            .says("I do not feel well")
            .says("give the step a longer `timeout`");
        assert!(started.elapsed() < Duration::from_secs(100), "it did not end by itself");
    }
}

#[test]
fn a_service_that_runs_a_while_before_it_ends_each_time_is_a_failure() {
    let dying = r#"version: "3.9"
services:
  loop:
    image: IMAGE
    restart: always
    command: ["sh", "-c", "echo up for a while; sleep 3; echo out of memory >&2; exit 9"]
"#;
    for version in [Version::Two, Version::One] {
        let Some(world) = World::new(version, dying, UP) else { return };
        let run = world.pipeline("up").code(1);
        run.says("`loop` ended with 9 and was started again")
            .says("out of memory")
            .never_says("longer `timeout`");
    }
}

#[test]
fn a_container_of_somebodys_own_beside_the_services_does_not_count() {
    let one = r#"version: "3.9"
services:
  web:
    image: IMAGE
    command: ["sleep", "1000"]
    stop_grace_period: 0s
"#;
    let Some(world) = World::new(Version::Two, one, UP) else { return };
    let dir = world.docker.project.path("app");
    let beside = |args: &[&str]| {
        let mut compose = program("docker", &dir);
        compose.args(["compose", "--project-name", &world.name, "run", "--detach"]).args(args);
        crate::common::output(&mut compose);
    };
    beside(&["web", "sh", "-c", "exit 7"]);
    world.pipeline("up").code(0).says("1 container: 1 running");
    beside(&["web", "sleep", "1000"]);
    world.pipeline("up").code(0).says("1 container: 1 running");
    // What is foreign has the label of the project only.
    let label = format!("com.docker.compose.project={}", world.name);
    world.docker(&["run", "--detach", "--label", &label, &world.docker.image, "sh", "-c", "exit 8"]);
    world.pipeline("up").code(0).says("1 container: 1 running");
}

#[test]
fn a_look_that_takes_longer_than_the_step_may_is_said_in_words() {
    let one = "version: \"3.9\"\nservices:\n  web:\n    image: IMAGE\n    command: [\"sleep\", \"1000\"]\n    stop_grace_period: 0s\n";
    let up = UP.replace("60s", "15s");
    let Some(world) = World::new(Version::Two, one, &up) else { return };
    let run = |hangs: &str| {
        // As long as `up` may take, and then an engine that answers late: the first question about containers, or all.
        let real = which::which("docker").unwrap();
        let text = format!(
            "#!/bin/sh\ncase \"$*\" in *' ps '*|*' ps') {hangs} ;; esac\nexec {} \"$@\"\n",
            real.display()
        );
        let path = crate::common::path_with([world.docker.project.script(".infractl/bin/docker", &text)]);
        Run::of(world.docker.command(&["pipeline", "local", "up"]).env("PATH", path))
    };
    let late = "[ -e ../late ] || { touch ../late; sleep 30; }";
    run(late)
        .code(1)
        .says("`web` not healthy within 15")
        .says("longer `timeout`")
        .never_says("gave no answer");
    let said = run("sleep 100").code(1);
    said.says("its containers were not ready within 15")
        .says("`docker` gave no answer within 20")
        .says("`docker info`")
        .says("longer `timeout`");
}

#[test]
fn a_service_that_exits_is_told_with_its_last_lines() {
    let dying = r#"version: "3.9"
services:
  dead:
    image: IMAGE
    command: ["sh", "-c", "sleep 1; echo cannot open the door >&2; exit 4"]
  loop:
    image: IMAGE
    restart: always
    command: ["sh", "-c", "echo round and round; exit 3"]
"#;
    for version in [Version::Two, Version::One] {
        let Some(world) = World::new(version, dying, UP) else { return };
        let run = world.pipeline("up").code(1);
        assert!(
            run.err.contains("`dead` ended with 4") || run.err.contains("`loop` ended with 3"),
            "{}",
            run.err
        );
        let one = dying.split("  loop:").next().unwrap();
        world.compose(one);
        world.pipeline("up").code(1).says("`dead` ended with 4").says("cannot open the door");
        let loops = dying.replace("  dead:\n    image: IMAGE\n    command: [\"sh\", \"-c\", \"sleep 1; echo cannot open the door >&2; exit 4\"]\n", "");
        world.compose(&loops);
        world
            .pipeline("up")
            .code(1)
            .says("`loop` ended with 3 and was started again")
            .says("round and round");
    }
}

#[test]
fn a_dependency_that_is_not_healthy_is_told_without_wait_as_well() {
    let compose = format!(
        "{}  web:\n    image: IMAGE\n    command: [\"true\"]\n    depends_on: {{sick: {{condition: service_healthy}}}}\n",
        SICK.replace("RETRIES", "1").replace("version: \"3.9\"\n", "")
    );
    let up = UP.replace(", wait = true", "");
    let Some(world) = World::new(Version::Two, &compose, &up) else { return };
    world
        .pipeline("up")
        .code(1)
        .says("`compose up` of `local` ended with exit code 1")
        .says("`sick`: unhealthy")
        .says("I do not feel well");
}

#[test]
fn what_compose_cannot_do_is_said_in_words() {
    for version in [Version::Two, Version::One] {
        let Some(world) = World::new(version, SERVICES, ALL) else { return };
        let with = |text: &str| {
            world.compose(&format!("version: \"3.9\"\nservices:\n  a:\n{text}"));
        };
        with("    image: IMAGE\n    env_file: missing.env\n");
        world
            .pipeline("up")
            .code(1)
            .says("a file of variables that a service names is not there")
            .says("missing.env");
        with("    image: 127.0.0.1:1/nosuch:1\n");
        world.pipeline("up").code(1).says("an image could not be pulled").says("connection refused");
        with("    imag: IMAGE\n");
        world.pipeline("up").code(1).says("imag").says("mend");
        std::fs::remove_file(world.docker.project.path("app/docker-compose.yml")).unwrap();
        world.pipeline("up").code(1).says("there is no compose file").says("correct `dir` and `files`");
        std::fs::remove_dir(world.docker.project.path("app")).unwrap();
        world.pipeline("up").code(78).says("there is no folder `app`");
    }
    let Some(world) = World::new(Version::Two, SERVICES, ALL) else { return };
    let text = format!("services:\n  a:\n    image: {}\n    env_file: bad.env\n", world.docker.image);
    world.docker.project.write("app/docker-compose.yml", &text);
    world.docker.project.write("app/bad.env", "X=\"open\n");
    world.pipeline("up").code(1).says("exit code 15").says("a file that it names cannot be read");
}

#[test]
fn what_is_missing_is_told_apart() {
    let Some(mut world) = World::new(Version::Two, SERVICES, ALL) else { return };
    let empty = TempDir::new().unwrap();
    let bin = empty.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = bin.display().to_string();
    world.docker.vars.push(("PATH".to_owned(), path.clone()));
    world.pipeline("up").code(69).says("docker is not installed on this machine").says("install docker");
    let docker = need("docker").unwrap();
    std::os::unix::fs::symlink(&docker, bin.join("docker")).unwrap();
    world.docker.vars.push(("DOCKER_CONFIG".to_owned(), path));
    if has_plugin(&empty) {
        return skip("compose 2 is installed for everybody: it cannot be missing");
    }
    world.pipeline("up").code(69).says("its plugin `compose` is not").says("docker-compose-plugin");
    world.docker.vars.clear();
    world.docker.vars.push(("DOCKER_HOST".to_owned(), "unix:///nowhere/docker.sock".to_owned()));
    world.pipeline("up").code(1).says("no docker engine answers").says("DOCKER_HOST");
}

#[test]
fn secrets_reach_a_service_by_name_only() {
    let compose = r#"version: "3.9"
services:
  web:
    image: IMAGE
    command: ["sh", "-c", "echo length $${#TOKEN} $${#OTHER} $$PLAIN; exec sleep 1000"]
    stop_grace_period: 0s
    environment: [TOKEN, OTHER, PLAIN]
"#;
    let up = "up = [{ compose = { dir = \"app\", project = \"NAME\", up = true, env = { TOKEN = \"{{secret.TOKEN}}\", PLAIN = \"{{environment}}\" } } }]\n\
              named = [{ compose = { dir = \"app\", project = \"NAME\", up = true }, secrets = [\"OTHER\"] }]\n";
    let Some(world) = World::new(Version::Two, compose, up) else { return };
    world.pipeline("up").code(0);
    let container = world.has("container").remove(0);
    let log = world.docker(&["logs", &container]);
    assert_eq!(log, "length 17 0 local\n", "the one that is given, nothing else");
    let argv = world.docker(&[
        "inspect",
        "--format",
        "{{json .Path}} {{json .Args}} {{json .Config.Labels}}",
        &container,
    ]);
    assert!(!argv.contains("CANARY"), "{argv}");
    let shown = world.docker.infractl(&["pipeline", "local", "up", "--dry-run"]).code(0);
    assert!(format!("{}{}", shown.out, shown.err).contains("TOKEN=***"), "{shown:?}");
    world.pipeline("named").code(0);
    let container = world.has("container").remove(0);
    assert_eq!(world.docker(&["logs", &container]), "length 0 24\n");
}

#[test]
fn profiles_files_and_images_are_passed_on() {
    let pipelines = r#"
up = [{ compose = { dir = "app", project = "NAME", files = ["docker-compose.yml", "more.yml"], profiles = ["job"], env-file = "vars", up = true, wait = true, pull = "missing" } }]
never = [{ compose = { dir = "app", project = "NAME", up = true, pull = "never" } }]
build = [{ compose = { dir = "app", project = "NAME", files = ["docker-compose.yml", "more.yml"], build = true, services = ["built"] } }]
"#;
    let Some(world) = World::new(Version::Two, SERVICES, pipelines) else { return };
    let image = format!("{}-built", world.name);
    world.docker.project.write(
        "app/more.yml",
        &format!(
            "services:\n  built:\n    image: {image}\n    build: .\n    profiles: [job]\n    environment: {{ VALUE: \"${{VALUE}}\" }}\n    command: [\"sh\", \"-c\", \"echo $$VALUE\"]\n"
        ),
    );
    world.docker.project.write("app/vars", "VALUE=seventeen\n");
    world.docker.project.write("app/Dockerfile", &format!("FROM {}\n", world.docker.image));
    world.pipeline("build").code(0);
    world.pipeline("up").code(0).says("4 containers");
    let built = world.docker(&["ps", "-aq", "--filter", &format!("ancestor={image}")]);
    assert_eq!(world.docker(&["logs", built.trim()]), "seventeen\n");
    world.docker(&["rm", "-f", built.trim()]);
    world.docker(&["image", "rm", &image]);
    world.pipeline("never").code(0);
    let Some(old) = World::new(Version::One, SERVICES, pipelines) else { return };
    old.pipeline("never").code(69).says("needs version 2");
}

#[test]
fn a_host_gets_rendered_files_and_runs_them() {
    let compose = r#"services:
  web:
    image: IMAGE
    command: ["sh", "-c", "echo for {{output.fqdn}} $${TOKEN}; exec sleep 1000"]
    stop_grace_period: 0s
    environment: [TOKEN]
    healthcheck: {test: ["CMD", "/bin/busybox", "true"], interval: 1s}
"#;
    let pipelines = r#"
deploy = [
  { copy = { files = ["app/plain"], templates = ["app/docker-compose.yml", "app/Caddyfile"], host = "backend", to = "/home/deploy/NAME" } },
  { copy = { templates = ["app/secret.env"], host = "backend", to = "/home/deploy/NAME", mode = "0600" } },
  { compose = { host = "backend", dir = "/home/deploy/NAME", project = "NAME", up = true, pull = "never", wait = true, env = { TOKEN = "{{secret.TOKEN}}" } } },
]
sick = [{ compose = { host = "backend", dir = "/home/deploy/NAME", project = "NAME", up = true, wait = true } }]
down = [{ compose = { host = "backend", dir = "/home/deploy/NAME", project = "NAME", down = true, volumes = true } }]
nowhere = [{ compose = { host = "backend", dir = "/home/deploy/nowhere", up = true } }]
"#;
    let Some(machine) = Machine::with_docker(&[]) else { return };
    let Some(world) = World::new(Version::Two, compose, pipelines) else { return };
    let file = "environments/local/environment.toml";
    let hosts = format!(
        "[hosts.backend]\naddress = \"{}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\n",
        machine.address,
        machine.key().display()
    );
    let project = &world.docker.project;
    project.write(file, &format!("{}{hosts}", project.read(file)));
    project.write("app/plain", "{{untouched}}");
    project.write("app/Caddyfile", "{{output.fqdn}} {\n\treverse_proxy web:8080 # {{{{.Names}}\n}\n");
    project.write("app/secret.env", "TOKEN={{secret.TOKEN}}\n");
    world.pipeline("deploy").code(0).says("1 container: 1 healthy");
    let there = |name: &str| machine.sh(&format!("cat /home/deploy/{}/{name}", world.name));
    assert_eq!(there("plain"), "{{untouched}}");
    assert_eq!(there("Caddyfile"), "app.example {\n\treverse_proxy web:8080 # {{.Names}}\n}\n");
    assert!(there("secret.env").starts_with("TOKEN=CANARY"));
    assert_eq!(
        machine.sh(&format!("stat -c '%a %U' /home/deploy/{}/secret.env", world.name)),
        "600 deploy\n"
    );
    let log = world.docker(&["logs", &world.has("container").remove(0)]);
    assert!(log.starts_with("for app.example CANARY"), "{log}");
    let shown = world.docker.infractl(&["pipeline", "local", "deploy", "--dry-run"]).code(0);
    let shown = format!("{}{}", shown.out, shown.err);
    assert!(
        shown.contains("docker compose") && shown.contains("render app/Caddyfile: output.fqdn"),
        "{shown}"
    );
    machine.sh(&format!("sed -i 's/busybox\", \"true/busybox\", \"false/; s/1s}}/1s, retries: 1}}/' /home/deploy/{}/docker-compose.yml", world.name));
    world.pipeline("sick").code(1).says("on backend").says("`web` is unhealthy").says("for app.example");
    world.pipeline("nowhere").code(1).says("nowhere");
    world.pipeline("down").code(0);
    assert!(world.has("container").is_empty());
}

#[test]
fn each_machine_behind_a_host_runs_it() {
    let Some(first) = Machine::with_docker(&[]) else { return };
    let Some(second) = Machine::with_docker(&[]) else { return };
    let pipelines = "down = [{ compose = { host = \"backend\", dir = \"/home/deploy/app\", project = \"NAME\", down = true } }]\n";
    let Some(world) = World::new(Version::Two, SERVICES, pipelines) else { return };
    let public = std::fs::read_to_string(first.keys.path().join("id.pub")).unwrap();
    second.sh(&format!("echo '{}' >>/home/deploy/.ssh/authorized_keys", public.trim()));
    let file = "environments/local/environment.toml";
    let project = &world.docker.project;
    let text = project.read(file).replace(
        "fqdn = \"app.example\"\n",
        &format!("fqdn = \"app.example\"\nips = [\"{}\", \"{}\"]\n", first.address, second.address),
    );
    let hosts = format!(
        "[hosts.backend]\naddress = \"{{{{output.ips}}}}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\n",
        first.key().display()
    );
    project.write(file, &format!("{text}{hosts}"));
    let compose = "services:\n  a:\n    image: x\n";
    first.sh(&format!("mkdir /home/deploy/app && printf '{compose}' >/home/deploy/app/compose.yml"));
    world.pipeline("down").code(1).says("on backend-2");
    second.sh(&format!("mkdir /home/deploy/app && printf '{compose}' >/home/deploy/app/compose.yml"));
    world.pipeline("down").code(0);
}

#[test]
fn a_host_without_docker_is_told() {
    let Some(machine) = Machine::up() else { return };
    let pipelines = "up = [{ compose = { host = \"backend\", dir = \"/tmp\", up = true } }]\n";
    let Some(world) = World::new(Version::Two, SERVICES, pipelines) else { return };
    let file = "environments/local/environment.toml";
    let hosts = format!(
        "[hosts.backend]\naddress = \"{}\"\nuser = \"deploy\"\nidentity-file = \"{}\"\n",
        machine.address,
        machine.key().display()
    );
    let project = &world.docker.project;
    project.write(file, &format!("{}{hosts}", project.read(file)));
    world.pipeline("up").code(69).says("docker is not installed on backend");
}

#[test]
fn a_script_does_the_same_without_infractl() {
    let pipelines = r#"
up = [
  { compose = { dir = "app", project = "NAME", up = true, wait = true, services = ["web"], env = { WHERE = "{{environment}}" } } },
  { docker = { run = "IMAGE", name = "NAME-extra", command = ["sh", "-c", "echo it is $WHERE"], env = { WHERE = "{{output.fqdn}}" }, network = "none" } },
]
secret = [{ docker = { run = "IMAGE", name = "NAME-extra", env = { A = "{{secret.TOKEN}}" } } }]
"#;
    let Some(world) = World::new(Version::Two, SERVICES, pipelines) else { return };
    let script = world.docker.infractl(&["pipeline", "local", "up", "--print"]).code(0).out;
    world.docker.project.write("up.sh", &script);
    let mut bash = program("bash", world.docker.project.root());
    let done = bash.arg("up.sh").output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success() && said.contains("it is app.example"), "{said}\n{script}");
    assert_eq!(world.has("container").len(), 1);
    let secret = world.docker.infractl(&["pipeline", "local", "secret", "--print"]).code(0).out;
    assert!(secret.contains("A=\"$TOKEN\""), "{secret}");
}
