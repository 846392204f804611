//! Whether a snapshot is good enough for what comes: the gate before a risky verb. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::shelf::Kept;
use crate::text;

/// Clocks of two machines are no further apart.
const APART: Duration = Duration::from_secs(5 * 60);

/// What is asked of a snapshot.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// It is no older.
    pub max_age: Option<Duration>,
    /// It was restored and looked at.
    pub verified: bool,
}

/// Why none of them is good enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// None is there, or none that is whole.
    None(String),
    /// The newest is too old.
    Old(String),
    /// It was not verified.
    Unverified(String),
}

/// The newest one that is good enough. They come newest first.
pub(crate) fn good_enough(all: &[Kept], wanted: Wanted, now: Timestamp) -> Result<&Kept, Lack> {
    let Some(newest) = all.iter().find(|kept| kept.is_good()) else {
        return Err(Lack::None(match all.first() {
            Some(Kept { manifest, trouble: Some(trouble) }) => {
                format!("`{}` cannot be used: {trouble}", manifest.name)
            }
            _ => "there is none".to_owned(),
        }));
    };
    let is_young = |kept: &&Kept| wanted.max_age.is_none_or(|limit| is_within(kept, limit, now));
    let good = || all.iter().filter(|kept| kept.is_good()).filter(is_young);
    if let Some(found) = good().find(|kept| !wanted.verified || kept.manifest.verified.is_some()) {
        return Ok(found);
    }
    let name = &newest.manifest.name;
    if let Some(found) = good().next() {
        return Err(Lack::Unverified(format!("`{}` was not verified", found.manifest.name)));
    }
    let limit = text::duration(wanted.max_age.unwrap_or_default());
    Err(Lack::Old(match age(newest, now) {
        Some(age) => format!("the newest, `{name}`, was made {}, and {limit} is the limit", text::ago(age)),
        None => format!(
            "`{name}` is of the future: the clock of this machine, or of the one that made it, is wrong"
        ),
    }))
}

fn is_within(kept: &Kept, limit: Duration, now: Timestamp) -> bool {
    age(kept, now).is_some_and(|age| age <= limit)
}

/// How old it is; none when it is of the future.
pub(crate) fn age(kept: &Kept, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(kept.manifest.created);
    match Duration::try_from(age) {
        Ok(age) => Some(age),
        Err(_) => Duration::try_from(-age).ok().filter(|ahead| *ahead <= APART).map(|_| Duration::ZERO),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Manifest, Verified};
    use super::*;

    pub(crate) fn kept(created: Timestamp, is_verified: bool) -> Kept {
        let verified =
            is_verified.then(|| Verified { at: created, how: "restored".to_owned(), seconds: 1.0 });
        let manifest = Manifest {
            format: 1,
            name: format!("shop-prod-db-{}", created.as_second()),
            project: "shop".to_owned(),
            environment: "prod".to_owned(),
            snapshot: "db".to_owned(),
            kind: "postgres".to_owned(),
            created,
            by: "ada@laptop".to_owned(),
            run: "snapshot".to_owned(),
            infractl: "0".to_owned(),
            stored: None,
            database: None,
            of: None,
            id: None,
            size: None,
            verified,
            failed: None,
        };
        Kept { manifest, trouble: None }
    }

    #[test]
    fn the_newest_that_is_good_enough_is_taken() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let at = |text: &str, is_verified| kept(text.parse().unwrap(), is_verified);
        let all = [at("2026-11-28T11:00:00Z", false), at("2026-11-28T09:00:00Z", true)];
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        let ask = |max_age, verified| good_enough(&all, Wanted { max_age, verified }, now);
        assert_eq!(ask(hours(2), false).unwrap(), &all[0]);
        assert_eq!(ask(hours(24), true).unwrap(), &all[1]);
        assert!(
            matches!(ask(hours(2), true), Err(Lack::Unverified(text)) if text.contains(&all[0].manifest.name))
        );
        assert!(
            matches!(ask(Some(Duration::from_secs(60)), false), Err(Lack::Old(text)) if text.contains("60 min ago") || text.contains("1 h ago"))
        );
        assert!(matches!(good_enough(&[], Wanted::default(), now), Err(Lack::None(_))));
    }

    #[test]
    fn what_is_damaged_or_of_the_future_is_not_good_enough() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let mut damaged = kept(now, true);
        damaged.trouble = Some("its file is gone".to_owned());
        let wanted = Wanted { max_age: Some(Duration::from_secs(3600)), verified: false };
        assert!(
            matches!(good_enough(&[damaged], wanted, now), Err(Lack::None(text)) if text.ends_with("its file is gone"))
        );
        let soon = [kept("2026-11-28T12:04:00Z".parse().unwrap(), false)];
        assert!(good_enough(&soon, wanted, now).is_ok());
        let later = [kept("2026-11-28T13:00:00Z".parse().unwrap(), false)];
        assert!(matches!(good_enough(&later, wanted, now), Err(Lack::Old(text)) if text.contains("future")));
        assert!(good_enough(&later, Wanted::default(), now).is_ok());
    }
}
