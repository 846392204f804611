//! What is in an archive, and that it is the same each time.

use std::fs;
use std::process::Command;

use crate::common::{Folder, output};
use crate::{RELEASE, TARGET, VERSION, archive, pack};

#[test]
fn an_archive_has_the_binary_completions_the_manual_and_licences() {
    let packed = RELEASE.join(archive());
    let list = output(Command::new("tar").arg("-tzvf").arg(&packed));
    let list = String::from_utf8(list).unwrap();
    let name = format!("infractl-{VERSION}-{TARGET}");
    for (mode, file) in [
        ("-rwxr-xr-x", "infractl"),
        ("-rw-r--r--", "completions/infractl.bash"),
        ("-rw-r--r--", "completions/_infractl"),
        ("-rw-r--r--", "completions/infractl.fish"),
        ("-rw-r--r--", "man/infractl.1"),
        ("-rw-r--r--", "LICENSE-MIT"),
        ("-rw-r--r--", "LICENSE-APACHE"),
        ("-rw-r--r--", "LICENSES-OF-CRATES"),
        ("-rw-r--r--", "CHANGELOG.md"),
    ] {
        let is_there = |line: &str| {
            line.starts_with(&format!("{mode} 0/0 ")) && line.ends_with(&format!(" {name}/{file}"))
        };
        assert!(list.lines().any(is_there), "{mode} {file} is not in\n{list}");
    }
    let unpacked = Folder::new();
    output(Command::new("tar").arg("-xzf").arg(&packed).arg("-C").arg(unpacked.root()));
    let shells =
        [("bash", "-n", "completions/infractl.bash"), ("fish", "--no-execute", "completions/infractl.fish")];
    for (shell, only_reads, file) in shells {
        // fish is not on every machine
        let Ok(ended) = Command::new(shell).arg(only_reads).arg(unpacked.path(&name).join(file)).output()
        else {
            continue;
        };
        assert!(ended.status.success(), "{file}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    // What is compiled in asks for its text to go along; what only the tests have is not in it.
    let licences = fs::read_to_string(unpacked.path(&name).join("LICENSES-OF-CRATES")).unwrap();
    assert!(licences.contains("\nring v0.") && licences.contains("Permission to use, copy, modify"));
    assert!(licences.contains("\nrustls v0.") && !licences.contains("\nproptest v"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let again = Folder::new();
    assert_eq!(fs::read(pack(again.root())).unwrap(), fs::read(RELEASE.join(archive())).unwrap());
}

/// What the sums say is true, and the formula and the installer say the same.
#[test]
fn the_sums_are_those_of_the_files() {
    output(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&*RELEASE));
    let sums = fs::read_to_string(RELEASE.join("SHA256SUMS")).unwrap();
    let sum = sums.lines().find_map(|line| line.strip_suffix(&format!("  {}", archive()))).unwrap();
    let formula = fs::read_to_string(RELEASE.join("infractl.rb")).unwrap();
    let address =
        format!("http://releases.invalid/owner/infractl/releases/download/v{VERSION}/{}", archive());
    assert!(formula.contains(sum) && formula.contains(&address), "{formula}");
    // there is no other archive
    assert!(!formula.contains("on_arm") && !formula.contains('@'), "{formula}");
    assert!(fs::read_to_string(RELEASE.join("install.sh")).unwrap().contains(sum));
}
