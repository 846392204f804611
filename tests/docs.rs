//! The generated pages in `docs/` are those of the code. `tests/update-docs` writes them again.
#![expect(clippy::disallowed_methods, reason = "it writes the pages again when asked to")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use infractl::testing::commands::docs::{Page, page};
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
