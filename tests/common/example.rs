//! The example project of this repository, and files that its demonstration key opens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use infractl::testing::sops::{Format, NewFile, Plain};

/// Copies it into a folder and makes that a git repository.
pub(super) fn copy_to(folder: &Path) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["environments", "shared", "credentials"] {
        copy(&example.join(part), &folder.join(part));
    }
    for file in [".sops.yaml", ".gitignore"] {
        fs::copy(example.join(file), folder.join(file)).unwrap();
    }
    let git = Command::new("git").args(["init", "-q"]).current_dir(folder).status();
    assert!(git.unwrap().success());
}

/// The demonstration key.
pub(super) fn key() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("credentials/demo-key-PROTECTS-NOTHING.txt")
}

/// A SOPS dotenv file for the demonstration key of the example.
pub(crate) fn encrypted(text: &str) -> String {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".sops.yaml")).unwrap();
    let recipient = rules.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    encrypted_for(text, recipient)
}

/// A SOPS dotenv file for one recipient.
pub(crate) fn encrypted_for(text: &str, recipient: &str) -> String {
    let new = NewFile::for_recipients([recipient.to_owned()]);
    let mut fill = infractl::testing::secrets::fill;
    let plain = Plain::create(text.as_bytes(), Format::Dotenv, &new, &mut fill).unwrap();
    let bytes = plain.seal(jiff::Timestamp::now(), &mut fill).unwrap().to_bytes().unwrap();
    String::from_utf8(bytes).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let shown = name.to_string_lossy().into_owned();
        if shown.starts_with("terraform.tfstate") || shown == ".terraform" || shown.starts_with(".env.") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
