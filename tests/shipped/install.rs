//! `install.sh` of a release, with dash, against a server of ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::common::{Folder, Run, clean, need};
use crate::server::Server;
use crate::{RELEASE, VERSION, archive};

/// What the installer needs besides a program that fetches.
const PROGRAMS: [&str; 13] =
    ["cp", "cut", "gzip", "id", "mkdir", "mktemp", "mv", "rm", "sed", "sh", "sha256sum", "tar", "uname"];

/// A machine with a home, `infractl` in it from before, and no programs but these.
struct Machine {
    home: Folder,
    programs: Folder,
}

impl Machine {
    fn with(fetches: &[&str]) -> Machine {
        let (home, programs) = (Folder::new(), Folder::new());
        home.write(".local/bin/infractl", "of yesterday");
        for name in PROGRAMS.iter().chain(fetches) {
            symlink(which(name), programs.path(name)).unwrap();
        }
        Machine { home, programs }
    }

    fn command(&self, args: &[&str]) -> Command {
        let shell = need("dash").unwrap_or_else(|| "sh".into());
        let mut command = clean(shell, self.home.root(), self.home.root());
        command.env("PATH", self.programs.root()).arg(RELEASE.join("install.sh")).args(args);
        command
    }

    fn install(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// The binary of before is there, and nothing beside it.
    #[track_caller]
    fn is_as_it_was(&self) {
        assert_eq!(self.home.read(".local/bin/infractl"), "of yesterday");
        assert_eq!(fs::read_dir(self.home.path(".local/bin")).unwrap().count(), 1);
    }

    /// The new one is.
    #[track_caller]
    fn is_new(&self) {
        let binary = self.home.path(".local/bin/infractl");
        let said = Run::of(clean(&binary, self.home.root(), self.home.root()).arg("--version")).code(0).out;
        assert!(said.starts_with("infractl"), "{said}");
        assert_eq!(self.home.mode(".local/bin/infractl"), 0o755);
        assert_eq!(fs::read_dir(self.home.path(".local/bin")).unwrap().count(), 1);
    }
}

fn which(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not on PATH"))
}

fn packed() -> Vec<u8> {
    fs::read(RELEASE.join(archive())).unwrap()
}

#[test]
fn it_installs_by_curl_and_by_wget_and_from_a_folder() {
    for fetches in ["curl", "wget"] {
        let server = Server::new(packed(), usize::MAX);
        let machine = Machine::with(&[fetches]);
        let run = machine.install(&["--from", &server.url()]).code(0);
        run.prints(&format!("infractl {VERSION} is in {}/.local/bin", machine.home.root().display()))
            .prints("is not on your PATH: add  export PATH=");
        machine.is_new();
        assert_eq!(*server.asked.lock().unwrap(), [format!("GET /v/{} HTTP/1.1", archive())], "{fetches}");
    }
    let machine = Machine::with(&[]);
    machine.install(&["--from", &format!("file://{}", RELEASE.display())]).code(0);
    machine.is_new();
    // and to another place
    let to = machine.home.path("a folder/bin");
    let from = format!("file://{}", RELEASE.display());
    machine.install(&["--to", to.to_str().unwrap(), "--from", &from]).code(0);
    assert!(to.join("infractl").is_file());
}

/// Without `--from` it asks where the release is, here by way of a proxy.
#[test]
fn a_proxy_is_asked() {
    for fetches in ["curl", "wget"] {
        let server = Server::new(packed(), usize::MAX);
        let machine = Machine::with(&[fetches]);
        let proxy = format!("http://{}", server.address);
        Run::of(machine.command(&[]).env("http_proxy", &proxy)).code(0);
        machine.is_new();
        let address = format!("http://releases.invalid/owner/infractl/releases/download/v{VERSION}");
        let line = format!("GET {address}/{} HTTP/1.1", archive());
        assert_eq!(*server.asked.lock().unwrap(), [line], "{fetches}");
    }
}

#[test]
fn what_was_cut_or_changed_on_its_way_is_not_installed() {
    let whole = packed();
    let machine = Machine::with(&["curl"]);
    let server = Server::new(whole.clone(), whole.len() / 2);
    let run = machine.install(&["--from", &server.url()]).code(1);
    run.says("could not be fetched").says(&archive());
    machine.is_as_it_was();
    // one that was cut where nobody notices, one with another byte, one that is longer
    let mut other = whole.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    for bytes in [whole[..middle].to_vec(), other, [whole.clone(), vec![0]].concat()] {
        let server = Server::new(bytes, usize::MAX);
        let run = machine.install(&["--from", &server.url()]).code(1);
        run.says("its SHA-256 is").says("and should be").says("nothing was installed");
        machine.is_as_it_was();
    }
}

#[test]
fn what_a_machine_lacks_is_said_and_nothing_changes() {
    let from = format!("file://{}", RELEASE.display());
    // nothing to fetch with
    let machine = Machine::with(&[]);
    machine.install(&[]).code(1).says("neither curl nor wget").says("--from file:///");
    // nothing that computes sums
    fs::remove_file(machine.programs.path("sha256sum")).unwrap();
    machine.install(&["--from", &from]).code(1).says("nothing here computes SHA-256");
    // a system without an archive: its name is all that is looked at
    let machine = Machine::with(&["curl"]);
    fs::remove_file(machine.programs.path("uname")).unwrap();
    machine.programs.script("uname", "#!/bin/sh\ncase $1 in -s) echo Plan9 ;; *) echo mips ;; esac\n");
    let run = machine.install(&["--from", &from]).code(1);
    run.says(&format!("no archive of infractl {VERSION} for Plan9 on mips")).says("cargo install");
    // nobody may write there, not even root
    let machine = Machine::with(&["curl"]);
    for place in ["/proc", "/proc/there"] {
        machine.install(&["--to", place, "--from", &from]).code(1).says("install.sh: ").says("--to DIR");
        assert!(!Path::new(place).join("infractl").exists());
    }
    let file = machine.home.path(".local/bin/infractl");
    machine.install(&["--to", file.to_str().unwrap(), "--from", &from]).code(1).says("could not be made");
    machine.install(&["--too", "x"]).code(1).says("it knows no `--too`");
    machine.is_as_it_was();
}

#[test]
fn the_scripts_of_releases_have_no_faults() {
    let Some(shellcheck) = need("shellcheck") else { return };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("release");
    let is_script = |file: &std::path::PathBuf| fs::read(file).unwrap().starts_with(b"#!");
    let all =
        fs::read_dir(&scripts).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut command = clean(shellcheck, scripts.parent().unwrap(), scripts.parent().unwrap());
    command.arg("-x").args(all.filter(is_script)).arg(RELEASE.join("install.sh"));
    Run::of(&mut command).code(0);
}
