//! Tries until it is good, and stays good as long as it has to. Every end has a reason from the other side.

use std::time::Duration;

use regex::Regex;
use tokio::time::Instant;

use super::{Answer, Probe, Probed, once, probe};
use crate::config::step::Wait;
use crate::failure::{Failure, Kind};
use crate::text::{duration, plural};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::{Next, Schedule, pause};
use crate::work::values::Known;

/// Waits. The text says what answered, and at which try.
pub(crate) async fn run(step: &mut StepCx<'_>, wait: &Wait) -> Result<String, Failure> {
    let mut probe = probe(step, wait, &Known::of(step))?;
    let mut tries = Schedule { attempts: wait.attempts, every: wait.every }.begin(step.frame.limit);
    let mut record = Record::default();
    step.progress(format!("1/{}", wait.attempts));
    let (end, last) = loop {
        let number = tries.start();
        let each = step.left().map_or(wait.each, |left| left.min(wait.each));
        let found = once(step, &mut probe, each).await;
        if step.cx.interrupts.is_pressed() {
            return Err(step.interrupted(format!("stopped waiting for {}", probe.what(step))));
        }
        let (next, text, last) = match found {
            Probed::Done(text) => return Ok(text),
            Probed::Good(text) => {
                let held = record.good(Instant::now());
                if held >= wait.hold {
                    return Ok(record.summary(wait, text, number));
                }
                probe.ask_again();
                let text = format!("good for {} of {}", duration(held), duration(wait.hold));
                let last = Answer::new(text.clone(), "give the step a longer `timeout`");
                (tries.next_within(0, wait.hold.saturating_sub(held)), text, last)
            }
            Probed::Never(last) => break (End::Never, last),
            Probed::NotYet(last) | Probed::Unknown(last) => {
                if let Some(end) = record.bad(wait, &last) {
                    break (end, last);
                }
                let text = format!("{}/{}, last: {}", record.bad, wait.attempts, last.text);
                (tries.next_within(record.bad, Duration::MAX), text, last)
            }
        };
        let length = match next {
            Next::Pause(length) => length,
            Next::Last => break (End::Last, last),
            Next::Late => break (End::Late, last),
        };
        step.line(Level::Detail, text.clone());
        step.progress(text);
        if !pause(length, &step.cx.interrupts).await {
            return Err(step.interrupted(format!("stopped waiting for {}", probe.what(step))));
        }
    };
    match &probe {
        Probe::Host(host) => host.explain(step, wait.each).await,
        Probe::Object(objects) => objects.explain(step).await,
        _ => {}
    }
    Err(verdict(&probe.what(step), wait, tries.so_far(), &end, &last))
}

/// Why a wait is given up.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// No further try says anything else.
    Never,
    /// That was the last try.
    Last,
    /// There is no time for another one.
    Late,
    /// It was good, and that was broken too often.
    Broken(u32),
    /// What it says does not get well: the pattern, and the line.
    Hopeless(String, String),
}

/// What came of the tries so far. Pure: it is told the time.
#[derive(Debug, Default)]
struct Record {
    bad: u32,
    breaks: u32,
    good_since: Option<Instant>,
}

impl Record {
    /// A good try; for how long it has been good.
    fn good(&mut self, now: Instant) -> Duration {
        now.duration_since(*self.good_since.get_or_insert(now))
    }

    /// A try that was not good; the end, if it is one.
    fn bad(&mut self, wait: &Wait, last: &Answer) -> Option<End> {
        self.bad += 1;
        if let Some((pattern, line)) = hopeless(&wait.fail_fast, last) {
            return Some(End::Hopeless(pattern, line));
        }
        self.breaks += u32::from(self.good_since.take().is_some());
        wait.at_most.filter(|most| self.breaks > *most).map(|_| End::Broken(self.breaks))
    }

    fn summary(&self, wait: &Wait, text: String, number: u32) -> String {
        let mut all: Vec<String> = Some(text).filter(|text| !text.is_empty()).into_iter().collect();
        match (wait.hold.is_zero(), number) {
            (true, 1) => {}
            (true, number) => all.push(format!("at try {number} of {}", wait.attempts)),
            (false, _) if self.breaks > 0 => {
                let breaks = plural(self.breaks as usize, "break");
                all.push(format!("good for {} after {breaks}", duration(wait.hold)));
            }
            (false, _) => all.push(format!("good for {}", duration(wait.hold))),
        }
        all.join(", ")
    }
}

/// The pattern for what cannot get well that an answer matches, and its line.
fn hopeless(patterns: &[String], answer: &Answer) -> Option<(String, String)> {
    let lines = || answer.text.lines().chain(answer.said.lines());
    patterns.iter().find_map(|pattern| {
        let regex = Regex::new(pattern).ok()?;
        let line = lines().find(|line| regex.is_match(line))?;
        let short: String = line.trim().chars().take(200).collect();
        Some((pattern.clone(), short))
    })
}

/// What was tried, how often, the last answer, and what to check.
fn verdict(what: &str, wait: &Wait, (tries, took): (u32, Duration), end: &End, last: &Answer) -> Failure {
    let mut tried = format!("tried {} in {}", plural(tries as usize, "time"), duration(took));
    if tries > 1 {
        tried.push_str(&format!(", every {}", duration(wait.every)));
    }
    let most = |most: u32| plural(most as usize, "break");
    let why = match end {
        End::Late => {
            tried.push_str(&format!(", of {} at most: the step's `timeout` was over", wait.attempts));
            format!("last answer: {}", last.text)
        }
        End::Broken(breaks) => {
            tried.push_str(&format!(", {} of being good", most(*breaks)));
            format!("at most {} were allowed; last answer: {}", wait.at_most.unwrap_or_default(), last.text)
        }
        End::Hopeless(pattern, line) => format!("what it says does not get well (`{pattern}`): {line}"),
        End::Never | End::Last => format!("last answer: {}", last.text),
    };
    let hold = if wait.hold.is_zero() {
        String::new()
    } else {
        format!(", and to stay so for {}", duration(wait.hold))
    };
    let failure = Failure::new(Kind::Failed, format!("{tried}; {why}"))
        .context(format!("waited in vain for {what}{hold}"));
    last.check.iter().fold(failure, |failure, check| failure.help(check.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Argument;
    use crate::config::step::Until;

    fn wait(hold: u64, at_most: Option<u32>, fail_fast: &[&str]) -> Wait {
        Wait {
            until: Until::Tcp { address: Argument::default() },
            attempts: 30,
            every: Duration::from_secs(5),
            each: Duration::from_secs(10),
            hold: Duration::from_secs(hold),
            at_most,
            fail_fast: fail_fast.iter().map(ToString::to_string).collect(),
        }
    }

    fn answer(text: &str, said: &str) -> Answer {
        Answer { said: said.to_owned(), ..Answer::new(text, "look") }
    }

    #[test]
    fn a_break_begins_the_time_anew_and_too_many_end_it() {
        let (mut record, wait) = (Record::default(), wait(60, Some(1), &[]));
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(record.bad(&wait, &answer("no", "")), None, "it was not good yet");
        assert_eq!(record.good(at(5)), Duration::ZERO);
        assert_eq!(record.good(at(25)), Duration::from_secs(20));
        assert_eq!(record.bad(&wait, &answer("no", "")), None);
        assert_eq!(record.bad(&wait, &answer("no", "")), None, "one break, however long");
        assert_eq!(record.good(at(40)), Duration::ZERO);
        assert_eq!(record.good(at(100)), Duration::from_secs(60));
        assert_eq!(
            record.summary(&wait, "status 200".into(), 9),
            "status 200, good for 1m 00s after 1 break"
        );
        assert_eq!(record.bad(&wait, &answer("no", "")), Some(End::Broken(2)));
        let why = verdict("x", &wait, (9, Duration::from_secs(100)), &End::Broken(2), &answer("gone", ""));
        assert_eq!(
            format!("{:#}", why.error),
            "waited in vain for x, and to stay so for 1m 00s: tried 9 times in 1m 40s, every 5.0 s, 2 breaks of being good; \
             at most 1 were allowed; last answer: gone"
        );
    }

    #[test]
    fn what_does_not_get_well_ends_it_with_the_line_that_says_so() {
        let (mut record, wait) = (Record::default(), wait(0, None, &["^FATAL", "denied"]));
        assert_eq!(record.bad(&wait, &answer("exit code 1", "starting\nnot FATAL yet")), None);
        let end = record.bad(&wait, &answer("exit code 1", "starting\nFATAL: no disk\n"));
        assert_eq!(end, Some(End::Hopeless("^FATAL".into(), "FATAL: no disk".into())));
        let end = record.bad(&wait, &answer("permission denied", ""));
        assert_eq!(end, Some(End::Hopeless("denied".into(), "permission denied".into())));
    }
}
