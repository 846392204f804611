//! The packages, installed, used, upgraded and removed by dpkg and rpm, each in a root of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{BIN, Folder, need, output, program};
use crate::{TARGET, VERSION};

/// Packages of a version; the binary is a script that says the version and else calls the real one.
fn packages(version: &str) -> Folder {
    let (dist, binary) = (Folder::new(), Folder::new());
    let says = format!(
        "#!/bin/sh\n[ \"$1\" != --version ] || exec echo 'infractl {version}'\nexec '{BIN}' \"$@\"\n"
    );
    let binary = binary.script("infractl", &says);
    let release = |script: &str, args: &[&str]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("release").join(script);
        let mut command = Command::new(script);
        output(command.args(args).env("DIST", dist.root()).env("VERSION", version));
    };
    release("archive", &[binary.to_str().unwrap(), TARGET]);
    release("packages", &[TARGET]);
    dist
}

/// All files below `usr` of a root.
fn files(root: &Folder) -> Vec<String> {
    let mut command = Command::new("find");
    let found = output(command.arg("usr").args(["-type", "f"]).current_dir(root.root()));
    let mut found: Vec<String> = String::from_utf8(found).unwrap().lines().map(str::to_owned).collect();
    found.sort();
    found
}

/// Every file is where the shells, man and people look for it, and the program starts.
#[track_caller]
fn is_used(root: &Folder, version: &str, zsh: &str, licences: &str) {
    let found = files(root);
    for file in [
        "usr/bin/infractl".to_owned(),
        "usr/share/bash-completion/completions/infractl".to_owned(),
        format!("usr/share/zsh/{zsh}/_infractl"),
        "usr/share/fish/vendor_completions.d/infractl.fish".to_owned(),
        "usr/share/man/man1/infractl.1.gz".to_owned(),
        format!("usr/share/{licences}/infractl/LICENSE-MIT"),
    ] {
        assert!(found.contains(&file), "{file} is not among {found:#?}");
    }
    let said = output(Command::new(root.path("usr/bin/infractl")).arg("--version"));
    assert_eq!(String::from_utf8(said).unwrap(), format!("infractl {version}\n"));
    assert_eq!(root.mode("usr/bin/infractl"), 0o755);
    output(Command::new("gzip").arg("--test").arg(root.path("usr/share/man/man1/infractl.1.gz")));
}

/// A version before this one, and this one.
fn versions() -> [(String, Folder); 2] {
    [format!("{VERSION}-rc.1"), VERSION.to_owned()].map(|version| (version.clone(), packages(&version)))
}

fn only(dist: &Folder, end: &str) -> PathBuf {
    let mut all = fs::read_dir(dist.root()).unwrap().map(|entry| entry.unwrap().path());
    all.find(|path| path.to_string_lossy().ends_with(end)).unwrap()
}

#[test]
fn packages_are_installed_used_upgraded_and_removed() {
    let (Some(dpkg), Some(rpm)) = (need("dpkg"), need("rpm")) else { return };
    let versions = versions();

    let root = Folder::new();
    root.write("var/lib/dpkg/status", "");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(root.path("var/lib/dpkg").join(folder)).unwrap();
    }
    let dpkg = |args: &[&str]| {
        let mut command = program(&dpkg, root.root());
        // to configure a package, dpkg wants to see the programs of the system
        command
            .arg(format!("--root={}", root.root().display()))
            .arg("--force-not-root")
            .arg("--force-bad-path");
        String::from_utf8(output(command.args(args))).unwrap()
    };
    for (version, dist) in &versions {
        dpkg(&["--install", only(dist, "_amd64.deb").to_str().unwrap()]);
        is_used(&root, version, "vendor-completions", "doc");
        assert!(
            dpkg(&["--status", "infractl"]).contains(&format!("Version: {}-1", version.replace('-', "~")))
        );
    }
    dpkg(&["--compare-versions", &format!("{VERSION}~rc.1-1"), "lt", &format!("{VERSION}-1")]);
    dpkg(&["--purge", "infractl"]);
    assert!(!root.path("usr").exists(), "something is left");

    let root = Folder::new();
    let rpm = |args: &[&str]| {
        let mut command = program(&rpm, root.root());
        command.arg("--root").arg(root.root()).args(args);
        String::from_utf8(output(&mut command)).unwrap()
    };
    for (version, dist) in &versions {
        // by itself rpm refuses what is older than what is there
        rpm(&["--upgrade", only(dist, ".x86_64.rpm").to_str().unwrap()]);
        is_used(&root, version, "site-functions", "licenses");
        assert_eq!(rpm(&["-q", "infractl"]), format!("infractl-{}-1.x86_64\n", version.replace('-', "~")));
        rpm(&["--verify", "infractl"]);
    }
    rpm(&["--erase", "infractl"]);
    assert!(!files(&root).iter().any(|file| file.contains("infractl")), "{:#?}", files(&root));
}
