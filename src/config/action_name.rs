//! What a step is called when the file gives it no name.

use std::path::Path;

pub(super) fn first<const N: usize>(kind: &str, verbs: [(&str, Option<String>); N]) -> String {
    let found = verbs.into_iter().find_map(|(verb, name)| Some((verb, name?)));
    let (verb, name) = found.unwrap_or_default();
    format!("{kind} {verb} {name}").trim_end().to_owned()
}

pub(super) fn file_name(path: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    name(path).unwrap_or_else(|| path.display().to_string())
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
