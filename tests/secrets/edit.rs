//! edit with real editors: scripts that do what editors do.

use crate::common::{BIN, CANARY, Person, Repo, Run, changed_lines, in_clear, wait_for};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// An editor: a shell script that gets the file as `$1`.
fn editor(person: &Person, script: &str) -> String {
    let path = person.home.path().join("editor");
    fs::write(&path, format!("set -e\n{script}\n")).unwrap();
    format!("sh '{}'", path.display())
}

fn edit(repo: &Repo, person: &Person, target: &str, script: &str) -> Run {
    let editor = editor(person, script);
    Run::of(person.command(BIN, repo.root()).args(["secrets", "edit", target]).env("EDITOR", editor))
}

/// Folders in memory with a plain text that holds these words. Folders of other tests come and go meanwhile.
fn left(words: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let holds = |path: &PathBuf| {
        let files = fs::read_dir(path).into_iter().flatten().flatten();
        files.into_iter().any(|file| fs::read_to_string(file.path()).is_ok_and(|text| text.contains(words)))
    };
    entries.map(|entry| entry.path()).filter(holds).collect()
}

#[test]
fn the_editor_sees_a_private_file_of_the_same_name_and_only_changes_are_new() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    std::thread::sleep(Duration::from_millis(1100));
    let log = alice.home.path().join("log");
    let script = format!(
        "stat -c '%a %n' \"$1\" >> '{0}'; stat -c %a \"$(dirname \"$1\")\" >> '{0}'; sed -i 's/^API_KEY=.*/API_KEY=edited/' \"$1\"",
        log.display()
    );
    edit(&repo, &alice, "dev", &script).code(0).says("saved credentials/dev.enc.env");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.starts_with("600 ") && log.contains("/dev.enc.env\n700\n"), "{log}");
    assert_eq!(changed_lines(&before, &repo.read("credentials/dev.enc.env")), 3);
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "edited");
}

#[test]
fn nothing_changed_is_recognised_and_nothing_is_written() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    edit(&repo, &alice, "dev", "touch \"$1\"").code(0).says("nothing changed");
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}

#[test]
fn editors_that_write_a_new_file_and_rename_it_are_understood() {
    let (repo, alice) = Repo::with_secrets();
    let script = "sed 's/^API_KEY=.*/API_KEY=renamed/' \"$1\" > \"$1.new\"; mv \"$1.new\" \"$1\"";
    edit(&repo, &alice, "dev", script).code(0);
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), "renamed");
}

#[test]
fn editor_variables_are_split_into_words_and_sops_editor_wins() {
    let (repo, alice) = Repo::with_secrets();
    let words = format!(
        "{} 'an argument' --wait",
        editor(&alice, "for last; do :; done; echo \"N=$1\" >> \"$last\"")
    );
    let mut command = alice.command(BIN, repo.root());
    command
        .args(["secrets", "edit", "dev"])
        .env("SOPS_EDITOR", &words)
        .env("EDITOR", "false")
        .env("VISUAL", "false");
    Run::of(&mut command).code(0);
    assert_eq!(alice.get(&repo, "dev", "N"), "an argument");
    let mut command = alice.command(BIN, repo.root());
    Run::of(command.args(["secrets", "edit", "dev"]).env("EDITOR", "no-such-editor"))
        .code(69)
        .says("set EDITOR");
}

#[test]
fn a_new_file_starts_with_its_template() {
    let (repo, alice) = Repo::with_secrets();
    repo.write("credentials/prod.enc.env.example", "# from the template\nTOKEN=\n");
    edit(&repo, &alice, "prod", "true").code(0).says("nothing changed");
    assert!(!repo.path("credentials/prod.enc.env").exists());
    edit(&repo, &alice, "prod", &format!("sed -i 's/TOKEN=/TOKEN={CANARY}t/' \"$1\"")).code(0);
    let view = alice.infractl_clear(&repo, &["secrets", "view", "prod"]).code(0).out;
    assert_eq!(view, format!("# from the template\nTOKEN={CANARY}t\n"));
}

#[test]
fn an_editor_that_fails_and_a_text_that_does_not_parse_keep_a_draft() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    for script in [
        format!("echo 'NEW={CANARY}draft' >> \"$1\"; exit 3"),
        format!("echo 'no equals sign {CANARY}draft' >> \"$1\""),
    ] {
        let run = edit(&repo, &alice, "dev", &script);
        assert!(run.code == 1 || run.code == 65, "{}", run.err);
        let draft =
            run.err.split("infractl secrets view ").nth(1).unwrap().split('`').next().unwrap().to_owned();
        assert!(draft.starts_with(".infractl/drafts/dev.enc.env."), "{draft}");
        let text = alice.infractl_clear(&repo, &["secrets", "view", &draft]).code(0).out;
        assert!(text.contains(&format!("{CANARY}draft")) && text.contains("DB_PASSWORD="), "{text}");
        assert_eq!(repo.read("credentials/dev.enc.env"), before);
        fs::remove_file(repo.path(&draft)).unwrap();
    }
    edit(&repo, &alice, "dev", "exit 1").code(1);
    edit(&repo, &alice, "dev", "rm \"$1\"").code(1).says("removed its file");
    assert!(
        fs::read_dir(repo.path(".infractl/drafts")).unwrap().next().is_none(),
        "no draft of what was not typed"
    );
    assert!(
        repo.in_clear().is_empty() && in_clear(alice.home.path()).iter().all(|path| path.ends_with("editor"))
    );
    assert!(left(&format!("{CANARY}draft")).is_empty());
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let (repo, alice) = Repo::with_secrets();
    let file = repo.path("credentials/dev.enc.env");
    let script = format!("echo 'N={CANARY}mine' >> \"$1\"; echo '# theirs' >> '{}'", file.display());
    edit(&repo, &alice, "dev", &script)
        .code(1)
        .says("changed by somebody else meanwhile")
        .says("kept encrypted");
    assert!(repo.read("credentials/dev.enc.env").ends_with("# theirs\n"));
}

/// Starts an edit whose editor waits, and hands over the folder with the plain text.
fn waiting(repo: &Repo, person: &Person) -> (std::process::Child, PathBuf) {
    let note = person.home.path().join("note");
    let _ = fs::remove_file(&note);
    let script = format!("dirname \"$1\" > '{0}.x'; mv '{0}.x' '{0}'; sleep 20", note.display());
    let editor = editor(person, &script);
    let mut command = person.command(BIN, repo.root());
    command.args(["secrets", "edit", "dev"]).env("EDITOR", editor).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_for("the editor", || note.exists());
    (child, PathBuf::from(fs::read_to_string(note).unwrap().trim()))
}

fn gone(folder: &Path) -> bool {
    let start = Instant::now();
    while folder.exists() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    !folder.exists()
}

#[test]
fn no_plain_text_is_left_when_infractl_is_killed() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    for _ in 0..5 {
        let (mut child, folder) = waiting(&repo, &alice);
        assert!(!in_clear(&folder).is_empty());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(gone(&folder), "{} is still there", folder.display());
    }
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}

#[test]
fn no_plain_text_is_left_at_random_instants_of_a_kill() {
    let (repo, alice) = Repo::with_secrets();
    let editor = editor(&alice, "sed -i 's/^API_KEY=.*/API_KEY=killed/' \"$1\"");
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..40_u64 {
        let mut command = alice.command(BIN, repo.root());
        command.args(["secrets", "edit", "dev"]).env("EDITOR", &editor).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(round * 37 % 40 * 1500));
        let _ = child.kill();
        child.wait().unwrap();
        seen.insert(alice.get(&repo, "dev", "API_KEY"));
    }
    let start = Instant::now();
    while !left("API_KEY=killed").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "left: {:?}", left("API_KEY=killed"));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(seen.iter().all(|value| value == "killed" || value.ends_with("API_KEY")), "{seen:?}");
}

#[test]
fn a_signal_ends_no_edit_halfway() {
    let (repo, alice) = Repo::with_secrets();
    for signal in ["TERM", "HUP", "INT"] {
        let (mut child, folder) = waiting(&repo, &alice);
        let pid = child.id().to_string();
        Run::of(alice.command("kill", repo.root()).args(["-s", signal, &pid])).code(0);
        std::thread::sleep(Duration::from_millis(200));
        // It waits for its editor; then everything is gone.
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(gone(&folder), "after SIG{signal}");
    }
}

#[test]
fn a_text_that_was_emptied_is_not_saved() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    edit(&repo, &alice, "dev", ": > \"$1\"").code(77).says("the editor left nothing");
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}
