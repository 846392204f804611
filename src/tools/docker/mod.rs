//! docker: its commands, and what it means by its errors.

pub(crate) mod compose;
pub(crate) mod engine;
pub(crate) mod power;
pub(crate) mod watched;
pub(crate) mod containers;
pub(crate) mod told;
pub(crate) mod registry;
pub(crate) mod guest;

use std::path::PathBuf;
use std::time::Duration;

use crate::context::Vars;
use crate::exec::{Cmd, Io};

/// How many lines of a log are shown of a container that failed.
const LINES: &str = "15";

/// The folder of the user's docker configuration; none without a home.
pub(crate) fn config_folder(vars: &Vars) -> Option<PathBuf> {
    let home = || Some(PathBuf::from(vars.get("HOME")?).join(".docker"));
    vars.get("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
}

/// The version of the engine, on standard output. It fails when no engine answers.
pub(crate) fn engine() -> Cmd {
    Cmd::new("docker").args(["version", "--format", "{{.Server.Version}}"]).io(Io::Capture)
}

/// The time of the engine, on standard output.
pub(crate) fn clock() -> Cmd {
    Cmd::new("docker").args(["system", "info", "--format", "{{.SystemTime}}"]).io(Io::Capture)
}

/// Everything about these containers, as JSON on standard output.
pub(crate) fn inspect(containers: &[String]) -> Cmd {
    Cmd::new("docker").args(["container", "inspect"]).args(containers).io(Io::Capture)
}

/// The last lines of a container.
pub(crate) fn last_lines(container: &str) -> Cmd {
    Cmd::new("docker").args(["logs", "--tail", LINES, container])
}

/// The log of a container, from so long ago on.
pub(crate) fn logs(container: &str, back: Option<Duration>) -> Cmd {
    let mut cmd = Cmd::new("docker").arg("logs");
    if let Some(back) = back {
        cmd = cmd.args(["--since", &format!("{}s", back.as_secs())]);
    }
    cmd.args(["--", container])
}

/// The log of a container with the time of each line, from this time on, and what comes.
pub(crate) fn follow(container: &str, since: Option<&str>) -> Cmd {
    let cmd = Cmd::new("docker").args(["logs", "--timestamps", "--follow"]);
    let cmd = since.map_or_else(|| cmd.clone(), |since| cmd.clone().args(["--since", since]));
    cmd.args(["--", container])
}

/// Whether docker says that a container is gone, or about to be.
pub(crate) fn is_gone(tail: &str) -> bool {
    ["No such container", "marked for removal"].iter().any(|words| tail.contains(words))
}

/// The identifier of the container with this name, also of one that has ended, on standard output.
pub(crate) fn named(name: &str) -> Cmd {
    let filter = format!("name=^/?{}$", name.replace('.', "\\."));
    Cmd::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).io(Io::Capture)
}

/// Stops a container.
pub(crate) fn stop(container: &str) -> Cmd {
    Cmd::new("docker").args(["stop", "--", container])
}

/// Removes a container, also one that runs; that there is none is no error.
pub(crate) fn remove(container: &str) -> Cmd {
    Cmd::new("docker").args(["rm", "--force", "--", container]).io(Io::Capture)
}

/// The identifiers of the running containers with a label, on standard output.
pub(crate) fn with_label(label: &str) -> Cmd {
    Cmd::new("docker").args(["ps", "--quiet", "--filter"]).arg(format!("label={label}")).io(Io::Capture)
}

/// Whether an image is here: its identifier on standard output.
pub(crate) fn image(image: &str) -> Cmd {
    Cmd::new("docker").args(["image", "inspect", "--format", "{{.Id}}", "--", image]).io(Io::Capture)
}

/// Whether root in a container is the user who runs the engine: the word `rootless` on standard output.
pub(crate) fn security() -> Cmd {
    Cmd::new("docker").args(["info", "--format", "{{.SecurityOptions}}"]).io(Io::Capture)
}

/// Pulls an image.
pub(crate) fn pull(image: &str) -> Cmd {
    Cmd::new("docker").args(["pull", "--", image])
}

/// What is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Build {
    /// Folder that is sent to the engine.
    pub context: String,
    /// Dockerfile; that of the folder if none.
    pub dockerfile: Option<String>,
    /// Platform.
    pub platform: Option<String>,
    /// Stage.
    pub target: Option<String>,
    /// Names with tags.
    pub tags: Vec<String>,
    /// Build arguments.
    pub args: Vec<(String, String)>,
    /// Secrets to mount: each stands in a variable of its name.
    pub secrets: Vec<String>,
    /// With what buildx attests, which makes an index of an image.
    pub attestations: bool,
}

/// Builds an image.
pub(crate) fn build(build: &Build) -> Cmd {
    let mut cmd = Cmd::new("docker").arg("build");
    let options =
        [("--file", &build.dockerfile), ("--platform", &build.platform), ("--target", &build.target)];
    for (option, value) in options {
        if let Some(value) = value {
            cmd = cmd.args([option, value.as_str()]);
        }
    }
    for (name, value) in &build.args {
        cmd = cmd.arg("--build-arg").arg(format!("{name}={value}"));
    }
    for name in &build.secrets {
        cmd = cmd.arg("--secret").arg(format!("id={name},env={name}"));
    }
    for tag in &build.tags {
        cmd = cmd.args(["--tag", tag]);
    }
    if !build.secrets.is_empty() {
        // The old builder knows no secrets.
        cmd = cmd.env("DOCKER_BUILDKIT", "1");
    }
    if !build.attestations {
        // Where people and services expect an image they get an image: its digest is that of one manifest.
        // (docs.docker.com/build/metadata/attestations)
        cmd = cmd.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
    }
    cmd.args(["--", &build.context])
}

/// The same build, which writes the identifier of its image into this file.
pub(crate) fn with_id_file(mut build: Cmd, file: &str) -> Cmd {
    // Before the folder, behind the word `build`.
    build.args.splice(1..1, ["--iidfile".to_owned(), file.to_owned()]);
    build
}

/// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NewContainer {
    /// Image.
    pub image: String,
    /// Name of the container.
    pub name: String,
    /// Command instead of that of the image.
    pub command: Vec<String>,
    /// Ports.
    pub ports: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// Network.
    pub network: Option<String>,
    /// Names of variables: their values stand in the environment of the docker program.
    pub variables: Vec<String>,
    /// Labels, as `name=value`.
    pub labels: Vec<String>,
    /// Leave it running.
    pub detach: bool,
}

/// Runs an image; the container goes when it has ended, unless it is left running.
pub(crate) fn run(run: &NewContainer) -> Cmd {
    let how = if run.detach { "--detach" } else { "--rm" };
    let mut cmd = Cmd::new("docker").args(["run", how, "--name", &run.name]);
    let many = [
        ("--label", &run.labels),
        ("--publish", &run.ports),
        ("--volume", &run.volumes),
        ("--env", &run.variables),
    ];
    for (option, values) in many {
        for value in values {
            cmd = cmd.args([option, value.as_str()]);
        }
    }
    if let Some(network) = &run.network {
        cmd = cmd.args(["--network", network]);
    }
    cmd.args(["--", &run.image]).args(run.command.iter().cloned())
}

/// Why the engine did not answer, as far as the last lines of a call tell: what it means and what to do.
pub(crate) fn engine_trouble(tail: &str) -> Option<(&'static str, &'static str)> {
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    if says(&["permission denied while trying to connect", "Got permission denied"]) {
        Some((
            "the user may not talk to the docker engine",
            "add the user to the group `docker` and log in again, or set DOCKER_HOST to an engine of its own",
        ))
    } else if says(&[
        "Cannot connect to the Docker daemon",
        "Is the docker daemon running",
        "failed to connect to the docker API",
        "Error while fetching server API version",
        "Couldn't connect to Docker daemon",
    ]) {
        Some((
            "no docker engine answers",
            "start it (`sudo systemctl start docker`, or Docker Desktop), or correct DOCKER_HOST or the docker context",
        ))
    } else {
        None
    }
}

/// Why a call of docker failed, as far as its last lines tell: what it means and what to do.
pub(crate) fn advice(tail: &str) -> Option<(&'static str, &'static str)> {
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    if let Some(found) = engine_trouble(tail) {
        return Some(found);
    }
    Some(if says(&["the --secret option requires BuildKit", "buildx component is missing"]) {
        ("this docker has no BuildKit, and build secrets need it", "install the package `docker-buildx`")
    } else if says(&[
        "no basic auth credentials",
        "401 Unauthorized",
        "unauthorized:",
        "authentication required",
    ]) {
        (
            "the registry wants a login",
            "log in with `docker login`, or correct user and password of `[registry]`",
        )
    } else if says(&["pull access denied", "manifest unknown", "manifest for", "repository does not exist"]) {
        ("the registry has no such image", "check its name and tag, and whether the registry wants a login")
    } else if says(&["port is already allocated", "address already in use"]) {
        ("a port is taken already", "free it, or give the service another port")
    } else if says(&["no space left on device"]) {
        (
            "the disk is full",
            "make room: `docker system df` shows what docker keeps, `docker image prune` removes",
        )
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn secrets_are_named_and_never_given() {
        let build = super::build(&Build {
            context: "app".into(),
            platform: Some("linux/amd64".into()),
            target: Some("prod".into()),
            tags: text(&["etl:1", "reg.example/etl:1"]),
            args: vec![("REV".into(), "a b".into())],
            secrets: text(&["TOKEN"]),
            ..Build::default()
        });
        let words = super::with_id_file(build.clone(), "/run/id").args;
        assert_eq!(words[..3], ["build", "--iidfile", "/run/id"]);
        insta::assert_snapshot!(build.to_string(), @"BUILDX_NO_DEFAULT_ATTESTATIONS=1 DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --target prod --build-arg 'REV=a b' --secret 'id=TOKEN,env=TOKEN' --tag etl:1 --tag reg.example/etl:1 -- app");
        let run = super::run(&NewContainer {
            image: "etl".into(),
            name: "etl-1".into(),
            command: text(&["python", "-m", "etl"]),
            volumes: text(&["/p/shared:/app/shared:ro"]),
            variables: text(&["TOKEN"]),
            ..NewContainer::default()
        });
        let run = run.secret("TOKEN", "CANARY-docker".to_owned().into());
        insta::assert_snapshot!(run.to_string(), @"TOKEN=*** docker run --rm --name etl-1 --volume /p/shared:/app/shared:ro --env TOKEN -- etl python -m etl");
    }

    #[test]
    fn what_docker_says_is_understood() {
        let first = |tail: &str| advice(tail).map(|(what, _)| what);
        assert_eq!(
            first("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"),
            Some("no docker engine answers")
        );
        assert_eq!(
            first("failed to connect to the docker API at unix:///x; check if the path is correct"),
            Some("no docker engine answers")
        );
        assert_eq!(first("no basic auth credentials"), Some("the registry wants a login"));
        assert_eq!(first("something else"), None);
    }
}
