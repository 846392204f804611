use std::fs;

use jiff::Timestamp;

use super::attempt::Attempt;
use super::file::{self, FileLock};
use super::owner::Owner;

fn owner() -> Owner {
    let time: Timestamp = "2026-11-20T14:02:11Z".parse().unwrap();
    Owner {
        owner: "alice".into(),
        host: "ci-7".into(),
        pid: 4242,
        verb: "apply".into(),
        environment: "dev".into(),
        start: time,
        heartbeat: "2026-11-20T14:05:00Z".parse().unwrap(),
        stale_after: 120,
        machine: "another".into(),
        token: "t".into(),
        local: None,
    }
}

fn taken(attempt: Attempt<FileLock>) -> (FileLock, Option<Owner>) {
    match attempt {
        Attempt::Taken(lock, left) => (lock, left),
        Attempt::Busy(holder) => panic!("busy: {holder:?}"),
    }
}

#[test]
fn an_owner_is_told_in_one_sentence_and_survives_being_written() {
    let owner = owner();
    assert_eq!(Owner::parse(owner.to_json().as_bytes()), Some(owner.clone()));
    // A shorter text over a longer one leaves something behind it for a moment.
    assert_eq!(Owner::parse(format!("{}rubbish", owner.to_json()).as_bytes()), Some(owner.clone()));
    assert_eq!(Owner::parse(b""), None);
    assert_eq!(Owner::parse(b"{\"owner\": 1}"), None);
    assert_eq!(
        owner.describe("2026-11-20T14:05:16Z".parse().unwrap()),
        "`apply` by alice on ci-7 (pid 4242) since 2026-11-20 14:02:11 UTC, for 3m 05s, last sign of life 16 s ago"
    );
    assert!(!owner.is_dead_here(), "a process id of another machine says nothing");
}

#[test]
fn a_file_lock_is_taken_by_one_and_free_when_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks/dev.json");
    let (lock, left) = taken(file::try_take(&path, &owner()).unwrap());
    assert_eq!(left, None);
    assert!(lock.is_there());
    let Attempt::Busy(Some(holder)) = file::try_take(&path, &owner()).unwrap() else { panic!("taken twice") };
    assert_eq!(holder, owner());
    assert!(file::look(&path).unwrap().0);
    drop(lock);
    assert_eq!(file::look(&path).unwrap(), (false, None));
    drop(taken(file::try_take(&path, &owner()).unwrap()));
}

#[test]
fn what_a_dead_owner_wrote_is_found_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dev.json");
    crate::disk::write(&path, owner().to_json().as_bytes(), 0o600).unwrap();
    assert_eq!(file::look(&path).unwrap(), (false, Some(owner())));
    let (lock, left) = taken(file::try_take(&path, &owner()).unwrap());
    assert_eq!(left, Some(owner()));
    fs::remove_file(&path).unwrap();
    assert!(!lock.is_there());
}

#[test]
fn what_a_dead_owner_left_is_cleared_and_what_somebody_took_meanwhile_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dev.json");
    file::clear(&path).unwrap();
    crate::disk::write(&path, owner().to_json().as_bytes(), 0o600).unwrap();
    assert_eq!(file::look(&path).unwrap(), (false, Some(owner())));
    let (lock, _) = taken(file::try_take(&path, &owner()).unwrap());
    let failure = file::clear(&path).unwrap_err();
    assert_eq!(failure.kind, crate::failure::Kind::Busy);
    assert!(failure.error.to_string().contains("`apply` by alice on ci-7 (pid 4242)"), "{}", failure.error);
    assert!(lock.is_there() && file::look(&path).unwrap() == (true, Some(owner())));
    drop(lock);
    crate::disk::write(&path, owner().to_json().as_bytes(), 0o600).unwrap();
    file::clear(&path).unwrap();
    assert_eq!(file::look(&path).unwrap(), (false, None));
}
