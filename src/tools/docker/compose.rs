//! docker compose: version 2, which is a plugin of docker, and version 1, which is a program of its own.

use crate::config::model::Pull;
use serde_json::Value as Json;

use crate::exec::{Cmd, Io};

/// Which compose there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// `docker compose`.
    Plugin,
    /// `docker-compose`, version 2 or newer.
    Standalone,
    /// `docker-compose`, version 1.
    One,
}

/// The oldest version 1 that knows all that is asked of it (`--profile`).
pub(crate) const OLDEST: (u32, u32) = (1, 28);

impl Program {
    fn cmd(self) -> Cmd {
        match self {
            Program::Plugin => Cmd::new("docker").arg("compose"),
            Program::Standalone | Program::One => Cmd::new("docker-compose"),
        }
    }

    /// The version of this one, on standard output. It fails when there is none.
    pub(crate) fn version(self) -> Cmd {
        self.cmd().args(["version", "--short"]).io(Io::Capture)
    }
}

/// The first two numbers of a version such as `2.26.1-4` or `v2.26.1`.
pub(crate) fn numbers(version: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(version).ok()?.trim();
    let mut parts = text.trim_start_matches('v').split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What is worked on, with everything rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Project {
    /// Compose files.
    pub files: Vec<String>,
    /// Name.
    pub name: Option<String>,
    /// File of variables.
    pub env_file: Option<String>,
    /// Profiles that are on.
    pub profiles: Vec<String>,
    /// Services it is about; all if none.
    pub services: Vec<String>,
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Create and start.
    Up {
        /// When images are pulled.
        pull: Option<Pull>,
        /// Remove containers of services that are gone.
        remove_orphans: bool,
    },
    /// Stop and remove.
    Down {
        /// Remove containers of services that are gone.
        remove_orphans: bool,
        /// Remove the volumes as well.
        volumes: bool,
    },
    /// Restart.
    Restart,
    /// Stop.
    Stop,
    /// Build the images.
    Build,
}

impl Verb {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Up { .. } => "up",
            Verb::Down { .. } => "down",
            Verb::Restart => "restart",
            Verb::Stop => "stop",
            Verb::Build => "build",
        }
    }
}

fn base(program: Program, project: &Project) -> Cmd {
    let mut cmd = program.cmd();
    for file in &project.files {
        cmd = cmd.args(["--file", file]);
    }
    if let Some(name) = &project.name {
        cmd = cmd.args(["--project-name", name]);
    }
    if let Some(file) = &project.env_file {
        cmd = cmd.args(["--env-file", file]);
    }
    for profile in &project.profiles {
        cmd = cmd.args(["--profile", profile]);
    }
    cmd
}

/// Why this compose cannot do it; none when it can.
pub(crate) fn refusal(program: Program, project: &Project, verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Up { pull: Some(Pull::Never), .. } if program == Program::One => Some(
            "docker-compose 1 always pulls images that are not there: `pull = \"never\"` needs version 2",
        ),
        Verb::Down { .. } if program == Program::One && !project.services.is_empty() => {
            Some("docker-compose 1 takes down whole projects only: `services` with `down` needs version 2")
        }
        _ => None,
    }
}

/// The commands, in order.
pub(crate) fn commands(program: Program, project: &Project, verb: Verb) -> Vec<Cmd> {
    let mut all = Vec::new();
    let mut cmd = base(program, project).arg(verb.name());
    let flag = |cmd: Cmd, wanted: bool, flag: &str| if wanted { cmd.arg(flag) } else { cmd };
    match verb {
        Verb::Up { pull, remove_orphans } => {
            cmd = cmd.arg("--detach");
            match (program, pull) {
                // Version 1 takes `up --pull` for a question, prints its help and ends with 0.
                (Program::One, Some(Pull::Always)) => {
                    all.push(base(program, project).arg("pull").args(project.services.iter().cloned()));
                }
                (Program::One, _) | (_, None) => {}
                (_, Some(Pull::Always)) => cmd = cmd.args(["--pull", "always"]),
                (_, Some(Pull::Missing)) => cmd = cmd.args(["--pull", "missing"]),
                (_, Some(Pull::Never)) => cmd = cmd.args(["--pull", "never"]),
            }
            cmd = flag(cmd, remove_orphans, "--remove-orphans");
        }
        Verb::Down { remove_orphans, volumes } => {
            cmd = flag(cmd, remove_orphans, "--remove-orphans");
            cmd = flag(cmd, volumes, "--volumes");
        }
        Verb::Restart | Verb::Stop | Verb::Build => {}
    }
    all.push(cmd.args(project.services.iter().cloned()));
    all
}

/// The identifiers of its containers, on standard output; also of those that have ended.
pub(crate) fn containers(program: Program, project: &Project) -> Cmd {
    let cmd = base(program, project).arg("ps");
    let cmd = if program == Program::One { cmd } else { cmd.arg("--all") };
    cmd.arg("--quiet").args(project.services.iter().cloned()).io(Io::Capture)
}

/// The names of its services, on standard output, one per line.
pub(crate) fn services(program: Program, project: &Project) -> Cmd {
    base(program, project).args(["config", "--services"]).io(Io::Capture)
}

/// Everything as compose understands it, as JSON on standard output; none for version 1, which has no JSON.
pub(crate) fn resolved(program: Program, project: &Project) -> Option<Cmd> {
    let cmd = base(program, project).args(["config", "--format", "json"]);
    (program != Program::One).then(|| cmd.args(project.services.iter().cloned()).io(Io::Capture))
}

/// The variables that each service gets, from that answer; one without a value is not set.
pub(crate) fn variables(answer: &[u8]) -> Vec<(String, Vec<String>)> {
    let answer: Json = serde_json::from_slice(answer).unwrap_or_default();
    let services = answer.get("services").and_then(Json::as_object).into_iter().flatten();
    let names = |service: &Json| -> Vec<String> {
        let all = service.get("environment").and_then(Json::as_object).into_iter().flatten();
        all.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone()).collect()
    };
    services.map(|(name, service)| (name.clone(), names(service))).collect()
}

/// A one-off container of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OneOff {
    /// Service.
    pub service: String,
    /// Name of the container.
    pub name: String,
    /// Command instead of that of the service.
    pub command: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// Names of variables: their values stand in the environment of the compose program.
    pub variables: Vec<String>,
    /// Labels, as `name=value`.
    pub labels: Vec<String>,
}

/// Runs it; the container goes when it has ended.
pub(crate) fn run(program: Program, project: &Project, run: &OneOff) -> Cmd {
    let mut cmd = base(program, project).args(["run", "--rm", "-T", "--name", &run.name]);
    for (option, values) in [("--label", &run.labels), ("--volume", &run.volumes), ("-e", &run.variables)] {
        for value in values {
            cmd = cmd.args([option, value.as_str()]);
        }
    }
    cmd.arg(&run.service).args(run.command.iter().cloned())
}

/// What the exit code of a failed call means and what to do: compose 2 has codes of its own.
pub(crate) fn advice(code: i32, tail: &str) -> Option<(&'static str, &'static str)> {
    if let Some(known) = crate::tools::docker::advice(tail) {
        return Some(known);
    }
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    Some(match code {
        14 => missing(tail),
        15 => (
            "a file that it names cannot be read",
            "mend the place that it names: a quote that is left open, a key that does not exist",
        ),
        16 => (
            "this compose does not take what was asked of it",
            "update it: `docker compose version` shows which one it is",
        ),
        18 => (
            "an image could not be pulled",
            "check its name and tag, the network, and whether the registry wants a login",
        ),
        1 if says(&[
            "Couldn't find env file",
            "No such file or directory",
            "Can't find a suitable configuration file",
        ]) =>
        {
            missing(tail)
        }
        1 if says(&["The Compose file", "is invalid because"]) => {
            ("the compose file is not valid", "mend what it names")
        }
        1 if says(&["no such service", "No such service"]) => {
            ("the compose files have no such service", "correct `services`")
        }
        1 if says(&["Pulling "]) && says(&["ERROR: for ", "Get \"http"]) => (
            "an image could not be pulled",
            "check its name and tag, the network, and whether the registry wants a login",
        ),
        _ => return None,
    })
}

/// The same for `run`, which passes on the code of its container: that alone says nothing of compose.
pub(crate) fn advice_of_run(code: i32, tail: &str) -> Option<(&'static str, &'static str)> {
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    let is_its_own = match code {
        14 => says(&["no configuration file provided", "env file", "no such file or directory"]),
        15 => says(&[
            "yaml: ",
            "invalid ",
            "failed to read",
            "failed to parse",
            "unexpected character",
            "unterminated",
        ]),
        16 => says(&["unknown flag", "unknown shorthand flag", "unknown command"]),
        18 => says(&[
            "pull access denied",
            "manifest unknown",
            "failed to resolve reference",
            "no such host",
            "connection refused",
        ]),
        code => code == 1,
    };
    if is_its_own { advice(code, tail) } else { None }
}

fn missing(tail: &str) -> (&'static str, &'static str) {
    if tail.contains("env file") {
        (
            "a file of variables that a service names is not there",
            "make it, or copy it there in a step before; `infractl genenv ENV` writes the environment file",
        )
    } else {
        ("there is no compose file", "correct `dir` and `files`, or copy it there in a step before")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_gets_is_what_has_a_value() {
        let answer = br#"{"name": "p", "services": {
            "etl": {"environment": {"MONGO_HOST": "mongo1", "EMPTY": "", "UNSET": null}},
            "db": {"image": "x"}}}"#;
        let wanted = [("db", vec![]), ("etl", vec!["EMPTY", "MONGO_HOST"])];
        let mut found = variables(answer);
        for (_, names) in &mut found {
            names.sort();
        }
        found.sort();
        assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
        assert!(variables(b"not json").is_empty());
        assert!(resolved(Program::One, &Project::default()).is_none());
    }

    fn shown(program: Program, project: &Project, verb: Verb) -> String {
        let lines: Vec<String> = commands(program, project, verb).iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn each_version_is_asked_for_what_it_knows() {
        let project = Project {
            files: vec!["a.yml".into(), "b.yml".into()],
            name: Some("p".into()),
            env_file: Some(".env.dev".into()),
            profiles: vec!["job".into()],
            services: vec!["web".into()],
        };
        let up = Verb::Up { pull: Some(Pull::Always), remove_orphans: true };
        insta::assert_snapshot!(shown(Program::Plugin, &project, up), @"docker compose --file a.yml --file b.yml --project-name p --env-file .env.dev --profile job up --detach --pull always --remove-orphans web");
        insta::assert_snapshot!(shown(Program::One, &project, up), @r"
        docker-compose --file a.yml --file b.yml --project-name p --env-file .env.dev --profile job pull web
        docker-compose --file a.yml --file b.yml --project-name p --env-file .env.dev --profile job up --detach --remove-orphans web
        ");
        let bare = Project::default();
        let down = Verb::Down { remove_orphans: true, volumes: true };
        insta::assert_snapshot!(shown(Program::Standalone, &bare, down), @"docker-compose down --remove-orphans --volumes");
        insta::assert_snapshot!(containers(Program::One, &bare), @"docker-compose ps --quiet");
        insta::assert_snapshot!(containers(Program::Plugin, &bare), @"docker compose ps --all --quiet");
        let never = Verb::Up { pull: Some(Pull::Never), remove_orphans: false };
        assert!(refusal(Program::One, &bare, never).is_some());
        assert!(refusal(Program::Plugin, &bare, never).is_none());
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(numbers(b"2.26.1-4\n"), Some((2, 26)));
        assert_eq!(numbers(b"v2.5.0"), Some((2, 5)));
        assert_eq!(numbers(b"1.29.2\n"), Some((1, 29)));
        assert_eq!(numbers(b"docker-compose version"), None);
    }

    #[test]
    fn exit_codes_are_told_in_words() {
        let what = |code, tail: &str| advice(code, tail).map(|(what, _)| what);
        assert_eq!(
            what(14, "env file /x not found"),
            Some("a file of variables that a service names is not there")
        );
        assert_eq!(what(14, "no configuration file provided: not found"), Some("there is no compose file"));
        assert_eq!(what(1, "Couldn't find env file: /x"), what(14, "env file /x not found"));
        assert_eq!(what(15, "unterminated quoted value"), Some("a file that it names cannot be read"));
        assert_eq!(what(18, "connection refused"), Some("an image could not be pulled"));
        assert_eq!(what(18, "no basic auth credentials"), Some("the registry wants a login"));
        assert_eq!(what(1, "dependency failed to start"), None);
        for code in 1..=127 {
            assert_eq!(advice_of_run(code, "what a task says before it ends"), None, "{code}");
        }
        assert!(advice_of_run(14, "no configuration file provided: not found").is_some());
    }
}
