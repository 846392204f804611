//! view, get, list, set, unset, encrypt, decrypt, exec, keygen, rotate.

use crate::common::{BIN, CANARY, Person, Repo, Run, changed_lines};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn mode(repo: &Repo, path: &str) -> u32 {
    fs::metadata(repo.path(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_target_is_a_file_common_or_an_environment() {
    let (repo, alice) = Repo::with_secrets();
    for target in ["dev", "credentials/dev.enc.env", "./credentials/dev.enc.env"] {
        assert_eq!(alice.get(&repo, target, "API_KEY"), format!("{CANARY}dev-API_KEY"));
    }
    assert_eq!(alice.get(&repo, "common", "TOKEN"), format!("{CANARY}common-TOKEN"));
    assert_eq!(
        alice.get(&repo, "dev", "TOKEN"),
        format!("{CANARY}common-TOKEN"),
        "all files of the environment"
    );
    alice.infractl(&repo, &["secrets", "view", "dve"]).code(64).says("did you mean `dev`?");
    alice.infractl(&repo, &["secrets", "get", "dev", "TOKN"]).code(65).says("did you mean");
    let mut inside = alice.command(BIN, &repo.path("environments/dev"));
    assert!(Run::in_clear(inside.args(["secrets", "view", "dev"])).code(0).out.starts_with("DB_PASSWORD="));
}

#[test]
fn names_are_listed_without_a_key() {
    let (repo, _) = Repo::with_secrets();
    let stranger = Person::new("stranger");
    let list = stranger.infractl(&repo, &["secrets", "list", "dev"]).code(0);
    assert_eq!(list.out, "TOKEN\nACCOUNT\nREGION\nDB_PASSWORD\nAPI_KEY\n");
    stranger
        .infractl(&repo, &["secrets", "view", "dev"])
        .code(65)
        .says("no key opens `credentials/dev.enc.env`")
        .says("(alice)")
        .says("run `infractl secrets keygen`");
}

#[test]
fn a_value_comes_from_standard_input_or_a_file_and_not_from_an_argument() {
    let (repo, alice) = Repo::with_secrets();
    let value = format!("{CANARY}refused");
    alice.infractl(&repo, &["secrets", "set", "dev", "X", &value]).code(64).says("history of the shell");
    assert!(!repo.read("credentials/dev.enc.env").contains("X="));
    alice.infractl(&repo, &["secrets", "set", "dev", "X", "--value", &value]).code(0).says("warning");
    assert_eq!(alice.get(&repo, "dev", "X"), value);
    alice.set(&repo, "dev", "X", "with a line end\n");
    assert_eq!(alice.get(&repo, "dev", "X"), "with a line end");
    fs::write(alice.home.path().join("value"), "two\nlines\n").unwrap();
    let file = alice.home.path().join("value");
    alice.infractl(&repo, &["secrets", "set", "dev", "X", "--from-file", file.to_str().unwrap()]).code(0);
    assert_eq!(alice.get(&repo, "dev", "X"), "two\nlines\n");
}

#[test]
fn one_changed_value_changes_three_lines_and_the_mode_stays() {
    let (repo, alice) = Repo::with_secrets();
    let file = "credentials/common.enc.env";
    let before = repo.read(file);
    fs::set_permissions(repo.path(file), fs::Permissions::from_mode(0o640)).unwrap();
    // The date has seconds: it is one of the three lines only when it differs.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    alice.set(&repo, "common", "ACCOUNT", "new");
    assert_eq!(changed_lines(&before, &repo.read(file)), 3);
    assert_eq!(mode(&repo, file), 0o640);
}

#[test]
fn what_sops_could_not_read_back_is_refused_before_anything_is_written() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    for name in ["A=B", "#A", "A\nB", "sops_x"] {
        let run = alice.infractl_with(&repo, &["secrets", "set", "dev", name], "x");
        assert_eq!(run.code, 65, "{name}: {}", run.err);
    }
    alice.infractl_with(&repo, &["secrets", "set", "dev", "A_unencrypted"], "back\\nslash").code(65);
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}

#[test]
fn every_form_is_written_changed_and_read() {
    let (repo, alice) = Repo::with_secrets();
    let rules = repo.read(".sops.yaml").replace("(env|yaml|yml|json)", "(env|yaml|yml|json|bin)");
    repo.write(".sops.yaml", &rules);
    let yaml =
        format!("# top\ndb:\n    user: u # who\n\n    password: {CANARY}y\nlist:\n    - 1\n    - two\n");
    repo.write("credentials/a.enc.yaml", &yaml);
    repo.write(
        "credentials/a.enc.json",
        &format!("{{\"db\": {{\"password\": \"{CANARY}j\", \"port\": 5432}}}}"),
    );
    repo.write("credentials/a.enc.bin", &format!("\u{1}{CANARY}b\n"));
    for form in ["yaml", "json", "bin"] {
        let file = format!("credentials/a.enc.{form}");
        alice.infractl(&repo, &["secrets", "encrypt", "-i", &file]).code(0).says("encrypted").says("alice");
        alice.infractl(&repo, &["secrets", "encrypt", "-i", &file]).code(65);
    }
    assert!(repo.in_clear().is_empty());
    let before = repo.read("credentials/a.enc.yaml");
    let place = r#"["db"]["password"]"#;
    alice.set(&repo, "credentials/a.enc.yaml", place, "other");
    let after = repo.read("credentials/a.enc.yaml");
    assert!(changed_lines(&before, &after) <= 3, "{after}");
    let view = alice.infractl_clear(&repo, &["secrets", "view", "credentials/a.enc.yaml"]).code(0).out;
    assert!(view.contains("password: other") && view.contains("# top"), "{view}");
    assert_eq!(alice.get(&repo, "credentials/a.enc.yaml", "list"), "[1,\"two\"]");
    assert_eq!(alice.get(&repo, "credentials/a.enc.json", r#"["db"]["port"]"#), "5432");
    alice
        .infractl_with(
            &repo,
            &["secrets", "set", "credentials/a.enc.json", r#"["db"]["port"]"#, "--json"],
            "1",
        )
        .code(0);
    alice.infractl(&repo, &["secrets", "unset", "credentials/a.enc.json", place]).code(0);
    let view = alice.infractl_clear(&repo, &["secrets", "view", "credentials/a.enc.json"]).code(0).out;
    assert_eq!(view, "{\n\t\"db\": {\n\t\t\"port\": 1\n\t}\n}\n");
    let binary = alice.infractl_clear(&repo, &["secrets", "view", "credentials/a.enc.bin"]).code(0).out;
    assert_eq!(binary, format!("\u{1}{CANARY}b\n"));
}

#[test]
fn encrypt_and_decrypt_write_to_standard_output_in_place_or_to_a_file() {
    let (repo, alice) = Repo::with_secrets();
    let text = format!("A={CANARY}1\n# note\nB=2\n");
    repo.write("credentials/x.enc.env", &text);
    let out = alice.infractl(&repo, &["secrets", "encrypt", "credentials/x.enc.env"]).code(0).out;
    assert!(out.contains("A=ENC[") && out.contains("sops_version="), "{out}");
    assert_eq!(repo.read("credentials/x.enc.env"), text);
    alice
        .infractl(
            &repo,
            &["secrets", "encrypt", "credentials/x.enc.env", "--output", "credentials/y.enc.env"],
        )
        .code(0);
    let clear = alice.infractl_clear(&repo, &["secrets", "decrypt", "credentials/y.enc.env"]).code(0).out;
    assert_eq!(clear, text);
    alice.infractl(&repo, &["secrets", "decrypt", "credentials/y.enc.env", "--output", "plain.env"]).code(0);
    assert_eq!((repo.read("plain.env"), mode(&repo, "plain.env")), (text.clone(), 0o600));
    alice.infractl(&repo, &["secrets", "decrypt", "--in-place", "credentials/y.enc.env"]).code(0);
    assert_eq!(
        (repo.read("credentials/y.enc.env"), mode(&repo, "credentials/y.enc.env")),
        (text.clone(), 0o600)
    );
    let name = ["--filename-override", "credentials/z.enc.env"];
    let args = ["secrets", "encrypt", "-", name[0], name[1]];
    let piped = alice.infractl_with(&repo, &args, &text).code(0).out;
    repo.write("credentials/z.enc.env", &piped);
    let args = ["secrets", "decrypt", "credentials/z.enc.env", "--extract", r#"["A"]"#];
    assert_eq!(alice.infractl_clear(&repo, &args).code(0).out, format!("{CANARY}1"));
    alice.infractl(&repo, &["secrets", "encrypt", "plain.env", "-i", "--output", "x"]).code(64);
    alice
        .infractl(&repo, &["secrets", "encrypt", "plain.env"])
        .code(78)
        .says("no rule of `.sops.yaml` is for `plain.env`");
    alice
        .infractl(&repo, &["secrets", "list", "dev", "--output", "x"])
        .code(64)
        .says("the forms are `human` and `json`");
}

#[test]
fn a_command_gets_the_secrets_and_its_exit_code_is_passed_on() {
    let (repo, alice) = Repo::with_secrets();
    let args = ["secrets", "exec", "dev", "--", "sh", "-c", "echo $TOKEN; echo $TF_VAR_api_key; exit 7"];
    let run = alice.infractl_clear(&repo, &args).code(7);
    assert_eq!(run.out, format!("{CANARY}common-TOKEN\n{CANARY}dev-API_KEY\n"));
    let dry = alice.infractl(&repo, &["--dry-run", "secrets", "exec", "dev", "--", "true"]).code(0);
    assert!(dry.out.contains("API_KEY=*** "), "{}", dry.out);
}

#[test]
fn a_new_key_is_private_named_in_the_rules_and_never_shown() {
    let (repo, alice) = (Repo::new(), Person::new("alice"));
    let run = alice.infractl(&repo, &["secrets", "keygen"]).code(0).says("next:");
    let file = alice.home.path().join(".config/sops/age/keys.txt");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    assert!(!run.out.contains(secret) && !run.err.contains(secret));
    assert!(repo.read(".sops.yaml").contains(&format!("{} # alice", run.out.trim())));
    alice.infractl(&repo, &["secrets", "keygen"]).code(1).says(run.out.trim());
    let second = alice.infractl(&repo, &["secrets", "keygen", "--append"]).code(0).out;
    assert!(repo.read(".sops.yaml").contains(second.trim()));
    assert_eq!(fs::read_to_string(&file).unwrap().matches("AGE-SECRET-KEY-1").count(), 2);
}

#[test]
fn rotate_makes_every_ciphertext_new_and_changes_no_value() {
    let (repo, alice) = Repo::with_secrets();
    let before = [repo.read("credentials/common.enc.env"), repo.read("credentials/dev.enc.env")];
    let clear = alice.infractl_clear(&repo, &["secrets", "view", "common"]).code(0).out;
    alice.infractl(&repo, &["secrets", "rotate"]).code(0).says("credentials/dev.enc.env");
    let after = [repo.read("credentials/common.enc.env"), repo.read("credentials/dev.enc.env")];
    let encrypted = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("=ENC[")).map(str::to_owned).collect()
    };
    for (before, after) in before.iter().zip(&after) {
        assert!(encrypted(before).iter().all(|line| !encrypted(after).contains(line)));
    }
    assert_eq!(alice.infractl_clear(&repo, &["secrets", "view", "common"]).code(0).out, clear);
}

#[test]
fn a_changed_file_is_refused_looked_at_and_sealed_again() {
    let (repo, alice) = Repo::with_secrets();
    alice.set(&repo, "dev", "NOTE_unencrypted", "one");
    let file = "credentials/dev.enc.env";
    repo.write(file, &repo.read(file).replace("NOTE_unencrypted=one", "NOTE_unencrypted=two"));
    alice
        .infractl(&repo, &["secrets", "view", "dev"])
        .code(65)
        .says("MAC mismatch")
        .says("edit --ignore-mac");
    let clear = alice.infractl_clear(&repo, &["secrets", "view", "dev", "--ignore-mac"]).code(0).out;
    assert!(clear.contains("NOTE_unencrypted=two"));
    let mut edit = alice.command(BIN, repo.root());
    Run::of(edit.args(["secrets", "edit", "dev", "--ignore-mac"]).env("EDITOR", "true"))
        .code(0)
        .says("saved");
    alice.infractl_clear(&repo, &["secrets", "view", "dev"]).code(0);
}

#[test]
fn ssh_keys_open_files_and_can_be_recipients() {
    let (repo, alice) = Repo::with_secrets();
    let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops/fixtures/keys");
    let bob = Person::new("bob");
    fs::create_dir(bob.home.path().join(".ssh")).unwrap();
    fs::copy(keys.join("ssh_ed25519"), bob.home.path().join(".ssh/id_ed25519")).unwrap();
    let public = fs::read_to_string(keys.join("ssh_ed25519.pub")).unwrap();
    let public: String = public.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    alice.infractl(&repo, &["secrets", "recipients", "add", &public, "--name", "bob"]).code(0).says("(bob)");
    assert_eq!(bob.get(&repo, "dev", "API_KEY"), format!("{CANARY}dev-API_KEY"));
}

#[test]
fn rules_can_be_named_as_in_sops() {
    let (repo, alice) = Repo::with_secrets();
    let rules = repo.read(".sops.yaml").replace("^credentials/", "elsewhere/");
    std::fs::create_dir(alice.home.path().join("rules")).unwrap();
    let named = alice.home.path().join("rules/team.yaml");
    fs::write(&named, &rules).unwrap();
    let named = named.to_str().unwrap();
    alice.infractl_with(&repo, &["secrets", "set", "elsewhere/a.enc.env", "A"], "x").code(78);
    let args = ["secrets", "set", "elsewhere/a.enc.env", "A", "--config", named];
    alice.infractl_with(&repo, &args, &format!("{CANARY}a")).code(0);
    let mut by_variable = alice.command(BIN, repo.root());
    by_variable.args(["secrets", "set", "elsewhere/b.enc.env", "B"]).env("SOPS_CONFIG", named);
    Run::with_input(&mut by_variable, "b").code(0);
    assert_eq!(alice.get(&repo, "elsewhere/a.enc.env", "A"), format!("{CANARY}a"));
    alice.infractl(&repo, &["secrets", "--config", named, "check"]).code(0).says("2 files checked");
    alice.infractl(&repo, &["secrets", "check", "--config", "no-such.yaml"]).code(78).says("no-such.yaml");
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--config", named]).code(0).out;
    assert!(
        fs::read_to_string(named).unwrap().contains(key.trim())
            && !repo.read(".sops.yaml").contains(key.trim())
    );
    alice.infractl(&repo, &["secrets", "updatekeys", "--config", named]).code(0).says("(bob)");
    assert_eq!(bob.get(&repo, "elsewhere/b.enc.env", "B"), "b");
}

#[test]
fn a_folder_without_a_project_has_its_own_rules() {
    let (alone, alice) = (Repo::empty(), Person::new("alice"));
    alice.infractl(&alone, &["secrets", "keygen"]).code(0).says("infractl secrets edit secrets.enc.env");
    alice.set(&alone, "secrets.enc.env", "A", "1");
    alice.set(&alone, "deep/er/x.enc.json", "A", "2");
    fs::create_dir(alone.path("deep/inside")).unwrap();
    let mut inside = alice.command(BIN, &alone.path("deep/inside"));
    assert_eq!(Run::of(inside.args(["secrets", "get", "../er/x.enc.json", "A"])).code(0).out, "2");
    alice.infractl(&alone, &["secrets", "check", "--deep"]).code(0).says("2 files checked");
}

#[test]
fn a_linked_file_is_changed_behind_its_link_and_once() {
    let (repo, alice) = Repo::with_secrets();
    fs::create_dir(repo.path("kept")).unwrap();
    fs::rename(repo.path("credentials/dev.enc.env"), repo.path("kept/real")).unwrap();
    std::os::unix::fs::symlink("../kept/real", repo.path("credentials/dev.enc.env")).unwrap();
    std::os::unix::fs::symlink("common.enc.env", repo.path("credentials/prod.enc.env")).unwrap();
    let before = repo.read("kept/real");
    alice.infractl(&repo, &["secrets", "rotate"]).code(0).says("dev.enc.env").says("common.enc.env");
    assert_ne!(repo.read("kept/real"), before);
    alice.set(&repo, "dev", "API_KEY", "new");
    assert!(repo.path("credentials/dev.enc.env").is_symlink());
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0).says("2 files checked");
}
