//! The configuration of a repository that was there before infractl: what all environments have in common, and the rest.

use std::fmt::Write as _;

use super::layout::Found;
use super::template;
use crate::text::toml::{key as key_of, quoted};

const NAME: &str = "{{environment}}";

/// `environments/defaults.toml`.
pub(super) fn defaults(project: &str, first: &str, found: &[Found]) -> String {
    let mut text = format!(
        "#:schema ./environment.schema.json\n\
         # What all environments share. `infractl env show {first} --origin` shows what came of it.\n\n\
         [project]\nname = {}\ndefault-environment = {}\n",
        quoted(project),
        quoted(first)
    );
    let mut terraform = String::new();
    if let Some(dir) = shared(found, dir) {
        let _ = writeln!(terraform, "dir = {}", quoted(&dir.concat()));
    }
    if shared(found, workspace).is_some() {
        let _ = writeln!(terraform, "workspace = {}", quoted(NAME));
    }
    if let Some(files) = shared(found, var_files) {
        let _ = writeln!(terraform, "var-files = {}", list(&files));
    }
    if is_one_folder(found) {
        // What `init` notes of one environment would be wrong for the next.
        terraform.push_str("env = { TF_DATA_DIR = \".terraform/{{environment}}\" }\n");
    }
    section(&mut text, "terraform", &terraform);
    if let Some(files) = shared(found, secrets) {
        section(&mut text, "secrets", &format!("files = {}\n", list(&files)));
    }
    text.push_str(
        "\n# What stands in shared/.env.<environment>. Without this every output is written, as UPPER_SNAKE=value.\n\
         # [env-file]\n# title = \"Application\"\n# [[env-file.sections]]\n# title = \"Database\"\n\
         # values = { DATABASE_HOST = { output = \"database_host\" }, DATABASE_PORT = 5432 }\n",
    );
    text
}

/// `environments/NAME/environment.toml`: what not all have in common.
pub(super) fn environment(one: &Found, found: &[Found]) -> String {
    let mut text = template::environment(&one.name);
    let mut terraform = String::new();
    if shared(found, dir).is_none()
        && let Some(dir) = &one.dir
    {
        let _ = writeln!(terraform, "dir = {}", quoted(dir));
    }
    if shared(found, workspace).is_none() && one.workspace {
        let _ = writeln!(terraform, "workspace = {}", quoted(NAME));
    }
    if shared(found, var_files).is_none() && !one.var_files.is_empty() {
        let _ = writeln!(terraform, "var-files = {}", list(&one.var_files));
    }
    section(&mut text, "terraform", &terraform);
    let settings = one.backend.iter().fold(String::new(), |mut settings, (key, value)| {
        let key: Vec<String> = key.split('.').map(key_of).collect();
        let _ = writeln!(settings, "{} = {}", key.join("."), quoted(value));
        settings
    });
    section(&mut text, "terraform.backend", &settings);
    if shared(found, secrets).is_none() && !one.secrets.is_empty() {
        section(&mut text, "secrets", &format!("files = {}\n", list(&one.secrets)));
    }
    text
}

/// Several environments have one root module.
fn is_one_folder(found: &[Found]) -> bool {
    let dirs: Vec<&String> = found.iter().filter_map(|found| found.dir.as_ref()).collect();
    dirs.iter().enumerate().any(|(at, dir)| dirs[..at].contains(dir))
}

fn section(text: &mut String, name: &str, lines: &str) {
    if !lines.is_empty() {
        let _ = write!(text, "\n[{name}]\n{lines}");
    }
}

/// What is the same for all, once their names are taken out; none if it is not, or nothing.
fn shared(found: &[Found], of: fn(&Found) -> Vec<String>) -> Option<Vec<String>> {
    let pattern = |one: &Found| of(one).iter().map(|text| without_name(text, &one.name)).collect::<Vec<_>>();
    let first = found.first().map(pattern).filter(|first| !first.is_empty())?;
    found.iter().all(|one| pattern(one) == first).then_some(first)
}

fn dir(found: &Found) -> Vec<String> {
    found.dir.iter().cloned().collect()
}

fn workspace(found: &Found) -> Vec<String> {
    found.workspace.then(|| found.name.clone()).into_iter().collect()
}

fn var_files(found: &Found) -> Vec<String> {
    found.var_files.clone()
}

fn secrets(found: &Found) -> Vec<String> {
    found.secrets.clone()
}

/// A path with the name of its environment taken out, where that is a whole word of it.
fn without_name(path: &str, name: &str) -> String {
    let is_end = |c: Option<char>| c.is_none_or(|c| matches!(c, '/' | '.' | '-' | '_'));
    let mut text = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let previous = before.chars().next_back().or_else(|| text.chars().next_back());
        text.push_str(before);
        text.push_str(if is_end(previous) && is_end(after.chars().next()) { NAME } else { name });
        rest = after;
    }
    text + rest
}

fn list(files: &[String]) -> String {
    let files: Vec<String> = files.iter().map(|file| quoted(file)).collect();
    format!("[{}]", files.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, dir: &str, files: &[&str]) -> Found {
        Found {
            name: name.into(),
            dir: Some(dir.into()),
            var_files: files.iter().map(|file| (*file).to_owned()).collect(),
            ..Found::default()
        }
    }

    #[test]
    fn what_all_have_in_common_is_said_once() {
        let all = [
            found("dev", "tf/dev", &["tf/dev/dev.tfvars"]),
            found("prod", "tf/prod", &["tf/prod/prod.tfvars"]),
        ];
        let text = defaults("my \"shop\"", "dev", &all);
        assert!(
            text.contains(
                "dir = \"tf/{{environment}}\"\nvar-files = [\"tf/{{environment}}/{{environment}}.tfvars\"]\n"
            ),
            "{text}"
        );
        assert_eq!(
            toml::from_str::<toml::Table>(&text).unwrap()["project"]["name"].as_str(),
            Some("my \"shop\"")
        );
        assert!(!environment(&all[0], &all).contains("terraform"));
    }

    #[test]
    fn what_differs_stands_with_its_environment() {
        let mut all = [found("dev", "tf/dev", &["a.tfvars"]), found("prod", "live/prod", &[])];
        all[1].backend = vec![("endpoints.s3".into(), "http://x".into())];
        let text = defaults("shop", "dev", &all);
        assert!(!text.contains("dir =") && !text.contains("\nvar-files"), "{text}");
        let text = environment(&all[0], &all);
        assert!(text.contains("[terraform]\ndir = \"tf/dev\"\nvar-files = [\"a.tfvars\"]\n"), "{text}");
        let text = environment(&all[1], &all);
        assert!(text.contains("[terraform.backend]\nendpoints.s3 = \"http://x\"\n"), "{text}");
    }

    #[test]
    fn a_name_is_taken_out_where_it_is_a_word() {
        assert_eq!(
            without_name("devops/dev/my-dev.tfvars", "dev"),
            "devops/{{environment}}/my-{{environment}}.tfvars"
        );
        assert_eq!(without_name("tf", "dev"), "tf");
    }
}
