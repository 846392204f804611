use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use secrecy::SecretString;

use super::*;
use crate::exec::{BoxFuture, Cmd, Done, OnLine, RunError};
use crate::secrets::ask::{NoPassphrase, Nobody};

const PASSPHRASE: &str = "demonstration passphrase";

/// Answers every question with the same passphrase and counts the questions.
struct Typist(Mutex<Vec<String>>, &'static str);

impl Ask for Typist {
    fn passphrase(&self, what: &str) -> Result<SecretString, NoPassphrase> {
        self.0.lock().unwrap().push(what.to_owned());
        Ok(self.1.to_owned().into())
    }
    fn line(&self, _: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }
    fn show(&self, _: &str) {}
}

/// Plays the commands that print keys.
#[derive(Default)]
struct Player {
    answers: BTreeMap<String, (i32, String, String)>,
    calls: Mutex<Vec<String>>,
}

impl Runner for Player {
    fn run<'a>(&'a self, cmd: &'a Cmd, _: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        self.calls.lock().unwrap().push(cmd.to_string());
        let answer = self.answers.get(&cmd.program).cloned();
        Box::pin(async move {
            let (code, stdout, tail) = answer.ok_or(RunError::NotFound { program: cmd.program.clone() })?;
            Ok(Done { code, stdout: stdout.into_bytes(), tail, ..Done::default() })
        })
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn secret_line(name: &str) -> String {
    text(name).lines().find(|l| l.starts_with("AGE-SECRET-KEY")).unwrap().to_owned()
}

fn keys(vars: &[(&str, &str)]) -> Keys {
    let vars = vars.iter().map(|(k, v)| (OsString::from(k), OsString::from(v))).collect();
    Keys::new(vars, Vec::new(), Arc::new(Nobody))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn encrypt(recipient: &dyn age::Recipient) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer =
        age::Encryptor::with_recipients(std::iter::once(recipient)).unwrap().wrap_output(&mut file).unwrap();
    writer.write_all(b"the data key").unwrap();
    writer.finish().unwrap();
    file
}

fn opens(keys: &Keys, file: &[u8]) -> bool {
    let identities = keys.identities().iter().map(|i| &**i as &dyn age::Identity);
    let Ok(mut reader) = age::Decryptor::new(file).unwrap().decrypt(identities) else { return false };
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).unwrap();
    plain == b"the data key"
}

fn enter(keys: &mut Keys, stage: Stage) -> bool {
    block_on(keys.enter(stage, &[], &Player::default()))
}

fn only(keys: &Keys) -> Found {
    let mut found: Vec<_> = keys.found().into_iter().filter(|f| !f.absent).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn recipient_of(name: &str) -> (String, Vec<u8>) {
    let key: age::x25519::Identity = secret_line(name).parse().unwrap();
    (key.to_public().to_string(), encrypt(&key.to_public()))
}

#[test]
fn every_source_is_read_and_none_hides_another() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(".ssh")).unwrap();
    std::fs::create_dir_all(home.path().join(".config/sops/age")).unwrap();
    std::fs::copy(fixture("fixtures/keys/ssh_ed25519"), home.path().join(".ssh/id_ed25519")).unwrap();
    std::fs::copy(fixture("fixtures/keys/ssh_rsa"), home.path().join(".ssh/id_rsa")).unwrap();
    std::fs::copy(fixture("fixtures/keys/a.txt"), home.path().join(".config/sops/age/keys.txt")).unwrap();
    let b = fixture("fixtures/keys/b.txt");
    let c = secret_line("fixtures/keys/c.txt");
    let mut keys = keys(&[
        ("HOME", home.path().to_str().unwrap()),
        ("SOPS_AGE_KEY_FILE", b.to_str().unwrap()),
        ("SOPS_AGE_KEY", &c),
        ("INFRACTL_AGE_KEY", "garbage"),
        ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "/nowhere"),
    ]);
    assert!(keys.found().is_empty(), "nothing is read before it is needed");
    assert!(enter(&mut keys, Stage::Quiet));
    for name in ["a", "b", "c"] {
        let (public, file) = recipient_of(&format!("fixtures/keys/{name}.txt"));
        assert!(opens(&keys, &file), "{name}");
        assert!(keys.public_keys().contains(&public), "{name}");
    }
    for name in ["ssh_ed25519", "ssh_rsa"] {
        let public = text(&format!("fixtures/keys/{name}.pub"));
        let recipient: age::ssh::Recipient = public.parse().unwrap();
        assert!(opens(&keys, &encrypt(&recipient)), "{name}");
        let bare = public.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        assert!(keys.public_keys().contains(&bare), "{name}");
    }
    let problems: Vec<_> = keys.found().into_iter().filter(|f| !f.problems.is_empty()).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(problems[0].place, "INFRACTL_AGE_KEY");
    assert_eq!(problems[0].problems, ["line 1: not an age identity"]);
    assert_eq!(problems[1].problems, ["no such file"]);
    let shown = format!("{keys:?}");
    assert!(!shown.contains("AGE-SECRET") && !shown.contains(&c), "{shown}");
}

#[test]
fn default_places_that_are_not_there_are_no_problem() {
    let home = tempfile::tempdir().unwrap();
    let mut keys = keys(&[("HOME", home.path().to_str().unwrap())]);
    enter(&mut keys, Stage::Quiet);
    let found = keys.found();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|f| f.absent && f.problems.is_empty()), "{found:?}");
    assert!(found[0].place.ends_with(".config/sops/age/keys.txt"));
}

#[test]
fn xdg_config_home_moves_the_default_file() {
    let vars: Vars = [("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")].map(|(k, v)| (k.into(), v.into())).into();
    assert_eq!(Keys::default_file(&vars), Some("/x/sops/age/keys.txt".into()));
    let vars: Vars = [("XDG_CONFIG_HOME", ""), ("HOME", "/h")].map(|(k, v)| (k.into(), v.into())).into();
    assert_eq!(Keys::default_file(&vars), Some("/h/.config/sops/age/keys.txt".into()));
}

#[test]
fn lines_are_read_leniently_and_bad_ones_named_without_their_text() {
    let (a, b) = (secret_line("fixtures/keys/a.txt"), secret_line("fixtures/keys/b.txt"));
    let canary = "AGE-SECRET-KEY-1CANARY";
    let text = format!(
        "\u{feff}# comment\r\n  {a}  # mine\r\n\r\n\t{b}\nage1qqqq\n{canary}\nAGE-SECRET-KEY-PQ-1CANARY\nCANARY\n"
    );
    let mut keys = keys(&[("SOPS_AGE_KEY", &text)]);
    enter(&mut keys, Stage::Quiet);
    let found = only(&keys);
    assert_eq!(found.public.len(), 2);
    assert_eq!(
        found.problems,
        [
            "line 5: a public key; the private one is needed to decrypt",
            "line 6: an age identity that is damaged or cut off",
            "line 7: a post-quantum identity (AGE-SECRET-KEY-PQ-1...), which infractl cannot use yet",
            "line 8: not an age identity",
        ]
    );
    assert!(!format!("{keys:?}").contains("CANARY"));
}

#[test]
fn several_identities_on_one_line_of_the_variable() {
    let (a, b) = (secret_line("fixtures/keys/a.txt"), secret_line("fixtures/keys/b.txt"));
    let mut keys = keys(&[("SOPS_AGE_KEY", &format!("{a} {b}"))]);
    enter(&mut keys, Stage::Quiet);
    assert_eq!(only(&keys).public.len(), 2);
}

#[test]
fn a_variable_that_is_empty_or_a_path_is_named() {
    let mut empty = keys(&[("SOPS_AGE_KEY", "")]);
    assert!(!enter(&mut empty, Stage::Quiet));
    assert_eq!(only(&empty).problems, ["set, but empty"]);
    let mut path = keys(&[("SOPS_AGE_KEY", "/home/me/key.txt")]);
    enter(&mut path, Stage::Quiet);
    assert_eq!(only(&path).problems, ["set to a path; a path belongs into SOPS_AGE_KEY_FILE"]);
    let mut file = keys(&[("SOPS_AGE_KEY_FILE", "")]);
    enter(&mut file, Stage::Quiet);
    assert_eq!(only(&file).problems, ["set, but empty"]);
}

#[test]
fn files_that_are_no_key_files_are_named_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let problem = |content: Option<&[u8]>, path: &Path| {
        if let Some(content) = content {
            let mut file = std::fs::OpenOptions::new();
            file.write(true).create(true).truncate(true).open(path).unwrap().write_all(content).unwrap();
        }
        let mut keys = keys(&[("SOPS_AGE_KEY_FILE", path.to_str().unwrap())]);
        enter(&mut keys, Stage::Quiet);
        only(&keys).problems.join("; ")
    };
    assert_eq!(problem(None, dir.path()), "a folder, not a key file");
    assert_eq!(problem(None, &dir.path().join("none")), "no such file");
    assert_eq!(problem(Some(b""), &file), "holds no identity");
    assert_eq!(problem(Some(b"\xff\xfe\x00"), &file), "neither text nor an age file: not a key file");
    assert_eq!(problem(Some(&vec![b'x'; (1 << 20) + 1]), &file), "longer than 1 MiB: not a key file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&file).is_err() {
        assert_eq!(problem(None, &file), "not readable: permission denied");
    }
}

#[test]
fn ssh_keys_that_age_cannot_use_are_named() {
    for (file, problem) in [
        ("keys/ecdsa", "an SSH key of the kind ecdsa-sha2-nistp256: age has ssh-ed25519 and ssh-rsa"),
        ("keys/locked_rsa_pem", "an old PEM key with a passphrase: convert it with `ssh-keygen -p -f FILE`"),
    ] {
        let mut keys = keys(&[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", fixture(file).to_str().unwrap())]);
        enter(&mut keys, Stage::Quiet);
        assert_eq!(only(&keys).problems, [problem], "{file}");
    }
    let pkcs8 = "# not -----BEGIN X PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n";
    let mut keys = keys(&[("SOPS_AGE_KEY", pkcs8)]);
    enter(&mut keys, Stage::Quiet);
    assert_eq!(
        only(&keys).problems,
        [
            "a private key in the form `PRIVATE KEY`: age reads OpenSSH keys, convert it with `ssh-keygen -p -f FILE`"
        ]
    );
}

#[test]
fn words_in_comments_do_not_make_an_ssh_key() {
    let a = secret_line("fixtures/keys/a.txt");
    let text = format!("# this is a -----BEGIN OPENSSH PRIVATE KEY----- no\n{a}\n");
    let mut keys = keys(&[("SOPS_AGE_KEY", &text)]);
    enter(&mut keys, Stage::Quiet);
    assert_eq!((only(&keys).public.len(), only(&keys).problems.len()), (1, 0));
}

#[test]
fn an_ssh_key_with_crlf_and_blank_lines_is_read() {
    let key = format!("\r\n\r\n{}", text("fixtures/keys/ssh_ed25519").replace('\n', "  \r\n"));
    let mut keys = keys(&[("INFRACTL_AGE_KEY", &key)]);
    enter(&mut keys, Stage::Quiet);
    let recipient: age::ssh::Recipient = text("fixtures/keys/ssh_ed25519.pub").parse().unwrap();
    assert!(opens(&keys, &encrypt(&recipient)));
}

#[test]
fn a_passphrase_is_asked_last_once_and_only_for_a_key_that_fits() {
    let typist = Arc::new(Typist(Mutex::default(), PASSPHRASE));
    let project = vec![fixture("keys/locked_ed25519"), fixture("keys/locked.age")];
    let mut keys = Keys::new(Vars::new(), project, typist.clone());
    enter(&mut keys, Stage::Quiet);
    let ssh: age::ssh::Recipient = text("keys/locked_ed25519.pub").parse().unwrap();
    let ssh = encrypt(&ssh);
    let native: age::x25519::Recipient = text("keys/locked.txt.pub").trim().parse().unwrap();
    let native = encrypt(&native);
    assert!(!opens(&keys, &ssh) && !opens(&keys, &native));
    assert!(typist.0.lock().unwrap().is_empty(), "nobody is asked in the first stage");

    enter(&mut keys, Stage::Asking);
    assert!(opens(&keys, &native) && opens(&keys, &ssh));
    assert!(opens(&keys, &native) && opens(&keys, &ssh));
    let asked = typist.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("locked.age") && asked[1].contains("locked_ed25519"), "{asked:?}");

    let other: age::ssh::Recipient = text("fixtures/keys/ssh_ed25519.pub").parse().unwrap();
    assert!(!opens(&keys, &encrypt(&other)));
    assert_eq!(typist.0.lock().unwrap().len(), 2);
}

#[test]
fn without_a_terminal_or_with_a_wrong_passphrase_the_source_says_so() {
    let native: age::x25519::Recipient = text("keys/locked.txt.pub").trim().parse().unwrap();
    let file = encrypt(&native);
    let project = vec![fixture("keys/locked.age")];
    let mut keys = Keys::new(Vars::new(), project.clone(), Arc::new(Nobody));
    enter(&mut keys, Stage::Quiet);
    enter(&mut keys, Stage::Asking);
    assert!(!opens(&keys, &file));
    assert_eq!(only(&keys).problems, ["protected by a passphrase, and nobody is at a terminal to type it"]);
    let ssh: age::ssh::Recipient = text("keys/locked_ed25519.pub").parse().unwrap();
    let typist = Arc::new(Typist(Mutex::default(), "CANARY wrong"));
    let mut keys = Keys::new(Vars::new(), vec![fixture("keys/locked_ed25519")], typist.clone());
    enter(&mut keys, Stage::Asking);
    assert!(!opens(&keys, &encrypt(&ssh)));
    assert_eq!(only(&keys).problems, ["the passphrase is wrong"]);
    assert_eq!(typist.0.lock().unwrap().len(), 3);
    assert!(!format!("{keys:?}").contains("CANARY"));
}

#[test]
fn commands_run_without_a_shell_and_once_for_each_recipient() {
    let (public, file) = recipient_of("fixtures/keys/a.txt");
    let player = Player {
        answers: [
            ("vault".to_owned(), (0, text("fixtures/keys/a.txt"), String::new())),
            ("op".to_owned(), (0, text("fixtures/keys/ssh_ed25519"), String::new())),
        ]
        .into(),
        ..Player::default()
    };
    let mut keys =
        keys(&[("SOPS_AGE_KEY_CMD", "vault read 'a b' | true"), ("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "op read")]);
    let recipients = [public.clone(), "age1other".to_owned()];
    assert!(!block_on(keys.enter(Stage::Quiet, &recipients, &player)));
    assert!(player.calls.lock().unwrap().is_empty());
    assert!(block_on(keys.enter(Stage::Commands, &recipients, &player)));
    assert!(opens(&keys, &file));
    assert!(!block_on(keys.enter(Stage::Commands, &recipients, &player)), "nothing new the second time");
    assert_eq!(
        *player.calls.lock().unwrap(),
        [
            "op read".to_owned(),
            format!("SOPS_AGE_RECIPIENT={public} vault read 'a b' '|' true"),
            "SOPS_AGE_RECIPIENT=age1other vault read 'a b' '|' true".to_owned(),
        ]
    );
    let ssh: age::ssh::Recipient = text("fixtures/keys/ssh_ed25519.pub").parse().unwrap();
    assert!(opens(&keys, &encrypt(&ssh)));
}

#[test]
fn a_command_that_fails_is_named_with_its_last_words_unless_they_look_like_a_key() {
    let answer = |code, tail: &str| (code, "AGE-SECRET-KEY-1CANARY".to_owned(), tail.to_owned());
    for (line, answers, problem) in [
        ("none", None, "`none` is not installed, or not on PATH"),
        ("v", Some(answer(3, "first\nnot logged in")), "`v` ended with exit code 3: not logged in"),
        ("v", Some(answer(3, "AGE-SECRET-KEY-1CANARY")), "`v` ended with exit code 3"),
        ("v 'open", None, "not a command: the words cannot be told apart"),
    ] {
        let player = Player {
            answers: answers.map(|a| ("v".to_owned(), a)).into_iter().collect(),
            ..Player::default()
        };
        let mut keys = keys(&[("SOPS_AGE_KEY_CMD", line)]);
        block_on(keys.enter(Stage::Commands, &["age1x".to_owned()], &player));
        let found = only(&keys);
        assert_eq!(found.problems, [problem], "{line}");
        assert_eq!(found.place, "SOPS_AGE_KEY_CMD for age1x");
    }
}

#[test]
fn a_plugin_that_is_not_installed_is_named_and_only_looked_for_when_needed() {
    let plugin = age::plugin::Identity::default_for_plugin("infractl-none").unwrap().to_string();
    let mut keys = keys(&[("SOPS_AGE_KEY", &plugin)]);
    enter(&mut keys, Stage::Asking);
    let (_, file) = recipient_of("fixtures/keys/a.txt");
    assert!(!opens(&keys, &file));
    assert!(only(&keys).problems.is_empty(), "an X25519 file is not for a plugin");
    assert_eq!(only(&keys).public, ["an identity of age-plugin-infractl-none"]);
    let stanza = age_core::format::Stanza { tag: "infractl-none".into(), args: vec![], body: vec![] };
    assert!(age::Identity::unwrap_stanza(&*keys.identities()[0], &stanza).is_none());
    assert_eq!(only(&keys).problems, ["needs the program `age-plugin-infractl-none`, which is not on PATH"]);
}
