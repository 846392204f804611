use super::*;
use crate::failure::{Explain as _, Kind};

const A: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqa";
const B: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqb";

fn parse(text: &str) -> Result<Rules, SecretsError> {
    Rules::parse(Path::new("/p"), Path::new("/p/.sops.yaml"), text.replace("@A", A).replace("@B", B))
}

fn message(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    error.to_string()
}

#[test]
fn the_first_rule_that_matches_the_relative_path_is_the_one() {
    let rules = parse(
        "keys:\n  - &alice @A\n  - &ci @B\ncreation_rules:\n  - path_regex: ^credentials/prod\\.\n    age: '@A'\n  \
         - path_regex: \\.env$\n    age:\n      - *alice\n      - *ci\n  - age: >-\n      @A,\n      @B\n",
    )
    .unwrap();
    let of = |path: &str| rules.rule_for(Path::new(path)).unwrap().age().collect::<Vec<_>>();
    assert_eq!(of("/p/credentials/prod.enc.env"), [A]);
    assert_eq!(of("/p/credentials/dev.enc.env"), [A, B]);
    assert_eq!(of("/p/x.yaml"), [A, B]);
    assert_eq!(rules.rule_for(Path::new("/elsewhere/credentials/prod.x")).unwrap().line, 11);
}

#[test]
fn groups_thresholds_and_the_six_rules_are_read() {
    let rules = parse(
        "creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    mac_only_encrypted: true\n    \
         shamir_threshold: 2\n    key_groups:\n      - age: ['@A']\n        merge:\n          - age: ['@A', '@B']\n      \
         - age: ['@B']\n",
    )
    .unwrap();
    let rule = &rules.rules[0];
    assert_eq!(rule.recipients.groups, [vec![A.to_owned(), B.to_owned()], vec![B.to_owned()]]);
    assert_eq!(rule.recipients.threshold, Some(2));
    let new = rule.new_file(&rules).unwrap();
    assert_eq!(new.rule, Some(Rule::EncryptedRegex("^(data|stringData)$".to_owned())));
    assert!(new.mac_only_encrypted && rule.has_groups());
}

#[test]
fn mistakes_are_named_with_their_line() {
    for (text, expected) in [
        (
            "creation_rules:\n  - path_regex: '('\n",
            "`.sops.yaml` line 2: `path_regex` is not a valid pattern",
        ),
        (
            "creation_rules:\n  - a: b\n    age: {x: y}\n",
            "`.sops.yaml` line 3: `age` is a text or a list of texts",
        ),
        ("creation_rules: no\n", "`.sops.yaml` line 1: `creation_rules` is not a list"),
        ("creation_rules:\n  - just text\n", "`.sops.yaml` line 2: a creation rule is a map"),
        (
            "creation_rules:\n  - encrypted_suffix: a\n    unencrypted_suffix: b\n",
            "`.sops.yaml` line 2: only one of `unencrypted_suffix` and `encrypted_suffix` can be given",
        ),
        (
            "creation_rules:\n  - shamir_threshold: x\n",
            "`.sops.yaml` line 2: `shamir_threshold` is not a number",
        ),
        ("creation_rules: [\n", "`.sops.yaml` line"),
        ("creation_rules:\n  - age: AGE-SECRET-KEY-1X\n", "`.sops.yaml` line 2: a private key stands"),
    ] {
        let message = message(text);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn a_file_without_a_rule_is_told_what_was_tried() {
    let rules = parse("creation_rules:\n  - path_regex: \\.yaml$\n    age: '@A'\n").unwrap();
    let error = rules.expect_rule(Path::new("/p/credentials/dev.env")).unwrap_err();
    assert_eq!(error.to_string(), "no rule of `.sops.yaml` is for `credentials/dev.env`; tried `\\.yaml$`");
    let rules = parse("stores: {}\n").unwrap();
    let error = rules.expect_rule(Path::new("/p/x")).unwrap_err();
    assert_eq!(error.to_string(), "no rule of `.sops.yaml` is for `x`; it has no `creation_rules`");
}

#[test]
fn rules_without_age_recipients_cannot_make_files() {
    let rules = parse("creation_rules:\n  - pgp: ABC\n    age: '@A'\n  - path_regex: x\n").unwrap();
    let messages: Vec<_> = rules.rules.iter().map(|r| r.new_file(&rules).unwrap_err().to_string()).collect();
    assert_eq!(messages[0], "the rule at line 2 of `.sops.yaml` names keys of pgp, which only sops can use");
    assert_eq!(messages[1], "the rule at line 4 of `.sops.yaml` names no recipient");
}

#[test]
fn the_nearest_file_upwards_counts_and_none_above_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("project");
    let write = |path: &Path, text: &str| crate::disk::write(path, text.as_bytes(), 0o644).unwrap();
    write(&dir.path().join(RULES_FILE), "creation_rules: []\n");
    write(&root.join("credentials/keep"), "");
    let file = root.join("credentials/dev.env");
    assert!(Rules::find(&root, None, &file).unwrap().is_none());
    write(&root.join(RULES_FILE), "creation_rules: []\n");
    assert_eq!(Rules::find(&root, None, &file).unwrap().unwrap().shown, ".sops.yaml");
    write(&root.join("credentials").join(RULES_FILE), "creation_rules: []\n");
    assert_eq!(
        Rules::find(&root, None, Path::new("credentials/dev.env")).unwrap().unwrap().shown,
        "credentials/.sops.yaml"
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (this, before) in "bcdefghi".chars().zip("abcdefgh".chars()) {
        text = format!(
            "{text}{}",
            format_args!("{this}: &{this} [{}]\n", vec![format!("*{before}"); 10].join(","))
        );
    }
    assert!(message(&text).contains("expand to too much"));
}
