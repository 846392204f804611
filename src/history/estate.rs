//! Where each environment stands, as far as the runs of a project tell.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::run::{Lane, Run};
use super::state::State;
use super::store::Store;
use crate::config::verbs::{self, Effect};
use crate::ui::event::Changes;

/// What the runs say of an environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Standing {
    /// The last run, whatever it did.
    pub last: Option<Seen>,
    /// The last run that changed something, or tried to.
    pub changed: Option<Seen>,
    /// What the last plan found, unless an apply that went well came after it.
    pub planned: Option<Planned>,
    /// What the last `drift` found, unless an apply that went well came after it.
    pub drift: Option<Drift>,
    /// The machines as the last `state`, `stop` or `start` left them.
    pub machines: Option<Machines>,
}

/// What a look for drift found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Drift {
    /// The number of its run in the history.
    pub run: u64,
    /// When that began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// Something had changed behind terraform's back.
    pub is_found: bool,
}

/// What was last known of the machines.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Machines {
    /// The number of its run in the history.
    pub run: u64,
    /// When that began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// In words: how many run, how many are billed.
    pub summary: String,
}

/// A run of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Seen {
    /// Its number in the history.
    pub run: u64,
    /// The pipeline.
    pub verb: String,
    /// How it ended.
    pub outcome: State,
    /// When it began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// Who started it.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// The commit that was checked out.
    pub commit: Option<String>,
}

/// What a plan found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Planned {
    /// The number of its run in the history.
    pub run: u64,
    /// When that began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// What would change.
    pub changes: Changes,
}

/// Where these environments stand, in their order. Runs are read newest first, until all is known.
pub(crate) fn estate(store: &Store, environments: &[String]) -> Vec<Standing> {
    let mut all = vec![Look::default(); environments.len()];
    for (place, number) in store.numbers().into_iter().rev().enumerate() {
        let Some(run) = store.read(number) else { continue };
        for lane in run.environments.iter().rev() {
            if let Some(at) = environments.iter().position(|name| *name == lane.environment) {
                all[at].take(&run, lane);
            }
        }
        if all.iter().all(|look| look.is_done(place)) {
            break;
        }
    }
    all.into_iter().map(|look| look.found).collect()
}

/// So many runs are read for what few of them say.
const ENOUGH: usize = 200;

#[derive(Debug, Clone, Default)]
struct Look {
    found: Standing,
    /// Older plans say nothing any more.
    has_plan: bool,
    /// Something was applied since.
    is_applied: bool,
}

impl Look {
    fn is_done(&self, place: usize) -> bool {
        // Most projects never look for drift: all of their runs would be read for it.
        let rest = (self.found.drift.is_some() && self.found.machines.is_some()) || place >= ENOUGH;
        self.found.changed.is_some() && self.has_plan && rest
    }

    fn take(&mut self, run: &Run, lane: &Lane) {
        let number = run.run.unwrap_or_default();
        // A plan that is asked about is a lane of its own in the run that applies it.
        let is_question = lane.verb == "plan" && run.verb != "plan";
        let seen = || Seen {
            run: number,
            verb: lane.verb.clone(),
            outcome: lane.outcome,
            started: run.started,
            user: run.user.clone(),
            host: run.host.clone(),
            commit: run.commit.clone(),
        };
        let changes = verbs::find(&lane.verb).is_none_or(|verb| verb.effect >= Effect::Changes);
        if !is_question {
            self.found.last.get_or_insert_with(seen);
            if changes {
                self.found.changed.get_or_insert_with(seen);
            }
        }
        self.machines(run, lane);
        if lane.verb == "drift" && !self.is_applied && matches!(lane.outcome, State::Done | State::Difference)
        {
            let is_found = lane.outcome == State::Difference;
            self.found.drift.get_or_insert(Drift { run: number, started: run.started, is_found });
        }
        self.is_applied |= changes && lane.outcome == State::Done && lane.changes.is_some();
        if self.has_plan || lane.verb == "drift" {
            return;
        }
        if changes && lane.outcome == State::Done && lane.changes.is_some() {
            self.has_plan = true;
        } else if let Some(changes) = lane.changes.filter(|_| !changes && !is_question) {
            self.has_plan = true;
            self.found.planned = Some(Planned { run: number, started: run.started, changes });
        }
    }
}

impl Look {
    fn machines(&mut self, run: &Run, lane: &Lane) {
        let stops = verbs::find(&lane.verb).is_some_and(|verb| verb.effect == Effect::Stops);
        let asks = stops || lane.verb == "state" || lane.verb == "start";
        let said =
            lane.steps.iter().rev().find(|step| step.outcome == State::Done && !step.summary.is_empty());
        if let Some(step) = said.filter(|_| asks) {
            self.found.machines.get_or_insert_with(|| Machines {
                run: run.run.unwrap_or_default(),
                started: run.started,
                summary: step.summary.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(verb: &str, outcome: State, add: Option<u64>) -> Lane {
        let changes = add.map(|add| Changes { add, ..Changes::default() });
        Lane { environment: "dev".into(), verb: verb.into(), outcome, changes, ..Lane::default() }
    }

    /// Newest first.
    fn of(runs: Vec<(&str, Vec<Lane>)>) -> Standing {
        let mut look = Look::default();
        for (index, (verb, lanes)) in runs.into_iter().enumerate() {
            let run = Run { run: Some(100 - index as u64), verb: verb.into(), ..Run::default() };
            lanes.iter().rev().for_each(|lane| look.take(&run, lane));
        }
        look.found
    }

    #[test]
    fn a_plan_counts_until_something_was_applied() {
        let plan = || ("plan", vec![lane("plan", State::Difference, Some(3))]);
        let apply = |outcome| {
            let asked = lane("plan", State::Difference, Some(2));
            ("apply", vec![asked, lane("apply", outcome, Some(2))])
        };
        let later = of(vec![plan(), apply(State::Done)]);
        assert_eq!(later.planned.unwrap().changes.add, 3);
        assert_eq!(later.last.unwrap().verb, "plan");
        assert_eq!(later.changed.unwrap().run, 99);

        assert_eq!(of(vec![apply(State::Done), plan()]).planned, None);
        let failed = of(vec![apply(State::Failed), plan()]);
        assert_eq!(failed.planned.unwrap().run, 99);
        assert_eq!(failed.last.unwrap().outcome, State::Failed);
    }

    #[test]
    fn drift_counts_until_something_was_applied_and_machines_are_as_they_were_left() {
        let drift = |outcome| ("drift", vec![lane("drift", outcome, Some(1))]);
        let state = |summary: &str| {
            let step = super::super::run::Step {
                outcome: State::Done,
                summary: summary.into(),
                ..Default::default()
            };
            ("state", vec![Lane { steps: vec![step], ..lane("state", State::Done, None) }])
        };
        let apply = || ("apply", vec![lane("apply", State::Done, Some(2))]);
        let found = of(vec![state("1 of 2"), drift(State::Difference), state("2 of 2"), apply()]);
        assert!(found.drift.unwrap().is_found);
        assert_eq!(found.machines.unwrap().summary, "1 of 2");
        assert_eq!(found.planned, None, "a look for drift is no plan");
        let found = of(vec![apply(), drift(State::Difference), drift(State::Done)]);
        assert_eq!((found.drift, found.machines), (None, None));
        assert!(!of(vec![drift(State::Done), drift(State::Difference)]).drift.unwrap().is_found);
        assert_eq!(of(vec![drift(State::Failed)]).drift, None);
    }

    #[test]
    fn a_pipeline_of_the_projects_own_is_taken_for_a_change() {
        let found = of(vec![
            ("genenv", vec![lane("genenv", State::Done, None)]),
            ("seed", vec![lane("seed", State::Done, None)]),
        ]);
        assert_eq!(found.last.unwrap().verb, "genenv");
        assert_eq!(found.changed.unwrap().verb, "seed");
    }
}
