//! Every example of the README is run, in order, on the example project as it is in the repository.

use crate::common::{BIN, Run, Sandbox};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A command, what the README says it prints on standard output, and its exit code.
pub(crate) struct Example {
    pub(crate) line: String,
    pub(crate) printed: Vec<String>,
    code: i32,
}

pub(crate) fn examples(text: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            found.push(Example { line: command.to_owned(), printed: Vec::new(), code: 0 });
        } else if let Some(example) = found.last_mut().filter(|_| inside) {
            match line.strip_prefix("[exit code ").and_then(|rest| rest.strip_suffix(']')) {
                Some(code) => example.code = code.parse().unwrap(),
                None => example.printed.push(line.to_owned()),
            }
        }
    }
    found
}

#[test]
fn the_examples_of_the_readme_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let project = Sandbox::as_it_is();
    let mut all = examples(&readme);
    assert!(all.len() > 12, "the README lost its examples");
    all.extend(examples(&fs::read_to_string(root.join("docs/output.md")).unwrap()));
    for Example { line, printed, code } in all {
        let words = shell_words::split(&line).unwrap();
        assert_eq!(words[0], "infractl", "{line}");
        let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let run = Run::of(&mut project.command(&args)).code(code);
        if let Some(at) = printed.iter().position(|text| text == "...") {
            assert!(run.out.starts_with(&(printed[..at].join("\n") + "\n")), "{line}:\n{}", run.out);
        } else if !printed.is_empty() {
            assert_eq!(run.out.trim_end(), printed.join("\n"), "{line}");
        }
    }
}

/// `docs/record.py demo` draws the picture again.
#[test]
fn the_picture_shows_what_is_printed_today() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let picture = fs::read_to_string(root.join("docs/demo.svg")).unwrap();
    let tags = regex::Regex::new("<[^>]*>").unwrap();
    let lines: Vec<String> = picture
        .lines()
        .filter(|line| line.starts_with("<text"))
        .map(|line| tags.replace_all(line, "").replace("&#x27;", "'").replace("&gt;", ">"))
        .collect();
    let project = Sandbox::as_it_is();
    // Times differ from run to run, and of several environments at once the order does.
    let times = regex::Regex::new(r"\s+[0-9.]+ m?s\b|[0-9-]+ [0-9:]+").unwrap();
    let known = |text: &str| times.replace_all(text, "").trim_end().to_owned();
    let commands: Vec<&[String]> = lines.split(String::is_empty).collect();
    assert_eq!(commands.len(), 4);
    for shown in commands {
        let words: Vec<&str> = shown[0].strip_prefix("$ infractl ").unwrap().split(' ').collect();
        let run = Run::of(&mut project.command(&words)).code(0);
        let printed: Vec<String> = run.out.lines().chain(run.err.lines()).map(known).collect();
        for line in shown[1..].iter().filter(|line| !line.contains("you@")) {
            let is_heading = line.starts_with(" run ") || line.starts_with(" environment ");
            let is_there = if is_heading {
                let names = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                printed.iter().any(|other| names(other) == names(line))
            } else {
                printed.contains(&known(line))
            };
            assert!(is_there, "{line}: run docs/record.py\n{printed:#?}");
        }
    }
}

#[test]
fn the_two_commands_are_there_and_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains("\ncargo run --release -- apply dev ") && readme.contains("\ntests/run "));
    assert!(fs::read_to_string(root.join(".ci/run")).unwrap().contains("tests/run"));
    let parses = Command::new("bash").args(["-n", "tests/run"]).current_dir(root).status().unwrap();
    assert!(parses.success());
    // What the first of them runs, on a checkout with nothing but what git has.
    let project = Sandbox::as_it_is();
    Run::of(&mut project.command(&["apply", "dev"])).code(0);
    assert!(project.read("shared/.env.dev").contains("POSTGRES_PASSWORD=demo-postgres-password-of-dev\n"));
    assert!(Path::new(BIN).exists());
}
