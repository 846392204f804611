//! When an environment may be changed.

use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::Value;

use crate::common::{BIN, Sandbox};

/// The day of the week, so many days from now, in UTC.
fn day(ahead: i64) -> String {
    let then: Zoned =
        (Timestamp::now() + SignedDuration::from_hours(24 * ahead)).to_zoned(jiff::tz::TimeZone::UTC);
    then.strftime("%a").to_string().to_lowercase()
}

const PIPELINES: &str = "[pipelines]\ndeploy = \"touch deployed\"\nrollback = \"touch back\"\nstop = \"touch stopped\"\n\
    look = { steps = [{ command = \"touch looked\", effect = \"reads\" }] }\n";

/// One that does not open today.
fn closed() -> Sandbox {
    let project = Sandbox::empty().with_var("USER", "ada");
    project.environment("prod", &format!("[window]\ndays = \"{}\"\n{PIPELINES}", day(3)));
    project
}

#[test]
fn outside_of_it_nothing_is_changed_but_for_a_reason() {
    let project = closed();
    let run = project.infractl(&["deploy", "prod"]).code(77);
    run.says("`prod` may not be changed now: outside of its window; it opens ").says(" 00:00 UTC");
    assert!(!project.path("deployed").exists());
    project.infractl(&["deploy", "prod", "--dry-run"]).code(0).says("`prod` cannot be changed now");
    project.infractl(&["deploy", "prod", "--outside-window", " "]).code(64);
    project
        .infractl(&["deploy", "prod", "--outside-window", "hotfix 42"])
        .code(0)
        .says("changed all the same: hotfix 42");
    assert!(project.path("deployed").exists());
    project.infractl(&["history", "show", "--json"]).code(0).prints("changed all the same: hotfix 42");
    let run = project.infractl(&["history", "deployments", "prod", "--json"]).code(0);
    let all: Value = serde_json::from_str(&run.out).unwrap();
    assert!(all["deployments"][0]["outside_window"].as_str().unwrap().contains("hotfix 42"), "{all}");
}

#[test]
fn what_helps_is_never_refused() {
    let project = closed();
    for (verb, left) in [("rollback", "back"), ("stop", "stopped"), ("look", "looked")] {
        project.infractl(&[verb, "prod"]).code(0).never_says("window");
        assert!(project.path(left).exists(), "{verb}");
    }
    project.infractl(&["unlock", "prod"]).code(0);
    project.infractl(&["validate", "prod"]).code(0);
}

#[test]
fn over_several_it_is_said_before_anything_begins() {
    let project = closed();
    project.environment("dev", "[pipelines]\ndeploy = \"touch begun\"\n");
    project.infractl(&["deploy", "--all", "--yes"]).code(77).says("`prod` may not be changed now");
    assert!(!project.path("begun").exists());
}

#[test]
fn what_began_inside_goes_on_outside() {
    let project = closed().with_var("BIN", BIN);
    let text = format!(
        "[window]\ndays = \"{}\"\n[pipelines]\ninner = \"touch inner\"\nouter = \"$BIN inner prod\"\n",
        day(3)
    );
    project.environment("prod", &text);
    project.infractl(&["outer", "prod"]).code(77);
    // The inner run takes the lock of another pipeline: not of the same one twice.
    let text = text.replace(
        "\"$BIN inner prod\"",
        "{ steps = [{ command = \"$BIN inner prod\", effect = \"reads\" }] }",
    );
    project.environment("prod", &text);
    project.infractl(&["outer", "prod"]).code(0);
    assert!(project.path("inner").exists());
}

#[test]
fn frozen_days_are_named() {
    let project = closed();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = today.checked_add(SignedDuration::from_hours(240)).unwrap();
    let window = |freeze: &str| format!("[window]\nfreeze = [\"{freeze}\"]\n{PIPELINES}");
    project.environment("prod", &window(&format!("{today}/{until}")));
    project.infractl(&["deploy", "prod"]).code(77).says(&format!("frozen from {today} to {until}"));
    project.environment("prod", &window("2020-12-20/2021-01-03"));
    project.infractl(&["deploy", "prod"]).code(0);
}

#[test]
fn what_it_cannot_mean_is_said_with_its_place() {
    let project = closed();
    for (text, says) in [
        ("days = \"mo-thu\"", "`mo-thu` is not days of the week"),
        ("from = \"9\"", "`9` is not a time of the day"),
        ("from = \"09:00\"\nto = \"09:00\"", "this window is never open"),
        ("time-zone = \"Mars/Olympus\"", "`Mars/Olympus` is not a time zone"),
        ("freeze = [\"2027-01-03/2026-12-20\"]", "is not a span of days"),
    ] {
        project.environment("prod", &format!("[window]\n{text}\n"));
        project.infractl(&["validate", "prod"]).code(78).says(says).says("environment.toml:");
    }
}
