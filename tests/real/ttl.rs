//! Ends that are known beside a shared lock, in a real PostgreSQL and in moto's S3: any checkout may expire what another has
//! brought up, and hears what a third has given it.

use std::thread::sleep;
use std::time::Duration;

use crate::locks::{Team, pg_team, s3_team};

const TTL: &str =
    "[ttl]\nafter = \"2s\"\n[power]\nprovider = \"command\"\nstart = \"true\"\nstop = \"touch stopped\"\n";

fn any_checkout_knows(team: &Team) {
    let stopped = |checkout: usize| team.checkout(checkout).join("stopped").exists();
    let told = team.run(2, &["expire", "--all"], 0);
    assert!(told.contains("left alone: no record"), "{told}");
    team.run(0, &["start", "dev"], 0);
    sleep(Duration::from_millis(2100));
    team.run(1, &["extend", "dev", "1h"], 0);
    let told = team.run(2, &["expire", "--all"], 0);
    assert!(told.contains("dev: stop in 59 min") && !stopped(2), "{told}");
    // Stopped by hand and started again, it has its own time only.
    team.run(0, &["stop", "dev"], 0);
    let told = team.run(2, &["expire", "--all"], 0);
    assert!(told.contains("dev: stopped since") && !stopped(2), "{told}");
    team.run(0, &["start", "dev"], 0);
    sleep(Duration::from_millis(2100));
    team.run(2, &["expire", "--all"], 0);
    assert!(stopped(2), "what was given ends with what it was given to");
    let told = team.run(1, &["expire", "--all"], 0);
    assert!(told.contains("dev: stopped since") && !stopped(1), "{told}");
}

#[test]
fn ends_in_a_bucket_are_known_by_everybody() {
    let Some((team, ..)) = s3_team(3, TTL) else { return };
    any_checkout_knows(&team);
}

#[test]
fn ends_in_a_database_are_known_by_everybody() {
    let Some(team) = pg_team(3, TTL, "ttl", &[]) else { return };
    any_checkout_knows(&team);
}
