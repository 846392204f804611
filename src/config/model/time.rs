//! Times as they are written: zones, times of the day, moments, days of the week, spans of days.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, de};

/// A time zone by its name, checked: `Europe/Paris`, `UTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub(crate) TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Zone(TimeZone::UTC)
    }
}

impl Zone {
    pub(crate) fn parse(written: &str) -> Option<Zone> {
        // `posixrules` and the like are files of the database, and no places.
        let is_name = written.starts_with(|c: char| c.is_ascii_uppercase());
        is_name.then(|| TimeZone::get(written).ok().map(Zone)).flatten()
    }

    /// When the clocks there show this; what they never show comes later by what they skip, what they show twice is the
    /// first of both.
    pub(crate) fn at(&self, date: Date, clock: ClockTime) -> Option<Timestamp> {
        let (date, time) = match clock.0 {
            // The end of the day is the beginning of the next one.
            ClockTime::DAY => (date.tomorrow().ok()?, Time::midnight()),
            minutes => (
                date,
                Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?,
            ),
        };
        date.to_datetime(time).to_zoned(self.0.clone()).ok().map(|zoned| zoned.timestamp())
    }

    /// What the clocks there show.
    pub(crate) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.0.clone())
    }

    /// For people: `2026-12-01 18:00 CET`.
    pub(crate) fn shown(&self, at: Timestamp) -> String {
        self.local(at).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
    }
}

/// A time of the day, to the minute: `09:00`; the end of the day is `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(u16);

impl ClockTime {
    /// So many minutes have a day, as clocks have it.
    const DAY: u16 = 24 * 60;
    /// The beginning of a day.
    pub(crate) const MIDNIGHT: ClockTime = ClockTime(0);
    /// Its end.
    pub(crate) const END: ClockTime = ClockTime(ClockTime::DAY);

    pub(crate) fn parse(written: &str) -> Option<ClockTime> {
        let (hours, minutes) = written.split_once(':')?;
        let number = |text: &str| {
            let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_two.then(|| text.parse::<u16>().ok()).flatten()
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let all = hours * 60 + minutes;
        (minutes < 60 && all <= ClockTime::DAY).then_some(ClockTime(all))
    }
}

/// A moment: one for good, or one of every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2026-12-01T18:00:00+01:00`.
    At(Timestamp),
    /// `18:00`.
    Daily(ClockTime),
}

impl Moment {
    pub(crate) fn parse(written: &str) -> Option<Moment> {
        let daily = ClockTime::parse(written).map(Moment::Daily);
        daily.or_else(|| written.parse().ok().map(Moment::At))
    }

    /// The first one after a time.
    pub(crate) fn after(self, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
        match self {
            Moment::At(moment) => Some(moment),
            Moment::Daily(clock) => {
                let today = zone.local(at).date();
                // Of three, since a clock that skips an hour may put the one of yesterday after midnight.
                let days = [today.yesterday().ok(), Some(today), today.tomorrow().ok()];
                days.into_iter().flatten().filter_map(|day| zone.at(day, clock)).find(|moment| *moment > at)
            }
        }
    }
}

/// Days of the week: `mon-thu`, `mon,wed,sat-sun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays([bool; 7]);

impl Weekdays {
    /// All of them.
    pub(crate) const ALL: Weekdays = Weekdays([true; 7]);
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    pub(crate) fn parse(written: &str) -> Option<Weekdays> {
        let number = |name: &str| Weekdays::NAMES.iter().position(|known| *known == name.trim());
        let mut days = [false; 7];
        for part in written.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut at, last) = (number(first)?, number(last)?);
            days[at] = true;
            while at != last {
                at = (at + 1) % 7;
                days[at] = true;
            }
        }
        Some(Weekdays(days))
    }

    /// Whether a day is one of them.
    pub(crate) fn has(self, date: Date) -> bool {
        let number = date.weekday().to_monday_zero_offset();
        usize::try_from(number).ok().and_then(|at| self.0.get(at)).copied().unwrap_or(false)
    }
}

/// Days, the first and the last one included: `2026-12-20/2027-01-03`, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// The first one.
    pub(crate) first: Date,
    /// The last one.
    pub(crate) last: Date,
}

impl DaySpan {
    pub(crate) fn parse(written: &str) -> Option<DaySpan> {
        let (first, last) = written.split_once('/').unwrap_or((written, written));
        let span = DaySpan { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? };
        (span.first <= span.last).then_some(span)
    }

    /// Whether a day is one of them.
    pub(crate) fn has(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }
}

/// Text that was checked before: by `config/format.rs`.
fn checked<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let written = String::deserialize(deserializer)?;
    parse(&written).ok_or_else(|| de::Error::custom(format!("`{written}` is no time")))
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, Zone::parse)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, ClockTime::parse)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, Moment::parse)
    }
}

impl<'de> Deserialize<'de> for Weekdays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, Weekdays::parse)
    }
}

impl<'de> Deserialize<'de> for DaySpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, DaySpan::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for wrong in ["9:00", "09:60", "24:01", "0900", "09:00:00", "", "ab:cd", "+9:00"] {
            assert_eq!(ClockTime::parse(wrong), None, "{wrong}");
        }
        assert_eq!(ClockTime::parse("24:00"), Some(ClockTime::END));
        for wrong in ["", "mo", "mon-", "mon,", "monday", "mon-thu-sun"] {
            assert_eq!(Weekdays::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Weekdays::parse("mon-sun"), Some(Weekdays::ALL));
        assert_eq!(
            Weekdays::parse("sat-mon, wed"),
            Some(Weekdays([true, false, true, false, false, true, true]))
        );
        for wrong in ["2026-12-20/2026-12-19", "2026-13-01", "/", "2026-12-20/"] {
            assert_eq!(DaySpan::parse(wrong), None, "{wrong}");
        }
        for wrong in ["Europe/Pari", "", "local", "../etc/passwd", "Europe", "posixrules"] {
            assert_eq!(Zone::parse(wrong), None, "{wrong}");
        }
        for zone in ["UTC", "Europe/Paris", "America/New_York", "Etc/GMT+3"] {
            assert!(Zone::parse(zone).is_some(), "{zone}");
        }
        assert_eq!(Moment::parse("2026-12-01T18:00:00"), None, "of which zone?");
    }

    #[test]
    fn a_missing_hour_moves_forward_and_a_double_one_takes_the_first() {
        let zone = Zone::parse("Europe/Paris").unwrap();
        let daily = Moment::parse("02:30").unwrap();
        // On 29 March 2026 clocks go from 02:00 to 03:00, on 25 October from 03:00 to 02:00.
        assert_eq!(daily.after(at("2026-03-28T22:00:00Z"), &zone), Some(at("2026-03-29T01:30:00Z")));
        assert_eq!(daily.after(at("2026-10-24T22:00:00Z"), &zone), Some(at("2026-10-25T00:30:00Z")));
        // The second time on that night it is over: the next one is tomorrow's.
        assert_eq!(daily.after(at("2026-10-25T00:45:00Z"), &zone), Some(at("2026-10-26T01:30:00Z")));
        assert_eq!(daily.after(at("2026-10-25T00:30:00Z"), &zone), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn the_next_one_of_every_day_may_be_tomorrow() {
        let zone = Zone::parse("Europe/Paris").unwrap();
        let daily = Moment::parse("18:00").unwrap();
        assert_eq!(daily.after(at("2026-12-01T16:59:00Z"), &zone), Some(at("2026-12-01T17:00:00Z")));
        assert_eq!(daily.after(at("2026-12-01T17:00:00Z"), &zone), Some(at("2026-12-02T17:00:00Z")));
        let midnight = Moment::parse("24:00").unwrap();
        assert_eq!(midnight.after(at("2026-12-01T22:30:00Z"), &zone), Some(at("2026-12-01T23:00:00Z")));
        let fixed = Moment::parse("2026-12-01T18:00:00+01:00").unwrap();
        assert_eq!(fixed.after(at("2027-01-01T00:00:00Z"), &zone), Some(at("2026-12-01T17:00:00Z")));
    }
}
