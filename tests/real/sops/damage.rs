//! Files of sops that something happened to: both refuse the same ones, and infractl says which file, why, and what to do.

use infractl::testing::sops::{Format, NewFile};

use super::real::{Sops, all, ending};
use crate::common::{BIN, public};

/// What happened, how to do it, and a word that the message must have; none when the file is still good.
type Damage = (&'static str, fn(&str) -> String, Option<&'static str>);

/// The part of a line or string that begins so, up to the quote or the end of the line.
fn replaced(text: &str, from: &str, by: impl Fn(&str) -> String) -> String {
    let at = text.find(from).unwrap_or_else(|| panic!("{from} is not in\n{text}")) + from.len();
    let end = at + text[at..].find(['"', '\n']).unwrap_or(0);
    format!("{}{}{}", &text[..at], by(&text[at..end]), &text[end..])
}

/// Where the value of a name begins, in each format.
fn after(text: &str, name: &str) -> String {
    [format!("\"{name}\": \""), format!("{name}: \""), format!("{name}: "), format!("{name}=")]
        .into_iter()
        .find(|mark| text.contains(mark.as_str()))
        .unwrap_or_else(|| panic!("{name} is not in\n{text}"))
}

fn change(text: &str, name: &str, by: impl Fn(&str) -> String) -> String {
    replaced(text, &after(text, name), by)
}

fn lines(text: &str, kept: impl Fn(&str) -> bool) -> String {
    text.split_inclusive('\n').filter(|line| kept(line)).collect()
}

const DAMAGES: [Damage; 25] = [
    ("nothing", str::to_owned, None),
    (
        "a byte of a value",
        |text| change(text, "one", |value| value.replacen("data:", "data:A", 1)),
        Some("one"),
    ),
    ("another tag", |text| change(text, "one", |value| value.replacen("tag:", "tag:AAAA", 1)), Some("one")),
    ("another nonce", |text| change(text, "two", |value| value.replacen("iv:", "iv:AAAA", 1)), Some("two")),
    (
        "two values changed places",
        |text| {
            let value = |name| -> String {
                let rest = text.split_once(after(text, name).as_str()).unwrap().1;
                rest.split(['"', '\n']).next().unwrap().to_owned()
            };
            let (one, two) = (value("one"), value("two"));
            text.replace(&one, "@").replace(&two, &one).replace('@', &two)
        },
        Some("one"),
    ),
    (
        "a type that the text is not",
        |text| change(text, "one", |value| value.replace("type:str", "type:int")),
        Some("one"),
    ),
    (
        "an unknown type",
        |text| change(text, "one", |value| value.replace("type:str", "type:text")),
        Some("one"),
    ),
    ("a value in clear", |text| change(text, "one", |_| "new".to_owned()), Some("one")),
    ("a clear value changed", |text| change(text, "clear_unencrypted", |_| "new".to_owned()), Some("MAC")),
    ("a value gone", |text| lines(text, |line| !line.contains("one")), Some("MAC")),
    ("a name changed", |text| text.replacen("one", "uno", 1), Some("uno")),
    ("no MAC", |text| lines(text, |line| !line.contains(&after(text, "mac"))), Some("MAC")),
    ("another MAC", |text| change(text, "mac", |value| value.replacen("data:", "data:AAAA", 1)), Some("MAC")),
    ("another date", |text| change(text, "lastmodified", |_| "2020-01-01T00:00:00Z".to_owned()), Some("MAC")),
    ("no date", |text| change(text, "lastmodified", |_| "yesterday".to_owned()), Some("lastmodified")),
    ("no version", |text| change(text, "version", |_| String::new()), Some("version")),
    ("a version that is none", |text| change(text, "version", |_| "new".to_owned()), Some("version")),
    ("an old version", |text| change(text, "version", |_| "3.7.1".to_owned()), None),
    ("a newer version", |text| change(text, "version", |_| "4.0.0".to_owned()), None),
    (
        "another rule",
        |text| text.replacen("unencrypted_suffix", "encrypted_suffix", 1),
        Some("clear_unencrypted"),
    ),
    (
        "another suffix",
        |text| change(text, "unencrypted_suffix", |_| "_clear".to_owned()),
        Some("clear_unencrypted"),
    ),
    ("another recipient in the text", |text| change(text, "recipient", |_| "age1nobody".to_owned()), None),
    ("a damaged key", |text| text.replacen("YWdl", "AAAA", 1), Some("age1")),
    ("half of it", |text| text[..text.len() / 2].to_owned(), Some("")),
    (
        "a merge conflict",
        |text| {
            let line = text.split_inclusive('\n').find(|line| line.contains("one")).unwrap();
            text.replacen(line, &format!("<<<<<<< HEAD\n{line}=======\n{line}>>>>>>> side\n"), 1)
        },
        Some("conflict"),
    ),
];

#[test]
fn what_is_damaged_is_refused_by_both_and_explained() {
    let Some(sops) = Sops::new() else { return };
    let new = NewFile::for_recipients([public("a.txt")]);
    let mut cases = Vec::new();
    for (format, text) in [
        (Format::Dotenv, "one=first\ntwo=second\nclear_unencrypted=old\n"),
        (Format::Yaml, "one: first\ntwo: second\nclear_unencrypted: old\n"),
        (Format::Json, r#"{"one": "first", "two": "second", "clear_unencrypted": "old"}"#),
    ] {
        let file = sops.encrypt(&format!("good.{}", ending(format)), text.as_bytes(), &new).ok();
        let file = String::from_utf8(file).unwrap();
        cases.extend(DAMAGES.iter().map(|damage| (format, file.clone(), *damage)));
    }
    all(&cases, |at, (format, file, (what, damage, word))| {
        let name = format!("{at}.enc.{}", ending(*format));
        let damaged = damage(file);
        let theirs = sops.decrypt(&name, damaged.as_bytes());
        let mut command = crate::common::program(BIN, sops.dir.path());
        command.args(["secrets", "view", &name]).env("SOPS_AGE_KEY_FILE", sops.path("keys.txt"));
        let ours = Sops::say(&mut command);
        let said = format!(
            "{what} in {format}: sops {}, infractl {}\n{}\n{}\n{damaged}",
            theirs.code, ours.code, theirs.err, ours.err
        );
        let right = match word {
            None => theirs.code == 0 && ours.code == 0 && ours.out == theirs.out,
            Some(word) => {
                theirs.code != 0
                    && ours.code == 65
                    && ours.out.is_empty()
                    && ours.err.contains(&name)
                    && ours.err.contains(word)
                    && ours.err.contains("help: ")
                    && !["first", "second", "old"].iter().any(|value| ours.err.contains(value))
            }
        };
        if right { Ok(()) } else { Err(said) }
    });
}
