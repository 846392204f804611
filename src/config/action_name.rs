//! What a step is called when the file gives it no name.

use std::path::Path;

use super::model::{Argument, Copy, FilePath, ImageName, Run, SnapshotName};
use super::step::{Action, Until, Wait};

impl Action {
    /// The word that the kind has in a file.
    pub fn kind(&self) -> &'static str {
        match self {
            Action::Do(_) => "do",
            Action::Command(_) => "command",
            Action::Wait(_) => "wait",
            Action::Copy(_) => "copy",
            Action::Remote(_) => "remote",
            Action::Compose(_) => "compose",
            Action::Ansible(_) => "ansible",
            Action::Docker(_) => "docker",
            Action::Ecs(_) => "ecs",
            Action::Snapshot(_) => "snapshot",
            Action::Publish(_) => "publish",
            Action::Git(_) => "git",
        }
    }

    /// A name for people: short, and different for most steps of a pipeline.
    pub fn name(&self) -> String {
        match self {
            Action::Do(verb) => verb.clone(),
            Action::Command(command) => command.run.name(),
            Action::Wait(wait) => wait.name(),
            Action::Copy(copy) => {
                match copy.files.iter().chain(&copy.templates).collect::<Vec<_>>().as_slice() {
                    [one] => format!("copy {} to {}", file_name(one), place(copy)),
                    files => format!("copy {} files to {}", files.len(), place(copy)),
                }
            }
            Action::Remote(remote) => format!("{}: {}", remote.host.0, remote.run.name()),
            Action::Compose(compose) => {
                let verbs = [
                    (compose.up, "up"),
                    (compose.down, "down"),
                    (compose.restart, "restart"),
                    (compose.stop, "stop"),
                    (compose.build, "build"),
                ];
                let verb = verbs.iter().find(|(given, _)| given.is_some()).map_or("", |(_, verb)| *verb);
                match &compose.host {
                    Some(host) => format!("compose {verb} on {}", host.0),
                    None => format!("compose {verb}"),
                }
            }
            Action::Ansible(ansible) => match &ansible.playbook {
                Some(playbook) => format!("ansible {}", file_name(playbook)),
                None => "ansible".to_owned(),
            },
            Action::Docker(docker) => {
                let argument = |text: &Option<Argument>| text.as_ref().map(|text| text.0.to_string());
                let image = |name: &Option<ImageName>| name.as_ref().map(|name| name.0.clone());
                first(
                    "docker",
                    [
                        ("build", image(&docker.build)),
                        ("push", image(&docker.push)),
                        ("pull", argument(&docker.pull)),
                        ("run", argument(&docker.run)),
                        ("stop", argument(&docker.stop)),
                        ("login", docker.login.map(|_| String::new())),
                    ],
                )
            }
            Action::Ecs(ecs) => first(
                "ecs",
                [
                    ("run", ecs.run.as_ref().map(|task| task.0.clone())),
                    ("register", ecs.register.as_ref().map(|task| task.0.clone())),
                    ("service", ecs.service.as_ref().map(|service| service.0.to_string())),
                ],
            ),
            Action::Snapshot(snapshot) => {
                let name = |name: &Option<SnapshotName>| name.as_ref().map(|name| name.0.clone());
                first(
                    "snapshot",
                    [
                        ("create", name(&snapshot.create)),
                        ("verify", name(&snapshot.verify)),
                        ("restore", name(&snapshot.restore)),
                        ("prune", name(&snapshot.prune)),
                    ],
                )
            }
            Action::Publish(publish) => match publish.folders.as_slice() {
                [one] => format!("publish {}", file_name(one)),
                folders => format!("publish {} folders", folders.len()),
            },
            Action::Git(git) => match (&git.tag, &git.commit) {
                (Some(tag), _) => format!("git tag {}", tag.0),
                (None, Some(_)) => "git commit".to_owned(),
                (None, None) => "git push".to_owned(),
            },
        }
    }
}

impl Wait {
    fn name(&self) -> String {
        let on = |host: &Option<String>| host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
        match &self.until {
            Until::Ssh { host } => format!("wait ssh {host}"),
            Until::Tcp { address } => format!("wait tcp {}", address.0),
            Until::Http { url, .. } => format!("wait http {}", url.0),
            Until::Tls { name, .. } => format!("wait tls {}", name.0),
            Until::File { path, host } => format!("wait file {}{}", path.0, on(host)),
            Until::Command { command, host, .. } => format!("wait {}{}", command.run.name(), on(host)),
            Until::Ecs { name, .. } => format!("wait ecs {}", name.0),
        }
    }
}

impl Run {
    /// The command on one line, cut where it gets long.
    pub fn name(&self) -> String {
        let line = match self {
            Run::Shell(line) => line.0.to_string(),
            Run::Argv(argv) => argv.iter().map(|word| word.0.as_str()).collect::<Vec<_>>().join(" "),
        };
        let first = line.trim().lines().next().unwrap_or_default();
        let mut short: String = first.chars().take(60).collect();
        if short.len() < line.trim().len() {
            short.push('…');
        }
        short
    }
}

fn first<const N: usize>(kind: &str, verbs: [(&str, Option<String>); N]) -> String {
    let found = verbs.into_iter().find_map(|(verb, name)| Some((verb, name?)));
    let (verb, name) = found.unwrap_or_default();
    format!("{kind} {verb} {name}").trim_end().to_owned()
}

fn place(copy: &Copy) -> String {
    copy.host.as_ref().map_or_else(|| copy.to.0.to_string(), |host| host.0.clone())
}

fn file_name(path: &FilePath) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    name(&path.0).unwrap_or_else(|| path.0.display().to_string())
}

/// A name of a step with what is known before anything runs: the names of environment and project.
pub(super) fn known(name: &str, environment: &str, project: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(name.len()), name);
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let value = after.split_once("}}").and_then(|(inside, after)| match inside.trim() {
            "environment" => Some((environment, after)),
            "project" => Some((project, after)),
            _ => None,
        });
        let (value, after) = value.unwrap_or(("{{", after));
        text.push_str(value);
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_known_is_filled_in() {
        for (name, expected) in [
            ("wait tcp {{environment}}.{{ project }}:22", "wait tcp dev.taxi:22"),
            ("{{output.host}} of {{environment}}", "{{output.host}} of dev"),
            ("echo {{environment", "echo {{environment"),
            ("plain }} {{", "plain }} {{"),
        ] {
            assert_eq!(super::known(name, "dev", "taxi"), expected);
        }
    }
}
