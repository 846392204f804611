//! Trying until something is good: how often, how far apart, and never a sleep after the last try.
//!
//! Waits and retries share this. The arithmetic is pure ([`Schedule::after`]); [`pause`] only sleeps.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::exec::Interrupts;

/// How often something is tried, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// How often, the first time included.
    pub attempts: u32,
    /// From the start of one try to the start of the next.
    pub every: Duration,
}

/// What comes after a try that was not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next try begins after this pause.
    Pause(Duration),
    /// That was the last one.
    Last,
    /// There are tries left, but the next one would begin after the time limit.
    Late,
}

impl Schedule {
    /// What comes after try number `number` (from 1), which took `took`; `left` is what remains of a time limit.
    pub(crate) fn after(&self, number: u32, took: Duration, left: Option<Duration>) -> Next {
        if number >= self.attempts {
            return Next::Last;
        }
        let pause = self.every.saturating_sub(took);
        if left.is_some_and(|left| pause >= left) { Next::Late } else { Next::Pause(pause) }
    }

    /// The first try comes next; none begins after the limit.
    pub(crate) fn begin(self, limit: Option<Instant>) -> Tries {
        let now = Instant::now();
        Tries { schedule: self, limit, begun: now, started: now, number: 0 }
    }
}

/// Tries under way.
#[derive(Debug)]
pub(crate) struct Tries {
    schedule: Schedule,
    limit: Option<Instant>,
    begun: Instant,
    started: Instant,
    number: u32,
}

impl Tries {
    /// A try begins; its number, from 1.
    pub(crate) fn start(&mut self) -> u32 {
        self.started = Instant::now();
        self.number += 1;
        self.number
    }

    /// What comes after the try that was just not good.
    pub(crate) fn next(&self) -> Next {
        self.next_within(self.number, Duration::MAX)
    }

    /// The same when so many tries count, after a pause of at most so long.
    pub(crate) fn next_within(&self, number: u32, longest: Duration) -> Next {
        let left = self.limit.map(|limit| limit.saturating_duration_since(Instant::now()));
        let took = self.started.elapsed();
        let every = self.schedule.every.min(longest.saturating_add(took));
        Schedule { every, ..self.schedule }.after(number, took, left)
    }

    /// How many there were, and how long they took together.
    pub(crate) fn so_far(&self) -> (u32, Duration) {
        (self.number, self.begun.elapsed())
    }
}

/// The next pause where they grow: what is over soon is seen soon.
pub(crate) fn longer(pause: Duration, longest: Duration) -> Duration {
    pause.mul_f64(1.5).min(longest)
}

/// Sleeps; false when the user asks to stop.
pub(crate) async fn pause(length: Duration, interrupts: &Interrupts) -> bool {
    let until = Instant::now() + length;
    tokio::select! {
        biased;
        () = interrupts.pressed() => false,
        () = sleep_until(until) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::Press;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule(attempts: u32, every: u64) -> Schedule {
        Schedule { attempts, every: Duration::from_secs(every) }
    }

    #[test]
    fn pauses_grow_by_half_up_to_the_longest() {
        assert_eq!(longer(2 * SECOND, 10 * SECOND), 3 * SECOND);
        assert_eq!(longer(8 * SECOND, 10 * SECOND), 10 * SECOND);
    }

    #[test]
    fn an_interval_is_measured_from_start_to_start() {
        let five = schedule(3, 5);
        assert_eq!(five.after(1, SECOND, None), Next::Pause(4 * SECOND));
        assert_eq!(five.after(1, 5 * SECOND, None), Next::Pause(Duration::ZERO));
        assert_eq!(five.after(2, 9 * SECOND, None), Next::Pause(Duration::ZERO));
    }

    #[test]
    fn nothing_comes_after_the_last_try_or_after_the_limit() {
        let five = schedule(3, 5);
        assert_eq!(five.after(3, SECOND, None), Next::Last);
        assert_eq!(schedule(1, 5).after(1, SECOND, None), Next::Last);
        assert_eq!(five.after(1, SECOND, Some(4 * SECOND)), Next::Late);
        assert_eq!(five.after(1, SECOND, Some(5 * SECOND)), Next::Pause(4 * SECOND));
    }

    /// Each try takes a second; the starts of all tries and the end of the run, in milliseconds.
    async fn starts(schedule: Schedule, limit: Option<Duration>, good_at: u32) -> (Vec<u128>, u128, String) {
        let begun = Instant::now();
        let mut tries = schedule.begin(limit.map(|limit| begun + limit));
        let mut starts = Vec::new();
        let ended = loop {
            let number = tries.start();
            starts.push(begun.elapsed().as_millis());
            tokio::time::sleep(SECOND).await;
            if number == good_at {
                break format!("good at {number}");
            }
            match tries.next() {
                Next::Pause(length) => assert!(pause(length, &Interrupts::deaf()).await),
                other => break format!("{} tries, {other:?}", tries.so_far().0),
            }
        };
        (starts, begun.elapsed().as_millis(), ended)
    }

    #[tokio::test(start_paused = true)]
    async fn tries_start_every_so_often_and_end_with_the_last() {
        assert_eq!(
            starts(schedule(4, 5), None, 9).await,
            (vec![0, 5000, 10000, 15000], 16000, "4 tries, Last".to_owned())
        );
        assert_eq!(starts(schedule(4, 5), None, 2).await, (vec![0, 5000], 6000, "good at 2".to_owned()));
        assert_eq!(
            starts(schedule(4, 5), Some(12 * SECOND), 9).await,
            (vec![0, 5000, 10000], 11000, "3 tries, Late".to_owned())
        );
        assert_eq!(starts(schedule(1, 5), None, 9).await, (vec![0], 1000, "1 tries, Last".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_user_ends_a_pause_at_once() {
        let interrupts = Interrupts::deaf();
        let begun = Instant::now();
        let presser = interrupts.clone();
        let press = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            presser.press(Press::Int);
        };
        let (went_on, ()) = tokio::join!(pause(60 * SECOND, &interrupts), press);
        assert!(!went_on);
        assert_eq!(begun.elapsed().as_millis(), 300);
        assert!(!pause(Duration::ZERO, &interrupts).await, "once asked, no other try");
    }
}
