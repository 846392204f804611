//! A Makefile with the files it includes, as one list of lines.

use super::Files;
use super::makefile::{Is, Item, parse};
use super::note::{At, Report, Verdict};

/// More files than this include each other by mistake.
const FILES: usize = 64;

/// The lines of a Makefile and of what it includes, in order; all of them are in the report.
pub(super) fn load(file: &str, text: &str, files: &Files<'_>, report: &mut Report) -> Vec<Item> {
    let mut all = Vec::new();
    let mut loaded = vec![file.to_owned()];
    include(file, text, files, report, &mut all, &mut loaded);
    all
}

fn include(
    file: &str,
    text: &str,
    files: &Files<'_>,
    report: &mut Report,
    all: &mut Vec<Item>,
    loaded: &mut Vec<String>,
) {
    let (lines, items) = parse(file, text);
    for line in &lines {
        for (at, text) in line.places().filter(|(_, text)| says_something(text)) {
            report.read(at, text);
        }
    }
    for (at, _) in lines.iter().flat_map(|line| line.places().skip(1).collect::<Vec<_>>()) {
        report.say(&at, Verdict::Understood, "");
    }
    for item in items {
        let Is::Include(names, may_miss) = &item.is else {
            all.push(item);
            continue;
        };
        for name in names.split_whitespace() {
            let (verdict, note, inner) = match (files.read)(name) {
                _ if name.contains('$') => {
                    (Verdict::Unsure, "its name is known to make only: not read".to_owned(), None)
                }
                _ if loaded.iter().any(|known| known == name) => {
                    (Verdict::Unsure, "includes itself, in a circle: read once".to_owned(), None)
                }
                _ if loaded.len() >= FILES => (Verdict::Unsure, "too many files: not read".to_owned(), None),
                Some(text) => (Verdict::Understood, format!("`{name}` was read"), Some(text)),
                None if *may_miss => (Verdict::Understood, "is not there, and need not be".to_owned(), None),
                None => (Verdict::Unsure, format!("`{name}` is not there, or no text: not read"), None),
            };
            say(report, &item.at, verdict, &note);
            if let Some(text) = inner {
                loaded.push(name.to_owned());
                include(name, &text, files, report, all, loaded);
            }
        }
    }
}

fn say(report: &mut Report, at: &At, verdict: Verdict, note: &str) {
    report.say(at, verdict, note);
}

/// Not blank and no comment.
pub(super) fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}
