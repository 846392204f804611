//! What is said before a file of secrets is written, and what is refused.

use std::fs;

use crate::common::{BIN, CANARY, Person, Repo, Run};

fn key(repo: &Repo, person: &Person) -> String {
    person.infractl(repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned()
}

#[test]
fn a_rule_that_encrypts_nothing_is_refused_and_one_that_encrypts_less_is_said() {
    let (repo, alice) = (Repo::new(), Person::new("alice"));
    let own = key(&repo, &alice);
    let rules =
        |rule: &str| repo.write(".sops.yaml", &format!("creation_rules:\n  - {rule}\n    age: {own}\n"));
    rules("encrypted_regex: ^(data|stringData)$");
    repo.write("t.env", &format!("A={CANARY}1\n"));
    alice
        .infractl(&repo, &["secrets", "encrypt", "-i", "t.env"])
        .code(65)
        .says("nothing in `t.env` would be encrypted")
        .says("encrypted_regex: ^(data|stringData)$");
    assert_eq!(repo.read("t.env"), format!("A={CANARY}1\n"));
    alice.infractl_with(&repo, &["secrets", "set", "new.env", "PASSWORD"], "p").code(65);
    assert!(!repo.path("new.env").exists());

    rules("encrypted_regex: PASS");
    repo.write("u.env", &format!("PASS={CANARY}1\nTOKEN=t\n"));
    alice
        .infractl(&repo, &["secrets", "encrypt", "-i", "u.env"])
        .code(0)
        .says("in clear stays")
        .says("TOKEN");
    alice
        .infractl_with(&repo, &["secrets", "set", "u.env", "KEY"], "k")
        .code(0)
        .says("in clear stays")
        .says(": KEY");
    let run = alice.infractl_with(&repo, &["secrets", "set", "u.env", "PASS"], "new").code(0);
    assert!(!run.err.contains("in clear"), "{}", run.err);
    // The rule was changed since: check and those who write the file say so.
    rules("unencrypted_regex: ^PUBLIC");
    alice.infractl(&repo, &["secrets", "check"]).code(65).says("leaves TOKEN, KEY in clear");
    for verb in ["rotate", "updatekeys"] {
        alice.infractl(&repo, &["secrets", verb, "u.env"]).code(0).says("leaves TOKEN, KEY in clear");
    }

    // sops encrypts such files without a word.
    rules("encrypted_regex: PASS");
    let text = repo.read("u.env");
    let text: String =
        text.lines().filter(|line| !line.starts_with("PASS=")).flat_map(|line| [line, "\n"]).collect();
    repo.write("u.env", &text);
    alice.infractl(&repo, &["secrets", "check"]).code(65).says("nothing in it is encrypted");
}

#[test]
fn whoever_writes_a_file_that_others_can_read_is_told_first() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let other = key(&repo, &bob);
    alice.infractl(&repo, &["secrets", "recipients", "add", &other, "--name", "bob"]).code(0);
    repo.keep_lines(".sops.yaml", |line| !line.contains("# bob"));
    let editor = alice.home.path().join("editor");
    fs::write(&editor, "echo E=1 >> \"$1\"\n").unwrap();
    let editor = format!("sh '{}'", editor.display());
    for args in [
        &["set", "dev", "NEW", "--value", "v"][..],
        &["unset", "dev", "NEW"],
        &["rotate", "dev"],
        &["edit", "dev"],
    ] {
        let mut command = alice.command(BIN, repo.root());
        Run::of(command.arg("secrets").args(args).env("EDITOR", &editor))
            .code(0)
            .says("`credentials/dev.enc.env`: is still for")
            .says(&other)
            .says("infractl secrets updatekeys credentials/dev.enc.env");
    }
    alice.infractl(&repo, &["secrets", "updatekeys"]).code(0);
    let run = alice.infractl_with(&repo, &["secrets", "set", "dev", "NEW"], "v").code(0);
    assert!(!run.err.contains("warning"), "{}", run.err);
}

#[test]
fn a_rule_that_shuts_out_whoever_uses_it_is_said() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let other = key(&repo, &bob);
    repo.write(".sops.yaml", &format!("creation_rules:\n  - age: {other}\n"));
    repo.write("x.env", "A=1\n");
    alice
        .infractl(&repo, &["secrets", "encrypt", "-i", "x.env"])
        .code(0)
        .says("none of your keys will open `x.env`");
    alice
        .infractl(&repo, &["secrets", "updatekeys", "dev"])
        .code(0)
        .says("none of your keys opens `credentials/dev.enc.env` any more");
    bob.get(&repo, "credentials/dev.enc.env", "API_KEY");
}

#[test]
fn names_and_values_that_no_program_can_use_are_refused_and_can_be_mended() {
    let (repo, alice) = Repo::with_secrets();
    repo.write("credentials/p.enc.env", "\u{feff}A=1\nexport KEY=value\nTR =2\nA2=x\r\nB=1\nB=2\n");
    let run = alice.infractl(&repo, &["secrets", "encrypt", "-i", "credentials/p.enc.env"]).code(65);
    for part in
        ["byte order mark", "begins with `export`", "`TR `", "`B` is there more than once", "carriage return"]
    {
        assert!(run.err.contains(part), "{part} is not in {}", run.err);
    }
    alice.infractl_with(&repo, &["secrets", "set", "common", "bad name"], "v").code(65).says("holds a blank");
    repo.write("credentials/q.enc.env", "Q=\"v\"\nmy.key=1\n");
    alice
        .infractl(&repo, &["secrets", "encrypt", "-i", "credentials/q.enc.env"])
        .code(0)
        .says("the quotes are part of the value of `Q`")
        .says("a shell cannot use a variable of the name `my.key`");

    // A file of sops may hold such names: it is not used before it is mended, and it can be.
    let new = infractl::testing::sops::NewFile::for_recipients([repo
        .read(".sops.yaml")
        .lines()
        .find_map(|line| line.trim().strip_prefix("- age1"))
        .map(|rest| format!("age1{}", rest.split(' ').next().unwrap()))
        .unwrap()]);
    let fill = &mut |bytes: &mut [u8]| bytes.fill(7);
    let text = b"export KEY=v\nOTHER=1\n";
    let plain =
        infractl::testing::sops::Plain::create(text, infractl::testing::sops::Format::Dotenv, &new, fill)
            .unwrap();
    let sealed = plain.seal("2030-01-02T03:04:05Z".parse().unwrap(), fill).unwrap().to_bytes().unwrap();
    fs::write(repo.path("credentials/prod.enc.env"), sealed).unwrap();
    alice.infractl(&repo, &["secrets", "check"]).code(65).says("no program can use this: `export KEY`");
    alice
        .infractl(&repo, &["secrets", "exec", "prod", "--", "true"])
        .code(65)
        .says("`export KEY`")
        .says("infractl secrets edit credentials/prod.enc.env");
    alice.infractl_with(&repo, &["secrets", "set", "prod", "OTHER"], "2").code(0);
    let editor = alice.home.path().join("editor");
    fs::write(&editor, "sed -i 's/^export //' \"$1\"\n").unwrap();
    let mut command = alice.command(BIN, repo.root());
    let editor = format!("sh '{}'", editor.display());
    run_edit(command.args(["secrets", "edit", "prod"]).env("EDITOR", editor));
    assert_eq!(alice.get(&repo, "prod", "KEY"), "v");
}

fn run_edit(command: &mut std::process::Command) {
    Run::of(command).code(0);
}

#[test]
fn an_environment_is_changed_in_its_own_file_and_never_in_what_it_shares() {
    let (repo, alice) = (Repo::new(), Person::new("alice"));
    alice.keygen(&repo);
    repo.write("environments/defaults.toml", "");
    alice.set(&repo, "common", "SHARED", "1");
    // The file of its own is made when it is not there.
    alice.infractl_with(&repo, &["secrets", "set", "dev", "A"], "1").code(0).says("credentials/dev.enc.env");
    assert_eq!(alice.infractl(&repo, &["secrets", "list", "common"]).code(0).out, "SHARED\n");
    assert_eq!(alice.get(&repo, "dev", "A"), "1");
    // Whatever the order of the files.
    repo.write(
        "environments/defaults.toml",
        "[secrets]\nfiles = [\"credentials/{{environment}}.enc.env\", \"credentials/common.enc.env\"]\n",
    );
    alice.infractl_with(&repo, &["secrets", "set", "dev", "B"], "1").code(0).says("credentials/dev.enc.env");
    // One that shares all of its files has none.
    repo.write("environments/defaults.toml", "[secrets]\nfiles = [\"credentials/common.enc.env\"]\n");
    alice
        .infractl_with(&repo, &["secrets", "set", "dev", "C"], "1")
        .code(78)
        .says("`dev` has no file of secrets of its own");
    assert_eq!(alice.infractl(&repo, &["secrets", "list", "common"]).code(0).out, "SHARED\n");
}

#[test]
fn someone_is_added_to_a_key_group_and_beside_an_alias() {
    let (repo, alice) = (Repo::new(), Person::new("alice"));
    let bob = Person::new("bob");
    let (own, other) = (key(&repo, &alice), key(&repo, &bob));
    for rule in ["key_groups:\n      - age:\n          - *alice", "age: *alice"] {
        let text =
            format!("keys:\n  - &alice {own}\ncreation_rules:\n  - path_regex: x\\.env$\n    {rule}\n");
        repo.write(".sops.yaml", &text);
        repo.write("x.env", "A=1\n");
        alice.infractl(&repo, &["secrets", "encrypt", "-i", "x.env"]).code(0);
        alice.infractl(&repo, &["secrets", "recipients", "add", &other, "--name", "bob"]).code(0);
        assert_eq!(bob.get(&repo, "x.env", "A"), "1");
        alice.infractl(&repo, &["secrets", "recipients", "remove", &other]).code(0);
        bob.infractl(&repo, &["secrets", "get", "x.env", "A"]).code(65);
    }
}
