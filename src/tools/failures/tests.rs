use super::*;
use crate::config::model::Pattern;

fn failed(program: &str, line: &str) -> Failed {
    let words = shell_words::split(program).unwrap();
    Failed {
        programs: vec![words],
        lines: vec!["first".into(), line.to_owned()],
        exit: Some(1),
        ..Failed::default()
    }
}

fn names(own: &[FailureRule], failed: &Failed) -> Vec<String> {
    branches(own, failed).into_iter().map(|branch| branch.name).collect()
}

fn own(name: &str, pattern: &str) -> FailureRule {
    FailureRule {
        name: name.into(),
        r#in: None,
        r#for: Vec::new(),
        r#match: Pattern(pattern.into()),
        says: "so".into(),
        look: Vec::new(),
        retry: None,
    }
}

#[test]
fn what_the_usual_programs_say_has_a_name() {
    for (program, line, name) in [
        ("terraform apply", "│ Error: Error acquiring the state lock", "terraform-state-lock"),
        ("tofu plan", "Error: No value for required variable", "terraform-variable"),
        (
            "terraform apply",
            "InvalidClientTokenId: The security token included in the request is invalid",
            "cloud-credentials",
        ),
        ("ansible-playbook x.yml", "fatal: [web]: UNREACHABLE! => {\"msg\"", "ssh-unreachable"),
        ("ansible-playbook x.yml", "sudo: a password is required", "ansible-sudo"),
        ("ssh web true", "deploy@10.0.0.1: Permission denied (publickey).", "ssh-login"),
        ("ssh web true", "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "ssh-host-key"),
        ("docker pull x", "Error response from daemon: pull access denied for x", "docker-pull"),
        ("docker compose up", "no configuration file provided: not found", "compose-file"),
        ("docker-compose up", "Bind for 0.0.0.0:80 failed: port is already allocated", "docker-port"),
        ("sh -ec 'cd x && terraform apply'", "Saved plan is stale", "terraform-plan-stale"),
        ("http PUT http://x/", "status 503 Service Unavailable, not 200-299", "http-busy"),
        ("sh -ec 'make it'", "curl: (6) Could not resolve host: x", "dns"),
        ("sh -ec 'psql'", "connection refused", "refused"),
    ] {
        let found = names(&[], &failed(program, line));
        assert_eq!(found.first().map(String::as_str), Some(name), "{line}: {found:?}");
    }
    assert_eq!(names(&[], &failed("make x", "Saved plan is stale")), Vec::<String>::new());
    assert_eq!(names(&[], &failed("make x", "all is well")), Vec::<String>::new());
    assert_eq!(names(&[], &Failed { exit: Some(137), ..Failed::default() }), ["killed"]);
}

#[test]
fn every_rule_can_be_read_and_has_a_name_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for rule in built_in::RULES {
        assert!(pattern(rule.pattern).is_some(), "{}", rule.name);
        assert!(seen.insert(rule.name), "{} twice", rule.name);
        assert!(!rule.says.ends_with('.') && rule.says.starts_with(char::is_lowercase), "{}", rule.says);
    }
}

#[test]
fn rules_of_the_project_come_first_and_the_others_were_also_seen() {
    let atlas = own("atlas", "connection REFUSED");
    let failed = failed("sh -ec ./migrate", "MongoError: Connection refused");
    assert_eq!(names(&[own("never", "x{9}"), atlas.clone()], &failed), ["atlas", "refused"]);
    assert_eq!(branches(std::slice::from_ref(&atlas), &failed)[0].line, "MongoError: Connection refused");
    let for_aws = FailureRule { r#for: vec!["aws".into()], ..atlas.clone() };
    assert_eq!(names(&[for_aws], &failed), ["refused"]);
    let exit = FailureRule {
        r#in: Some(OneOrMany::One(FailurePlace::Exit)),
        r#match: Pattern("^1$".into()),
        ..own("code", "")
    };
    assert_eq!(names(&[exit], &failed), ["code", "refused"]);
    let reason = FailureRule { r#in: Some(OneOrMany::One(FailurePlace::Reason)), ..atlas };
    assert_eq!(names(&[reason], &failed), ["refused"]);
}

#[test]
fn the_same_failure_is_the_same_whatever_its_numbers() {
    let first = "`job` of `dev` ended with exit code 3: pod web-7f9c2ab18d at 10.0.0.7 died after 12.5 s";
    let then = "`job` was tried 3 times in 2 s: `job` of `dev` ended with exit code 3: pod web-11c2ab18ee at 10.2.0.9 died after 3.1 s";
    assert!(is_same(first, then) && is_same(then, first));
    assert!(!is_same(first, "`job` of `dev` ended with exit code 3: no disk"));
    assert!(!is_same("", first));
}
