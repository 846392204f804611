//! Containers as they stand over time: whether one runs on, or only has not ended again yet. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::containers::{Container, Standing};

/// A container without a health check is taken to run when it has run for so long.
const SETTLED: Duration = Duration::from_secs(5);
/// The same when docker started it again: after so long docker, too, takes it for one that runs.
const STEADY: Duration = Duration::from_secs(12);

/// What is known of containers since the first look.
#[derive(Debug, Default)]
pub(crate) struct Watched(BTreeMap<String, Seen>);

#[derive(Debug)]
struct Seen {
    /// How often docker had started it again at the first look.
    restarts: u64,
    started: String,
    /// When that start was, by our clock.
    since: Timestamp,
}

impl Watched {
    /// Before the first look.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes note of how they stand; `engine` is what the engine's clock says, `now` what ours does.
    pub(crate) fn look(&mut self, all: &[Container], engine: Option<Timestamp>, now: Timestamp) {
        for one in all {
            let seen = self.0.entry(one.id.clone()).or_insert_with(|| Seen {
                restarts: one.restarts,
                started: one.started.clone(),
                since: one
                    .started
                    .parse()
                    .ok()
                    .zip(engine)
                    .map_or(now, |(at, engine)| earlier(now, at, engine)),
            });
            if seen.started != one.started {
                seen.started.clone_from(&one.started);
                seen.since = now;
            }
        }
    }

    /// How one stands.
    pub(crate) fn standing(&self, one: &Container, now: Timestamp) -> Standing {
        let Some(seen) = self.0.get(&one.id) else { return one.standing(one.restarts) };
        let standing = one.standing(seen.restarts);
        let ran = Duration::try_from(now.duration_since(seen.since)).unwrap_or_default();
        match standing {
            Standing::Good | Standing::Runs if ran < needed(one, standing) => Standing::NotYet,
            standing => standing,
        }
    }
}

/// Whether one of them has to run for a while before it counts: then it matters when it was started.
pub(crate) fn some_need_time(all: &[Container]) -> bool {
    all.iter().any(|one| !needed(one, one.standing(one.restarts)).is_zero())
}

/// How long it has to run.
fn needed(one: &Container, standing: Standing) -> Duration {
    match standing {
        Standing::Good | Standing::Runs if one.status == "running" && one.restarts > 0 => STEADY,
        Standing::Runs => SETTLED,
        _ => Duration::ZERO,
    }
}

/// When it was started, by our clock.
fn earlier(now: Timestamp, started: Timestamp, engine: Timestamp) -> Timestamp {
    now.checked_sub(engine.duration_since(started)).unwrap_or(now).min(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::docker::containers::containers;

    fn container(restarts: u64, started: &str) -> Vec<Container> {
        let json = format!(
            r#"[{{"Id":"1","Name":"/web","RestartCount":{restarts},"State":{{"Status":"running","ExitCode":0,"StartedAt":"{started}"}},
               "Config":{{}},"HostConfig":{{"RestartPolicy":{{"Name":"always"}}}}}}]"#
        );
        containers(json.as_bytes()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn one_that_goes_round_in_circles_never_settles() {
        let mut watched = Watched::default();
        let mut last = Standing::NotYet;
        for (round, restarts) in (0..9).enumerate() {
            let now = at(4 * i64::try_from(round).unwrap());
            let all = container(restarts, &now.to_string());
            watched.look(&all, Some(now), now);
            assert_ne!(last, Standing::Runs);
            last = watched.standing(&all[0], now + Duration::from_secs(4));
        }
        assert_eq!(last, Standing::Failed);
    }

    #[test]
    fn how_long_it_has_run_is_what_the_engine_says_by_whatever_clock() {
        let started = "2001-01-01T00:00:00.5Z";
        let engine: Timestamp = "2001-01-01T01:00:00Z".parse().unwrap();
        for (restarts, engine, wanted) in [
            (0, Some(engine), Standing::Runs),
            (3, Some(engine), Standing::Runs),
            (0, None, Standing::NotYet),
            (0, started.parse().ok(), Standing::NotYet),
        ] {
            let mut watched = Watched::default();
            let all = container(restarts, started);
            watched.look(&all, engine, at(0));
            assert_eq!(watched.standing(&all[0], at(1)), wanted, "{restarts} {engine:?}");
            assert_eq!(watched.standing(&all[0], at(13)), Standing::Runs);
        }
    }
}
