//! How long an environment with a `[ttl]` stays up, by its records. Pure.

use jiff::Timestamp;

use super::record::{Line, What};
use crate::config::model::{Ttl, TtlAction};

/// What the records say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The last run that brought it up, or began to.
    up: Option<Seen>,
    /// What took it down after that.
    down: Option<Down>,
    /// The last moment that somebody has given it since then.
    extended: Option<Timestamp>,
}

/// A run that changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The verb.
    pub verb: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// How it was taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Down {
    /// By which run.
    pub seen: Seen,
    /// Nothing of it is left; else it is stopped.
    pub is_destroyed: bool,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// No record says that infractl has brought it up.
    Unknown,
    /// It was brought up at a time that is still to come: a clock is wrong.
    Ahead(Seen),
    /// It is as it would be at its end already.
    Down(Down),
    /// It may stay until then.
    Until(Timestamp),
    /// Its end was then.
    Over(Timestamp),
}

impl Lease {
    /// Takes the next line of the records.
    pub(super) fn take(&mut self, line: &Line) {
        let seen = |verb: &String| Seen { verb: verb.clone(), at: line.at, by: line.by.clone() };
        match &line.what {
            What::Up { verb } => {
                // What was given to what is gone is gone with it.
                let extended = self.extended.filter(|_| self.down.is_none());
                *self = Lease { up: Some(seen(verb)), down: None, extended };
            }
            What::Down { verb, destroyed } => {
                self.down = Some(Down { seen: seen(verb), is_destroyed: *destroyed });
            }
            What::Extended { until } => self.extended = self.extended.max(Some(*until)),
            _ => {}
        }
    }

    /// Where it stands at a time.
    pub(crate) fn term(&self, ttl: &Ttl, now: Timestamp) -> Term {
        let Some(up) = &self.up else { return Term::Unknown };
        let wanted = ttl.action.unwrap_or_default();
        if let Some(down) =
            self.down.as_ref().filter(|down| down.is_destroyed || wanted != TtlAction::Destroy)
        {
            return Term::Down(down.clone());
        }
        if up.at > now {
            return Term::Ahead(up.clone());
        }
        match self.end(ttl, up) {
            // Further away than times go.
            None => Term::Until(Timestamp::MAX),
            Some(end) if end > now => Term::Until(end),
            Some(end) => Term::Over(end),
        }
    }

    /// The first end that `[ttl]` says, unless somebody has given it more.
    fn end(&self, ttl: &Ttl, up: &Seen) -> Option<Timestamp> {
        let zone = ttl.time_zone.clone().unwrap_or_default();
        let after = ttl.after.and_then(|period| up.at.checked_add(period.0).ok());
        let until = ttl.until.and_then(|moment| moment.after(up.at, &zone));
        let first = after.into_iter().chain(until).min()?;
        Some(self.extended.map_or(first, |extended| first.max(extended)))
    }

    /// The run that brought it up.
    pub(crate) fn up(&self) -> Option<&Seen> {
        self.up.as_ref()
    }

    /// Somebody has given it more time.
    pub(crate) fn is_extended(&self) -> bool {
        self.extended.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::record::SCHEMA;
    use super::*;
    use crate::config::model::{Moment, Period, Zone};

    fn at(text: &str) -> Timestamp {
        format!("2026-12-{text}Z").parse().unwrap()
    }

    fn lease(lines: &[(&str, What)]) -> Lease {
        let mut lease = Lease::default();
        for (time, what) in lines {
            let line = Line {
                schema: SCHEMA,
                number: 1,
                at: at(time),
                by: "ada".to_owned(),
                host: "ci".to_owned(),
                run: None,
                what: what.clone(),
                before: String::new(),
            };
            lease.take(&Line::read(&line.text()).unwrap());
        }
        lease
    }

    fn up(time: &str) -> (&str, What) {
        (time, What::Up { verb: "apply".to_owned() })
    }

    fn down(time: &str, destroyed: bool) -> (&str, What) {
        (time, What::Down { verb: "stop".to_owned(), destroyed })
    }

    fn extended<'a>(time: &'a str, until: &str) -> (&'a str, What) {
        (time, What::Extended { until: at(until) })
    }

    fn hours(hours: u64) -> Ttl {
        Ttl { after: Some(Period(Duration::from_secs(hours * 3600))), ..Ttl::default() }
    }

    #[test]
    fn it_counts_from_what_brought_it_up_last() {
        let now = at("01T20:00:00");
        assert_eq!(lease(&[]).term(&hours(8), now), Term::Unknown);
        assert_eq!(lease(&[down("01T08:00:00", true)]).term(&hours(8), now), Term::Unknown);
        let one = lease(&[up("01T08:00:00")]);
        assert_eq!(one.term(&hours(8), now), Term::Over(at("01T16:00:00")));
        assert_eq!(one.term(&hours(8), at("01T15:59:59")), Term::Until(at("01T16:00:00")));
        assert_eq!(one.term(&hours(8), at("01T16:00:00")), Term::Over(at("01T16:00:00")));
        let twice = lease(&[up("01T08:00:00"), up("01T13:00:00")]);
        assert_eq!(twice.term(&hours(8), now), Term::Until(at("01T21:00:00")));
    }

    #[test]
    fn what_is_down_has_no_end_unless_it_is_to_be_gone() {
        let now = at("02T20:00:00");
        let stopped = lease(&[up("01T08:00:00"), down("01T10:00:00", false)]);
        assert!(matches!(stopped.term(&hours(8), now), Term::Down(_)));
        let gone = Ttl { action: Some(TtlAction::Destroy), ..hours(8) };
        assert_eq!(stopped.term(&gone, now), Term::Over(at("01T16:00:00")));
        let destroyed = lease(&[up("01T08:00:00"), down("01T10:00:00", true)]);
        assert!(matches!(destroyed.term(&gone, now), Term::Down(_)));
        assert!(matches!(destroyed.term(&hours(8), now), Term::Down(_)));
        let again = lease(&[up("01T08:00:00"), down("01T10:00:00", true), up("02T19:00:00")]);
        assert_eq!(again.term(&gone, now), Term::Until(at("03T03:00:00")));
    }

    #[test]
    fn an_extension_only_adds_and_ends_with_what_it_was_for() {
        let now = at("01T20:00:00");
        let more = lease(&[up("01T08:00:00"), extended("01T15:00:00", "01T22:00:00")]);
        assert_eq!(more.term(&hours(8), now), Term::Until(at("01T22:00:00")));
        assert_eq!(more.term(&hours(48), now), Term::Until(at("03T08:00:00")));
        // An apply in between takes nothing of it.
        let applied = lease(&[up("01T08:00:00"), extended("01T09:00:00", "02T08:00:00"), up("01T10:00:00")]);
        assert_eq!(applied.term(&hours(8), now), Term::Until(at("02T08:00:00")));
        let shorter = lease(&[
            up("01T08:00:00"),
            extended("01T15:00:00", "01T22:00:00"),
            extended("01T15:00:00", "01T21:00:00"),
        ]);
        assert_eq!(shorter.term(&hours(8), now), Term::Until(at("01T22:00:00")));
        let anew = lease(&[
            up("01T08:00:00"),
            extended("01T09:00:00", "09T08:00:00"),
            down("01T09:30:00", true),
            up("01T10:00:00"),
        ]);
        assert_eq!(anew.term(&hours(8), now), Term::Over(at("01T18:00:00")));
    }

    #[test]
    fn what_comes_first_counts_and_a_wrong_clock_counts_nothing() {
        let one = lease(&[up("01T08:00:00")]);
        let until = |text: &str| Moment::parse(text);
        let both = Ttl { until: until("18:00"), time_zone: Zone::parse("Europe/Paris"), ..hours(12) };
        assert_eq!(one.term(&both, at("01T09:00:00")), Term::Until(at("01T17:00:00")));
        let both = Ttl { until: until("18:00"), ..hours(3) };
        assert_eq!(one.term(&both, at("01T09:00:00")), Term::Until(at("01T11:00:00")));
        let fixed = Ttl { until: until("2026-12-01T07:00:00Z"), ..Ttl::default() };
        assert_eq!(one.term(&fixed, at("01T09:00:00")), Term::Over(at("01T07:00:00")));
        assert!(matches!(one.term(&hours(0), at("01T07:59:59")), Term::Ahead(_)));
        let never = Ttl { after: Some(Period(Duration::from_secs(u64::MAX / 2))), ..Ttl::default() };
        assert_eq!(one.term(&never, at("01T09:00:00")), Term::Until(Timestamp::MAX));
    }
}
