//! Many at once: what each of them said it did is there.

use std::fs;
use std::process::Child;

use crate::common::{BIN, Person, Repo, Run};

/// As many as one at a time, ten at once on a small machine.
const AT_ONCE: usize = 40;

fn all(children: Vec<Child>) -> usize {
    children
        .into_iter()
        .map(|mut child| child.wait().unwrap())
        .filter(std::process::ExitStatus::success)
        .count()
}

fn start(person: &Person, repo: &Repo, args: &[&str]) -> Child {
    let mut command = person.command(BIN, repo.root());
    command.args(args).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn keys_in_one_file_and_in_the_rules() {
    let (repo, alice) = Repo::with_secrets();
    let args = ["secrets", "keygen", "--append"];
    assert_eq!(all((0..AT_ONCE).map(|_| start(&alice, &repo, &args)).collect()), AT_ONCE);
    let keys = fs::read_to_string(alice.home.path().join(".config/sops/age/keys.txt")).unwrap();
    assert_eq!(keys.matches("AGE-SECRET-KEY-1").count(), AT_ONCE + 1);
    let rules = repo.read(".sops.yaml");
    for key in keys.lines().filter_map(|line| line.strip_prefix("# public key: ")) {
        assert!(rules.contains(key), "{key} is not in\n{rules}");
    }
}

#[test]
fn a_key_file_that_two_make_belongs_to_one_of_them() {
    let (repo, bob) = (Repo::new(), Person::new("bob"));
    let args = ["secrets", "keygen", "--no-rules"];
    assert_eq!(all((0..8).map(|_| start(&bob, &repo, &args)).collect()), 1);
    let keys = fs::read_to_string(bob.home.path().join(".config/sops/age/keys.txt")).unwrap();
    assert_eq!(keys.matches("AGE-SECRET-KEY-1").count(), 1);
}

#[test]
fn recipients_that_were_added_are_in_the_rules_and_in_every_file() {
    let (repo, alice) = Repo::with_secrets();
    let keys: Vec<String> = (0..12)
        .map(|number| {
            let file = format!("{}/{number}", alice.home.path().display());
            let args = ["secrets", "keygen", "--no-rules", "--key-file", &file];
            alice.infractl(&repo, &args).code(0).out.trim().to_owned()
        })
        .collect();
    let add = |key: &String| start(&alice, &repo, &["secrets", "recipients", "add", key]);
    assert_eq!(all(keys.iter().map(add).collect()), keys.len());
    for file in [".sops.yaml", "credentials/common.enc.env", "credentials/dev.enc.env"] {
        let text = repo.read(file);
        assert!(keys.iter().all(|key| text.contains(key)), "a key is missing in {file}\n{text}");
    }
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
}

#[test]
fn a_value_that_was_set_survives_a_rotation_and_is_in_what_is_decrypted() {
    let (repo, alice) = Repo::with_secrets();
    let set = |name: &String| start(&alice, &repo, &["secrets", "set", "dev", name, "--value", "v"]);
    let names: Vec<String> = (0..20).map(|number| format!("N{number}")).collect();
    let mut children: Vec<Child> = names.iter().map(set).collect();
    children.extend((0..5).map(|_| start(&alice, &repo, &["secrets", "rotate", "dev"])));
    assert_eq!(all(children), names.len() + 5);
    let list = alice.infractl(&repo, &["secrets", "list", "dev"]).code(0).out;
    assert!(names.iter().all(|name| list.lines().any(|line| line == name)), "{list}");

    let names: Vec<String> = (0..20).map(|number| format!("M{number}")).collect();
    let children: Vec<Child> = names.iter().map(set).collect();
    alice.infractl(&repo, &["secrets", "decrypt", "--in-place", "dev"]).code(0);
    let done: Vec<bool> = children.into_iter().map(|mut child| child.wait().unwrap().success()).collect();
    let text = repo.read("credentials/dev.enc.env");
    for (name, done) in names.iter().zip(done) {
        assert!(!done || text.contains(&format!("\n{name}=v\n")), "{name} was set, and is gone");
    }
}

#[test]
fn a_file_that_many_make_has_the_values_of_all() {
    let (repo, alice) = Repo::with_secrets();
    let names: Vec<String> = (0..20).map(|number| format!("N{number}")).collect();
    let set = |name: &String| {
        start(&alice, &repo, &["secrets", "set", "credentials/new/x.enc.env", name, "--value", "v"])
    };
    assert_eq!(all(names.iter().map(set).collect()), names.len());
    let list = alice.infractl(&repo, &["secrets", "list", "credentials/new/x.enc.env"]).code(0).out;
    assert!(names.iter().all(|name| list.lines().any(|line| line == name)), "{list}");
}

#[test]
fn a_folder_that_somebody_holds_is_waited_for() {
    let (repo, alice) = Repo::with_secrets();
    let folder = fs::File::open(repo.path("credentials")).unwrap();
    folder.lock().unwrap();
    let mut waiting = start(&alice, &repo, &["secrets", "set", "dev", "A", "--value", "v"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    drop(folder);
    assert!(waiting.wait().unwrap().success());
    Run::of(alice.command(BIN, repo.root()).args(["secrets", "get", "dev", "A"])).code(0);
}
