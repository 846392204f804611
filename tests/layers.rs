//! The law of the layers: a module may use only modules that stand below it in `src/lib.rs`; some words are
//! forbidden in some folders; no file is longer than 300 lines before its tests.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Modules of `lib.rs`, top layer first.
fn layers() -> Vec<String> {
    let text = fs::read_to_string(src().join("lib.rs")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("mod "));
    lines.map(|line| line.split(';').next().unwrap().to_owned()).collect()
}

/// Code without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name.ends_with("tests") || path.components().any(|part| part.as_os_str() == "tests")
}

fn module(path: &Path) -> String {
    let inside = path.strip_prefix(src()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn arrows_point_down() {
    let layers = layers();
    let place = |name: &str| layers.iter().position(|layer| layer == name);
    let mut wrong = Vec::new();
    for path in rust_files(&src()).into_iter().filter(|path| !is_test(path)) {
        let Some(own) = place(&module(&path)) else { continue };
        for piece in code(&path).split("crate::").skip(1) {
            let names: Vec<String> = match piece.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(first_word).collect(),
                None => vec![first_word(piece)],
            };
            for used in names {
                if place(&used).is_some_and(|used| used < own) {
                    wrong.push(format!("{} uses `{used}`, which is above it", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn every_module_is_in_the_map() {
    let layers = layers();
    for entry in fs::read_dir(src()).unwrap().map(Result::unwrap) {
        let name = module(&entry.path());
        assert!(
            layers.contains(&name) || name == "lib" || name == "main",
            "src/{name} is not in lib.rs, or not listed with its sentence"
        );
    }
}

#[test]
fn folders_do_not_touch_what_is_not_theirs() {
    let rules: &[(&str, &[&str])] = &[
        ("tools", &["Runner", ".await", "std::fs"]),
        ("files", &["std::fs", ".await", "std::env"]),
        ("sops", &["std::fs", "std::env", "Timestamp::now", ".await"]),
        ("pipeline", &["\"terraform\"", "\"ansible", "\"docker\""]),
        ("config", &["exec::", ".await"]),
        ("exec", &["terraform", "ansible", "docker"]),
    ];
    let mut wrong = Vec::new();
    for (folder, words) in rules {
        for path in rust_files(&src().join(folder)).into_iter().filter(|path| !is_test(path)) {
            let code = code(&path);
            for word in words.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{} has `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is written for people may change: a decision asks for the kind of an error.
#[test]
fn nothing_is_decided_by_the_text_of_our_own_messages() {
    let mut wrong = Vec::new();
    for path in rust_files(&src()).into_iter().filter(|path| !is_test(path)) {
        for words in ["error.to_string().contains(\"", "error).contains(\"", "contains(\"took longer"] {
            if code(&path).contains(words) {
                wrong.push(format!("{} has `{words}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
