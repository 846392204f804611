//! Random files, both ways, with random rules and recipients.

use infractl::testing::sops::{Format, Map, Node, PathStep, Value, key};

use super::odd::compare;
use super::odd_files::Verdict;
use super::random;
use super::real::{Sops, all, open, sealed, shown};
use crate::common::Numbers;

/// How many random files of each format; `INFRACTL_SOPS_CASES` says otherwise.
fn cases(count: u64) -> Vec<u64> {
    let wanted = std::env::var("INFRACTL_SOPS_CASES").ok().and_then(|count| count.parse().ok());
    (0..wanted.unwrap_or(count)).collect()
}

fn check(format: Format, count: u64) {
    let Some(sops) = Sops::new() else { return };
    all(&cases(count), |at, seed| {
        let mut numbers = Numbers(seed ^ 0x50b5);
        let mut text = random::document(&mut numbers, format);
        if format == Format::Json {
            // Larger ones lose digits in sops before 3.13.2.
            let long = regex::bytes::Regex::new("([0-9]{15})[0-9]+").unwrap();
            text = long.replace_all(&text, b"$1".as_slice()).into_owned();
        }
        if format == Format::Yaml {
            // In clear it would be read back as 0, and is refused.
            text = String::from_utf8(text).unwrap().replace("-0.0", "-1.0").into_bytes();
        }
        let new = random::new_file(&mut numbers, format);
        compare(&sops, &at.to_string(), (&text, Verdict::Same), format, &new)
    });
}

#[test]
fn random_dotenv_goes_both_ways() {
    check(Format::Dotenv, 40);
}

#[test]
fn random_json_goes_both_ways() {
    check(Format::Json, 40);
}

#[test]
fn random_yaml_goes_both_ways() {
    check(Format::Yaml, 60);
}

/// Changed by infractl where its text stands, in the layout of whoever wrote it: sops reads what is meant, and no
/// other value is encrypted anew.
#[test]
fn random_yaml_that_was_changed_is_read_by_sops() {
    let Some(sops) = Sops::new() else { return };
    all(&cases(40), |at, seed| {
        let mut numbers = Numbers(seed ^ 0xc4a6);
        let mut text = String::from_utf8(random::document(&mut numbers, Format::Yaml)).unwrap();
        text = text.replace("-0.0", "-1.0").replace(".inf", "7").replace('\u{2028}', "é");
        let new = random::new_file(&mut numbers, Format::Yaml);
        let Ok((_, file)) = sealed(text.as_bytes(), Format::Yaml, &new) else { return Err(text) };
        let mut plain = open(&file, Format::Yaml).map_err(|error| format!("{error}\n{text}"))?;
        let mut paths = Vec::new();
        leaves(&plain.branches()[0], &mut Vec::new(), &mut paths);
        let mut touched = 1;
        for _ in 0..=numbers.below(3) {
            let Some(path) = paths.get(numbers.below(paths.len() + 1)) else {
                plain.set(&key("added"), Value::text(random::text(&mut numbers)).into()).unwrap();
                continue;
            };
            touched += 1;
            if numbers.below(4) == 0 {
                let _ = plain.unset(path);
            } else {
                let value = random::text(&mut numbers).replace('\u{2028}', "é");
                let _ = plain.set(path, Value::text(value).into());
            }
        }
        let Ok(after) = plain.seal(jiff::Timestamp::now(), &mut infractl::testing::secrets::fill) else {
            return Ok(());
        };
        let after = after.to_bytes().unwrap();
        let place = format!("{at}.yaml");
        let theirs = sops.decrypt(&place, &after);
        let shown = |why: &str| {
            format!("{why}\n== text\n{text}\n== before\n{}\n== after\n{}", shown(&file), shown(&after))
        };
        if theirs.code != 0 {
            return Err(shown(&theirs.err));
        }
        let data = sops.run(&["decrypt", "--output-type", "json", &place]).ok();
        if plain.to_bytes(Format::Json).is_ok_and(|ours| *ours != data) {
            return Err(shown(&String::from_utf8_lossy(&data)));
        }
        let sealed = |text: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(text).into_owned();
            let mut found: Vec<_> =
                text.split("ENC[").skip(1).map(|part| part.split(']').next().unwrap().to_owned()).collect();
            found.sort();
            found
        };
        let (before, after) = (sealed(&file), sealed(&after));
        let gone = before.iter().filter(|one| after.binary_search(one).is_err()).count();
        // The MAC, and what was changed: a whole list or map may be gone.
        if gone > touched * 12 + 1 || gone > before.len() {
            return Err(shown(&format!("{gone} ciphertexts are gone for {touched} changes")));
        }
        Ok(())
    });
}

/// The place of every leaf.
fn leaves(map: &Map, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    for (name, node) in map.pairs() {
        path.push(PathStep::Key(name.to_vec()));
        leaf(node, path, found);
        path.pop();
    }
}

fn leaf(node: &Node, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    match node {
        Node::Map(map) => leaves(map, path, found),
        Node::List(items) => {
            let items = items.iter().filter(|item| !matches!(item, Node::Comment(_)));
            for (at, item) in items.enumerate() {
                path.push(PathStep::Index(at));
                leaf(item, path, found);
                path.pop();
            }
        }
        _ => found.push(path.clone()),
    }
}

#[test]
fn random_bytes_go_both_ways() {
    check(Format::Binary, 20);
}
