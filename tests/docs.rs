//! The generated pages in `docs/` are those of the code. `tests/update-docs` writes them again.
#![expect(clippy::disallowed_methods, reason = "it writes the pages again when asked to")]

use std::fs;
use std::path::Path;

use infractl::testing::commands::docs::{Page, page};

/// A help that names a verb which is not there helps nobody.
#[test]
fn every_verb_that_is_named_exists() {
    let cli = <infractl::testing::commands::Cli as clap::CommandFactory>::command();
    let verbs: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut open, mut wrong) =
        (vec![root.join("src"), root.join("docs"), root.join("README.md")], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (at, _) in text.match_indices("`infractl ") {
            let rest = &text[at + "`infractl ".len()..];
            let word: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            // What begins with a capital or a brace stands for something else.
            let is_word = !word.is_empty() && !word.starts_with('-') && !verbs.contains(&word.as_str());
            if is_word && !["help", "smoke"].contains(&word.as_str()) {
                wrong.push(format!("{}: infractl {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn generated_pages_are_up_to_date() {
    let pages = [
        (Page::Cli, "cli.md"),
        (Page::Config, "config.md"),
        (Page::ExitCodes, "exit-codes.md"),
        (Page::Variables, "variables.md"),
        (Page::Schema, "config.schema.json"),
        (Page::ReportSchema, "report.schema.json"),
        (Page::Man, "infractl.1"),
    ];
    let mut stale = Vec::new();
    for (name, file) in pages {
        let text = page(name, <infractl::testing::commands::Cli as clap::CommandFactory>::command())
            .map_err(|failure| failure.error)
            .unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
        if std::env::var_os("INFRACTL_UPDATE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "run tests/update-docs: {stale:?} differ from the code");
}

/// A promise whose test is gone is held by nothing.
#[test]
fn every_promise_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut open, mut code) = (vec![root.join("src"), root.join("tests")], String::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let inside = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            open.extend(inside.filter(|path| !path.ends_with(".state")));
        } else if path.extension().is_some_and(|end| end == "rs") {
            code += &fs::read_to_string(path).unwrap();
        }
    }
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (_, promises) = text.split_once("held by |\n").unwrap();
    let rows: Vec<&str> = promises.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let (_, tests) = row.trim_end_matches(" |").rsplit_once("| ").unwrap();
        let names = tests.split(", ").map(|name| name.trim_matches('`'));
        let lost: Vec<&str> = names.filter(|name| !code.contains(&format!("fn {name}("))).collect();
        assert!(lost.is_empty(), "no such test: {lost:?} in {row}");
    }
}
