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
