//! A project to attack, and what is true of it at any instant.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use infractl::testing::sops::{Encrypted, Format};

use crate::common::{BIN, CANARY, Person, Repo, Run, identities, in_clear, wait_for};
use crate::verbs::Verb;

const DEFAULTS: &str = r#"
[secrets]
files = ["credentials/common.enc.env", "credentials/{{environment}}.enc.env"]
[terraform]
vars = { slot = "{{var.SLOT}}" }
[env-file]
sections = [{ title = "All", values = { HOST = { output = "host" }, PASSWORD = { secret = "PASSWORD" }, SLOT = { var = "SLOT" } } }]
[inventory]
vars = { slot = "{{var.SLOT}}" }
groups.web = { hosts = ["web"] }
[hosts.web]
address = "{{output.host}}"
[pipelines]
deploy = [
  { copy = { files = ["app/one.txt", "app/two.txt"], to = "out" } },
  { command = "sleep 0.05", secrets = [] },
]
"#;

const MODULE: &str = r#"
variable "slot" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "one" {
  input = var.slot
  provisioner "local-exec" { command = "sleep 0.1" }
}
output "host" { value = "192.0.2.1" }
output "slot" { value = terraform_data.one.output }
"#;

/// An editor that changes one value.
const EDITOR: &str = "#!/bin/sh\nsed -i \"s/slot-[0-9]*/$SLOT/\" \"$1\"\nsleep 0.03\n";

pub(crate) struct World {
    pub(crate) repo: Repo,
    pub(crate) alice: Person,
    /// Somebody else's public key.
    pub(crate) bob: String,
    /// In the environment of every program that is started for it.
    mark: String,
    keys: Vec<Box<dyn age::Identity>>,
    /// The files of every first instant.
    first: Files,
    /// Those of a project that bob can read too.
    pub(crate) with_bob: Files,
    /// The text that the round puts in the place of the one that is there.
    slot: String,
}

/// What is in each file.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A text that is found again.
fn slot(number: u64) -> String {
    format!("slot-{:010}", number % 10_000_000_000)
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let (repo, alice) = (Repo::new(), Person::new("alice"));
        repo.write("environments/defaults.toml", DEFAULTS);
        repo.write("environments/local/environment.toml", "[outputs]\nhost = \"192.0.2.1\"\n");
        repo.write("environments/dev/main.tf", MODULE);
        repo.write(".gitignore", "shared/\n*.tfplan\n.terraform*\nterraform.tfstate*\n");
        repo.script("editor", EDITOR);
        fs::create_dir(repo.path("shared")).unwrap();
        let mark = format!("{name}-{}", std::process::id());
        let mut world = World {
            repo,
            alice,
            bob: String::new(),
            mark,
            keys: Vec::new(),
            first: Files::new(),
            with_bob: Files::new(),
            slot: slot(0),
        };
        world.run("secrets keygen", "");
        world.keys = identities(&world.key_file());
        let bob = world.alice.home.path().join("bob");
        world.bob = world.run(&format!("secrets keygen --no-rules --key-file {}", bob.display()), "").out;
        world.bob.truncate(world.bob.trim_end().len());
        for (file, name) in [("common", "TOKEN"), ("dev", "PASSWORD"), ("local", "PASSWORD")] {
            world.run(&format!("secrets set {file} {name}"), &format!("{CANARY}{file}-{name}"));
            world.run(&format!("secrets set {file} EXTRA"), &format!("{CANARY}{file}-extra"));
            world.run(&format!("secrets set {file} MARK"), &world.value());
        }
        for side in ["base", "ours", "theirs"] {
            world.copy("credentials/local.enc.env", &format!("credentials/{side}.enc.env"));
        }
        world.app();
        world.run("deploy local", "");
        world.run("apply local", "");
        world.run("apply dev", "");
        world.first = world.files();
        world.run(&format!("secrets recipients add {} --name bob", world.bob), "");
        world.with_bob = world.files();
        world
    }

    fn key_file(&self) -> PathBuf {
        self.alice.home.path().join(".config/sops/age/keys.txt")
    }

    /// What `secrets set` is given.
    pub(crate) fn value(&self) -> String {
        format!("{CANARY}{}", self.slot)
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.repo.path(from), self.repo.path(to)).unwrap();
    }

    /// What `deploy` copies.
    pub(crate) fn app(&self) {
        self.repo.write("app/one.txt", &format!("one {}\n", self.slot));
        self.repo.write("app/two.txt", &format!("two {}\n", self.slot));
    }

    /// A file with secrets in clear, which nobody has encrypted yet.
    pub(crate) fn plain() -> String {
        format!("PASSWORD={CANARY}plain\nOTHER=x\n")
    }

    /// Puts these files where they belong.
    pub(crate) fn put(&self, files: &Files) {
        for (path, bytes) in files {
            if fs::read(self.repo.path(path)).ok().as_ref() != Some(bytes) {
                self.repo.write(path, bytes);
            }
        }
    }

    /// Begins a round: all files are as at first, and there is a new text to put into them.
    pub(crate) fn begin(&mut self, number: u64) {
        self.slot = slot(number);
        for path in self.files().into_keys().filter(|path| !self.first.contains_key(path)) {
            fs::remove_file(self.repo.path(path)).unwrap();
        }
        self.put(&self.first);
    }

    /// infractl with these words.
    pub(crate) fn command(&self, words: &[String]) -> Command {
        let mut command = self.alice.command(BIN, self.repo.root());
        let editor = self.repo.path("editor");
        command.args(words).env("SLOT", &self.slot).env("ATTACK", &self.mark).env("EDITOR", editor);
        command
    }

    /// Runs it to its end, which has to be a good one.
    #[track_caller]
    pub(crate) fn run(&self, words: &str, input: &str) -> Run {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Run::with_input(&mut self.command(&words), input).code(0)
    }

    /// Starts it, in a process group of its own.
    pub(crate) fn start(&self, verb: &Verb) -> Child {
        use std::os::unix::process::CommandExt as _;
        let mut command = self.command(&verb.words(self));
        // A file takes any number of lines and needs no reader.
        let home = self.alice.home.path();
        fs::write(home.join("input"), self.value()).unwrap();
        let input = fs::File::open(home.join("input")).unwrap();
        let said = fs::File::create(home.join("said")).unwrap();
        command.stdin(input).stdout(Stdio::from(said.try_clone().unwrap())).stderr(said);
        command.process_group(0).spawn().unwrap()
    }

    /// What it printed.
    pub(crate) fn said(&self) -> String {
        let said = fs::read_to_string(self.alice.home.path().join("said")).unwrap();
        assert!(!said.contains(CANARY), "a secret was printed:\n{said}");
        said
    }

    /// Command lines of what was started and still runs.
    pub(crate) fn living(&self) -> Vec<String> {
        let mark = format!("ATTACK={}\0", self.mark);
        let has = |bytes: &[u8]| bytes.windows(mark.len()).any(|part| part == mark.as_bytes());
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let ours = entries.filter(|entry| fs::read(entry.path().join("environ")).is_ok_and(|all| has(&all)));
        ours.map(|entry| fs::read(entry.path().join("cmdline")).unwrap_or_default())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// Waits until all that was started is over.
    pub(crate) fn settle(&self) {
        wait_for("what was started", || self.living().is_empty());
    }

    /// The files of the project, but for what git, terraform and infractl keep for themselves.
    pub(crate) fn files(&self) -> Files {
        fn walk(root: &Path, folder: &Path, files: &mut Files) {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
                let own = [".git", ".infractl", ".terraform", "app"].contains(&name.as_str())
                    || name.starts_with("terraform.tfstate")
                    || name.starts_with(".terraform.")
                    || name.contains(".infractl-");
                if own {
                } else if path.is_dir() {
                    walk(root, &path, files);
                } else if let Ok(bytes) = fs::read(&path) {
                    files.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
                }
            }
        }
        let mut files = Files::new();
        walk(self.repo.root(), self.repo.root(), &mut files);
        // An absolute path stays one when it is put below the root.
        files.extend(fs::read(self.key_file()).map(|keys| (self.key_file(), keys)));
        files
    }

    /// The text of a file, in clear; none when it is torn.
    pub(crate) fn text(&self, bytes: &[u8]) -> Option<String> {
        let text = String::from_utf8(bytes.to_owned()).ok()?;
        if !text.contains("sops_mac=") {
            return Some(text);
        }
        let file = Encrypted::parse(bytes, Format::Dotenv).ok()?;
        let plain = file.decrypt(&file.data_key(&self.keys).ok()?).ok()?;
        String::from_utf8(plain.to_bytes(Format::Dotenv).ok()?.to_vec()).ok()
    }

    /// What a file says, the same before and after the work of a verb; none when it is neither.
    fn reading(&self, path: &Path, bytes: &[u8]) -> Option<String> {
        let text = self.text(bytes)?;
        if path == self.key_file() {
            // Keys are added, and none is ever lost.
            let text = text.strip_prefix(str::from_utf8(&self.first[path]).unwrap())?;
            let keys = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            let whole = (text.is_empty() || text.ends_with('\n'))
                && keys.into_iter().all(|key| key.parse::<age::x25519::Identity>().is_ok());
            return whole.then(String::new);
        }
        let (old, new) = (slot(0), self.slot.as_str());
        if text.contains(&old) && text.contains(new) {
            return None;
        }
        let changing = ["# Generated", "EXTRA=", "- age1"];
        let lines = text.lines().filter(|line| {
            !changing.iter().any(|begin| line.trim().starts_with(begin)) && !line.contains("_SERIAL=")
        });
        Some(lines.collect::<Vec<_>>().join("\n").replace(&old, new))
    }

    /// Each file is the one from before or the one from after the work of the verb, whole, and all others are as
    /// they were; and git would take no secret.
    #[track_caller]
    pub(crate) fn is_whole(&self, verb: &Verb, before: &Files) {
        let after = self.files();
        let may = |path: &Path| {
            verb.files.iter().any(|file| Path::new(file) == path)
                || path == self.key_file() && verb.files.contains(&"keys.txt")
        };
        for (path, bytes) in before {
            match after.get(path) {
                Some(now) if now == bytes => {}
                Some(now) => {
                    let same = may(path) && self.reading(path, now) == self.reading(path, bytes);
                    let now = String::from_utf8_lossy(now);
                    assert!(same && !now.is_empty(), "{}: {} is\n{now}", verb.words, path.display());
                }
                None => {
                    assert!(may(path) && verb.removes, "{}: {} is gone", verb.words, path.display());
                }
            }
        }
        for path in after.keys().filter(|path| !before.contains_key(*path)) {
            assert!(may(path), "{}: {} is new", verb.words, path.display());
        }
        self.git_takes_no_secret();
    }

    /// Nothing that `git add -A` would take has a secret, but for a file that was in clear before.
    #[track_caller]
    fn git_takes_no_secret(&self) {
        let list = self.alice.git(&self.repo, &["ls-files", "-coz", "--exclude-standard"]).code(0).out;
        for path in list.split_terminator('\0') {
            let Ok(bytes) = fs::read(self.repo.path(path)) else { continue };
            let clear = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
            let was_asked_for = path == "credentials/seal.enc.env" && bytes == World::plain().as_bytes();
            assert!(!clear || was_asked_for, "git would commit secrets in {path}");
        }
    }

    /// After the next run of the verb: it did all, and nothing in clear lies about.
    #[track_caller]
    pub(crate) fn is_done(&self, verb: &Verb, before: &Files) {
        self.is_whole(verb, before);
        for path in verb.says {
            let text = self.text(&fs::read(self.repo.path(path)).unwrap()).unwrap();
            assert!(text.contains(&self.slot), "{}: {path} is still\n{text}", verb.words);
        }
        let home = fs::read_dir(self.alice.home.path()).unwrap().flatten();
        let left = home.filter(|entry| entry.file_name().to_string_lossy().starts_with("infractl-"));
        assert_eq!(left.map(|entry| entry.path()).collect::<Vec<_>>(), Vec::<PathBuf>::new());
        let clear = in_clear(self.repo.root());
        let desks = clear.iter().filter(|path| path.to_string_lossy().contains(".infractl-"));
        assert_eq!(desks.collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "{}", verb.words);
    }

    /// What the editor was given is gone with the process that gave it. Its folder may be left, when it was killed before it
    /// had a guard: nothing was in it.
    #[track_caller]
    pub(crate) fn edited_text_is_gone(&self, pid: u32) {
        for place in [Path::new("/dev/shm"), self.alice.home.path()] {
            for entry in fs::read_dir(place).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_ours = name.starts_with(&format!("infractl-edit-{pid}-"));
                assert!(!is_ours || fs::read_dir(entry.path()).unwrap().next().is_none(), "{name} is left");
            }
        }
    }
}
