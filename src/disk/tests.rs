#![expect(
    clippy::disallowed_methods,
    reason = "the tests end processes, mount file systems and write by hand"
)]

use std::collections::HashSet;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The id of a process that is no more.
fn dead_pid() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn a_file_is_written_and_read_back_with_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shared/.env.dev");
    assert_eq!(mode_of(&path).unwrap(), None);
    write(&path, b"old", 0o644).unwrap();
    assert_eq!(mode_of(&path).unwrap(), Some(0o644));
    write(&path, b"new", PRIVATE).unwrap();
    assert_eq!((read_text(&path).unwrap().as_str(), mode_of(&path).unwrap()), ("new", Some(0o600)));
    assert_eq!(read(&path).unwrap(), b"new");
    assert_eq!(names(path.parent().unwrap()), [".env.dev"]);
    assert!(remove(&path).unwrap());
    assert!(!remove(&path).unwrap());
    assert!(read(&path).unwrap_err().is_not_found());
}

#[test]
fn the_umask_does_not_change_the_mode() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("f"), b"", 0o666).unwrap();
    assert_eq!(mode_of(&dir.path().join("f")).unwrap(), Some(0o666));
}

#[test]
fn a_link_stays_and_the_file_behind_it_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("sub")).unwrap();
    symlink("sub/second", at("first")).unwrap();
    symlink("../target", at("sub/second")).unwrap();
    for content in ["made behind a dangling link", "replaced"] {
        write(&at("first"), content.as_bytes(), PRIVATE).unwrap();
        assert_eq!(fs::read_to_string(at("target")).unwrap(), content);
        assert!(at("first").is_symlink() && at("sub/second").is_symlink());
    }
    symlink("loop", at("loop")).unwrap();
    let error = write(&at("loop"), b"", PRIVATE).unwrap_err();
    assert!(error.help()[0].contains("points to itself"), "{error:?}");
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let error = write(dir.path(), b"", PRIVATE).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` could not be written, and is as it was", dir.path().display())
    );
    assert!(error.help()[0].starts_with("remove or rename the folder"), "{error:?}");
    assert!(write(Path::new("/dev/null"), b"", PRIVATE).is_err());
    assert!(!Path::new("/dev/null").is_file());
    fs::write(dir.path().join("file"), "").unwrap();
    let error = write(&dir.path().join("file/x"), b"", PRIVATE).unwrap_err();
    assert!(error.help()[0].contains("where a folder is needed"), "{error:?}");
}

#[test]
fn leftovers_of_dead_processes_are_swept_and_those_of_the_living_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let (dead, alive) = (dead_pid(), std::os::unix::process::parent_id());
    let kept = [
        format!(".env.infractl-{alive}-abcdef"),
        format!(".env.dev.infractl-{dead}-abcdef"),
        ".env.infractl-notes".to_owned(),
        "other".to_owned(),
    ];
    for name in kept.iter().chain([&format!(".env.infractl-{dead}-abcdef")]) {
        fs::write(dir.path().join(name), "SECRET").unwrap();
    }
    fs::create_dir(dir.path().join(format!(".env.infractl-{dead}-folder"))).unwrap();
    fs::write(dir.path().join(format!(".env.infractl-{dead}-folder/next")), "SECRET").unwrap();
    write(&dir.path().join("env"), b"x", PRIVATE).unwrap();
    let mut expected: Vec<String> = kept.into_iter().chain(["env".to_owned()]).collect();
    expected.sort();
    assert_eq!(names(dir.path()), expected);
}

#[test]
fn a_name_as_long_as_it_gets_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("n".repeat(255));
    write(&path, b"x", PRIVATE).unwrap();
    assert_eq!(read(&path).unwrap(), b"x");
}

#[test]
fn the_folder_of_our_own_notes_ignores_itself() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("p/.infractl");
    write(&own.join("init/dev.json"), b"{}", PRIVATE).unwrap();
    assert_eq!(read_text(&own.join(".gitignore")).unwrap(), "*\n");
    write(&own.join(".gitignore"), b"# mine\n", 0o644).unwrap();
    make_private_dir(&own.join("history")).unwrap();
    make_dir(&own.join("locks")).unwrap();
    assert_eq!(read_text(&own.join(".gitignore")).unwrap(), "# mine\n");
}

#[test]
fn a_private_folder_is_private_even_if_it_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b");
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    make_private_dir(&path).unwrap();
    make_private_dir(&dir.path().join("c/d")).unwrap();
    assert_eq!(mode_of(&path).unwrap(), Some(0o700));
    assert_eq!(mode_of(&dir.path().join("c/d")).unwrap(), Some(0o700));
}

/// A small file system of its own; gone when dropped.
struct Mount(tempfile::TempDir);

impl Mount {
    /// None, with a printed reason, where mounting is not permitted.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = Mount(dir);
        if mount.call("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) {
            return Some(mount);
        }
        skip("a file system of 64 KiB: mounting is not permitted here");
        None
    }

    fn call(&self, program: &str, args: &[&str]) -> bool {
        let done = Command::new(program).args(args).arg(self.0.path()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        self.call("umount", &[]);
    }
}

/// `tests/run` gathers what was skipped; on a CI machine nothing may be.
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}, and CI is set");
    println!("skipped: {why}");
    if let Some(list) = std::env::var_os("INFRACTL_TEST_SKIPS") {
        let mut list = fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        list.write_all(format!("{why}\n").as_bytes()).unwrap();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_whole_and_nothing_else() {
    let Some(mount) = Mount::new() else { return };
    let path = mount.0.path().join(".env.dev");
    write(&path, b"old", PRIVATE).unwrap();
    let error = write(&path, &vec![b'x'; 100_000], PRIVATE).unwrap_err();
    assert_eq!(error.source.kind(), ErrorKind::StorageFull);
    assert!(error.help()[0].starts_with("free some space where"), "{error:?}");
    assert_eq!(read(&path).unwrap(), b"old");
    assert_eq!(names(mount.0.path()), [".env.dev"]);
    // The kernel may give the space of a removed file back a moment later.
    let given_back = (0..100)
        .any(|_| write(&path, b"new", PRIVATE).inspect_err(|_| sleep(Duration::from_millis(50))).is_ok());
    assert!(given_back, "the space did not come back within 5 s");
    assert_eq!(read(&path).unwrap(), b"new");
}

#[test]
fn a_file_system_that_is_read_only_says_so() {
    let Some(mount) = Mount::new() else { return };
    let path = mount.0.path().join(".env.dev");
    write(&path, b"old", PRIVATE).unwrap();
    assert!(mount.call("mount", &["-o", "remount,ro"]));
    let error = write(&path, b"new", PRIVATE).unwrap_err();
    assert!(error.help()[0].contains("for writing"), "{error:?}");
    assert!(remove(&path).is_err());
    assert_eq!(read(&path).unwrap(), b"old");
}

#[test]
fn a_folder_that_may_not_be_written_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    write(&path, b"old", PRIVATE).unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o500)).unwrap();
    // root may write anywhere
    if !rustix::process::geteuid().is_root() {
        let error = write(&path, b"new", PRIVATE).unwrap_err();
        assert!(error.help()[0].contains("ls -ld"), "{error:?}");
    }
    assert_eq!(read(&path).unwrap().len(), 3);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
}

const LOOP_PATH: &str = "INFRACTL_TEST_DISK_LOOP";

fn content(letter: u8) -> Vec<u8> {
    vec![letter; 200_000]
}

/// The child of the test below: does nothing unless it is told where to write.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(LOOP_PATH) else { return };
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        for letter in b'a'..=b'z' {
            write(Path::new(&path), &content(letter), PRIVATE).unwrap();
        }
    }
}

#[test]
fn a_writer_killed_at_any_instant_leaves_a_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env.dev");
    write(&path, &content(b'z'), PRIVATE).unwrap();
    let mut left_behind = 0;
    let mut seen = HashSet::new();
    for round in 0..100_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "disk::tests::child_that_writes_until_it_is_killed"])
            .env(LOOP_PATH, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while names(dir.path()).len() == 1 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        // an odd step, so that the instants are spread over making, writing, syncing and renaming
        std::thread::sleep(Duration::from_micros(round * 7_919 % 10_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = read(&path).unwrap();
        assert!(bytes.len() == 200_000 && bytes.iter().all(|byte| *byte == bytes[0]), "round {round}");
        assert_eq!(mode_of(&path).unwrap(), Some(PRIVATE));
        seen.insert(bytes[0]);
        for name in names(dir.path()).iter().filter(|name| *name != ".env.dev") {
            left_behind += 1;
            let left = dir.path().join(name);
            assert_eq!(mode_of(&left).unwrap(), Some(0o700), "{name}");
            assert!(!left.join("next").exists() || read_text(&left.join(".gitignore")).unwrap() == "*\n");
            if round < 99 {
                fs::remove_dir_all(left).unwrap();
            }
        }
    }
    println!("{} different files seen, {left_behind} times something was left behind", seen.len());
    assert!(left_behind > 0, "no kill hit a write: the test shows nothing");
    write(&path, b"end", PRIVATE).unwrap();
    assert_eq!(names(dir.path()), [".env.dev"]);
}
