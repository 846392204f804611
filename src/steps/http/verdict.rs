//! What an answer means for the step. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::model::{Http, OneOrMany, Status};
use crate::net::http::{Reply, Trouble, status};
use crate::text::duration;

/// How often a request is sent that may be sent again, the first time included.
const TRIES: u32 = 3;
/// The longest time that a service may ask to be left alone.
const PATIENCE: Duration = Duration::from_secs(60);

/// The status that counts, and the one that says that it was done already.
pub(super) struct Wanted {
    pub(super) done: Vec<Status>,
    pub(super) already: Vec<Status>,
}

impl Wanted {
    pub(super) fn of(http: &Http) -> Wanted {
        let all =
            |status: &Option<OneOrMany<Status>>| status.clone().map(OneOrMany::into_vec).unwrap_or_default();
        let mut done = all(&http.status);
        if done.is_empty() {
            done.push(Status { first: 200, last: 299 });
        }
        Wanted { done, already: all(&http.already) }
    }

    pub(super) fn shown(&self) -> String {
        statuses(self.done.iter().chain(&self.already))
    }
}

/// `200-299 or 409`.
pub(crate) fn statuses<'a>(ranges: impl IntoIterator<Item = &'a Status>) -> String {
    ranges.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done: a few words.
    Done(String),
    /// It may be sent again after this pause.
    Again(Duration, String),
    /// It has failed.
    Failed { why: String, check: Vec<String> },
}

/// The try under way, from 1, and whether another one does no harm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    pub(super) number: u32,
    pub(super) is_repeatable: bool,
}

impl Try {
    /// The pause before the next one, when there may be one.
    fn pause(self, asked: Option<Duration>) -> Option<Duration> {
        let pause = asked.unwrap_or(Duration::from_secs(1 << self.number.min(6)) / 2);
        Some(pause).filter(|pause| self.is_repeatable && self.number < TRIES && *pause <= PATIENCE)
    }
}

/// What an answer, or none, means.
pub(super) fn judge(wanted: &Wanted, this: Try, result: &Result<Reply, Trouble>, now: Timestamp) -> Verdict {
    let reply = match result {
        Ok(reply) => reply,
        Err(trouble) => return of_trouble(this, trouble),
    };
    let code = reply.status;
    if wanted.done.iter().any(|range| range.holds(code)) {
        return Verdict::Done(format!("status {code}"));
    }
    if wanted.already.iter().any(|range| range.holds(code)) {
        return Verdict::Done(format!("status {code}: done already"));
    }
    let why = format!("status {}, not {}", status(code), wanted.shown());
    let asked = reply.retry_after(now);
    if matches!(code, 429 | 502..=504)
        && let Some(pause) = this.pause(asked)
    {
        return Verdict::Again(pause, why);
    }
    let check = match (code, reply.header("location"), asked) {
        (300..=399, Some(to), _) => format!("set `redirects = true`, or name the address it names: {to}"),
        (401 | 403, ..) => {
            "check the `headers`: the service wants to know who asks, or does not let them".to_owned()
        }
        (404, ..) => "check the path, and which site the server shows by default".to_owned(),
        (405 | 501, ..) => "check the `method`: the service does not do that there".to_owned(),
        (409 | 412, ..) => format!("write `already = {code}` if that says that it is done"),
        (_, _, Some(asked)) => format!("wait: the service asks to be left alone for {}", duration(asked)),
        (502..=504, ..) => "look at the log of the service behind the proxy".to_owned(),
        _ => "look at the answer, and at the service's log".to_owned(),
    };
    Verdict::Failed { why, check: vec![check] }
}

fn of_trouble(this: Try, trouble: &Trouble) -> Verdict {
    let why = trouble.answer.text.clone();
    if !trouble.was_sent
        && !trouble.answer.is_final
        && let Some(pause) = this.pause(None)
    {
        return Verdict::Again(pause, why);
    }
    let mut check = trouble.answer.check.clone();
    if trouble.was_sent && !this.is_repeatable {
        check.push(
            "look first whether it was done there: it may have been, and would be done twice".to_owned(),
        );
    }
    Verdict::Failed { why, check }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAFE: Try = Try { number: 1, is_repeatable: true };
    const ONCE: Try = Try { number: 1, is_repeatable: false };

    fn verdict(code: u16, after: Option<&str>, this: Try) -> Verdict {
        let range = |text| vec![Status::parse(text).unwrap()];
        let wanted = Wanted { done: range("200-299"), already: range("409") };
        let headers = after.iter().map(|after| ("retry-after".parse().unwrap(), after.parse().unwrap()));
        let reply = Reply { status: code, headers: headers.collect(), body: Vec::new() };
        judge(&wanted, this, &Ok(reply), "2026-11-28T18:00:00Z".parse().unwrap())
    }

    fn pause(verdict: &Verdict) -> Option<u64> {
        match verdict {
            Verdict::Again(pause, _) => Some(pause.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn what_is_done_is_done_once() {
        assert_eq!(verdict(204, None, ONCE), Verdict::Done("status 204".into()));
        assert_eq!(verdict(409, None, ONCE), Verdict::Done("status 409: done already".into()));
        let Verdict::Failed { why, .. } = verdict(503, None, ONCE) else { panic!() };
        assert_eq!(why, "status 503 Service Unavailable, not 200-299 or 409");
    }

    #[test]
    fn only_what_does_no_harm_is_sent_again() {
        for (code, wanted) in
            [(429, Some(1)), (502, Some(1)), (503, Some(1)), (504, Some(1)), (500, None), (404, None)]
        {
            assert_eq!(pause(&verdict(code, None, SAFE)), wanted, "{code}");
            assert_eq!(pause(&verdict(code, None, ONCE)), None, "{code}");
        }
        assert_eq!(pause(&verdict(503, None, Try { number: 2, ..SAFE })), Some(2));
        assert_eq!(pause(&verdict(503, None, Try { number: 3, ..SAFE })), None);
    }

    #[test]
    fn a_service_says_how_long_it_wants_to_be_left_alone() {
        assert_eq!(pause(&verdict(429, Some("7"), SAFE)), Some(7));
        assert_eq!(pause(&verdict(503, Some("Sat, 28 Nov 2026 18:00:09 GMT"), SAFE)), Some(9));
        let Verdict::Failed { check, .. } = verdict(429, Some("3600"), SAFE) else { panic!() };
        assert_eq!(check, ["wait: the service asks to be left alone for 1h 00m"]);
    }

    #[test]
    fn nobody_knows_what_became_of_what_was_sent() {
        let trouble =
            |was_sent| Trouble { answer: crate::net::answer::Answer::new("gone", "look"), was_sent };
        assert_eq!(pause(&of_trouble(SAFE, &trouble(false))), Some(1));
        assert_eq!(pause(&of_trouble(SAFE, &trouble(true))), None);
        assert_eq!(pause(&of_trouble(ONCE, &trouble(false))), None);
        let Verdict::Failed { check, .. } = of_trouble(ONCE, &trouble(true)) else { panic!() };
        assert!(check[1].contains("done twice"), "{check:?}");
    }
}
