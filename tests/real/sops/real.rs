//! The real sops in a folder of its own, and infractl's own reading and writing beside it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::common::{need, own, program};
use infractl::testing::sops::{Encrypted, Format, NewFile, Plain, SopsError};
use tempfile::TempDir;

/// Every key of the fixtures that sops may use, unless told otherwise.
const KEYS: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

pub(crate) struct Sops {
    program: OsString,
    pub(crate) dir: TempDir,
}

/// How a call of sops ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!(self.code, 0, "sops: {}", self.err);
        self.out
    }
}

impl Sops {
    /// None, and a skip, when there is no sops.
    pub(crate) fn new() -> Option<Self> {
        let sops = Sops { program: need("sops")?, dir: TempDir::new().unwrap() };
        let keys = KEYS.map(|name| fs::read_to_string(own().join("keys").join(name)).unwrap());
        fs::write(sops.path("keys.txt"), keys.concat()).unwrap();
        Some(sops)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// sops with the keys of the fixtures and nothing of the machine's.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(&self.program, self.dir.path());
        command.args(args).env("SOPS_AGE_KEY_FILE", self.path("keys.txt"));
        command.env("SOPS_DISABLE_VERSION_CHECK", "1");
        command
    }

    pub(crate) fn say(command: &mut Command) -> Said {
        let done = command.output().unwrap();
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        Said { code: done.status.code().unwrap_or(-1), out: done.stdout, err }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Self::say(&mut self.command(args))
    }

    /// Encrypts a text with a rule of a configuration file.
    pub(crate) fn encrypt(&self, name: &str, text: &[u8], new: &NewFile) -> Said {
        let config = format!("{name}.rules.yaml");
        self.write(&config, rules(new).as_bytes());
        self.write(name, text);
        self.run(&["--config", &config, "encrypt", name])
    }

    /// Opens a file of this text.
    pub(crate) fn decrypt(&self, name: &str, file: &[u8]) -> Said {
        let path = self.write(name, file);
        self.run(&["decrypt", path.to_str().unwrap()])
    }
}

/// Rules as sops reads them.
pub(crate) fn rules(new: &NewFile) -> String {
    let groups: Vec<_> =
        new.recipients.groups.iter().map(|group| serde_json::json!({ "age": group })).collect();
    let mut rule = serde_json::json!({ "key_groups": groups });
    if let Some(threshold) = new.recipients.threshold {
        rule["shamir_threshold"] = threshold.into();
    }
    if let Some(chosen) = &new.rule {
        rule[chosen.field().0] = chosen.field().1.into();
    }
    if new.mac_only_encrypted {
        rule["mac_only_encrypted"] = true.into();
    }
    serde_json::json!({ "creation_rules": [rule] }).to_string()
}

/// The ending that makes sops read a file as this.
pub(crate) fn ending(format: Format) -> &'static str {
    match format {
        Format::Dotenv => "env",
        Format::Yaml => "yaml",
        Format::Json => "json",
        Format::Binary => "bin",
    }
}

/// What infractl makes of a plain text: the open document and the file.
pub(crate) fn sealed(text: &[u8], format: Format, new: &NewFile) -> Result<(Plain, Vec<u8>), SopsError> {
    let mut fill = infractl::testing::secrets::fill;
    let plain = Plain::create(text, format, new, &mut fill)?;
    let file = plain.seal(jiff::Timestamp::now(), &mut fill)?.to_bytes()?;
    Ok((plain, file))
}

/// Opens a file with the keys that sops has too.
pub(crate) fn open(file: &[u8], format: Format) -> Result<Plain, SopsError> {
    open_with(file, format, &KEYS)
}

pub(crate) fn open_with(file: &[u8], format: Format, keys: &[&str]) -> Result<Plain, SopsError> {
    let keys: Vec<_> = keys.iter().flat_map(|name| crate::common::key(name)).collect();
    let parsed = Encrypted::parse(file, format)?;
    parsed.decrypt(&parsed.data_key(&keys)?)
}

/// As sops prints it.
pub(crate) fn printed(plain: &Plain) -> Vec<u8> {
    plain.to_bytes(plain.format()).unwrap().to_vec()
}

pub(crate) fn shown(bytes: &[u8]) -> String {
    let text =
        bytes.escape_ascii().to_string().replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"");
    text.chars().take(4000).collect()
}

/// Does the work on every case, on all cores; fails with what came back, the first in full.
#[track_caller]
pub(crate) fn all<T: Sync>(cases: &[T], work: impl Fn(usize, &T) -> Result<(), String> + Sync) {
    let next = Mutex::new(cases.iter().enumerate());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8) {
            scope.spawn(|| {
                loop {
                    let Some((at, case)) = next.lock().unwrap().next() else { break };
                    if let Err(why) = work(at, case) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let first = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n\n#########\n");
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{first}", wrong.len(), cases.len());
}
