//! check, its hook, and the search for leaks.

use crate::common::{CANARY, Person, Repo, Run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn what_is_wrong_with_files_is_found_without_a_key() {
    let (repo, _) = Repo::with_secrets();
    let stranger = Person::new("stranger");
    stranger.infractl(&repo, &["secrets", "check"]).code(0).says("2 files checked, nothing wrong");
    let good = repo.read("credentials/dev.enc.env");
    let cases = [
        (format!("A={CANARY}1\n"), "not encrypted, and the rule at line 4 of .sops.yaml is for it"),
        (format!("NEW={CANARY}1\n{good}"), "in clear, although they should be encrypted: NEW"),
        (format!("<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> x\n"), "line 1 is a git conflict marker"),
        (good.replace('\n', "\r\n"), "CR LF"),
        (
            good.lines()
                .filter(|line| !line.starts_with("sops_mac="))
                .fold(String::new(), |t, l| t + l + "\n"),
            "has no MAC",
        ),
    ];
    for (text, message) in cases {
        repo.write("credentials/dev.enc.env", &text);
        let run = stranger.infractl(&repo, &["secrets", "check"]).code(65).says(message);
        assert!(run.err.contains("`credentials/dev.enc.env`"), "{}", run.err);
    }
    repo.write("credentials/dev.enc.env", &good);
    repo.write("credentials/dev.enc.env.example", "A=\n");
    stranger.infractl(&repo, &["secrets", "check", "credentials/dev.enc.env"]).code(0);
    stranger.infractl(&repo, &["secrets", "check", "credentials/dev.enc.env.example"]).code(64);
}

#[test]
fn seals_are_verified_with_a_key() {
    let (repo, alice) = Repo::with_secrets();
    repo.keep_lines("credentials/common.enc.env", |line| !line.starts_with("REGION="));
    alice.infractl(&repo, &["secrets", "check"]).code(0);
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(65).says("MAC mismatch");
}

#[test]
fn the_hook_stops_a_commit_of_plain_text() {
    let (repo, alice) = Repo::with_secrets();
    alice.infractl(&repo, &["secrets", "check", "--install"]).code(0);
    alice.infractl(&repo, &["secrets", "check", "--install"]).code(0);
    let hook = repo.read(".git/hooks/pre-commit");
    assert_eq!(hook.matches("secrets check --staged").count(), 1, "{hook}");
    alice.git(&repo, &["add", "-A"]).code(0);
    alice.git(&repo, &["commit", "-qm", "good"]).code(0);

    repo.write("credentials/prod.enc.env", &format!("A={CANARY}1\n"));
    alice.git(&repo, &["add", "-A"]).code(0);
    alice.git(&repo, &["commit", "-qm", "bad"]).code(1).says("`credentials/prod.enc.env`: not encrypted");
    // What counts is what would be committed, not what lies around.
    alice.infractl(&repo, &["secrets", "encrypt", "-i", "credentials/prod.enc.env"]).code(0);
    alice.git(&repo, &["commit", "-qm", "still bad"]).code(1);
    alice.git(&repo, &["add", "-A"]).code(0);
    alice.git(&repo, &["commit", "-qm", "good"]).code(0);

    repo.write("local.env", &format!("export API_KEY='{CANARY}2'\nOTHER=1\n"));
    alice.git(&repo, &["add", "-A"]).code(0);
    alice.git(&repo, &["commit", "-qm", "bad"]).code(1).says("has values of API_KEY in clear");
    alice.git(&repo, &["rm", "-q", "--cached", "local.env"]).code(0);
    fs::remove_file(repo.path("local.env")).unwrap();
    let key = fs::read(alice.home.path().join(".config/sops/age/keys.txt")).unwrap();
    fs::write(repo.path("notes.txt"), key).unwrap();
    alice.git(&repo, &["add", "-A"]).code(0);
    alice.git(&repo, &["commit", "-qm", "bad"]).code(1).says("holds a private age key");
}

#[test]
fn a_hook_that_is_there_is_kept() {
    let (repo, alice) = Repo::with_secrets();
    repo.write(".git/hooks/pre-commit", "#!/bin/bash\necho own hook\n");
    alice.infractl(&repo, &["secrets", "check", "--install"]).code(0);
    let hook = repo.read(".git/hooks/pre-commit");
    assert!(hook.starts_with("#!/bin/bash\n") && hook.ends_with("echo own hook\n"), "{hook}");
    assert_eq!(fs::metadata(repo.path(".git/hooks/pre-commit")).unwrap().permissions().mode() & 0o777, 0o755);
    repo.write(".git/hooks/pre-commit", "#!/usr/bin/python3\n");
    alice.infractl(&repo, &["secrets", "check", "--install"]).code(1).says("is not a shell script");
}

#[test]
fn leaks_are_found_in_files_logs_and_the_index_and_not_in_the_environment_file() {
    let (repo, alice) = Repo::with_secrets();
    alice.infractl(&repo, &["secrets", "check", "--leaks"]).code(0).says("searched");
    repo.write("shared/.env.dev", &format!("DB_PASSWORD={CANARY}dev-DB_PASSWORD\n"));
    fs::set_permissions(repo.path("shared/.env.dev"), fs::Permissions::from_mode(0o600)).unwrap();
    alice.infractl(&repo, &["secrets", "check", "--leaks"]).code(0);
    fs::set_permissions(repo.path("shared/.env.dev"), fs::Permissions::from_mode(0o644)).unwrap();
    repo.write(".infractl/history/1.log", &format!("line\ntoken is {CANARY}common-TOKEN!\n"));
    repo.write("notes.txt", &format!("{CANARY}dev-API_KEY\n"));
    alice.git(&repo, &["add", "notes.txt"]).code(0);
    fs::remove_file(repo.path("notes.txt")).unwrap();
    alice
        .infractl(&repo, &["secrets", "check", "--leaks"])
        .code(65)
        .says("`shared/.env.dev`: holds secrets in clear: DB_PASSWORD in line 1")
        .says("`.infractl/history/1.log`: holds secrets in clear: TOKEN in line 2")
        .says("`notes.txt (in the index of git)`: holds secrets in clear: API_KEY in line 1");
}

#[test]
fn leaks_are_found_as_json_shells_urls_and_base64_write_them() {
    let (repo, alice) = Repo::with_secrets();
    let value = format!("{CANARY}it's <a> \"b\" ä/+");
    alice.set(&repo, "dev", "ODD", &value);
    repo.write("credentials/clear.enc.yaml", "pin: 12345678\nnote: no-secret-at-all\n");
    let file = "credentials/clear.enc.yaml";
    alice.infractl(&repo, &["secrets", "encrypt", "-i", "--encrypted-regex", "^pin$", file]).code(0);
    let base64 = |text: &str| base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text);
    let cases = [
        ("json", serde_json::to_string(&value).unwrap(), "ODD"),
        ("go", value.replace('"', "\\\"").replace('<', "\\u003c").replace('>', "\\u003e"), "ODD"),
        ("shell", format!("X='{}'", value.replace('\'', "'\\''")), "ODD"),
        ("yaml", format!("x: '{}'", value.replace('\'', "''")), "ODD"),
        ("basic", format!("Authorization: Basic {}", base64(&format!("user:{value}"))), "ODD"),
        ("pin", "the pin is 12345678".to_owned(), "pin"),
    ];
    for (name, text, _) in &cases {
        repo.write(format!("out/{name}.txt"), text);
    }
    repo.write("out/note.txt", "no-secret-at-all");
    let run = alice.infractl(&repo, &["secrets", "check", "--leaks"]).code(65);
    for (name, _, secret) in &cases {
        let line = format!("`out/{name}.txt`: holds secrets in clear: {secret} in line 1");
        assert!(run.err.contains(&line), "{line} is not in\n{}", run.err);
    }
    assert!(!run.err.contains("note.txt"), "what is in clear on purpose is no leak:\n{}", run.err);
}

#[test]
fn what_is_staged_counts_whatever_it_is_called_and_wherever_the_project_is() {
    // A project below the top of the repository, and names that are not easy.
    let (repo, alice) = Repo::with_secrets();
    let outer = Repo::empty();
    alice.git(&outer, &["init", "-q", "-b", "main"]).code(0);
    fs::remove_dir_all(repo.path(".git")).unwrap();
    let infra = outer.path("infra");
    assert!(
        std::process::Command::new("cp").arg("-r").arg(repo.root()).arg(&infra).status().unwrap().success()
    );
    let mut install = alice.command(crate::common::BIN, &infra);
    Run::of(install.args(["secrets", "check", "--install"])).code(0);
    alice.git(&outer, &["add", "-A"]).code(0);
    alice.git(&outer, &["commit", "-qm", "good"]).code(0);
    for name in ["infra/credentials/a b\nc.enc.env", "infra/credentials/ünï.enc.env", "local \"x\".env"] {
        outer.write(name, &format!("API_KEY={CANARY}1\n"));
        alice.git(&outer, &["add", "-A"]).code(0);
        alice.git(&outer, &["commit", "-qm", "bad"]).code(1);
        // Also in a commit of this path alone, which has an index of its own.
        alice.git(&outer, &["commit", "-qm", "bad", "--", name]).code(1);
        alice.git(&outer, &["rm", "-qf", "--cached", "--", name]).code(0);
        fs::remove_file(outer.path(name)).unwrap();
    }
    // In another working tree of the repository.
    let tree =
        outer.path("../").join(format!("{}-tree", outer.root().file_name().unwrap().to_str().unwrap()));
    alice.git(&outer, &["worktree", "add", "-q", "-b", "tree", tree.to_str().unwrap()]).code(0);
    fs::write(tree.join("infra/credentials/prod.enc.env"), format!("A={CANARY}1\n")).unwrap();
    let git = |args: &[&str]| Run::of(alice.command("git", &tree).args(args));
    git(&["add", "-A"]).code(0);
    git(&["commit", "-qm", "bad"]).code(1).says("infra/credentials/prod.enc.env`: not encrypted");
    fs::remove_dir_all(&tree).unwrap();
    // Many files and a big one cost one call of git or two.
    for number in 0..300 {
        outer.write(format!("many/{number}.txt"), "x");
    }
    fs::write(outer.path("many/big.bin"), vec![0; 65 << 20]).unwrap();
    alice.git(&outer, &["add", "-A"]).code(0);
    alice.git(&outer, &["commit", "-qm", "good"]).code(0).says("longer than 64 MiB");
}
