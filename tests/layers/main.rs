//! The law of the layers: a module may use only modules that stand below it, in `src/lib.rs` and in the `mod.rs` of its
//! folder; no circle has more than two files; some words are forbidden in some folders; no file is longer than 300 lines
//! before its tests.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

mod source;

use std::collections::BTreeSet;
use std::fs;

use source::{Module, Source, code, declared, is_test, rust_files, src};

fn shown(module: &Module) -> String {
    module.join("/")
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Modules of `lib.rs`, top layer first.
fn layers() -> Vec<String> {
    declared(
        &fs::read_to_string(src().join("lib.rs"))
            .unwrap()
            .lines()
            .map(|line| line.split(" //").next().unwrap().to_owned() + "\n")
            .collect::<String>(),
    )
}

#[test]
fn arrows_point_down() {
    let source = Source::read();
    let circles = source.circles();
    let mut wrong = Vec::new();
    for (from, all) in &source.arrows {
        for to in all {
            let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            // A folder may use what is in it, and what is in it may use the folder.
            let (Some(a), Some(b)) = (from.get(common), to.get(common)) else { continue };
            let order = if common == 0 { layers() } else { declared(&source.code[&from[..common].to_vec()]) };
            let place = |name: &String| order.iter().position(|known| known == name);
            let is_pair = circles
                .iter()
                .any(|circle| circle.len() == 2 && circle.contains(from) && circle.contains(to));
            if place(a) > place(b) && !(is_pair && common > 0) {
                wrong.push(format!("{} uses {}, which stands above it", shown(from), shown(to)));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn no_circle_has_more_than_two_files() {
    let circles = Source::read().circles().into_iter().filter(|circle| circle.len() > 2);
    let text = |circle: BTreeSet<Module>| circle.iter().map(shown).collect::<Vec<_>>().join(", ");
    assert_none(&circles.map(text).collect::<Vec<_>>());
}

#[test]
fn every_module_is_in_the_map() {
    let layers = layers();
    for module in Source::read().code.keys().filter(|module| module.len() == 1) {
        let name = &module[0];
        assert!(
            layers.contains(name) || name == "main",
            "src/{name} is not in lib.rs, or not listed with its sentence"
        );
    }
}

/// Kinds of step: the mechanism knows none by its name.
const KINDS: &[&str] =
    &["Work", "AnsibleStep", "model::Docker", "model::Compose", "model::Copy", "model::Remote", "model::Git"];

#[test]
fn folders_do_not_touch_what_is_not_theirs() {
    let rules: &[(&str, &[&str])] = &[
        ("tools", &["Runner", ".await", "std::fs"]),
        ("files", &["std::fs", ".await", "std::env"]),
        ("sops", &["std::fs", "std::env", "Timestamp::now", ".await"]),
        ("pipeline", &["\"terraform\"", "\"ansible", "\"docker\""]),
        ("config", &["exec::", ".await"]),
        ("exec", &["terraform", "ansible", "docker"]),
        ("work", KINDS),
        ("hosts", KINDS),
    ];
    let mut wrong = Vec::new();
    for (folder, words) in rules {
        for path in rust_files(&src().join(folder)).into_iter().filter(|path| !is_test(path)) {
            let code = code(&path);
            for word in words.iter().filter(|word| has_word(&code, word)) {
                wrong.push(format!("{} has `{word}`", path.display()));
            }
        }
    }
    assert_none(&wrong);
}

/// The word stands there, and is not the end or the beginning of a longer name.
fn has_word(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + word.len()..].chars().next());
        let begins = word.starts_with(is_name) && before.is_some_and(is_name);
        let goes_on = word.ends_with(is_name) && after.is_some_and(is_name) && word == "Work";
        !begins && !goes_on
    })
}

/// What is written for people may change: a decision asks for the kind of an error.
#[test]
fn nothing_is_decided_by_the_text_of_our_own_messages() {
    let mut wrong = Vec::new();
    for path in rust_files(&src()).into_iter().filter(|path| !is_test(path)) {
        let code = code(&path);
        let words =
            ["failure.error.to_string().contains(\"", "failure.error).contains(\"", "contains(\"took longer"];
        wrong.extend(
            words
                .iter()
                .filter(|words| code.contains(**words))
                .map(|words| format!("{} has `{words}`", path.display())),
        );
    }
    assert_none(&wrong);
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for path in rust_files(&src()).into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > 300 {
            long.push(format!("{lines} {}", path.display()));
        }
    }
    assert!(long.is_empty(), "longer than 300 lines before their tests:\n{}", long.join("\n"));
}

/// Names of verbs in a row stand in `config/verbs.rs` alone.
#[test]
fn there_is_one_list_of_verbs() {
    let table = fs::read_to_string(src().join("config/verbs.rs")).unwrap();
    let names: BTreeSet<&str> = table
        .split("pipeline(\"")
        .chain(table.split("own(\""))
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
        .collect();
    assert!(names.contains("apply") && names.contains("validate"), "{names:?}");
    let mut wrong = Vec::new();
    for path in
        rust_files(&src()).into_iter().filter(|path| !is_test(path) && !path.ends_with("config/verbs.rs"))
    {
        let code = code(&path);
        let mut row: Vec<&str> = Vec::new();
        // Odd pieces stand in quotes.
        for (at, piece) in code.split('"').enumerate() {
            if at % 2 == 1 && names.contains(piece) {
                row.push(piece);
            } else if at % 2 == 1 || !piece.trim().chars().all(|c| matches!(c, ',' | '|' | ' ' | '\n')) {
                row.clear();
            }
            if row.len() == 3 {
                wrong.push(format!("{} lists {}", path.display(), row.join(", ")));
            }
        }
    }
    assert_none(&wrong);
}

/// What belongs to the words of `config/unready.rs` is read when they work.
const REFUSED: [&str; 8] =
    ["Release", "SnapshotSource", "SnapshotStep", "Ecs", "Publish", "WaitEcs", "Registry", "Task"];

#[test]
fn every_key_of_the_configuration_is_read() {
    let source = Source::read();
    let is_model = |module: &Module| module.starts_with(&["config".to_owned(), "model".to_owned()]);
    let readers: String =
        source.code.iter().filter(|(module, _)| !is_model(module)).map(|(_, code)| code.as_str()).collect();
    let model_code: String =
        source.code.iter().filter(|(module, _)| is_model(module)).map(|(_, code)| code.as_str()).collect();
    let mut unread = Vec::new();
    for (_, code) in source.code.iter().filter(|(module, _)| is_model(module)) {
        let mut of = String::new();
        for line in code.lines() {
            if let Some(rest) = line.split_once("struct ").map(|(_, rest)| rest) {
                of = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            }
            let field =
                line.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
            let Some(field) = field.filter(|name| !name.contains(' ') && !REFUSED.contains(&of.as_str()))
            else {
                continue;
            };
            let is_read = |text: &str| {
                text.contains(&format!(".{field}"))
                    || text.contains(&format!("\"{}\"", field.replace('_', "-")))
                    || has_word(text, &format!("{field},"))
                    || has_word(text, &format!("{field} }}"))
            };
            if !is_read(&readers) && !model_code.contains(&format!("self.{field}")) {
                unread.push(format!("{of}.{field}"));
            }
        }
    }
    assert_none(&unread);
}
