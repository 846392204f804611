//! Names of snapshots: project, environment, name, and when, so that they sort by it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What RDS allows, which asks for the most.
const LONGEST: usize = 63;

/// `shop-prod-database-20261128T073000Z`: letters, digits and `-`, never two of these, at most 63 characters.
pub(crate) fn name(project: &str, environment: &str, snapshot: &str, time: Timestamp) -> String {
    let stamp = stamp(time);
    let mut words = String::new();
    for letter in format!("{project}-{environment}-{snapshot}").chars() {
        let letter = if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        if letter != '-' || !words.ends_with('-') {
            words.push(letter);
        }
    }
    // A project may have a long name: what tells snapshots apart stands at the end.
    let room = LONGEST - stamp.len() - 1;
    let words = &words[words.len().saturating_sub(room)..];
    let words = words.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic()).trim_end_matches('-');
    let words = if words.is_empty() { "snapshot" } else { words };
    format!("{words}-{stamp}")
}

/// `20261128T073000Z`.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// What databases and volumes of checks are called, before a stamp.
pub(crate) const SCRATCH: &str = "infractl_verify_";

/// A name for one that nobody else has.
pub(crate) fn scratch(time: Timestamp) -> String {
    format!("{SCRATCH}{}", unique(time))
}

/// What no other run ends a name with, even in the same second: `20261128t073000z_4711`, at most 24 letters.
pub(crate) fn unique(time: Timestamp) -> String {
    format!("{}_{}", stamp(time).to_lowercase(), std::process::id())
}

/// The time that a name ends in.
pub(crate) fn time_of(name: &str) -> Option<Timestamp> {
    let stamp = name.get(name.len().checked_sub(16)?..)?;
    jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp.to_uppercase())
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_says_what_and_when() {
        let time = at("2026-11-28T07:30:00.9Z");
        assert_eq!(name("shop", "prod", "database", time), "shop-prod-database-20261128T073000Z");
        assert_eq!(name("my_shop.", "", "a--b", time), "my-shop-a-b-20261128T073000Z");
        assert_eq!(name("", "", "", time), "snapshot-20261128T073000Z");
    }

    proptest! {
        #[test]
        fn a_name_is_one_that_every_cloud_takes(project in ".{0,80}", env in ".{0,40}", snapshot in ".{0,40}", seconds in 0_i64..4_000_000_000) {
            let time = Timestamp::from_second(seconds).unwrap();
            let name = name(&project, &env, &snapshot, time);
            prop_assert!(name.len() <= LONGEST && !name.contains("--") && !name.ends_with('-'), "{name}");
            prop_assert!(name.starts_with(|letter: char| letter.is_ascii_alphabetic()));
            prop_assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'));
            prop_assert_eq!(time_of(&name), Some(time));
        }
    }
}
