//! The generated pages in `docs/` are those of the code. `tests/update-docs` writes them again.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a panic is a failed test, and it writes the pages again when asked to"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use infractl::testing::commands::docs::{Page, page, verb_pages};
use serde_json::Value as Json;

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
        (Page::OutputSchema, "output.schema.json"),
        (Page::Man, "infractl.1"),
    ];
    let cli = || <infractl::testing::commands::Cli as clap::CommandFactory>::command();
    let made = pages
        .map(|(name, file)| (file.to_owned(), page(name, cli()).map_err(|failure| failure.error).unwrap()));
    let of_verbs = verb_pages(cli());
    let summary = summary(&of_verbs);
    let verbs = of_verbs.into_iter().map(|(name, text)| (format!("cli/{name}.md"), text));
    // Not a page, but made from the model and read by every run of a release.
    let shapes = ("../src/config/shapes.txt".to_owned(), infractl::testing::config::shapes_written());
    let all: Vec<(String, String)> = made.into_iter().chain(verbs).chain([summary, shapes]).collect();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut stale = Vec::new();
    for (file, text) in &all {
        let path = docs.join(file);
        if std::env::var_os("INFRACTL_UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != *text {
            stale.push(file.clone());
        }
    }
    // The page of a verb that is gone.
    let is_made = |name: &str| all.iter().any(|(file, _)| *file == format!("cli/{name}"));
    for entry in fs::read_dir(docs.join("cli")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !is_made(&name) {
            stale.push(format!("cli/{name}"));
        }
    }
    assert!(stale.is_empty(), "run tests/update-docs: {stale:?} differ from the code");
}

/// The table of contents, with the pages of the verbs below that of all.
fn summary(verbs: &[(String, String)]) -> (String, String) {
    const ALL: &str = "- [Verbs](cli.md)";
    let text = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.contains("](cli/")).map(str::to_owned).collect();
    let at = lines.iter().position(|line| line == ALL).unwrap() + 1;
    let own = verbs.iter().map(|(name, _)| format!("  - [{name}](cli/{name}.md)"));
    lines.splice(at..at, own);
    ("SUMMARY.md".to_owned(), lines.join("\n") + "\n")
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

/// Files of a folder with this ending, in an order.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![root().join(folder)], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|known| known == end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages of the site, as SUMMARY.md names them: `cli/apply.md`.
fn pages() -> Vec<String> {
    let docs = root().join("docs");
    let all =
        files("docs", "md").into_iter().map(|path| path.strip_prefix(&docs).unwrap().display().to_string());
    // A repository to try things on is no page.
    all.filter(|name| name != "SUMMARY.md" && !name.starts_with("walk/")).collect()
}

/// Without blocks of code and what stands in backquotes.
fn prose(text: &str) -> String {
    let code = regex::Regex::new("`[^`\n]*`").unwrap();
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.map(|line| code.replace_all(line, "_").into_owned() + "\n").collect()
}

/// What mdBook and GitHub call the headings of a page.
fn anchors(text: &str) -> Vec<String> {
    let link = regex::Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let (mut found, mut is_code) = (Vec::<String>::new(), false);
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !is_code) else { continue };
        let title = link.replace_all(title.trim_start_matches('#').trim(), "$1").to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = found.iter().filter(|other| **other == name).count();
        found.push(if before == 0 { name } else { format!("{name}-{before}") });
    }
    found
}

#[test]
fn every_link_and_anchor_is_there() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let docs = root().join("docs");
    let own = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|name| root().join(name));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in files("docs", "md").into_iter().chain(files("examples", "md")).chain(own) {
        let text = fs::read_to_string(&file).unwrap();
        for found in link.captures_iter(&prose(&text)) {
            let target = &found[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let shown = format!("{}: {target}", file.strip_prefix(root()).unwrap().display());
            let Ok(aim) = aim.canonicalize() else {
                wrong.push(shown);
                continue;
            };
            // A page that leaves the folder leads nowhere on the site.
            let leaves = file.starts_with(&docs) && !aim.starts_with(docs.canonicalize().unwrap());
            let has_anchor = anchor.is_empty()
                || anchors(&fs::read_to_string(&aim).unwrap()).iter().any(|known| known == anchor);
            if leaves || !has_anchor {
                wrong.push(shown);
            }
        }
    }
    assert!(wrong.is_empty() && seen > 200, "{seen} links; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let text = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let link = regex::Regex::new(r"\]\(([^)]+)\)").unwrap();
    let named: Vec<String> = link.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let count = |page: &String| named.iter().filter(|other| *other == page).count();
    let pages = pages();
    let wrong: Vec<&String> = pages.iter().filter(|page| count(page) != 1).collect();
    assert!(wrong.is_empty(), "not once in docs/SUMMARY.md: {wrong:?}");
    assert_eq!(named.len(), pages.len(), "docs/SUMMARY.md names a page that is not there");
    // What no code makes is in the program as it is.
    let inside = fs::read_to_string(root().join("src/commands/pages.rs")).unwrap();
    let made = ["cli.md", "config.md", "exit-codes.md", "variables.md"];
    let written = pages.iter().filter(|page| !page.starts_with("cli/") && !made.contains(&page.as_str()));
    let outside: Vec<&String> = written
        .filter(|page| !inside.contains(&format!("    \"{}\",\n", page.trim_end_matches(".md"))))
        .collect();
    assert!(outside.is_empty(), "not in src/commands/pages.rs: {outside:?}");
    let book = fs::read_to_string(root().join("book.toml")).unwrap();
    assert!(book.contains("src = \"docs\"\n"));
}

/// What code and pages call a page of the manual is one.
#[test]
fn every_page_that_is_named_exists() {
    let cli = <infractl::testing::commands::Cli as clap::CommandFactory>::command();
    let verbs: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let pages = pages();
    let is_page = |name: &str| {
        pages.iter().any(|page| {
            let page = page.trim_end_matches(".md");
            page == name || page.rsplit('/').next() == Some(name)
        })
    };
    let file = regex::Regex::new(r"docs/([a-z][a-z/-]*)\.md").unwrap();
    let topic = regex::Regex::new(r"infractl help ([a-z][a-z/.-]*[a-z])").unwrap();
    let sources = ["rs", "toml", "md"].into_iter().flat_map(|end| files("src", end));
    let own = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in sources.chain(files("docs", "md")).chain(own) {
        let text = fs::read_to_string(&path).unwrap();
        let files = file.captures_iter(&text).filter(|found| !found[1].starts_with("runbook-"));
        let wrong_files =
            files.filter(|found| !root().join(&found[0]).exists()).map(|found| found[0].to_owned());
        let topics = topic.captures_iter(&text).filter(|found| {
            seen += 1;
            let name = found[1].trim_end_matches(".md");
            // Where a verb has the name of a page, the page is meant with its ending.
            let is_verb = verbs.contains(&&found[1]) || &found[1] == "topics";
            !(is_verb || (is_page(name) && ((name != &found[1]) == verbs.contains(&name))))
        });
        let wrong_topics: Vec<String> = topics.map(|found| found[0].to_owned()).collect();
        wrong.extend(wrong_files.chain(wrong_topics).map(|what| format!("{}: {what}", path.display())));
    }
    // Tests of ours name some that are not there.
    wrong.retain(|line| !line.contains("src/commands/manual"));
    assert!(wrong.is_empty() && seen > 20, "{seen}:\n{}", wrong.join("\n"));
    // People who have the program have `infractl help`, and not the folder.
    let mut open: Vec<clap::Command> = cli.get_subcommands().cloned().collect();
    while let Some(mut verb) = open.pop() {
        let help = verb.render_long_help().to_string();
        assert!(!help.contains("See docs/"), "{help}");
        open.extend(verb.get_subcommands().cloned());
    }
}

/// Who has to live with a schema: readers of what is printed, or writers of what is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Printed,
    Read,
}

/// What a new schema takes away of what an old one promised, by the way to it.
struct Lost<'a> {
    side: Side,
    roots: [&'a Json; 2],
    seen: BTreeSet<(String, String)>,
    all: Vec<String>,
}

impl<'a> Lost<'a> {
    fn of(side: Side, old: &'a Json, new: &'a Json) -> Vec<String> {
        let mut lost = Lost { side, roots: [old, new], seen: BTreeSet::new(), all: Vec::new() };
        lost.compare(old, new, "");
        lost.all
    }

    fn target(&self, which: usize, schema: &'a Json) -> &'a Json {
        let only = schema["allOf"].as_array().filter(|all| all.len() == 1).map(|all| &all[0]);
        match only.unwrap_or(schema)["$ref"].as_str() {
            Some(path) => {
                self.roots[which].pointer(path.trim_start_matches('#')).expect("it leads somewhere")
            }
            None => schema,
        }
    }

    fn kinds(&self, which: usize, schema: &'a Json) -> BTreeSet<&'a str> {
        let schema = self.target(which, schema);
        let mut kinds: BTreeSet<&str> = schema["type"].as_str().into_iter().collect();
        kinds.extend(schema["type"].as_array().into_iter().flatten().filter_map(Json::as_str));
        for choice in choices(schema) {
            kinds.extend(self.kinds(which, choice));
        }
        kinds
    }

    fn compare(&mut self, old: &'a Json, new: &'a Json, at: &str) {
        let name = |schema: &Json| schema["$ref"].as_str().unwrap_or_default().to_owned();
        let both = (name(old), name(new));
        if !both.0.is_empty() && !self.seen.insert(both) {
            return;
        }
        let (old, new) = (self.target(0, old), self.target(1, new));
        let [was, is] = [self.kinds(0, old), self.kinds(1, new)];
        let fits = match self.side {
            Side::Printed => is.is_subset(&was) && !is.is_empty(),
            Side::Read => was.is_subset(&is) || is.is_empty(),
        };
        if !was.is_empty() && !fits {
            self.all.push(format!("{at}: was {was:?}, is {is:?}"));
        }
        let words = |schema| choices(schema).filter_map(|one| one["const"].as_str()).collect::<BTreeSet<_>>();
        if self.side == Side::Read {
            let gone = words(old).into_iter().filter(|word| !words(new).contains(word));
            self.all.extend(gone.map(|word| format!("{at}: `{word}` is gone")));
        }
        let needs = |schema: &'a Json| {
            let all = schema["required"].as_array().into_iter().flatten();
            all.filter_map(Json::as_str).collect::<BTreeSet<_>>()
        };
        let (less, more, says) = match self.side {
            Side::Printed => (needs(old), needs(new), "may be missing"),
            Side::Read => (needs(new), needs(old), "has to be there"),
        };
        self.all.extend(less.difference(&more).map(|key| format!("{at}.{key} {says}")));
        for (key, was) in old["properties"].as_object().into_iter().flatten() {
            match new["properties"].get(key) {
                Some(is) => self.compare(was, is, &format!("{at}.{key}")),
                None => self.all.push(format!("{at}.{key} is gone")),
            }
        }
        for key in ["items", "additionalProperties"] {
            if old[key].is_object() && new[key].is_object() {
                self.compare(&old[key], &new[key], &format!("{at}[]"));
            }
        }
        for was in choices(old).filter(|one| one["const"].is_null()) {
            let tries = choices(new).chain((choices(new).next().is_none()).then_some(new)).map(|is| {
                let mut lost = Lost { seen: self.seen.clone(), all: Vec::new(), ..*self };
                lost.compare(was, is, at);
                lost.all
            });
            let best = tries.min_by_key(Vec::len).unwrap_or_default();
            self.all.extend(best);
        }
    }
}

fn choices(schema: &Json) -> impl Iterator<Item = &Json> {
    ["anyOf", "oneOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten())
}

const SCHEMAS: [(&str, Side); 3] = [
    ("docs/config.schema.json", Side::Read),
    ("docs/output.schema.json", Side::Printed),
    ("docs/report.schema.json", Side::Printed),
];

/// Of a release of the same minor version: nothing that was promised there is taken away. See docs/compatibility.md.
#[test]
fn schemas_only_grow_within_a_minor_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let git = |args: &[&str]| {
        let done = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
        done.status.success().then(|| String::from_utf8(done.stdout).unwrap())
    };
    let tags = concat!("v", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"), ".*");
    let last = git(&["describe", "--tags", "--abbrev=0", "--match", tags]);
    for (path, side) in SCHEMAS {
        let now: Json = serde_json::from_str(&fs::read_to_string(root.join(path)).unwrap()).unwrap();
        assert_eq!(Lost::of(side, &now, &now), Vec::<String>::new(), "{path}");
        // Before the first release, and in a checkout without its tags, there is nothing that was promised.
        let old = last.as_ref().and_then(|tag| git(&["show", &format!("{}:{path}", tag.trim())]));
        if let Some(old) = old {
            let old: Json = serde_json::from_str(&old).unwrap();
            let lost = Lost::of(side, &old, &now);
            assert!(lost.is_empty(), "{path} since {}:\n{}", last.unwrap(), lost.join("\n"));
        }
    }
}

#[test]
fn what_is_taken_away_of_a_schema_is_seen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let printed: Json = serde_json::from_str(&read("docs/output.schema.json")).unwrap();
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut new = printed.clone();
        change(&mut new);
        Lost::of(Side::Printed, &printed, &new)
    };
    let finding = "/$defs/Finding/properties";
    let gone =
        changed(&|new| drop(new.pointer_mut(finding).unwrap().as_object_mut().unwrap().remove("what")));
    assert_eq!(gone, [".doctor.findings[].what is gone"]);
    let other = changed(&|new| new.pointer_mut(finding).unwrap()["what"]["type"] = "integer".into());
    assert_eq!(other, [".doctor.findings[].what: was {\"string\"}, is {\"integer\"}"]);
    let open =
        changed(&|new| new.pointer_mut("/$defs/Finding/required").unwrap().as_array_mut().unwrap().clear());
    assert!(open.contains(&".doctor.findings[].level may be missing".to_owned()), "{open:?}");
    let more =
        changed(&|new| new.pointer_mut(finding).unwrap()["more"] = serde_json::json!({ "type": "string" }));
    assert_eq!(more, Vec::<String>::new());

    let keys: Json = serde_json::from_str(&read("docs/config.schema.json")).unwrap();
    let mut new = keys.clone();
    new["definitions"]["Ttl"]["properties"].as_object_mut().unwrap().remove("warn");
    new["definitions"]["TtlAction"]["oneOf"].as_array_mut().unwrap().remove(0);
    let mut lost = Lost::of(Side::Read, &keys, &new);
    lost.sort();
    assert_eq!(lost, [".ttl.action: `stop` is gone", ".ttl.warn is gone"]);
    assert_eq!(Lost::of(Side::Read, &new, &keys), Vec::<String>::new());
}
