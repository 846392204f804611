//! What the records of an environment come to. Pure.

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::lease::Lease;
use super::record::{Begun, Line, What};
use crate::config::model::Migrations;
use crate::history::State;
use crate::steps::traffic::Weights;

/// A deployment, of all the lines about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Deployment {
    /// The number of the record that it begins with.
    pub number: u64,
    /// When it began, UTC.
    pub began: Timestamp,
    /// When it ended, UTC; none if it goes on, or was killed.
    pub ended: Option<Timestamp>,
    /// Who.
    pub by: String,
    /// On which machine.
    pub host: String,
    /// The run in the history of that machine.
    pub run: Option<u64>,
    /// What did it.
    pub verb: String,
    /// The tag.
    pub release: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Files differed from the commit.
    pub dirty: bool,
    /// For people: the tag, else the commit.
    #[serde(skip)]
    pub name: String,
    /// `running` when it has no end.
    pub outcome: State,
    /// By name and digest.
    pub images: IndexMap<String, String>,
    /// The snapshot that it made.
    pub snapshot: Option<String>,
    /// All was well with it, at this time.
    pub verified: Option<Timestamp>,
    /// The environment that it came from.
    pub from: Option<String>,
    /// The deployment that it went back from.
    pub leaves: Option<u64>,
    /// The run of a forge that it belongs to.
    pub job: Option<String>,
    /// A later one went back from it.
    pub is_left: bool,
    /// What `[release] migrations` said.
    pub migrations: Option<Migrations>,
    /// Why it was done outside of the window of the environment.
    pub outside_window: Option<String>,
}

impl Deployment {
    fn new(line: &Line, begun: &Begun) -> Deployment {
        Deployment {
            number: line.number,
            began: line.at,
            ended: None,
            by: line.by.clone(),
            host: line.host.clone(),
            run: line.run,
            verb: begun.verb.clone(),
            release: begun.of.release.clone(),
            commit: begun.of.commit.clone(),
            dirty: begun.of.dirty,
            name: begun.of.name(),
            outcome: State::Running,
            images: IndexMap::new(),
            snapshot: None,
            verified: None,
            from: begun.from.clone(),
            leaves: begun.leaves,
            job: begun.job.clone(),
            is_left: false,
            migrations: begun.migrations,
            outside_window: begun.outside_window.clone(),
        }
    }

    /// It ended well.
    pub(crate) fn is_done(&self) -> bool {
        self.outcome == State::Done
    }

    /// Both are the same release and the same images.
    pub(crate) fn is_same_as(&self, other: &Deployment) -> bool {
        let what = |one: &Deployment| (one.commit.clone(), one.dirty, one.images.clone());
        what(self) == what(other)
    }
}

/// What the records come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// All deployments, the oldest first.
    pub deployments: Vec<Deployment>,
    /// Why nothing may be deployed.
    pub frozen: Option<String>,
    /// Rollouts that are not over, by the name of the route.
    pub open: IndexMap<String, Open>,
    /// Since when it is up, and how long it may be.
    pub lease: Lease,
}

/// A rollout that is not over: its run goes on, was killed, or left traffic shared between both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Open {
    /// When the shares were changed first, UTC.
    pub since: Timestamp,
    /// Who.
    pub by: String,
    /// On which machine.
    pub host: String,
    /// What was there before.
    pub before: Weights,
}

impl Standing {
    /// Of these lines.
    pub(crate) fn of(lines: &[Line]) -> Standing {
        let mut standing = Standing::default();
        for line in lines {
            standing.take(line);
        }
        standing
    }

    fn take(&mut self, line: &Line) {
        self.lease.take(line);
        match &line.what {
            What::Began(begun) => {
                if let Some(left) = begun.leaves.and_then(|number| self.find(number)) {
                    left.is_left = true;
                }
                self.deployments.push(Deployment::new(line, begun));
            }
            What::Deployed(ended) => {
                if let Some(deployment) = self.find(ended.deployment) {
                    deployment.ended = Some(line.at);
                    deployment.outcome = ended.outcome;
                    deployment.images.clone_from(&ended.images);
                    deployment.snapshot.clone_from(&ended.snapshot);
                }
            }
            What::Verified { deployment } => {
                if let Some(deployment) = self.find(*deployment) {
                    deployment.verified = Some(line.at);
                }
            }
            What::Frozen { why, .. } => self.frozen = Some(why.clone()),
            What::Thawed => self.frozen = None,
            What::Moves(moves) => {
                let open = Open {
                    since: line.at,
                    by: line.by.clone(),
                    host: line.host.clone(),
                    before: moves.weights,
                };
                self.open.entry(moves.route.clone()).or_insert(open);
            }
            What::Settled(moves) => drop(self.open.shift_remove(&moves.route)),
            What::Up { .. } | What::Down { .. } | What::Extended { .. } | What::Unknown => {}
        }
    }

    fn find(&mut self, number: u64) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.number == number)
    }

    /// The last one: what runs, as far as it got.
    pub(crate) fn last(&self) -> Option<&Deployment> {
        self.deployments.last()
    }
}
