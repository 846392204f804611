use std::collections::BTreeMap;

use super::*;
use crate::exec::{BoxFuture, Cmd, Done, OnLine, RunError, Runner};
use crate::failure::{Failure, Kind};
use crate::sops::{KeyGroups, NewFile, Plain, Value, key};

/// Starts nothing.
pub(super) struct NoPrograms;

impl Runner for NoPrograms {
    fn run<'a>(&'a self, cmd: &'a Cmd, _: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        Box::pin(async move { Err(RunError::NotFound { program: cmd.program.clone() }) })
    }
}

/// A project in a temporary folder, with a key in `keys.txt`.
pub(super) struct Project {
    pub(super) dir: tempfile::TempDir,
    pub(super) identity: age::x25519::Identity,
}

impl Project {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = age::x25519::Identity::generate();
        let project = Project { dir, identity };
        project.write("keys.txt", format!("{}\n", project.identity.to_string().expose_secret()).as_bytes());
        project
    }

    pub(super) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        crate::disk::write(&self.root().join(name), bytes, 0o644).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.root().join(name)).unwrap()
    }

    pub(super) fn encrypt(&self, name: &str, text: &[u8]) {
        self.encrypt_for(name, text, &[self.recipient()]);
    }

    pub(super) fn encrypt_for(&self, name: &str, text: &[u8], recipients: &[String]) {
        let new = NewFile::for_recipients(recipients.to_vec());
        let plain = Plain::create(text, Format::from_path(name), &new, &mut fill).unwrap();
        let sealed = plain.seal(jiff::Timestamp::now(), &mut fill).unwrap();
        self.write(name, &sealed.to_bytes().unwrap());
    }

    pub(super) fn store(&self) -> Store<'static> {
        Store::new(self.root(), self.keys(&[]), &NoPrograms)
    }

    pub(super) fn keys(&self, vars: &[(&str, &str)]) -> Keys {
        let mut all: Vars = vars.iter().map(|(name, value)| (name.into(), value.into())).collect();
        if vars.is_empty() {
            all.insert("SOPS_AGE_KEY_FILE".into(), self.root().join("keys.txt").into());
        }
        Keys::new(all, Vec::new(), Arc::new(Nobody))
    }

    fn open(&self, files: &[&str], required: &[&str]) -> Result<Secrets, SecretsError> {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let required: Vec<String> = required.iter().map(|&name| name.to_owned()).collect();
        block_on(open_files(&mut self.store(), &files, &required, &[]))
    }

    fn open_with(&self, vars: &[(&str, &str)]) -> SecretsError {
        let mut store = Store::new(self.root(), self.keys(vars), &NoPrograms);
        block_on(open_files(&mut store, &["dev.env".into()], &[], &[])).unwrap_err()
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn value(secrets: &Secrets, name: &str) -> String {
    secrets.get(name).unwrap().expose_secret().to_owned()
}

/// The message with everything below it, and the help.
fn told(error: SecretsError) -> (String, Vec<String>) {
    let failure = Failure::from(error);
    assert_eq!(failure.kind, Kind::Secrets);
    (format!("{:#}", failure.error), failure.help)
}

#[test]
fn later_files_win_and_what_they_hide_is_kept() {
    let project = Project::new();
    project.encrypt("common.enc.env", b"A=CANARY-1\nB=CANARY-2\n");
    project.encrypt("dev.enc.env", b"# x\nB=CANARY-3\nC=CANARY-4\nB=CANARY-5\n");
    let secrets = project.open(&["common.enc.env", "dev.enc.env"], &["A", "C"]).unwrap();
    let names: Vec<_> = secrets.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["A", "B", "C"]);
    assert_eq!(value(&secrets, "B"), "CANARY-5");
    assert!(secrets.secret("B").unwrap().file().ends_with("dev.enc.env"));
    let shadowed: Vec<_> =
        secrets.secret("B").unwrap().shadowed().map(|(_, value)| value.expose_secret().to_owned()).collect();
    assert_eq!(shadowed, ["CANARY-2", "CANARY-3"]);
    let shown = format!("{secrets:?} {:?}", secrets.secret("B"));
    assert!(shown.contains("\"B\"") && !shown.contains("CANARY"), "{shown}");
}

#[test]
fn a_child_gets_each_secret_under_its_own_name_and_as_a_terraform_variable() {
    let project = Project::new();
    project.encrypt("dev.env", b"Db_Password=x\nTF_VAR_token=t\nTOKEN=y\nMULTI=a\\nb\nEMPTY=\n");
    let secrets = project.open(&["dev.env"], &[]).unwrap();
    let variables: BTreeMap<_, _> = secrets
        .child_variables()
        .into_iter()
        .map(|(name, value)| (name, value.expose_secret().to_owned()))
        .collect();
    let expected = [
        ("Db_Password", "x"),
        ("EMPTY", ""),
        ("MULTI", "a\nb"),
        ("TF_VAR_db_password", "x"),
        ("TF_VAR_empty", ""),
        ("TF_VAR_multi", "a\nb"),
        ("TF_VAR_token", "t"),
        ("TOKEN", "y"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(variables, expected);
}

#[test]
fn required_secrets_must_be_there_and_not_empty() {
    let project = Project::new();
    project.encrypt("common.env", b"A=1\n");
    project.encrypt("dev.env", b"EMPTY=\n");
    let (message, help) = told(project.open(&["common.env", "dev.env"], &["A", "B"]).unwrap_err());
    assert_eq!(message, "the required secret `B` is missing; looked in `common.env`, `dev.env`");
    assert_eq!(help, ["add it with `infractl secrets set dev.env B`"]);
    let (message, _) = told(project.open(&["common.env", "dev.env"], &["EMPTY"]).unwrap_err());
    assert_eq!(message, "the required secret `EMPTY` is empty in `dev.env`");
}

#[test]
fn what_no_program_can_have_as_a_variable_is_refused_by_name() {
    let project = Project::new();
    for (text, message) in [
        (
            &b"A=CANARY\xff\n"[..],
            "`A` in `dev.env` cannot be an environment variable: its value is not UTF-8",
        ),
        (b"A=CANARY\0\n", "`A` in `dev.env` cannot be an environment variable: its value holds a NUL"),
        (b"=CANARY\n", "`` in `dev.env` cannot be an environment variable: its name is empty"),
    ] {
        project.encrypt("dev.env", text);
        assert_eq!(told(project.open(&["dev.env"], &[]).unwrap_err()).0, message);
    }
    project.encrypt("dev.json", br#"{"ok": 1, "db": {"password": "CANARY"}}"#);
    let (message, _) = told(project.open(&["dev.json"], &[]).unwrap_err());
    assert!(message.contains("`db` in `dev.json`") && message.contains("a list or a map"), "{message}");
    project.encrypt("dev.bin", b"CANARY");
    let (message, _) = told(project.open(&["dev.bin"], &[]).unwrap_err());
    assert!(message.contains("binary"), "{message}");
}

#[test]
fn typed_values_become_texts() {
    let project = Project::new();
    project.encrypt("dev.json", br#"{"n": 7, "b": true, "f": 1.5, "s": "x", "z": null}"#);
    let secrets = project.open(&["dev.json"], &[]).unwrap();
    assert_eq!(["n", "b", "f", "s", "z"].map(|name| value(&secrets, name)), ["7", "true", "1.5", "x", ""]);
}

#[test]
fn a_dotenv_file_under_another_ending_is_recognised_by_its_content() {
    let project = Project::new();
    project.encrypt("dev.env", b"A=1\n");
    project.write("credentials.enc", project.read("dev.env").as_bytes());
    assert_eq!(value(&project.open(&["credentials.enc"], &[]).unwrap(), "A"), "1");
}

#[test]
fn when_no_key_fits_the_message_says_all_there_is_to_know() {
    let project = Project::new();
    let (alice, bob) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let (alice, bob) = (alice.to_public().to_string(), bob.to_public().to_string());
    project.write(".sops.yaml", format!("creation_rules:\n  - age:\n      - {alice} # alice\n").as_bytes());
    project.encrypt_for("dev.env", b"A=CANARY\n", &[alice.clone(), bob.clone()]);
    let own = project.recipient();
    let key_file = project.root().join("keys.txt");
    let (message, help) = told(project.open_with(&[
        ("SOPS_AGE_KEY_FILE", key_file.to_str().unwrap()),
        ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "/nowhere/id"),
        ("SOPS_AGE_KEY", "nonsense"),
        ("HOME", "/nobody"),
    ]));
    let expected = format!(
        "no key opens `dev.env`
it is encrypted for:
  {alice} (alice)
  {bob}
keys that were tried:
  {own} from SOPS_AGE_KEY_FILE, {}
skipped:
  SOPS_AGE_KEY: line 1: not an age identity
  SOPS_AGE_SSH_PRIVATE_KEY_FILE, /nowhere/id: no such file
looked for, but not there: /nobody/.config/sops/age/keys.txt, /nobody/.ssh/id_ed25519, /nobody/.ssh/id_rsa",
        key_file.display()
    );
    assert_eq!(message, expected);
    assert_eq!(help, ["set SOPS_AGE_SSH_PRIVATE_KEY_FILE to the file of your key, or unset it"]);

    let (_, help) = told(project.open_with(&[("SOPS_AGE_KEY_FILE", key_file.to_str().unwrap())]));
    assert_eq!(help, [format!("ask alice to run `infractl secrets recipients add {own}`")]);
}

#[test]
fn the_help_fits_the_cause() {
    let project = Project::new();
    project.encrypt("dev.env", b"A=1\n");
    for (vars, help) in [
        (
            &[("HOME", "/nobody")][..],
            "run `infractl secrets keygen` to make a key of your own, or set SOPS_AGE_KEY_FILE to yours",
        ),
        (&[("SOPS_AGE_KEY", "/home/me/keys.txt")], "set SOPS_AGE_KEY_FILE instead of SOPS_AGE_KEY"),
        (&[("SOPS_AGE_KEY_FILE", "/none")], "set SOPS_AGE_KEY_FILE to the file of your key, or unset it"),
    ] {
        assert_eq!(told(project.open_with(vars)).1, [help]);
    }
}

#[test]
fn a_damaged_key_in_the_file_is_no_missing_recipient() {
    let project = Project::new();
    project.encrypt("dev.env", b"A=1\n");
    let mut text = project.read("dev.env").into_bytes();
    let end = text.windows(8).position(|part| part == b"-----END").unwrap();
    text[end - 12] = if text[end - 12] == b'A' { b'B' } else { b'A' };
    project.write("dev.env", &text);
    let (message, help) = told(project.open(&["dev.env"], &[]).unwrap_err());
    assert!(message.starts_with("no key opens `dev.env`"), "{message}");
    assert!(help[0].contains("git checkout COMMIT -- dev.env"), "{help:?}");
}

#[test]
fn damaged_files_are_named_with_the_way_out() {
    let project = Project::new();
    project.encrypt("good.env", b"A=CANARY-1\nB=CANARY-2\nC_unencrypted=x\n");
    let good = project.read("good.env");
    let cases = [
        (good.replace("C_unencrypted=x", "C_unencrypted=y"), "MAC mismatch", "edit --ignore-mac dev.env"),
        (
            good.replacen("A=", "D=CANARY\nA=", 1),
            "value of D does not decrypt",
            "git checkout COMMIT -- dev.env",
        ),
        (format!("<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> x\n"), "conflict marker", "secrets merge"),
        (good.replace('\n', "\r\n"), "CR LF", ".gitattributes"),
        ("A=CANARY\n".to_owned(), "not encrypted", "infractl secrets encrypt --in-place dev.env"),
    ];
    for (text, what, way) in cases {
        project.write("dev.env", text.as_bytes());
        let (message, help) = told(project.open(&["dev.env"], &[]).unwrap_err());
        assert!(message.starts_with("`dev.env` cannot be used") && message.contains(what), "{message}");
        assert!(help.len() == 1 && help[0].contains(way), "{help:?}");
        assert!(!message.contains("CANARY") && !help[0].contains("CANARY"));
    }
    let (message, help) = told(project.open(&["none.env"], &[]).unwrap_err());
    assert_eq!(
        (message.as_str(), help[0].as_str()),
        ("there is no file `none.env`", "create it with `infractl secrets edit none.env`")
    );
}

#[test]
fn a_saved_file_keeps_its_mode_and_what_did_not_change() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    project.encrypt("dev.env", b"A=1\nB=2\nC=3\n");
    let path = project.root().join("dev.env");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = project.read("dev.env");
    let mut store = project.store();
    let mut opened = block_on(store.open(Path::new("dev.env"), None)).unwrap();
    opened.plain.set(&key("B"), Value::text("new").into()).unwrap();
    let sealed = opened.plain.seal("2030-01-01T00:00:00Z".parse().unwrap(), &mut fill).unwrap();
    store.save(&opened.path, &opened.plain, &sealed).unwrap();
    let after = project.read("dev.env");
    let changed = before.lines().zip(after.lines()).filter(|(old, new)| old != new).count();
    assert_eq!((changed, before.lines().count()), (3, after.lines().count()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(value(&project.open(&["dev.env"], &[]).unwrap(), "B"), "new");
}

#[test]
fn what_would_not_read_back_is_not_written() {
    let project = Project::new();
    project.encrypt("dev.env", b"A=1\nB=2\n");
    let before = project.read("dev.env");
    let mut store = project.store();
    let opened = block_on(store.open(Path::new("dev.env"), None)).unwrap();
    let mut other = opened.plain.clone();
    other.set(&key("B"), Value::text("CANARY").into()).unwrap();
    let sealed = other.seal(jiff::Timestamp::now(), &mut fill).unwrap();
    let error = store.save(&opened.path, &opened.plain, &sealed).unwrap_err();
    assert!(matches!(error, SecretsError::NotReadBack { .. }));
    assert_eq!(project.read("dev.env"), before);
}

#[test]
fn several_files_with_key_groups_open_with_one_key_of_each() {
    let project = Project::new();
    let other = age::x25519::Identity::generate();
    let groups = KeyGroups {
        groups: vec![vec![project.recipient()], vec![other.to_public().to_string()]],
        threshold: None,
    };
    let new = NewFile { recipients: groups, rule: None, mac_only_encrypted: false };
    let plain = Plain::create(b"A=1\n", Format::Dotenv, &new, &mut fill).unwrap();
    let sealed = plain.seal(jiff::Timestamp::now(), &mut fill).unwrap();
    project.write("dev.env", &sealed.to_bytes().unwrap());
    let (message, _) = told(project.open(&["dev.env"], &[]).unwrap_err());
    assert!(message.contains("2 of its key groups are needed, 1 could be opened"), "{message}");
}
