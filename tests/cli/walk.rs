//! From a Makefile to an environment file, by the commands of docs/walk.md alone.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{BIN, Run, Sandbox, clean, output, path_with};
use crate::readme::{Example, examples};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository of the walk in a git of its own, with the key where sops looks for it.
fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    output(Command::new("cp").args(["-R", "docs/walk/."]).arg(sandbox.root()).current_dir(root()));
    let key = fs::read_to_string(root().join("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    sandbox.home.write(".config/sops/age/keys.txt", &key);
    output(Command::new("git").args(["init", "-q"]).current_dir(sandbox.root()));
    sandbox
}

fn typed(sandbox: &Sandbox, line: &str) -> Run {
    let mut shell = clean("sh", sandbox.root(), sandbox.home.root());
    Run::of(shell.args(["-c", line]).env("PATH", path_with([BIN])))
}

fn walk() -> Vec<Example> {
    examples(&fs::read_to_string(root().join("docs/walk.md")).unwrap())
}

#[test]
fn a_stranger_with_a_makefile_gets_there_by_the_page_alone() {
    let sandbox = repository();
    let before = fs::read_to_string(sandbox.path("Makefile")).unwrap();
    let all = walk();
    assert!(all.len() > 6, "the page lost its walk");
    for Example { line, printed, .. } in all {
        let run = typed(&sandbox, &line).code(0);
        if !printed.is_empty() {
            assert_eq!(run.out.trim_end(), printed.join("\n"), "{line}: {}", run.err);
        }
    }
    let file = fs::read_to_string(sandbox.path("shared/.env.test")).unwrap();
    assert!(file.contains("BACKEND_IP=192.0.2.10\n") && file.contains("# Environment: test\n"), "{file}");
    assert!(fs::read_to_string(sandbox.path("ansible/inventory/test.ini")).unwrap().contains("192.0.2.10"));
    assert_eq!(fs::read_to_string(sandbox.path("Makefile.before-infractl")).unwrap(), before);
    // What make did, make does, for the other environment too.
    let run = typed(&sandbox, "make plan ENV=prod").code(0);
    assert!(format!("{}{}", run.out, run.err).contains("prod-backend"), "{}", run.err);
    typed(&sandbox, "make -s output ENV=test").code(0).prints("192.0.2.10");
    typed(&sandbox, "make down ENV=test").code(0);
    assert!(!sandbox.path("shared/.env.test").exists());
    // Nothing of it would be committed but what is meant to be.
    let seen = typed(&sandbox, "git status --porcelain --untracked-files=all").code(0);
    for hidden in ["tfstate", ".env.test", ".infractl", "inventory/"] {
        assert!(!seen.out.contains(hidden), "{}", seen.out);
    }
}

/// `docs/record.py walk` draws the picture again.
#[test]
fn the_picture_shows_the_walk_of_the_page() {
    let picture = fs::read_to_string(root().join("docs/walk.svg")).unwrap();
    let tags = regex::Regex::new("<[^>]*>").unwrap();
    let lines: Vec<String> = picture
        .lines()
        .filter(|line| line.starts_with("<text"))
        .map(|line| {
            tags.replace_all(line, "").replace("&#x27;", "'").replace("&gt;", ">").replace("&quot;", "\"")
        })
        .collect();
    let typed: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("$ ")).collect();
    let page: Vec<String> = walk().into_iter().map(|example| example.line).collect();
    assert!(typed.len() > 5 && typed.iter().all(|line| page.iter().any(|known| known == line)), "{typed:?}");
    let sandbox = repository();
    let times = regex::Regex::new(r"\s+[0-9.]+ m?s\b").unwrap();
    let known = |text: &str| times.replace_all(text, "").trim_end().to_owned();
    for shown in lines.split(String::is_empty) {
        let Some(line) = shown.first().and_then(|line| line.strip_prefix("$ ")) else { continue };
        let run = self::typed(&sandbox, line).code(0);
        let printed: Vec<String> = run.out.lines().chain(run.err.lines()).map(known).collect();
        // Each step that is done stands in the picture with what came of it.
        for step in shown[1..].iter().filter(|line| line.starts_with('✓')) {
            let words = known(step);
            let is_there = printed.iter().any(|other| other.contains(words.trim_start_matches("✓ ")));
            assert!(is_there, "{words}: run docs/record.py walk\n{printed:#?}");
        }
    }
}
