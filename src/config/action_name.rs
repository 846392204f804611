//! What a step is called when the file gives it no name.

use std::path::Path;

use super::model::{FilePath, Run};
use super::wait::{Until, Wait};

impl Wait {
    pub(super) fn name(&self) -> String {
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

pub(super) fn first<const N: usize>(kind: &str, verbs: [(&str, Option<String>); N]) -> String {
    let found = verbs.into_iter().find_map(|(verb, name)| Some((verb, name?)));
    let (verb, name) = found.unwrap_or_default();
    format!("{kind} {verb} {name}").trim_end().to_owned()
}

pub(super) fn file_name(path: &FilePath) -> String {
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
