//! Rules, recipients and sizes, each written down.

use std::fmt::Write as _;

use infractl::testing::sops::{Format, KeyGroups, NewFile, Rule, SopsError};

use super::odd::compare;
use super::odd_files::Verdict;
use super::real::{Sops, all, open, open_with, printed, rules, sealed};
use crate::common::{own, public};

const RULES: [(&str, &str); 9] = [
    ("unencrypted_suffix", "_clear"),
    ("encrypted_suffix", "_enc"),
    ("unencrypted_regex", "^(a|pub)"),
    ("encrypted_regex", "^(a|secret)$"),
    ("encrypted_regex", r"^\w+\d?$|[[:upper:]]"),
    ("unencrypted_comment_regex", "sops:clear"),
    ("encrypted_comment_regex", "sops:enc"),
    ("encrypted_comment_regex", "^ ?sops:"),
    ("encrypted_regex", "^nothing$"),
];

const DOCUMENTS: [(&str, Format); 13] = [
    (
        "# top sops:enc\na: 1\nb: x # sops:clear\n# sops:enc\nsecret: [1, x]\npub:\n  a: s\n  q_enc: t\n  # sops:clear\n  w_clear: u\nlast: # sops:enc\n  v: w\n",
        Format::Yaml,
    ),
    ("l:\n  # sops:enc\n  - a\n  - b # sops:clear\n  # sops:clear\n  - c\n  - d\nz: 1\n", Format::Yaml),
    ("# a\na: 1 # b\nc:\n  # d\n  a: 1\n  # e\n# f\n", Format::Yaml),
    ("# sops:enc\na:\n  b: 1\n  c:\n    - x\n    - y: z\nd: 3\n", Format::Yaml),
    ("# sops:clear\na:\n  b: 1\nd: 2\n# c\n# sops:clear\n# d\ne: 1\nf: 2\n", Format::Yaml),
    ("a_enc:\n  b: {c: 1, d_clear: [x, {y: 2}]}\nb:\n- a: 1\n  secret: 2.5\n- pub\n", Format::Yaml),
    ("a: 1\nb_enc: x\n---\n# sops:enc\na: 2\n---\nsecret: {a: 1}\n", Format::Yaml),
    ("\u{e9}: 1\nA: x\nx y: 2\n\u{e9}1: [true, null, 2001-01-01]\n", Format::Yaml),
    (
        r#"{"a": 1, "secret": [1, {"q": "x"}], "pub": {"a_enc": 1, "b_clear": 2}, "z_enc": {"l": [1.5]}, "A": ""}"#,
        Format::Json,
    ),
    (
        "# sops:enc\nA=1\nB=2\n# sops:clear\nC=3\n# x\n# sops:enc\n# y\nD=4\nE=5\n# sops:clear\n# sops:enc\nF=6\n",
        Format::Dotenv,
    ),
    ("a=1\nsecret=\npub=x\nq_enc=\\n\nw_clear=u\n#c\n\u{e9}=1\n", Format::Dotenv),
    ("sops:enc", Format::Binary),
    ("", Format::Binary),
];

#[test]
fn every_rule_means_the_same_to_both() {
    let Some(sops) = Sops::new() else { return };
    let mut cases = Vec::new();
    for (text, format) in DOCUMENTS {
        for (name, pattern) in RULES {
            for mac_only_encrypted in [false, true] {
                // Binary files have no rule; comments are not in the MAC.
                let few = format == Format::Binary || mac_only_encrypted && pattern.contains(':');
                if few && (name, mac_only_encrypted) != ("unencrypted_suffix", false) {
                    continue;
                }
                let mut new = NewFile::for_recipients([public("a.txt")]);
                (new.rule, new.mac_only_encrypted) = (Rule::named(name, pattern), mac_only_encrypted);
                cases.push((text, format, new));
            }
        }
    }
    all(&cases, |at, (text, format, new)| {
        compare(&sops, &at.to_string(), (text.as_bytes(), Verdict::Same), *format, new)
    });
}

fn groups(names: &[&[&str]], threshold: Option<usize>) -> NewFile {
    let groups = names.iter().map(|group| group.iter().map(|name| public(name)).collect()).collect();
    let mut new = NewFile::for_recipients([""]);
    new.recipients = KeyGroups { groups, threshold };
    new
}

#[test]
fn key_groups_are_combined_by_both() {
    let Some(sops) = Sops::new() else { return };
    let (a, b, c) = (&["a.txt"][..], &["b.txt"][..], &["c.txt"][..]);
    let text = b"A=1\nB=two\n";
    for (at, (new, enough, too_few)) in [
        (groups(&[a, b, c], Some(2)), &["a.txt", "c.txt"][..], &["b.txt"][..]),
        (groups(&[a, b, c], None), &["a.txt", "b.txt", "c.txt"], &["a.txt", "c.txt"]),
        (groups(&[&["a.txt", "b.txt"], c], Some(2)), &["b.txt", "c.txt"], &["a.txt", "b.txt"]),
        (groups(&[&["a.txt", "b.txt", "c.txt"]], Some(2)), &["b.txt"], &["ssh_ed25519"]),
    ]
    .into_iter()
    .enumerate()
    {
        let theirs = sops.encrypt(&format!("{at}.env"), text, &new).ok();
        let (_, ours) = sealed(text, Format::Dotenv, &new).unwrap();
        for (name, file) in [("theirs.env", &theirs), ("ours.env", &ours)] {
            let path = sops.write(name, file);
            let keys = |names: &[&str]| {
                let texts = names.iter().map(|name| std::fs::read_to_string(own().join("keys").join(name)));
                sops.write("some.txt", texts.map(Result::unwrap).collect::<String>().as_bytes())
            };
            let decrypt = |names: &[&str]| {
                let mut command = sops.command(&["decrypt", path.to_str().unwrap()]);
                let keys = keys(names);
                if names[0].starts_with("ssh") {
                    command.env_remove("SOPS_AGE_KEY_FILE").env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", keys);
                } else {
                    command.env("SOPS_AGE_KEY_FILE", keys);
                }
                Sops::say(&mut command)
            };
            assert_eq!(decrypt(enough).ok(), text, "{name} {at}");
            assert_eq!(printed(&open_with(file, Format::Dotenv, enough).unwrap()), text, "{name} {at}");
            assert_eq!(decrypt(too_few).code, 128, "{name} {at}");
            let error = open_with(file, Format::Dotenv, too_few).unwrap_err();
            assert!(
                matches!(error, SopsError::TooFewGroups { .. } | SopsError::NoDataKey { .. }),
                "{name} {at}: {error}"
            );
        }
    }
}

#[test]
fn ssh_keys_open_files_of_both() {
    let Some(sops) = Sops::new() else { return };
    for name in ["ssh_ed25519", "ssh_rsa"] {
        let key = own().join("keys").join(name);
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        let new = NewFile::for_recipients([public.trim()]);
        for (text, format, place) in
            [("A=1\n", Format::Dotenv, "k.env"), ("a: [1, x]\n", Format::Yaml, "k.yaml")]
        {
            let theirs = sops.encrypt(place, text.as_bytes(), &new).ok();
            let (_, ours) = sealed(text.as_bytes(), format, &new).unwrap();
            sops.write(place, &ours);
            let mut command = sops.command(&["decrypt", place]);
            command.env_remove("SOPS_AGE_KEY_FILE").env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &key);
            let printed_by_sops = Sops::say(&mut command).ok();
            for file in [&theirs, &ours] {
                assert_eq!(printed(&open_with(file, format, &[name]).unwrap()), printed_by_sops, "{name}");
            }
        }
    }
}

#[test]
fn sizes_and_depths_are_the_same_to_both() {
    let Some(sops) = Sops::new() else { return };
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let block = |depth: usize| {
        let mut text = String::new();
        for level in 0..depth {
            let _ = writeln!(text, "{}k{level}:", "  ".repeat(level));
        }
        text + &"  ".repeat(depth) + "v: x\n"
    };
    let lines = |line: fn(usize) -> String, count: usize| (0..count).map(line).collect::<String>();
    let long = "long value ".repeat(100_000);
    let cases = [
        (Format::Yaml, format!("a: {long}\nb: '{long}'\n")),
        (Format::Yaml, format!("a: |\n{}b: 1\n", lines(|at| format!("  line {at} of it\n"), 40_000))),
        (Format::Yaml, format!("a_unencrypted: \"{long}\"\nb: {{x: '{long}'}}\n")),
        (Format::Yaml, lines(|at| format!("key_{at}: value {at} # {at}\n"), 5_000)),
        (Format::Yaml, format!("a:\n{}", lines(|at| format!("- {at}\n"), 5_000))),
        (Format::Yaml, block(150)),
        (Format::Yaml, format!("a: {}\n", nested("[", "]", 300))),
        (Format::Yaml, format!("a: {}\n", nested("{b: ", "}", 300))),
        (Format::Yaml, format!("a: \n  {}x\n", "- ".repeat(300))),
        (
            Format::Yaml,
            format!("{}: v\n{}: w\nm:\n  {}: {{a: 1}}\n", "k".repeat(128), "l".repeat(129), "m".repeat(900)),
        ),
        (Format::Yaml, format!("? {}\n: v\n", "k".repeat(1100))),
        (Format::Json, format!(r#"{{"a": "{long}", "{}": 1}}"#, "k".repeat(5000))),
        (Format::Json, format!(r#"{{"a": {}}}"#, nested("[", "]", 450))),
        (Format::Json, format!(r#"{{"a": {}}}"#, nested(r#"{"b":"#, "}", 450))),
        (
            Format::Json,
            format!("{{{}}}", (0..5_000).map(|at| format!(r#""k{at}": {at}"#)).collect::<Vec<_>>().join(",")),
        ),
        (Format::Dotenv, format!("A={long}\nB=x\n#{long}\n")),
        (Format::Dotenv, lines(|at| format!("KEY_{at}=value of {at}\n# {at}\n"), 5_000)),
        (Format::Binary, long.clone()),
    ];
    let new = NewFile::for_recipients([public("a.txt")]);
    all(&cases, |at, (format, text)| {
        compare(&sops, &at.to_string(), (text.as_bytes(), Verdict::Same), *format, &new)
    });
    // sops wants a question mark before a long key, and gets one.
    let text = format!("\"{}\": v\n", "k".repeat(1100));
    compare(&sops, "key", (text.as_bytes(), Verdict::OursOnly), Format::Yaml, &new).unwrap();
}

/// Whole numbers above 2^53 in JSON: exact here and in sops from 3.13.2 on, doubles before.
#[test]
fn large_numbers_of_json_stay_exact() {
    let Some(sops) = Sops::new() else { return };
    let new = NewFile::for_recipients([public("a.txt")]);
    let text = br#"{"a":9007199254740993,"b":9223372036854775807,"c":-9223372036854775808}"#;
    let (_, ours) = sealed(text, Format::Json, &new).unwrap();
    let read = sops.decrypt("ours.json", &ours).ok();
    assert_eq!(printed(&open(&ours, Format::Json).unwrap()), read, "the digits are in the ciphertext");
    assert!(String::from_utf8_lossy(&read).contains("9007199254740993"));
    let theirs = sops.encrypt("theirs.json", text, &new).ok();
    assert!(rules(&new).contains("age1"));
    let seen = printed(&open(&theirs, Format::Json).unwrap());
    assert_eq!(seen, sops.decrypt("theirs.json", &theirs).ok(), "what is lost is lost to both");
    // And its minus zero, which only a float is.
    let theirs = sops.encrypt("zero.json", br#"{"a_unencrypted": -0, "b": -0}"#, &new).ok();
    assert_eq!(printed(&open(&theirs, Format::Json).unwrap()), sops.decrypt("zero.json", &theirs).ok());
}
