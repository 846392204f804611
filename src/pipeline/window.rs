//! When an environment may be changed, as `[window]` says. Pure.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::config::model::{ClockTime, Weekdays, Window, Zone};

/// So far the next opening is looked for.
const DAYS: u32 = 800;

/// Why nothing may be changed at a time; none if it may.
pub(crate) fn closed(window: &Window, at: Timestamp) -> Option<String> {
    if is_open(window, at) {
        return None;
    }
    let zone = zone(window);
    let today = zone.local(at).date();
    let frozen = window.freeze.iter().find(|span| span.has(today));
    let why = match frozen {
        Some(span) if span.first == span.last => format!("frozen on {}", span.first),
        Some(span) => format!("frozen from {} to {}", span.first, span.last),
        None => "outside of its window".to_owned(),
    };
    Some(format!("{why}; {}", opens(window, at)))
}

/// `it opens Mon 2026-12-07 09:00 CET`.
pub(crate) fn opens(window: &Window, at: Timestamp) -> String {
    match next(window, at) {
        Some(opening) => format!("it opens {}", zone(window).shown(opening)),
        None => "it does not open in the next two years".to_owned(),
    }
}

fn zone(window: &Window) -> Zone {
    window.time_zone.clone().unwrap_or_default()
}

/// Whether it is open at a time.
pub(crate) fn is_open(window: &Window, at: Timestamp) -> bool {
    let today = zone(window).local(at).date();
    // One that began yesterday may last over midnight; one that a clock moved may begin on the day after its own.
    let days = [today.yesterday().ok(), Some(today)];
    let is_in = |day: Date| span(window, day).is_some_and(|(from, to)| (from..to).contains(&at));
    !is_frozen(window, today) && days.into_iter().flatten().any(is_in)
}

/// The first time after this one at which it opens.
fn next(window: &Window, at: Timestamp) -> Option<Timestamp> {
    let zone = zone(window);
    let mut day = zone.local(at).date().yesterday().ok()?;
    for _ in 0..DAYS {
        // It opens by itself, or because a day is over that was frozen.
        let midnight = zone.at(day, ClockTime::MIDNIGHT);
        let from = span(window, day).map(|(from, _)| from);
        let mut openings: Vec<Timestamp> = [midnight, from]
            .into_iter()
            .flatten()
            .filter(|time| *time > at && is_open(window, *time))
            .collect();
        openings.sort_unstable();
        if let Some(first) = openings.first() {
            return Some(*first);
        }
        day = day.tomorrow().ok()?;
    }
    None
}

/// When it opens and closes on a day; none when it does not.
fn span(window: &Window, day: Date) -> Option<(Timestamp, Timestamp)> {
    // One that begins on a frozen day does not open after it either.
    if is_frozen(window, day) || !window.days.unwrap_or(Weekdays::ALL).has(day) {
        return None;
    }
    let zone = zone(window);
    let from = window.from.unwrap_or(ClockTime::MIDNIGHT);
    let to = window.to.unwrap_or(ClockTime::END);
    let last = if to > from { day } else { day.tomorrow().ok()? };
    Some((zone.at(day, from)?, zone.at(last, to)?))
}

fn is_frozen(window: &Window, day: Date) -> bool {
    window.freeze.iter().any(|span| span.has(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::DaySpan;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn paris(days: &str, from: &str, to: &str, freeze: &[&str]) -> Window {
        Window {
            days: Weekdays::parse(days),
            from: ClockTime::parse(from),
            to: ClockTime::parse(to),
            time_zone: Zone::parse("Europe/Paris"),
            freeze: freeze.iter().map(|span| DaySpan::parse(span).unwrap()).collect(),
        }
    }

    /// The next opening, as the clocks of Paris show it.
    fn opening(window: &Window, after: &str) -> String {
        zone(window).local(next(window, at(after)).unwrap()).strftime("%F %H:%M %Z").to_string()
    }

    #[test]
    fn it_is_open_on_its_days_between_its_times() {
        // 30 November 2026 is a Monday; Paris is an hour ahead of UTC.
        let window = paris("mon-thu", "09:00", "16:00", &[]);
        for (time, is) in [
            ("2026-11-30T07:59:59Z", false),
            ("2026-11-30T08:00:00Z", true),
            ("2026-11-30T14:59:59Z", true),
            ("2026-11-30T15:00:00Z", false),
            ("2026-12-04T10:00:00Z", false),
        ] {
            assert_eq!(is_open(&window, at(time)), is, "{time}");
        }
        assert_eq!(opening(&window, "2026-11-30T07:00:00Z"), "2026-11-30 09:00 CET");
        assert_eq!(opening(&window, "2026-12-03T15:00:00Z"), "2026-12-07 09:00 CET");
        assert!(is_open(&Window::default(), at("2026-12-04T10:00:00Z")), "a window that says nothing");
    }

    #[test]
    fn one_over_midnight_belongs_to_the_day_it_begins_on() {
        let window = paris("fri", "22:00", "04:00", &[]);
        for (time, is) in [
            ("2026-12-04T20:59:59Z", false),
            ("2026-12-04T21:00:00Z", true),
            ("2026-12-05T02:59:59Z", true),
            ("2026-12-05T03:00:00Z", false),
            ("2026-12-04T02:00:00Z", false),
            ("2026-12-05T21:00:00Z", false),
        ] {
            assert_eq!(is_open(&window, at(time)), is, "{time}");
        }
        assert_eq!(opening(&window, "2026-12-05T03:00:00Z"), "2026-12-11 22:00 CET");
    }

    #[test]
    fn frozen_days_are_closed_from_the_first_to_the_last() {
        let window = paris("mon-sun", "09:00", "16:00", &["2026-12-20/2027-01-03", "2027-01-05"]);
        for (time, is) in [
            ("2026-12-19T10:00:00Z", true),
            ("2026-12-20T10:00:00Z", false),
            ("2027-01-03T10:00:00Z", false),
            ("2027-01-04T10:00:00Z", true),
            ("2027-01-05T10:00:00Z", false),
            ("2027-01-06T10:00:00Z", true),
        ] {
            assert_eq!(is_open(&window, at(time)), is, "{time}");
        }
        assert_eq!(opening(&window, "2026-12-19T15:00:00Z"), "2027-01-04 09:00 CET");
        assert_eq!(opening(&window, "2027-01-04T15:00:00Z"), "2027-01-06 09:00 CET");
        let why = closed(&window, at("2026-12-24T10:00:00Z")).unwrap();
        assert_eq!(why, "frozen from 2026-12-20 to 2027-01-03; it opens Mon 2027-01-04 09:00 CET");
    }

    #[test]
    fn the_days_of_a_freeze_are_those_of_its_zone() {
        let window = Window {
            freeze: vec![DaySpan::parse("2026-12-20").unwrap()],
            ..paris("mon-sun", "00:00", "24:00", &[])
        };
        assert!(is_open(&window, at("2026-12-19T22:59:59Z")));
        assert!(!is_open(&window, at("2026-12-19T23:00:00Z")));
        assert!(is_open(&window, at("2026-12-20T23:00:00Z")));
        assert_eq!(opening(&window, "2026-12-20T10:00:00Z"), "2026-12-21 00:00 CET");
        // A window over midnight stops for a day that is frozen, and goes on after it.
        let night = paris("mon-sun", "22:00", "04:00", &["2026-12-20"]);
        assert!(is_open(&night, at("2026-12-19T22:30:00Z")) && !is_open(&night, at("2026-12-19T23:30:00Z")));
        assert_eq!(opening(&night, "2026-12-20T10:00:00Z"), "2026-12-21 22:00 CET");
        assert!(!is_open(&night, at("2026-12-20T21:30:00Z")));
    }

    #[test]
    fn nights_on_which_clocks_change() {
        // 29 March 2026: 02:00 becomes 03:00. What opens at 02:30 opens at 03:30, and is an hour shorter or not open at all.
        let window = paris("sun", "02:30", "04:00", &[]);
        assert_eq!(opening(&window, "2026-03-28T12:00:00Z"), "2026-03-29 03:30 CEST");
        assert!(
            !is_open(&window, at("2026-03-29T01:15:00Z")) && is_open(&window, at("2026-03-29T01:30:00Z"))
        );
        assert!(!is_open(&window, at("2026-03-29T02:00:00Z")));
        // 25 October 2026: 03:00 becomes 02:00. The first 02:30 counts, for both ends.
        let window = paris("sun", "02:30", "04:00", &[]);
        assert!(is_open(&window, at("2026-10-25T00:30:00Z")) && is_open(&window, at("2026-10-25T02:59:59Z")));
        assert!(!is_open(&window, at("2026-10-25T03:00:00Z")));
        let until = paris("sun", "01:00", "02:30", &[]);
        assert!(is_open(&until, at("2026-10-25T00:29:59Z")) && !is_open(&until, at("2026-10-25T00:30:00Z")));
        assert!(!is_open(&until, at("2026-10-25T01:15:00Z")), "the second 02:15 is not in it again");
    }

    #[test]
    fn one_that_never_opens_says_so() {
        let window = paris("mon-sun", "09:00", "16:00", &["2026-01-01/2036-01-01"]);
        assert!(
            closed(&window, at("2026-11-30T10:00:00Z")).unwrap().contains("not open in the next two years")
        );
    }
}
