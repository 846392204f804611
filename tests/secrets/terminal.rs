//! What people see and type at a terminal: prompts, passphrases, real editors, windows that are closed.

use crate::common::{BIN, CANARY, Person, Repo, Run, Terminal, in_clear, skip, wait_for};
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn the_prompt_shows_nothing_and_ctrl_c_and_ctrl_d_end_it() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    let set = "$I secrets set dev NEW";
    for (keys, code, says) in
        [("half\x03", 130, "interrupted"), ("\x04", 77, "nothing was done"), ("\r", 77, "nothing was typed")]
    {
        let mut terminal = Terminal::start(&alice, &repo, &[], set);
        terminal.sees("Value of NEW:");
        terminal.types(keys);
        terminal.sees(says);
        assert_eq!(terminal.end().0, code);
    }
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
    let mut terminal = Terminal::start(&alice, &repo, &[], &format!("{set}; stty -a"));
    terminal.sees("Value of NEW:");
    terminal.types(&format!("{CANARY}tipped\x7f\x7f\x7f\x7f\x7fyped\r"));
    terminal.sees("added NEW");
    terminal.sees(" echo ");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(alice.get(&repo, "dev", "NEW"), format!("{CANARY}typed"));
}

#[test]
fn what_is_pasted_has_lines_and_any_length_and_no_shell_gets_to_see_it() {
    let (repo, alice) = Repo::with_secrets();
    let pem = format!("-----BEGIN KEY-----\n{CANARY}{}\n-----END KEY-----", "x".repeat(9000));
    let mut terminal = Terminal::start(&alice, &repo, &[], "$I secrets set dev PEM");
    terminal.sees("\x1b[?2004h");
    terminal.types(&format!("\x1b[200~{}\r\x1b[201~\r", pem.replace('\n', "\r")));
    terminal.sees("added PEM");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(alice.get(&repo, "dev", "PEM"), pem);

    // A terminal that does not mark it: the lines after the first go nowhere.
    let mut terminal =
        Terminal::start(&alice, &repo, &[], "$I secrets set dev LINES; read -t 1 rest; echo \"rest=$rest.\"");
    terminal.sees("Value of LINES:");
    terminal.types(&format!("{CANARY}1\r{CANARY}2\r{CANARY}3\r"));
    terminal.sees("several lines were pasted");
    terminal.sees("rest=.");
    terminal.end();
    alice.infractl(&repo, &["secrets", "get", "dev", "LINES"]).code(65);
}

/// Bob with an SSH key that has a passphrase, or an age key locked by the real `age`; both can open the files.
fn with_passphrase(repo: &Repo, alice: &Person) -> Person {
    let bob = Person::new("bob");
    let ssh = bob.home.path().join(".ssh");
    fs::create_dir(&ssh).unwrap();
    let key = ssh.join("id_ed25519");
    let args = ["-q", "-t", "ed25519", "-N", "pass of bob", "-C", "bob@laptop", "-f"];
    Run::of(bob.command("ssh-keygen", repo.root()).args(args).arg(&key)).code(0);
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    alice.infractl(repo, &["secrets", "recipients", "add", public.trim()]).code(0).says("(bob@laptop)");
    bob
}

#[test]
fn a_passphrase_is_asked_for_also_when_input_and_output_are_pipes() {
    let (repo, alice) = Repo::with_secrets();
    let bob = with_passphrase(&repo, &alice);
    // The comment of the key is its name and nothing else: with or without it, it is one recipient.
    assert!(
        repo.read(".sops.yaml").contains(" # bob@laptop")
            && !repo.read(".sops.yaml").contains(" bob@laptop #")
    );
    let public = fs::read_to_string(bob.home.path().join(".ssh/id_ed25519.pub")).unwrap();
    let bare: Vec<&str> = public.split_whitespace().take(2).collect();
    alice.infractl(&repo, &["secrets", "recipients", "add", &bare.join(" ")]).code(0).says("nothing to do");

    let line = format!("echo {}piped | $I secrets set dev NEW 2>log | cat", "CANARY-7f3''a-");
    let mut terminal = Terminal::start(&bob, &repo, &[], &line);
    terminal.sees("Passphrase of ");
    terminal.types("wrong one\r");
    terminal.sees("Wrong. Passphrase of ");
    terminal.types("pass of bob\r");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(repo.read("log").trim(), "added NEW in credentials/dev.enc.env");
    assert_eq!(alice.get(&repo, "dev", "NEW"), format!("{CANARY}piped"));

    let mut terminal = Terminal::start(&bob, &repo, &[], "$I secrets rotate");
    terminal.sees("Passphrase of ");
    terminal.types("pass\x03");
    terminal.sees("interrupted");
    assert_eq!(terminal.end().0, 130);
    let mut terminal = Terminal::start(&bob, &repo, &[], "$I secrets view dev");
    terminal.sees("Passphrase of ");
    terminal.types("\x04");
    terminal.sees("protected by a passphrase");
    terminal.sees("run it again and type the passphrase of ");
    assert_eq!(terminal.end().0, 65);
    let (code, screen) = Terminal::start(&bob, &repo, &[], "$I --no-input secrets view dev").end();
    assert!(code == 65 && screen.contains("and nobody"), "{screen}");
}

#[test]
fn the_real_vim_leaves_nothing_behind() {
    let (repo, alice) = Repo::with_secrets();
    if which("vim").is_none() {
        skip("vim is not installed");
        return;
    }
    // Settings that keep copies elsewhere, as some have them.
    let home = alice.home.path().to_owned();
    for folder in ["swap", "undo", "backup"] {
        fs::create_dir(home.join(folder)).unwrap();
    }
    let rc =
        "set nocp directory=~/swap// undofile undodir=~/undo backup backupdir=~/backup viminfo='100,<1000\n";
    fs::write(home.join(".vimrc"), rc).unwrap();
    let mut terminal = Terminal::start(&alice, &repo, &[("EDITOR", "vim")], "$I secrets edit dev");
    terminal.sees("DB_PASSWORD=");
    // A new line above, copied into a register, and saved.
    terminal.types("ggOVIM=");
    terminal.types(&format!("{}\x1byy:wq\r", "CANARY-7f3a-".to_owned() + "vim"));
    let start = Instant::now();
    while terminal.child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", terminal.screen.lock().unwrap());
        sleep(Duration::from_millis(20));
    }
    assert_eq!(alice.get(&repo, "dev", "VIM"), format!("{CANARY}vim"));
    assert!(repo.in_clear().is_empty() && in_clear(&home).is_empty(), "{:?}", in_clear(&home));
}

#[test]
fn a_window_that_is_closed_leaves_no_plain_text_and_changes_nothing() {
    let (repo, alice) = Repo::with_secrets();
    let before = repo.read("credentials/dev.enc.env");
    let note = alice.home.path().join("note");
    let script = alice.home.path().join("editor");
    fs::write(&script, format!("dirname \"$1\" > {0}.x; mv {0}.x {0}; cat > /dev/null\n", note.display()))
        .unwrap();
    let editor = format!("sh {}", script.display());
    let mut terminal = Terminal::start(&alice, &repo, &[("EDITOR", &editor)], "exec $I secrets edit dev");
    wait_for("the note", || note.exists());
    let folder = PathBuf::from(fs::read_to_string(&note).unwrap().trim());
    assert!(folder.join("dev.enc.env").exists());
    // The terminal goes when `script` does.
    terminal.child.kill().unwrap();
    terminal.child.wait().unwrap();
    wait_for("the folder to go", || !folder.exists());
    assert_eq!(repo.read("credentials/dev.enc.env"), before);
}

fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Wraps a file key as it is, and asks for a PIN before it hands it out.
const PLUGIN: &str = r"#!/bin/sh
reply() { read -r answer; read -r body; }
while read -r line; do
    case $line in
    '-> wrap-file-key'*) read -r key ;;
    '-> recipient-stanza '*' demo') found=${line#-> recipient-stanza }; found=${found%% *}; read -r key ;;
    '-> done'*) read -r body; break ;;
    '-> '*) read -r body ;;
    esac
done
case $1 in
*recipient-v1) printf -- '-> recipient-stanza 0 demo\n%s\n' $key; reply ;;
*identity-v1)
    if [ $found ]; then
        printf -- '-> request-secret\nUElO\n'
        reply
        # MTIzNA is 1234.
        [ $body = MTIzNA ] && { printf -- '-> file-key %s\n%s\n' $found $key; reply; }
    fi ;;
esac
printf -- '-> done\n\n'
";

#[test]
fn a_plugin_is_asked_and_may_ask_at_the_terminal() {
    use std::os::unix::fs::PermissionsExt as _;
    let (repo, alice) = Repo::with_secrets();
    let folder = alice.home.path().join("plugins");
    fs::create_dir(&folder).unwrap();
    let plugin = folder.join("age-plugin-demo");
    fs::write(&plugin, PLUGIN).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let recipient = "age1demo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq8s6m3";
    let mut add = alice.command(BIN, repo.root());
    add.args(["secrets", "recipients", "add", recipient, "--name", "token"]).env("PATH", &path);
    Run::of(&mut add).code(0).says("(token)");
    let bob = Person::new("bob");
    let vars = [("PATH", path.as_str()), ("SOPS_AGE_KEY", "AGE-PLUGIN-DEMO-1G7ZR6S")];
    let mut terminal = Terminal::start(
        &bob,
        &repo,
        &vars,
        "$I secrets exec credentials/dev.enc.env -- sh -c 'echo got ${#API_KEY}'",
    );
    terminal.sees("PIN: ");
    terminal.types("1234\r");
    terminal.sees("got 23");
    assert_eq!(terminal.end().0, 0);
    let mut terminal = Terminal::start(&bob, &repo, &vars, "$I secrets view dev");
    terminal.sees("PIN: ");
    terminal.types("12\x03");
    terminal.sees("interrupted");
    assert_eq!(terminal.end().0, 130);
    let mut alone = bob.command(BIN, repo.root());
    Run::of(alone.args(["--no-input", "secrets", "view", "dev"]).envs(vars))
        .code(65)
        .says("an identity of age-plugin-demo from SOPS_AGE_KEY")
        .says("age-plugin-demo does not open it");
}
