//! Values that nobody touched stay what they are, whatever the text of their file can say.

use std::fs;

use crate::common::{BIN, Person, Repo, Run};

/// What plain texts cannot say, or say in a way that is read as something else.
const HARD: [&str; 8] = [
    r#"{"private_key":"-----BEGIN\nabc\n-----END\n"}"#,
    r"C:\new\table",
    r"\n",
    "two\nlines and a \\n",
    "\\\\n",
    "ends in CR\r",
    " blanks ",
    "\"quoted\"",
];

fn edit(repo: &Repo, person: &Person, target: &str, script: &str) -> Run {
    let path = person.home.path().join("editor");
    fs::write(&path, format!("set -e\n{script}\n")).unwrap();
    let editor = format!("sh '{}'", path.display());
    Run::of(person.command(BIN, repo.root()).args(["secrets", "edit", target]).env("EDITOR", editor))
}

/// Puts all of them in, from files, as they are.
fn fill(repo: &Repo, person: &Person, file: &str) {
    for (number, value) in HARD.iter().enumerate() {
        let from = person.home.path().join("value");
        fs::write(&from, value).unwrap();
        let args = ["secrets", "set", file, &format!("K{number}"), "--from-file", from.to_str().unwrap()];
        person.infractl(repo, &args).code(0);
    }
}

#[track_caller]
fn check(repo: &Repo, person: &Person, file: &str) {
    for (number, value) in HARD.iter().enumerate() {
        assert_eq!(person.get(repo, file, &format!("K{number}")), *value, "K{number} of {file}");
    }
}

#[test]
fn an_edit_of_another_value_leaves_them() {
    let (repo, alice) = Repo::with_secrets();
    for (file, script) in [
        ("credentials/hard.enc.env", "echo OTHER=2 >> \"$1\""),
        ("credentials/hard.enc.json", "sed -i '1s/{/{\"OTHER\":2,/' \"$1\""),
        ("credentials/hard.enc.yaml", "echo 'OTHER: 2' >> \"$1\""),
    ] {
        fill(&repo, &alice, file);
        let before = repo.read(file);
        edit(&repo, &alice, file, script).code(0);
        assert_eq!(alice.get(&repo, file, "OTHER"), "2");
        check(&repo, &alice, file);
        let value = |text: &str| text.lines().find(|line| line.contains("K0")).unwrap().to_owned();
        assert_eq!(value(&before).trim_end_matches(','), value(&repo.read(file)).trim_end_matches(','));
    }
    alice
        .infractl(&repo, &["secrets", "decrypt", "--output", "plain.env", "credentials/hard.enc.env"])
        .code(0)
        .says("cannot say K0, K1, K2, K3, K4 exactly");
}

#[test]
fn types_stay_when_another_value_is_edited() {
    let (repo, alice) = Repo::with_secrets();
    let file = "credentials/types.enc.json";
    for (name, value) in [("F", "1.0"), ("L", "[1.0, 2, true]"), ("N", "null")] {
        alice.infractl_with(&repo, &["secrets", "set", file, name, "--json"], value).code(0);
    }
    let types = |text: &str| -> Vec<String> {
        text.split("type:").skip(1).map(|rest| rest.split(']').next().unwrap().to_owned()).collect()
    };
    let before = types(&repo.read(file));
    edit(&repo, &alice, file, "sed -i 's/\"F\"/\"A\": 7, \"F\"/' \"$1\"").code(0);
    let after = types(&repo.read(file));
    assert_eq!(after, [vec!["int".to_owned()], before].concat());
}

#[test]
fn a_merge_leaves_them_on_both_sides() {
    let (repo, alice) = Repo::with_secrets();
    let file = "credentials/hard.enc.env";
    fill(&repo, &alice, file);
    alice.infractl(&repo, &["secrets", "merge", "--install"]).code(0);
    let commit = |message: &str| {
        alice.git(&repo, &["add", "-A"]).code(0);
        alice.git(&repo, &["commit", "-qm", message]).code(0);
    };
    commit("base");
    alice.git(&repo, &["checkout", "-qb", "side"]).code(0);
    alice.set(&repo, file, "SIDE", r"C:\new");
    alice.set(&repo, file, "BOTH", "a\nb");
    commit("side");
    alice.git(&repo, &["checkout", "-q", "main"]).code(0);
    alice.set(&repo, file, "MAIN", r"D:\net");
    commit("main");
    alice.git(&repo, &["merge", "-q", "--no-edit", "side"]).code(0);
    check(&repo, &alice, file);
    assert_eq!(alice.get(&repo, file, "SIDE"), r"C:\new");
    assert_eq!(alice.get(&repo, file, "MAIN"), r"D:\net");
    assert_eq!(alice.get(&repo, file, "BOTH"), "a\nb");
}
