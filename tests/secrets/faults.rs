//! kill -9, full disks, files that cannot be written: the old file or the new one, whole.

use crate::common::{BIN, CANARY, Person, Repo, Run};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_kill_at_any_instant_leaves_the_old_file_or_the_new_one() {
    let (repo, alice) = Repo::with_secrets();
    let files = ["common", "dev"];
    let clear: Vec<String> = files
        .iter()
        .map(|file| alice.infractl_clear(&repo, &["secrets", "view", file]).code(0).out)
        .collect();
    for round in 0..60_u64 {
        let verb: &[&str] = if round % 2 == 0 { &["rotate"] } else { &["set", "dev", "COUNTER"] };
        let mut command = alice.command(BIN, repo.root());
        command.arg("secrets").args(verb).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        if let Some(mut stdin) = child.stdin.take() {
            use std::io::Write as _;
            let _ = write!(stdin, "{round}");
        }
        std::thread::sleep(Duration::from_micros(round * 31 % 60 * 500));
        let _ = child.kill();
        child.wait().unwrap();
        alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
    }
    let after: Vec<String> = files
        .iter()
        .map(|file| alice.infractl_clear(&repo, &["secrets", "view", file]).code(0).out)
        .collect();
    assert_eq!(after[0], clear[0]);
    assert!(after[1].starts_with(&clear[1]), "{}", after[1]);
    alice.set(&repo, "dev", "LAST", "x");
    let rest: Vec<_> = std::fs::read_dir(repo.path("credentials"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".enc.env"))
        .collect();
    assert!(rest.len() <= 1, "temporary files are swept: {rest:?}");
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    let script = "ulimit -f 0; trap '' XFSZ; exec \"$0\" secrets set dev NEW --from-file /etc/hostname";
    let run = Run::of(alice.command("sh", repo.root()).args(["-c", script, BIN]));
    assert_ne!(run.code, 0, "{}", run.err);
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}

#[test]
fn a_closed_standard_output_ends_quietly() {
    let (repo, alice) = Repo::with_secrets();
    let script = "\"$0\" secrets view dev | true; \"$0\" secrets list dev | true";
    Run::of(alice.command("bash", repo.root()).args(["-c", &format!("set -o pipefail; {script}"), BIN]))
        .code(0);
}

#[test]
fn no_secret_is_in_the_arguments_of_a_child() {
    let (repo, alice) = Repo::with_secrets();
    let script = "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline";
    let run = alice.infractl(&repo, &["secrets", "exec", "dev", "--", "sh", "-c", script]).code(0);
    assert!(run.out.contains("secrets exec dev") && !run.out.contains(CANARY), "{}", run.out);
    // And not in the environment of infractl itself.
    let run = alice
        .infractl(
            &repo,
            &["secrets", "exec", "dev", "--", "sh", "-c", "tr '\\0' '\\n' < /proc/$PPID/environ"],
        )
        .code(0);
    assert!(run.out.contains("PATH=") && !run.out.contains(CANARY), "{}", run.out);
}

#[test]
fn two_at_once_lose_nothing() {
    let (repo, alice) = Repo::with_secrets();
    let mut running: Vec<_> = (0..12)
        .map(|number| {
            let file = alice.home.path().join(format!("v{number}"));
            std::fs::write(&file, format!("{CANARY}{number}")).unwrap();
            let mut command = alice.command(BIN, repo.root());
            command.args(["secrets", "set", "dev", &format!("N{number}"), "--from-file"]).arg(file);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    assert!(running.iter_mut().all(|child| child.wait().unwrap().success()));
    for number in 0..12 {
        assert_eq!(alice.get(&repo, "dev", &format!("N{number}")), format!("{CANARY}{number}"));
    }
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
}

#[test]
fn a_program_before_the_pipe_that_failed_wipes_no_secret() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    alice
        .infractl(&repo, &["secrets", "set", "dev", "API_KEY"])
        .code(64)
        .says("standard input is empty: nothing was changed");
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
    alice.set(&repo, "dev", "API_KEY", "\n");
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "");
}

#[test]
fn a_kill_while_recipients_change_is_mended_by_updatekeys() {
    let (repo, alice) = Repo::with_secrets();
    let bob = Person::new("bob");
    let key = bob.infractl(&repo, &["secrets", "keygen", "--no-rules"]).code(0).out.trim().to_owned();
    for round in 0..30_u64 {
        let verb = if round % 2 == 0 { "add" } else { "remove" };
        let mut command = alice.command(BIN, repo.root());
        command.args(["secrets", "recipients", verb, &key]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(round * 17 % 30 * 1500));
        let _ = child.kill();
        child.wait().unwrap();
        // Every file is whole, and the rules are; who may read is then as the rules say.
        for target in ["common", "dev"] {
            alice.infractl_clear(&repo, &["secrets", "view", target]).code(0);
        }
        alice.infractl(&repo, &["secrets", "updatekeys"]).code(0);
        alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
        let is_in = repo.read(".sops.yaml").contains(&key);
        bob.infractl_clear(&repo, &["secrets", "view", "dev"]).code(if is_in { 0 } else { 65 });
    }
}

#[test]
fn a_kill_while_a_file_is_encrypted_in_place_leaves_the_plain_or_the_encrypted_one() {
    let (repo, alice) = Repo::with_secrets();
    let file = "credentials/new.enc.env";
    let text = (0..500).fold(String::new(), |text, number| text + &format!("N{number}={CANARY}{number}\n"));
    for round in 0..20_u64 {
        repo.write(file, &text);
        let mut command = alice.command(BIN, repo.root());
        command.args(["secrets", "encrypt", "-i", file]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(round * 7 % 20 * 4000));
        let _ = child.kill();
        child.wait().unwrap();
        if repo.read(file) != text {
            assert_eq!(alice.infractl_clear(&repo, &["secrets", "view", file]).code(0).out, text);
        }
    }
}
