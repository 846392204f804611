//! Programs of `[tools]`: checked before a run, locked and installed by checksum from a server with faults. Programs that
//! say another version than they are say so: they are scripts of these tests.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::archives::{Archives, Reply, tar_gz, zip};
use crate::common::{Run, Sandbox, path_with, send, start, wait_for};
use crate::faults::Mount;
use crate::waits::Authority;

/// A project that asks for `lamp` 1.2.3 of this server, and has a pipeline that starts it.
fn lamps(server: &Archives, more: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.write(
        "environments/defaults.toml",
        &format!(
            "[tools.lamp]\nversion = \"1.2.3\"\nurl = \"{}/lamp-{{{{version}}}}-{{{{os}}}}-{{{{arch}}}}.tar.gz\"\n{more}\n\
             [pipelines]\nshow = [{{ command = [\"lamp\", \"--version\"], secrets = [] }}]\n",
            server.address
        ),
    );
    project.environment("dev", "");
    project
}

const LAMP: &str = "#!/bin/sh\necho \"lamp 1.2.3, a script of a test\"\n";

fn serve(server: &Archives, reply: &Reply) {
    for arch in ["amd64", "arm64"] {
        server.put(&format!("/lamp-1.2.3-linux-{arch}.tar.gz"), reply.clone());
    }
}

fn lamp() -> Reply {
    Reply::File(tar_gz(&[("lamp-1.2.3/README", "read"), ("lamp-1.2.3/bin/lamp", LAMP)]))
}

/// Files below a folder, as paths relative to it.
fn files(project: &Sandbox) -> Vec<String> {
    let root = project.home.path(".local/share/infractl/tools");
    let (mut open, mut all) = (vec![root.clone()], Vec::new());
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                all.push(entry.path().strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    all.sort();
    all
}

#[test]
fn a_tool_is_locked_installed_and_first_on_the_path() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project
        .infractl(&["show", "dev"])
        .code(69)
        .says("`lamp` is not there, and 1.2.3 is asked for")
        .says("environments/defaults.toml:1:8")
        .says("infractl tools lock && infractl tools install lamp");
    project
        .infractl(&["tools", "install"])
        .code(78)
        .says("no checksum of lamp 1.2.3")
        .says("infractl tools lock");
    project.infractl(&["tools", "lock"]).code(0).says("commit it");
    let lock = project.read("tools.lock");
    let Reply::File(bytes) = lamp() else { panic!() };
    let sum = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(
        lock.contains(&format!(
            "[lamp.\"1.2.3\"]\nlinux-amd64 = \"sha256:{sum}\"\nlinux-arm64 = \"sha256:{sum}\""
        )),
        "{lock}"
    );
    assert_eq!(project.mode("tools.lock"), 0o644);
    server.asked();
    project.infractl(&["tools", "lock"]).code(0).says("up to date");
    assert_eq!(server.asked(), Vec::<String>::new(), "what is known is not asked again");
    let dry = project.infractl(&["tools", "install", "--dry-run"]).code(0);
    dry.prints("# install http://localhost").prints("lamp-1.2.3-linux-");
    assert_eq!(files(&project), Vec::<String>::new());
    project.infractl(&["tools", "install"]).code(0).says("lamp 1.2.3 is installed");
    assert_eq!(files(&project), [format!("lamp/1.2.3-{}/lamp", &sum[..16])]);
    // Another one on PATH stands behind it.
    let other = project.script("other/lamp", "#!/bin/sh\necho lamp 9.9.9\n");
    let run = Run::of(project.command(&["show", "dev"]).env("PATH", path_with([&other]))).code(0);
    run.says("lamp 1.2.3, a script of a test");
    let run =
        Run::of(project.command(&["exec", "dev", "--", "lamp"]).env("PATH", path_with([&other]))).code(0);
    assert_eq!(run.out, "lamp 1.2.3, a script of a test\n");
    server.asked();
    project.infractl(&["tools", "install"]).code(0).says("lamp 1.2.3 is there");
    assert_eq!(server.asked(), Vec::<String>::new());
    let list = project.infractl(&["tools", "list"]).code(0);
    list.prints("ok     lamp  1.2.3  1.2.3 (").prints("dev");
    let list = project.infractl(&["tools", "list", "--output", "json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(list.out.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&json[0]["name"], &json[0]["version"], &json[0]["ok"]),
        (&"lamp".into(), &"1.2.3".into(), &true.into())
    );
    // A damaged store is mended, and a damaged lock is shown.
    fs::remove_file(project.home.path(format!(".local/share/infractl/tools/lamp/1.2.3-{}/lamp", &sum[..16])))
        .unwrap();
    project.infractl(&["tools", "install"]).code(0).says("is installed");
    project.write("tools.lock", "<<<<<<< HEAD\n");
    project.infractl(&["show", "dev"]).code(78).says("tools.lock:1").says("git checkout -- tools.lock");
}

#[test]
fn known_tools_come_through_a_mirror_with_published_checksums_and_a_login() {
    let server = Archives::new();
    let archive = zip(&[
        ("LICENSE.txt", "free"),
        ("terraform", "#!/bin/sh\necho \"Terraform v1.11.4, a script of a test\"\n"),
    ]);
    let sum = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let folder = "/m/releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_";
    let list = format!("{sum}  terraform_1.11.4_linux_amd64.zip\n{sum}  terraform_1.11.4_linux_arm64.zip\n");
    server.put(&format!("{folder}SHA256SUMS"), Reply::File(list.into_bytes()));
    for arch in ["amd64", "arm64"] {
        server.put(&format!("{folder}linux_{arch}.zip"), Reply::File(archive.clone()));
    }
    let mirror = server.address.replace("://", "://me:CANARY-mirror@") + "/m/";
    let project = Sandbox::empty().with_var("INFRACTL_TOOLS_MIRROR", mirror).hiding(&["CANARY-mirror"]);
    project.write(
        "environments/defaults.toml",
        "[tools]\nterraform = \"1.11.4\"\nansible-playbook = \">= 2.16\"\n",
    );
    project.environment("dev", "");
    let run = project.infractl(&["tools", "lock", "-vv"]).code(0);
    run.says("`ansible-playbook` is left to you; name its archive").never_says("mirror@");
    assert!(server.asked().iter().all(|line| line.contains("SHA256SUMS Authorization: Basic ")
        || line.contains("SHA256SUMS authorization: Basic ")));
    project.infractl(&["tools", "install", "terraform"]).code(0).says("terraform 1.11.4 is installed");
    assert!(
        project.infractl(&["tools", "list"]).code(0).out.contains("ok     terraform         1.11.4"),
        "its version is asked"
    );
    project.infractl(&["tools", "install", "terrafrom"]).code(64).says("did you mean `terraform`?");
    project
        .infractl(&["tools", "lock", "--platform", "darwin-arm64"])
        .code(0)
        .says("there is no terraform 1.11.4 for darwin-arm64");
}

#[test]
fn what_a_server_does_wrong_loses_nothing_and_says_what_to_do() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(0);
    let lock = project.read("tools.lock");
    let Reply::File(bytes) = lamp() else { panic!() };
    for (reply, why, help) in [
        (
            Reply::File(tar_gz(&[("lamp", "#!/bin/sh\necho evil\n")])),
            "is not what `tools.lock` says",
            "trust nobody on the way",
        ),
        (Reply::Half(bytes.clone()), "was cut off", "nothing of it was kept"),
        (Reply::Status(404), "answers with status 404", "check the version and the address"),
        (Reply::Status(500), "answers with status 500", "try again later"),
        (Reply::Status(403), "answers with status 403", "a login"),
        (Reply::Page, "is a page for people", "may want a login"),
        (
            Reply::To("http://127.0.0.1:1/lamp.tar.gz".to_owned()),
            "connection refused",
            "INFRACTL_TOOLS_MIRROR",
        ),
        (Reply::To("/lamp-1.2.3-linux-amd64.tar.gz".to_owned()), "it leads on and on", "check the version"),
    ] {
        serve(&server, &reply);
        project
            .infractl(&["tools", "install"])
            .code(1)
            .says("lamp 1.2.3 was not installed")
            .says(why)
            .says(help);
        assert_eq!(files(&project), Vec::<String>::new(), "{why}");
        assert_eq!(project.read("tools.lock"), lock);
    }
    // A redirect that leads to the archive is followed.
    server.put("/elsewhere", Reply::File(bytes));
    serve(&server, &Reply::To("/elsewhere".to_owned()));
    project.infractl(&["tools", "install"]).code(0);
    // What is there stays when another version fails.
    let before = files(&project);
    project.edit("environments/defaults.toml", "1.2.3", "1.2.4");
    project.infractl(&["tools", "lock"]).code(1).says("there is no lamp 1.2.4");
    assert_eq!((files(&project), before.len()), (before, 1));
    assert_eq!(project.read("tools.lock"), lock);
}

#[test]
fn an_encrypted_line_never_leads_to_an_open_one() {
    let authority = Authority::new("Lab CA");
    let (server, open) = (Archives::secure(authority.leaf("localhost", 1)), Archives::new());
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project.write("ca.pem", &authority.pem);
    let trusting =
        |args: &[&str]| Run::of(project.command(args).env("SSL_CERT_FILE", project.path("ca.pem")));
    project.infractl(&["tools", "lock"]).code(1).says("could not be reached");
    trusting(&["tools", "lock"]).code(0);
    open.put("/lamp", lamp());
    serve(&server, &Reply::To(format!("{}/lamp?token=CANARY-token", open.address)));
    trusting(&["tools", "install"]).code(1).says("an open line").never_says("CANARY-token");
    assert_eq!((files(&project), open.asked()), (Vec::new(), Vec::new()));
    serve(&server, &lamp());
    trusting(&["tools", "install"]).code(0);
}

#[test]
fn traps_in_archives_are_refused() {
    let server = Archives::new();
    for (archive, why) in [
        (tar_gz(&[("../../evil", LAMP), ("lamp", LAMP)]), "leads out of it"),
        (tar_gz(&[("/tmp/evil", LAMP), ("lamp", LAMP)]), "leads out of it"),
        (tar_gz(&[("lamp", "->/etc/passwd")]), "it has no file `lamp`"),
        (tar_gz(&[("lantern", LAMP)]), "it holds `lantern`"),
        (tar_gz(&[]), "it is empty"),
        (zip(&[("..\\evil", LAMP), ("lamp", LAMP)]), "leads out of it"),
        (tar_gz(&[("lamp", LAMP)])[..60].to_vec(), "it is damaged"),
        (b"\xfd7zXZ\0rest".to_vec(), "name a `.zip` or `.tar.gz`"),
        (b"just a text".to_vec(), "neither an archive nor a program"),
        (b"<html>".to_vec(), "a page for people"),
    ] {
        serve(&server, &Reply::File(archive));
        let project = lamps(&server, "");
        project.infractl(&["tools", "lock"]).code(1).says(why);
        assert!(!project.path("tools.lock").exists(), "{why}");
        assert_eq!(files(&project), Vec::<String>::new(), "{why}");
    }
    // A program without an archive, and one whose name in the archive is another.
    serve(&server, &Reply::File(LAMP.as_bytes().to_vec()));
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(0);
    project.infractl(&["tools", "install"]).code(0);
    project.infractl(&["show", "dev"]).code(0).says("lamp 1.2.3");
    serve(&server, &Reply::File(tar_gz(&[("./dist/lamp-linux", LAMP), ("dist/lamp-darwin", "no")])));
    let project = lamps(&server, "program = \"dist/lamp-{{os}}\"\n");
    project.infractl(&["tools", "lock"]).code(0);
    project.infractl(&["tools", "install"]).code(0);
    project.infractl(&["show", "dev"]).code(0).says("lamp 1.2.3");
}

/// A file of the archive says that it is larger than any program, and one really is.
#[test]
fn an_archive_that_would_fill_the_disk_is_refused_before_it_does() {
    let server = Archives::new();
    let mut header = tar::Header::new_gnu();
    header.set_size(5 * 1024 * 1024 * 1024);
    header.set_path("lamp").unwrap();
    header.set_mode(0o755);
    header.set_cksum();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, header.as_bytes()).unwrap();
    std::io::Write::write_all(&mut packed, &[0; 4096]).unwrap();
    serve(&server, &Reply::File(packed.finish().unwrap()));
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(1).says("it holds more than 2 GiB");
    assert!(!project.path("tools.lock").exists());
    assert_eq!(files(&project), Vec::<String>::new());
}

/// Answers for a server whose name nobody else knows, the way a proxy does: to a request for the whole address, or
/// through a tunnel.
fn proxy(archive: Vec<u8>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://me:pass%21@{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            loop {
                let (mut first, mut login) = (String::new(), false);
                if reader.read_line(&mut first).unwrap_or(0) == 0 {
                    break;
                }
                let mut header = String::new();
                while reader.read_line(&mut header).unwrap_or(0) > 2 {
                    login |= header.to_lowercase().starts_with("proxy-authorization: basic ");
                    header.clear();
                }
                kept.lock().unwrap().push(format!("{} {login}", first.trim()));
                if first.starts_with("CONNECT") {
                    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
                    continue;
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    archive.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&archive));
                break;
            }
        }
    });
    (address, asked)
}

#[test]
fn archives_come_through_a_proxy_with_a_login() {
    let (proxy, asked) = proxy(tar_gz(&[("lamp", LAMP)]));
    let mut server = Archives::new();
    server.address = "http://tools.infractl.test".to_owned();
    let project = lamps(&server, "");
    let through = |name: &str, args: &[&str]| Run::of(project.command(args).env(name, &proxy));
    through("http_proxy", &["tools", "lock"]).code(0).never_says("pass");
    through("http_proxy", &["tools", "install"]).code(0);
    project.infractl(&["show", "dev"]).code(0).says("lamp 1.2.3");
    let lines = std::mem::take(&mut *asked.lock().unwrap());
    let first = lines.first().unwrap();
    assert!(first.contains("tools.infractl.test") && first.ends_with("true"), "{lines:?}");
    fs::remove_file(project.path("tools.lock")).unwrap();
    // Not for what is reached without one, and not with the proxy of the other scheme.
    let run = Run::of(
        project.command(&["tools", "lock"]).env("http_proxy", &proxy).env("no_proxy", "infractl.test"),
    );
    run.code(1).says("could not be reached").never_says("pass");
    through("https_proxy", &["tools", "lock"]).code(1).says("could not be reached");
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn ctrl_c_ends_a_download_at_once_and_keeps_nothing_of_it() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(0);
    server.asked();
    serve(&server, &Reply::Hang(tar_gz(&[("lamp", LAMP)])));
    let child = start(&mut project.command(&["tools", "install"]));
    wait_for("the download", || !server.asked().is_empty());
    let begun = Instant::now();
    send(&child, rustix::process::Signal::INT);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    serve(&server, &lamp());
    project.infractl(&["tools", "install"]).code(0);
    assert_eq!(files(&project).len(), 1, "what was begun is gone: {:?}", files(&project));
}

/// `exec` and `secrets exec` start what the environment asks for, not what the machine has.
#[test]
fn installed_programs_are_found_by_exec_too() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "[secrets]\nfiles = [\"credentials/common.enc.env\"]\n");
    project.secrets("common", &[("TOKEN", "x")]);
    let key =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("credentials/demo-key-PROTECTS-NOTHING.txt");
    project.infractl(&["tools", "lock"]).code(0);
    project.infractl(&["tools", "install"]).code(0);
    for args in [["exec", "dev", "--", "lamp"].as_slice(), &["secrets", "exec", "dev", "--", "lamp"]] {
        let run = Run::of(project.command(args).env("SOPS_AGE_KEY_FILE", &key)).code(0);
        assert!(run.out.contains("lamp 1.2.3"), "{args:?}: {} {}", run.out, run.err);
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(0);
    let noise: String = (0..200_000_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let large = tar_gz(&[("lamp", &format!("{LAMP}# {noise}"))]);
    serve(&server, &Reply::File(large));
    fs::create_dir_all(project.home.path("small")).unwrap();
    let Some(_mount) = Mount::new(&project.home.path("small"), "size=64k") else { return };
    let run =
        Run::of(project.command(&["tools", "install"]).env("XDG_DATA_HOME", project.home.path("small")));
    run.code(1).says("could not be written").says("free some space");
    let left: Vec<_> = fs::read_dir(project.home.path("small/infractl/tools/lamp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_installs_at_once_are_safe() {
    let server = Archives::new();
    serve(&server, &lamp());
    let project = lamps(&server, "");
    project.infractl(&["tools", "lock"]).code(0);
    let both: Vec<Child> = (0..4).map(|_| start(&mut project.command(&["tools", "install"]))).collect();
    for child in both {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(files(&project).len(), 1);
    project.infractl(&["show", "dev"]).code(0).says("lamp 1.2.3");
}

#[test]
fn a_version_is_checked_before_anything_runs_and_asked_once() {
    let project = Sandbox::new();
    let log = project.path("asked");
    let real = which::which("terraform").unwrap();
    let text = |version: &str| {
        format!(
            "#!/bin/sh\n# says another version than it is\nif [ \"$1\" = --version ]; then echo asked >> {}; echo 'Terraform v{version}'; exit; fi\nexec {} \"$@\"\n",
            log.display(),
            real.display()
        )
    };
    let program = project.script("bin/terraform", &text("1.10.0"));
    let run = |args: &[&str]| Run::of(project.command(args).env("PATH", path_with([&program])));
    let asked = || fs::read_to_string(&log).unwrap_or_default().lines().count();
    let defaults = project.read("environments/defaults.toml");
    project.write(
        "environments/defaults.toml",
        &format!("{defaults}\n[tools]\nkubectl = \"1.31\"\nterraform = \"1.11.4\"\n"),
    );
    let line = defaults.lines().count() + 4;
    for _ in 0..2 {
        let said = run(&["apply", "dev"]).code(69).says("is 1.10.0, and 1.11.4 is asked for");
        let said = said.says(&format!("environments/defaults.toml:{line}:1")).says("bin/terraform`");
        said.says("infractl tools lock && infractl tools install terraform").never_says("kubectl");
    }
    assert_eq!(asked(), 1, "the second run remembers");
    assert!(!project.path("environments/dev/terraform.tfstate").exists());
    run(&["apply", "dev", "--dry-run"]).code(0);
    // Another environment may ask for another one.
    project.write(
        "environments/rec/environment.toml",
        &format!(
            "{}\n[tools]\nterraform = \"~> 1.10.0\"\n",
            project.read("environments/rec/environment.toml")
        ),
    );
    run(&["plan", "rec"]).code(0).says("+4");
    assert_eq!(asked(), 1);
    // A program that changed is asked again.
    project.script("bin/terraform", &text("1.11.4"));
    run(&["plan", "dev"]).code(0).says("+4");
    assert_eq!(asked(), 2);
    project.script("bin/terraform", "#!/bin/sh\necho 'no idea'\n");
    run(&["plan", "dev"]).code(69).says("does not tell its version");
}

#[test]
fn versions_and_addresses_are_checked_where_they_stand() {
    for (text, why) in [
        ("terraform = \"newest\"", "`newest` is not a version"),
        ("terraform = 1.11", "must be"),
        ("x = { version = \"1.2.3\", url = \"x.zip\" }", "is not the address of an archive"),
        ("x = { version = \"1.2.3\", url = \"https://a/{{platform}}\" }", "`{{platform}}` means nothing"),
        ("x = { url = \"https://a/x\" }", "needs `version`"),
        ("\"../x\" = \"1.2.3\"", "cannot be a name"),
    ] {
        let project = Sandbox::empty();
        project.environment("dev", &format!("[tools]\n{text}\n"));
        project.infractl(&["validate", "dev"]).code(78).says(why).says("environment.toml:2:");
    }
    let project = Sandbox::empty();
    project.environment("dev", "");
    project.infractl(&["tools", "install"]).code(78).says("no environment asks for a tool");
    project.environment("dev", "[tools]\nterraform = \">= 1.10\"\n");
    project.infractl(&["tools", "install"]).code(0).says("`terraform` is left to you; write one version");
}
