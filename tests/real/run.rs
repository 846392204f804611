//! Tasks and images with the real engine; and templates on this machine, which need none.

use rustix::process::Signal;

use crate::common::{Run, Sandbox, need, output, program, send, wait_for};
use crate::docker::{Docker, unique};

const TASKS: &str = r#"
[tasks.show]
runner = "docker"
image = "IMAGE"
command = ["sh", "-c", "echo \"$POSTGRES_USER ${#POSTGRES_PASSWORD} ${#TOKEN}\"; cat /app/shared/marker; touch /app/shared/x"]
env = { TOKEN = "{{secret.TOKEN}}" }
network = "none"

[tasks.code]
runner = "docker"
image = "IMAGE"
dir = "data_pipeline"
network = "none"

[tasks.nowhere]
runner = "docker"
image = "127.0.0.1:1/nosuch:1"
"#;

#[test]
fn a_task_gets_the_environment_file_and_its_exit_code_is_passed_on() {
    let Some(docker) = Docker::new(TASKS) else { return };
    let project = &docker.project;
    project.write("shared/.env.local", "POSTGRES_USER=citus\nPOSTGRES_PASSWORD='CANARY-7f3a-it is #1'\n");
    project.write("shared/marker", "the marker\n");
    project.write("data_pipeline/README", "");
    let run = docker.infractl(&["run", "local", "show"]).code(1);
    assert_eq!(run.out, "citus 20 17\nthe marker\n");
    assert!(run.err.contains("Read-only file system"), "{}", run.err);
    let say = |args: &[&str]| docker.infractl(&[&["run", "local", "code", "--"], args].concat());
    assert_eq!(say(&["echo", "hello"]).code(0).out, "hello\n");
    say(&["sh", "-c", "exit 42"]).code(42).says("task `code` of `local` ended with exit code 42");
    let shown = say(&["sh", "-c", "echo $POSTGRES_PASSWORD"]).code(0);
    assert_eq!(shown.out, "***\n", "what a task prints is masked");
    say(&["no-such-program"]).code(127);
    docker.infractl(&["run", "local", "nowhere"]).code(1).says("connection refused");
    let dry = docker.infractl(&["run", "local", "show", "--dry-run"]).code(0);
    assert!(
        dry.out.contains("POSTGRES_PASSWORD=***") && dry.out.contains("--env POSTGRES_PASSWORD"),
        "{}",
        dry.out
    );
}

#[test]
fn without_the_environment_file_the_local_one_is_used_with_a_warning() {
    let Some(docker) = Docker::new(TASKS) else { return };
    let project = &docker.project;
    let show = ["--", "sh", "-c", "echo from $FROM"];
    let run = |flags: &[&str]| docker.infractl(&[&["run", "local", "code"], flags, &show].concat());
    run(&[]).code(78).says("there is no folder `data_pipeline`");
    std::fs::create_dir(project.path("data_pipeline")).unwrap();
    run(&[]).code(0).says("there is no `shared/.env.local`").says("there is no `data_pipeline/.env` either");
    project.write("data_pipeline/.env", "# mine\nexport FROM = here # not there\n");
    let fallback =
        run(&[]).code(0).says("`data_pipeline/.env` is used in its place").says("infractl genenv local");
    assert_eq!(fallback.out, "from here\n");
    project.write("shared/.env.local", "FROM=there\n");
    let written = run(&[]).code(0).never_says("is used in its place");
    assert_eq!(written.out, "from there\n");
    let local = run(&["--local"]).code(0).never_says("is used in its place");
    assert_eq!(local.out, "from here\n");
    project.write("data_pipeline/.env", "FROM='open\n");
    run(&["--local"]).code(1).says("`data_pipeline/.env` cannot be read: line 1");
    project.write("shared/.env.local", "FROM=there\nnonsense\n");
    run(&[]).code(1).says("line 2").says("infractl genenv local");
    project.write("shared/.env.local", "DOCKER_HOST=tcp://127.0.0.1:1\n");
    run(&[]).code(78).says("`DOCKER_HOST` would change the docker program itself");
}

#[test]
fn tasks_are_found_by_name_and_what_is_missing_is_told() {
    let Some(mut docker) = Docker::new(&TASKS.replace("dir = \"data_pipeline\"\n", "")) else { return };
    docker
        .infractl(&["run", "local"])
        .code(64)
        .says("which task? None was given")
        .says("`show`, `code` or `nowhere`");
    docker.infractl(&["run", "local", "shwo"]).code(64).says("did you mean `show`?");
    docker.infractl(&["run", "nowhere", "show"]).code(64).says("nowhere");
    docker.vars.push(("INFRACTL_ENV".to_owned(), "local".to_owned()));
    assert_eq!(docker.infractl(&["run", "code", "--", "echo", "x"]).code(0).out, "x\n");
    docker.vars.push(("DOCKER_HOST".to_owned(), "unix:///nowhere/docker.sock".to_owned()));
    docker.infractl(&["run", "code"]).code(1).says("no docker engine answers");
    let empty = tempfile::TempDir::new().unwrap();
    docker.vars.push(("PATH".to_owned(), empty.path().display().to_string()));
    docker.infractl(&["run", "code"]).code(69).says("docker is not installed on this machine");
}

#[test]
fn a_task_ends_with_its_time_and_by_stop() {
    let toml = "[tasks.long]\nrunner = \"docker\"\nimage = \"IMAGE\"\nnetwork = \"none\"\ntimeout = \"2s\"\n\
                command = [\"sh\", \"-c\", \"trap '' TERM INT; sleep 1000 & wait; sleep 1000\"]\n\
                [tasks.longer]\nrunner = \"docker\"\nimage = \"IMAGE\"\nnetwork = \"none\"\ncommand = [\"sleep\", \"1000\"]\n";
    let Some(docker) = Docker::new(&toml.replace("tasks.long]", &format!("tasks.{}]", "long"))) else {
        return;
    };
    let running = |name: &str| {
        docker.docker(&["ps", "-q", "--filter", &format!("label=infractl.task=nyctaxi/local/{name}")])
    };
    docker.infractl(&["run", "local", "long"]).code(1).says("`long` took longer than 2");
    assert_eq!(running("long"), "", "the container of a task whose time was over goes on");
    let mut child = docker.command(&["run", "local", "longer"]).spawn().unwrap();
    wait_for("the container", || !running("longer").is_empty());
    docker.infractl(&["run", "local", "longer", "--stop"]).code(0).says("1 container of `longer` stopped");
    assert_eq!(running("longer"), "");
    assert!(!child.wait().unwrap().success());
    docker.infractl(&["run", "local", "longer", "--stop"]).code(0).says("0 containers");
}

#[test]
fn ctrl_c_stops_the_container_of_a_task() {
    let toml = "[tasks.stubborn]\nrunner = \"docker\"\nimage = \"IMAGE\"\nnetwork = \"none\"\n\
                command = [\"sh\", \"-c\", \"trap '' INT TERM; echo here; while true; do sleep 1; done\"]\n";
    let Some(docker) = Docker::new(toml) else { return };
    let running = || docker.docker(&["ps", "-aq", "--filter", "label=infractl.task=nyctaxi/local/stubborn"]);
    let before = running();
    let mut child =
        docker.command(&["run", "local", "stubborn"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_for("the container", || running() != before);
    std::thread::sleep(std::time::Duration::from_millis(500));
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(running(), before, "its container goes on");
}

#[test]
fn a_task_can_be_a_compose_service() {
    need("compose-2");
    let name = unique();
    let toml = "[tasks.etl]\nrunner = \"docker\"\nservice = \"etl\"\ndir = \"data_pipeline/docker\"\n\
                files = [\"docker-compose.yml\", \"docker-compose.azure.yml\"]\n";
    let Some(docker) = Docker::new(toml) else { return };
    let project = &docker.project;
    project.write(
        "data_pipeline/docker/docker-compose.yml",
        &format!(
            "name: {name}\nservices:\n  etl:\n    image: {}\n    network_mode: none\n    volumes: [\"./data:/app/data\", \"../../shared:/app/shared:ro\"]\n    command: [\"sh\", \"-c\", \"echo $$POSTGRES_HOST $${{#POSTGRES_PASSWORD}} > /app/data/out; exit 3\"]\n",
            docker.image
        ),
    );
    project.write(
        "data_pipeline/docker/docker-compose.azure.yml",
        "services:\n  etl:\n    env_file: ../../shared/.env.local\n",
    );
    project
        .write("shared/.env.local", "POSTGRES_HOST=db.example\nPOSTGRES_PASSWORD='CANARY-7f3a-it is #1'\n");
    docker.infractl(&["run", "local", "etl"]).code(3);
    assert_eq!(project.read("data_pipeline/docker/data/out"), "db.example 20\n");
    assert_eq!(docker.docker(&["ps", "-aq", "--filter", &format!("name={name}")]), "");
    std::fs::remove_file(project.path("shared/.env.local")).unwrap();
    docker
        .infractl(&["run", "local", "etl"])
        .code(1)
        .says("a file of variables that a service names is not there");
}

#[test]
fn images_are_built_and_tagged_with_the_commit() {
    let name = unique();
    let toml = format!(
        "[registry]\nserver = \"registry.example\"\n[images.{name}]\ncontext = \"etl\"\nargs = {{ REV = \"{{{{environment}}}}\" }}\n\
         [images.{name}-two]\ncontext = \"etl\"\ntarget = \"small\"\ntags = [\"latest\", \"{{{{environment}}}}\"]\n\
         [tasks.built]\nrunner = \"docker\"\nimage = \"{name}\"\nnetwork = \"none\"\ncommand = [\"cat\", \"/rev\"]\n"
    );
    let Some(docker) = Docker::new(&toml) else { return };
    let project = &docker.project;
    project.write(
        "etl/Dockerfile",
        &format!(
            "FROM {0} AS small\nFROM {0}\nARG REV\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"echo $REV >/rev\"]\n",
            docker.image
        ),
    );
    docker.infractl(&["build", "local"]).code(78).says("there is no git commit to tag the image with");
    let git = |args: &[&str]| {
        output(program("git", project.root()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args))
    };
    git(&["add", "etl"]);
    git(&["commit", "-qm", "first"]);
    let commit = String::from_utf8(git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned();
    docker.infractl(&["build", "local"]).code(0);
    let tags = docker.docker(&[
        "image",
        "ls",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        "--filter",
        &format!("reference=*{name}*"),
    ]);
    let also = docker.docker(&[
        "image",
        "ls",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        "--filter",
        &format!("reference=registry.example/*{name}*"),
    ]);
    let mut all: Vec<&str> = tags.lines().chain(also.lines()).collect();
    all.sort_unstable();
    all.dedup();
    let run = docker.infractl(&["run", "local", "built"]);
    let dirty = {
        project.write("etl/new", "x");
        docker.infractl(&["build", "local", &name])
    };
    let wrong = docker.infractl(&["build", "local", &format!("{name}-tow")]);
    project.write("etl/Dockerfile", "FROM scratch\nCOPY nothing /\n");
    let failed = docker.infractl(&["build", "local", &name]);
    for image in &all {
        docker.docker(&["image", "rm", "--force", image]);
    }
    let expected = [
        format!("{name}-two:latest"),
        format!("{name}-two:local"),
        format!("{name}:{commit}"),
        format!("registry.example/{name}-two:latest"),
        format!("registry.example/{name}-two:local"),
        format!("registry.example/{name}:{commit}"),
    ];
    assert_eq!(all, expected);
    assert_eq!(run.code(0).out, "local\n", "a task takes the image by its name");
    dirty.code(0).says("has changes that are not in commit");
    wrong.code(64).says("did you mean");
    failed.code(1).says("`docker build` of");
}

#[test]
fn a_build_sees_its_secrets_and_keeps_none() {
    let Some(buildx) = need("buildx") else { return };
    let name = unique();
    let toml = format!("[images.{name}]\ncontext = \"etl\"\ntags = [\"1\"]\nsecrets = [\"TOKEN\"]\n");
    let Some(mut docker) = Docker::new(&toml) else { return };
    docker.project.write(
        "etl/Dockerfile",
        &format!("FROM {}\nRUN --mount=type=secret,id=TOKEN [\"/bin/busybox\", \"sh\", \"-c\", \"wc -c </run/secrets/TOKEN >/size; cat /run/secrets/TOKEN\"]\n", docker.image),
    );
    docker.infractl(&["build", "local"]).code(1).says("install the package `docker-buildx`");
    let config = tempfile::TempDir::new().unwrap();
    let plugins = config.path().join("cli-plugins");
    std::fs::create_dir(&plugins).unwrap();
    std::os::unix::fs::symlink(buildx, plugins.join("docker-buildx")).unwrap();
    docker.vars.push(("DOCKER_CONFIG".to_owned(), config.path().display().to_string()));
    let dry = docker.infractl(&["build", "local", "--dry-run"]).code(0);
    assert!(format!("{}{}", dry.out, dry.err).contains("id=TOKEN,env=TOKEN"), "{dry:?}");
    docker.infractl(&["build", "local"]).code(0);
    let image = format!("{name}:1");
    let size = docker.docker(&["run", "--rm", "--network=none", &image, "cat", "/size"]);
    let about =
        docker.docker(&["image", "inspect", &image]) + &docker.docker(&["history", "--no-trunc", &image]);
    docker.docker(&["image", "rm", &image]);
    assert_eq!(size, "17\n");
    assert!(!about.contains("CANARY"), "{about}");
}

#[test]
fn containers_are_run_and_stopped_by_steps() {
    let name = unique();
    let pipelines = format!(
        "[pipelines]\nup = [{{ docker = {{ run = \"IMAGE\", name = \"{name}\", detach = true, command = [\"sh\", \"-c\", \"echo ${{#TOKEN}} $WHERE; exec sleep 1000\"], env = {{ TOKEN = \"{{{{secret.TOKEN}}}}\", WHERE = \"{{{{environment}}}}\" }}, volumes = [\"./data:/data\"], network = \"none\" }} }}]\n\
         bad = [{{ docker = {{ run = \"IMAGE\", command = \"exit 9\", network = \"none\" }} }}]\n\
         pull = [{{ docker = {{ pull = \"127.0.0.1:1/nosuch:1\" }} }}]\n\
         push = [{{ docker = {{ push = \"x\" }} }}]\n\
         down = [{{ docker = {{ stop = \"{name}\" }}, timeout = \"60s\" }}]\n[images.x]\n"
    );
    let Some(docker) = Docker::new(&pipelines) else { return };
    docker.pipeline("up").code(0).says(&format!("container {name}"));
    let log = docker.docker(&["logs", &name]);
    let argv =
        docker.docker(&["inspect", "--format", "{{json .Args}} {{json .Path}} {{json .Mounts}}", &name]);
    docker.pipeline("down").code(0).says("stopped");
    docker.pipeline("down").code(0).says("was not there");
    assert_eq!(log, "17 local\n");
    assert!(!argv.contains("CANARY") && argv.contains("/data"), "{argv}");
    docker.pipeline("bad").code(1).says("exit code 9");
    docker.pipeline("pull").code(1).says("connection refused");
    docker.pipeline("push").code(78).says("there is no `[registry]`");
}

/// The example project whose environment `local` copies like this.
fn copies(step: &str) -> Sandbox {
    let project = Sandbox::new();
    project.write(
        "environments/local/environment.toml",
        &format!(
            "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n[outputs]\nfqdn = \"app.example\"\n\
             token = \"{{{{secret.ACR_ADMIN_PASSWORD}}}}\"\n[pipelines]\ncopy = [{{ copy = {{ {step} }} }}]\n"
        ),
    );
    project
}

#[test]
fn templates_are_rendered_into_a_folder_here() {
    let project = copies(
        "templates = [\"app/Caddyfile\"], files = [\"app/plain\", \"app/Caddyfile\"], to = \"shared/out\"",
    );
    project.write("app/plain", "{{untouched}}");
    project
        .write("app/Caddyfile", "{{output.fqdn}} {\n\t# {{environment}} of {{ project }}, {{{{.Names}}\n}\n");
    let copy = ["pipeline", "local", "copy"];
    project.infractl(&copy).code(0).says("2 files");
    assert_eq!(project.read("shared/out/Caddyfile"), "app.example {\n\t# local of nyctaxi, {{.Names}}\n}\n");
    assert_eq!(project.read("shared/out/plain"), "{{untouched}}");
    let dry = project.infractl(&["pipeline", "local", "copy", "--dry-run"]).code(0);
    let shown = format!("{}{}", dry.out, dry.err);
    assert!(shown.contains("# render app/Caddyfile: environment, output.fqdn, project"), "{shown}");
    // Everything wrong at once, with its place, and the old file stays.
    project.write("app/Caddyfile", "{{output.fqdm}} {\n  {{secret.NOSUCH}} {{output.fqdn}}\n}\n");
    project
        .infractl(&copy)
        .code(65)
        .says("no output `fqdm`")
        .says("app/Caddyfile:1:3")
        .says("did you mean `fqdn`?")
        .says("app/Caddyfile:2:5");
    assert!(project.read("shared/out/Caddyfile").starts_with("app.example"));
    project.write("app/Caddyfile", "x\n{{ .Names }}\n");
    project.infractl(&copy).code(78).says("app/Caddyfile:2:4").says("write `{{{{` for a literal `{{`");
}

#[test]
fn a_rendered_secret_wants_a_private_file() {
    let project = copies("templates = [\"app/x.env\"], to = \"shared/out\"");
    project.write("app/x.env", "A={{output.fqdn}}\nTOKEN={{output.token}}\n");
    let copy = ["pipeline", "local", "copy"];
    project.infractl(&copy).code(78).says("app/x.env:2:9").says("`output.token` is secret").says("0600");
    assert!(!project.path("shared/out/x.env").exists());
    let project = copies("templates = [\"app/x.env\"], to = \"shared/out\", mode = \"0600\"");
    project.write("app/x.env", "TOKEN={{secret.ACR_ADMIN_PASSWORD}}\n");
    project.infractl(&copy).code(0);
    assert_eq!(project.read("shared/out/x.env"), "TOKEN=CANARY-7f3a-acr-local\n");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &project.path("shared/out/x.env").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// Writes every file of the walk in docs/compose.md, then runs each `$` line and looks for the lines that follow it.
#[test]
fn the_walk_of_the_page_works_as_it_is_written() {
    if need("compose-2").is_none() {
        return;
    }
    let Some(docker) = Docker::new("") else { return };
    let name = unique();
    let page = include_str!("../../docs/compose.md");
    let walk =
        page.split("\n## A walk").nth(1).unwrap().replace("PROJECT", &name).replace("IMAGE", &docker.image);
    let (mut file, mut block, mut inside) = (String::new(), String::new(), false);
    let mut console = String::new();
    for line in walk.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(kind), false) => {
                inside = true;
                if kind == "console" {
                    file = "console".to_owned();
                }
            }
            (Some(_), true) => {
                inside = false;
                match std::mem::take(&mut file).as_str() {
                    "console" => console = std::mem::take(&mut block),
                    path => docker.project.write(path, &std::mem::take(&mut block)),
                }
            }
            (None, true) => block.push_str(&format!("{line}\n")),
            (None, false) => {
                if let Some(path) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:")) {
                    path.clone_into(&mut file);
                }
            }
        }
    }
    let bin = docker.project.path(".infractl-bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(crate::common::BIN, bin.join("infractl")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let (mut said, mut steps) = (String::new(), 0);
    for line in console.lines() {
        let Some(command) = line.strip_prefix("$ ") else {
            assert!(said.contains(line), "`{line}` was not printed:\n{said}");
            continue;
        };
        let (command, code) = match command.rsplit_once("   # exit ") {
            Some((command, code)) => (command, code.parse().unwrap()),
            None => (command, 0),
        };
        let mut shell = std::process::Command::new("bash");
        let infractl = docker.command(&[]);
        let vars = infractl.get_envs().filter_map(|(name, value)| Some((name, value?)));
        shell.env_clear().envs(vars).env("PATH", &path).current_dir(docker.project.root());
        let run = Run::of(shell.args(["-c", command]));
        said = format!("{}{}", run.out, run.err);
        assert_eq!(run.code, code, "{line}\n{said}");
        steps += 1;
    }
    let left = docker.docker(&["ps", "-aq", "--filter", &format!("label=com.docker.compose.project={name}")]);
    docker.docker(&["image", "rm", &format!("{name}:1")]);
    assert_eq!(left, "");
    assert!(steps >= 9, "{steps} steps");
}
