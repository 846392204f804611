//! Which snapshots go. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::shelf::Kept;
use crate::config::model::Keep;

/// A younger one may be what somebody is about to need.
const YOUNG: Duration = Duration::from_secs(60 * 60);

/// Why each of them stays; none for those that go. They come newest first, and all belong to one entry of `[snapshots]`.
pub(crate) fn fates(
    all: &[Kept],
    keep: &Keep,
    pinned: &BTreeSet<String>,
    now: Timestamp,
) -> Vec<Option<String>> {
    let mut reasons: Vec<Vec<String>> = vec![Vec::new(); all.len()];
    let good = || all.iter().enumerate().filter(|(_, kept)| kept.is_good());
    for (at, kept) in all.iter().enumerate() {
        let manifest = &kept.manifest;
        if pinned.contains(&manifest.name) {
            reasons[at].push("a deployment names it".to_owned());
        }
        let age = Duration::try_from(now.duration_since(manifest.created));
        if age.is_ok_and(|age| age < YOUNG) || manifest.created > now {
            reasons[at].push("younger than an hour".to_owned());
        }
        // What is damaged is for people to look at, and never counts for one that is kept.
        if let Some(trouble) = &kept.trouble {
            reasons[at].push(trouble.clone());
        }
    }
    if let Some((at, _)) = good().next() {
        reasons[at].push("the newest".to_owned());
    }
    if let Some((at, _)) = good().find(|(_, kept)| kept.manifest.verified.is_some()) {
        reasons[at].push("the newest that was verified".to_owned());
    }
    for (at, _) in good().take(count(keep.last)) {
        reasons[at].push("last".to_owned());
    }
    let rules = [("daily", keep.daily), ("weekly", keep.weekly), ("monthly", keep.monthly)];
    for (word, wanted) in rules {
        let mut seen = BTreeSet::new();
        for (at, kept) in good() {
            let date = kept.manifest.created.to_zoned(TimeZone::UTC).date();
            if seen.len() < count(wanted) && seen.insert(period(word, date)) {
                reasons[at].push(word.to_owned());
            }
        }
    }
    reasons.into_iter().map(|all| (!all.is_empty()).then(|| all.join(", "))).collect()
}

fn count(wanted: Option<u32>) -> usize {
    usize::try_from(wanted.unwrap_or_default()).unwrap_or(usize::MAX)
}

/// What is the same for two days of the same day, week or month.
fn period(word: &str, date: Date) -> (i16, i16) {
    match word {
        "daily" => (date.year(), date.day_of_year()),
        "weekly" => (date.iso_week_date().year(), date.iso_week_date().week().into()),
        _ => (date.year(), date.month().into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gate::tests::kept;
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const HOUR: i64 = 3600;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// So many hours ago, newest first.
    fn shelf(hours: &[i64]) -> Vec<Kept> {
        hours.iter().map(|hours| kept(time(NOW - hours * HOUR), false)).collect()
    }

    fn stay(all: &[Kept], keep: &Keep, pinned: &BTreeSet<String>) -> Vec<bool> {
        fates(all, keep, pinned, time(NOW)).iter().map(Option::is_some).collect()
    }

    #[test]
    fn a_rule_keeps_the_newest_of_each_of_its_periods() {
        // 2027-01-15T08:00:00Z: today 8, 6 and 2 o'clock, then days before.
        let all = shelf(&[2, 6, 30, 31, 54, 24 * 20, 24 * 40]);
        let keep = Keep { daily: Some(2), ..Keep::default() };
        assert_eq!(stay(&all, &keep, &BTreeSet::new()), [true, false, true, false, false, false, false]);
        let keep = Keep { monthly: Some(2), ..Keep::default() };
        assert_eq!(stay(&all, &keep, &BTreeSet::new()), [true, false, false, false, false, true, false]);
        let keep = Keep { last: Some(3), ..Keep::default() };
        assert_eq!(stay(&all, &keep, &BTreeSet::new()), [true, true, true, false, false, false, false]);
    }

    #[test]
    fn what_is_pinned_young_damaged_or_the_last_that_was_verified_stays() {
        let mut all = shelf(&[0, 5, 50, 60, 70, 80]);
        all[2].trouble = Some("its file is gone".to_owned());
        all[4] = kept(time(NOW - 70 * HOUR), true);
        let pinned = BTreeSet::from([all[5].manifest.name.clone()]);
        let keep = Keep { last: Some(1), ..Keep::default() };
        assert_eq!(stay(&all, &keep, &pinned), [true, false, true, false, true, true]);
        let said = fates(&all, &keep, &pinned, time(NOW));
        assert_eq!(said[4].as_deref(), Some("the newest that was verified"));
        assert_eq!(said[5].as_deref(), Some("a deployment names it"));
    }

    proptest! {
        #[test]
        fn something_good_always_stays(
            rows in proptest::collection::vec((0_i64..20_000, any::<bool>(), any::<bool>()), 1..40),
            last in proptest::option::of(0_u32..5), daily in proptest::option::of(0_u32..5),
            weekly in proptest::option::of(0_u32..5), monthly in proptest::option::of(0_u32..5),
            pin in 0_usize..40,
        ) {
            let mut all: Vec<Kept> = rows.iter().map(|(hours, is_verified, is_bad)| {
                let mut kept = kept(time(NOW - hours * HOUR), *is_verified);
                kept.trouble = is_bad.then(|| "cut".to_owned());
                kept
            }).collect();
            all.sort_by_key(|kept| std::cmp::Reverse(kept.manifest.created));
            let pinned = BTreeSet::from([all[pin % all.len()].manifest.name.clone()]);
            let keep = Keep { last, daily, weekly, monthly };
            let stays = stay(&all, &keep, &pinned);
            let good: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_good()).collect();
            let verified = good.iter().find(|at| all[**at].manifest.verified.is_some());
            prop_assert!(good.first().is_none_or(|at| stays[*at]));
            prop_assert!(verified.is_none_or(|at| stays[*at]));
            for (at, kept) in all.iter().enumerate() {
                prop_assert!(stays[at] || (kept.is_good() && !pinned.contains(&kept.manifest.name)));
            }
            let least = good.len().min(count(last));
            prop_assert!(good.iter().filter(|at| stays[**at]).count() >= least);
            // A rule more never takes one more, and doing it twice takes no more.
            let more = Keep { daily: Some(daily.unwrap_or(0) + 1), ..keep.clone() };
            prop_assert!(stay(&all, &more, &pinned).iter().zip(&stays).all(|(more, less)| *more >= *less));
            let left: Vec<Kept> = all.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(kept, _)| kept.clone()).collect();
            prop_assert!(stay(&left, &keep, &pinned).iter().all(|stays| *stays));
        }
    }
}
