//! Who can open the files: recipients, updatekeys.

use crate::common::{CANARY, Person, Repo, Run};

#[test]
fn someone_is_added_to_the_rules_and_to_every_file_and_taken_out_again() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned();
    bob.infractl(&repo, &["secrets", "view", "dev"])
        .code(65)
        .says(&format!("infractl secrets recipients add {key}"));

    let files = ["credentials/common.enc.env", "credentials/dev.enc.env", ".sops.yaml"];
    let texts = || files.map(|file| repo.read(file));
    let before = texts();
    alice
        .infractl(&repo, &["--dry-run", "secrets", "recipients", "add", &key, "--name", "bob"])
        .code(0)
        .says("would change credentials/common.enc.env")
        .says("would change credentials/dev.enc.env")
        .says("would change .sops.yaml");
    assert_eq!(texts(), before);

    alice
        .infractl(&repo, &["secrets", "recipients", "add", &key, "--name", "bob"])
        .code(0)
        .says(&format!("+ {key} (bob)"));
    assert_eq!(bob.get(&repo, "dev", "TOKEN"), format!("{CANARY}common-TOKEN"));
    for (old, new) in before[..2].iter().zip(&texts()) {
        let value = |text: &str| text.lines().find(|line| line.contains("=ENC[")).unwrap().to_owned();
        assert_eq!(value(old), value(new), "values, MAC and date are left alone");
    }
    let list = Person::new("stranger").infractl(&repo, &["secrets", "recipients", "list", "dev"]).code(0).out;
    assert!(list.contains("(alice)") && list.contains("(bob)"), "{list}");
    alice.infractl(&repo, &["secrets", "recipients", "add", &key]).code(0).says("nothing to do");

    alice
        .infractl(&repo, &["secrets", "recipients", "remove", "bob"])
        .code(0)
        .says("(new data key)")
        .says("bob` can still read the old versions in git")
        .says("credentials/dev.enc.env: DB_PASSWORD, API_KEY");
    bob.infractl(&repo, &["secrets", "view", "dev"]).code(65);
    assert!(!repo.read(".sops.yaml").contains(&key));
    alice
        .infractl(&repo, &["secrets", "recipients", "remove", "alice"])
        .code(78)
        .says("is the only recipient");
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
}

#[test]
fn nothing_is_written_when_one_file_cannot_be_opened() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned();
    let damaged = repo
        .read("credentials/dev.enc.env")
        .replace("API_KEY=ENC[AES256_GCM,data:", "API_KEY=ENC[AES256_GCM,data:AAAA");
    repo.write("credentials/dev.enc.env", &damaged);
    let before = (repo.read(".sops.yaml"), repo.read("credentials/common.enc.env"));
    alice
        .infractl(&repo, &["secrets", "recipients", "add", &key])
        .code(65)
        .says("value of API_KEY does not decrypt");
    assert_eq!((repo.read(".sops.yaml"), repo.read("credentials/common.enc.env")), before);
}

#[test]
fn a_new_member_is_let_in_by_the_next_updatekeys() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    bob.keygen(&repo);
    bob.infractl(&repo, &["secrets", "check"]).code(65).says("is not for").says("(bob)").says("updatekeys");
    bob.infractl(&repo, &["secrets", "updatekeys"]).code(65);
    alice.infractl(&repo, &["secrets", "updatekeys"]).code(0).says("+ age1");
    alice.infractl(&repo, &["secrets", "updatekeys"]).code(0).says("2 files up to date");
    bob.get(&repo, "dev", "API_KEY");
    // By hand out of the rules: the next updatekeys makes a new data key.
    repo.keep_lines(".sops.yaml", |line| !line.contains("# bob"));
    alice.infractl(&repo, &["secrets", "updatekeys", "dev"]).code(0).says("new data key");
    bob.infractl(&repo, &["secrets", "get", "dev", "API_KEY"]).code(65);
    bob.get(&repo, "common", "TOKEN");
}

#[test]
fn a_private_key_is_never_taken_for_a_recipient() {
    let (repo, alice) = Repo::with_secrets();
    let secret = format!("AGE-SECRET-KEY-1{CANARY}");
    alice.infractl(&repo, &["secrets", "recipients", "add", &secret]).code(64).says("that is a private key");
    alice.infractl(&repo, &["secrets", "recipients", "add", "age1nonsense"]).code(64);
    alice.infractl(&repo, &["secrets", "recipients", "add", "age1pq1xyz"]).code(64).says("post-quantum");
}

#[test]
fn a_name_that_nobody_has_is_no_silent_success() {
    let (repo, alice) = Repo::with_secrets();
    alice
        .infractl(&repo, &["secrets", "recipients", "remove", "alce"])
        .code(64)
        .says("there is no recipient of the name `alce`")
        .says("did you mean `alice`?");
    alice
        .infractl(&repo, &["secrets", "recipients", "remove", "alice"])
        .code(78)
        .says("is the only recipient of the rule at line 4");
}

#[test]
fn a_file_that_cannot_be_written_in_the_middle_is_named_with_those_that_wait() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned();
    let script = "ulimit -f 0; trap '' XFSZ; exec \"$0\" secrets rotate";
    let run = Run::of(alice.command("sh", repo.root()).args(["-c", script, crate::common::BIN]));
    assert_eq!(run.code, 1, "{}", run.err);
    run.says("not changed yet: `credentials/common.enc.env` and `credentials/dev.enc.env`");
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
    alice.infractl(&repo, &["secrets", "recipients", "add", &key]).code(0);
}
