//! Services of ECS: what AWS says of one, and what has become of a deployment. Pure.

mod crashes;

use serde_json::Value as Json;

use crate::text::plural;
use crashes::time;
pub(crate) use crashes::{Crashes, newest};

/// A service, as AWS tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service(Json);

/// One of its deployments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Deployment<'a>(&'a Json);

/// What was known when our deployment began.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Begun {
    /// The id of our deployment.
    pub id: String,
    /// The ARN of the revision that it deploys.
    pub definition: String,
    /// The ARN of the revision that was good before; none if there was none.
    pub previous: Option<String>,
    /// When, in seconds, by the clock of AWS.
    pub at: Option<f64>,
    /// AWS has told of it since: an answer may be older than what was done.
    pub is_seen: bool,
}

/// What has become of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It goes on: a few words.
    Going(String),
    /// All of it runs.
    Done(String),
    /// AWS has given it up, in its words, and does not go back.
    Failed(String),
    /// AWS has given it up and goes back to what was there before.
    Back(String),
    /// Somebody else has deployed over it.
    Replaced,
    /// AWS does not tell of it: not yet, or not any more.
    Unseen,
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn count(value: &Json, key: &str) -> u64 {
    value.get(key).and_then(Json::as_u64).unwrap_or_default()
}

fn list<'a>(value: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    value.get(key).and_then(Json::as_array).into_iter().flatten()
}

/// `api:41` of an ARN.
pub(crate) fn revision(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

impl Service {
    /// Of an answer of DescribeServices; none if AWS does not know it, or knows that it was deleted.
    pub(crate) fn described(answer: &Json) -> Option<Service> {
        list(answer, "services").find(|one| text(one, "status") != "INACTIVE").cloned().map(Service)
    }

    /// Of an answer of UpdateService.
    pub(crate) fn updated(answer: &Json) -> Option<Service> {
        answer.get("service").filter(|service| service.is_object()).cloned().map(Service)
    }

    /// `ACTIVE`, or `DRAINING` while it is deleted.
    pub(crate) fn status(&self) -> &str {
        text(&self.0, "status")
    }

    /// Who deploys it, if that is not ECS.
    pub(crate) fn other_controller(&self) -> Option<&str> {
        let kind = self.0.get("deploymentController").map_or("", |controller| text(controller, "type"));
        Some(kind).filter(|kind| !["", "ECS"].contains(kind))
    }

    /// So many tasks are wanted.
    pub(crate) fn desired(&self) -> u64 {
        count(&self.0, "desiredCount")
    }

    /// AWS ends a deployment by itself whose tasks do not start.
    pub(crate) fn has_breaker(&self) -> bool {
        let breaker = self.0.pointer("/deploymentConfiguration/deploymentCircuitBreaker/enable");
        breaker.and_then(Json::as_bool).unwrap_or_default()
    }

    /// And goes back to what was there before.
    pub(crate) fn goes_back(&self) -> bool {
        let rollback = self.0.pointer("/deploymentConfiguration/deploymentCircuitBreaker/rollback");
        self.has_breaker() && rollback.and_then(Json::as_bool).unwrap_or_default()
    }

    fn deployments(&self) -> impl Iterator<Item = Deployment<'_>> {
        list(&self.0, "deployments").map(Deployment)
    }

    /// The newest deployment.
    pub(crate) fn primary(&self) -> Option<Deployment<'_>> {
        self.deployments().find(|one| one.status() == "PRIMARY")
    }

    /// A deployment by its id.
    pub(crate) fn deployment(&self, id: &str) -> Option<Deployment<'_>> {
        self.deployments().find(|one| one.id() == id)
    }

    /// The ARN of the revision that is good now: that of the newest deployment whose tasks all ran, else of one that has some.
    pub(crate) fn good(&self) -> Option<&str> {
        let older = || self.deployments().filter(|one| one.status() != "PRIMARY");
        let is_whole = |one: &Deployment<'_>| matches!(one.state(), "COMPLETED" | "");
        let found = self.primary().filter(is_whole).or_else(|| older().find(is_whole));
        found.or_else(|| older().find(|one| one.running() > 0)).map(Deployment::definition)
    }

    /// What it said: id and text, oldest first.
    pub(crate) fn events(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<(&str, &str)> =
            list(&self.0, "events").map(|one| (text(one, "id"), text(one, "message"))).collect();
        all.reverse();
        all
    }

    /// What has become of a deployment; `record` is what AWS keeps of it, if it tells.
    pub(crate) fn state(&self, begun: &Begun, record: Option<&Record>) -> State {
        let ours = self.deployment(&begun.id);
        // While it goes on, its own reason is that it goes on.
        let own = ours.filter(|ours| ours.state() == "FAILED").map_or("", Deployment::reason);
        let said = |usual: &str| {
            let all = [own, record.map_or("", |record| record.reason.as_str())];
            let all: Vec<&str> = all.into_iter().filter(|text| !text.is_empty()).collect();
            if all.is_empty() { usual.to_owned() } else { all.join(" ") }
        };
        if record.is_some_and(|record| record.status.starts_with("ROLLBACK_")) {
            return State::Back(said("the deployment was rolled back"));
        }
        let now = self.primary();
        let is_before = || {
            let previous = begun.previous.as_deref().filter(|previous| *previous != begun.definition);
            previous.is_some() && previous == now.map(Deployment::definition)
        };
        match ours {
            Some(ours) if ours.state() == "FAILED" && now != Some(ours) && is_before() => {
                State::Back(said("the deployment failed"))
            }
            Some(ours) if ours.state() == "FAILED" => State::Failed(said("the deployment failed")),
            Some(ours) if now == Some(ours) && self.is_whole(ours) => State::Done(ours.words()),
            Some(_) if record.is_some_and(Record::is_stopped) => {
                State::Failed(said("the deployment was stopped"))
            }
            Some(ours) if now == Some(ours) => State::Going(ours.words()),
            None if !begun.is_seen => State::Unseen,
            _ if is_before() => {
                State::Back(said("its deployment is gone, and the revision before it is deployed again"))
            }
            _ => State::Replaced,
        }
    }

    /// Whether all of a deployment runs, and nothing of others.
    fn is_whole(&self, ours: Deployment<'_>) -> bool {
        match ours.state() {
            // Of a deployment whose programs die after a moment too: then nothing runs.
            "COMPLETED" => ours.has_all(),
            // AWS says nothing of it for some kinds of services: counts do.
            "" => self.deployments().count() == 1 && ours.running() == ours.desired(),
            _ => false,
        }
    }

    /// Whether it is steady: one deployment, all of which runs. A few words; and whether it never will be.
    pub(crate) fn steady(&self) -> Result<String, (String, bool)> {
        let Some(now) = self.primary() else { return Err(("it has no deployment".to_owned(), false)) };
        let all = self.deployments().count();
        if now.state() == "FAILED" {
            return Err((format!("{} failed: {}", revision(now.definition()), now.reason()), true));
        }
        if all == 1 && self.is_whole(now) {
            return Ok(now.words());
        }
        let others = if all > 1 { format!(", {}", plural(all, "deployment")) } else { String::new() };
        Err((format!("{}{others}", now.words()), false))
    }
}

impl Begun {
    /// Our deployment as AWS names it first, of this revision.
    pub(crate) fn of(ours: Deployment<'_>, definition: String, previous: Option<String>) -> Begun {
        Begun {
            id: ours.id().to_owned(),
            definition,
            previous,
            at: time(&ours.0["createdAt"]),
            is_seen: false,
        }
    }
}

impl<'a> Deployment<'a> {
    pub(crate) fn id(self) -> &'a str {
        text(self.0, "id")
    }

    fn status(self) -> &'a str {
        text(self.0, "status")
    }

    /// The ARN of its task definition.
    pub(crate) fn definition(self) -> &'a str {
        text(self.0, "taskDefinition")
    }

    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`; empty for kinds of services where AWS says nothing.
    pub(crate) fn state(self) -> &'a str {
        text(self.0, "rolloutState")
    }

    fn reason(self) -> &'a str {
        text(self.0, "rolloutStateReason")
    }

    fn running(self) -> u64 {
        count(self.0, "runningCount")
    }

    fn desired(self) -> u64 {
        count(self.0, "desiredCount")
    }

    /// As many of its tasks run as are wanted.
    pub(crate) fn has_all(self) -> bool {
        self.running() >= self.desired()
    }

    /// Tasks in a row that did not come to run.
    pub(crate) fn failed(self) -> u64 {
        count(self.0, "failedTasks")
    }

    /// `api:41, 1 of 2 run`.
    fn words(self) -> String {
        let failed = match self.failed() {
            0 => String::new(),
            failed => format!(", {} failed", plural(usize::try_from(failed).unwrap_or(usize::MAX), "start")),
        };
        format!("{}, {} of {} running{failed}", revision(self.definition()), self.running(), self.desired())
    }
}

/// Seconds between a deployment and its record, at most.
const CLOSE: f64 = 5.0;

/// What AWS keeps of a deployment in its list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    status: String,
    reason: String,
}

impl Record {
    /// That of our deployment, in an answer of ListServiceDeployments.
    pub(crate) fn of(answer: &Json, begun: &Begun) -> Option<Record> {
        let number = begun.id.rsplit('/').next().unwrap_or(&begun.id);
        let is_ours = |one: &&Json| text(one, "targetServiceRevisionArn").rsplit('/').next() == Some(number);
        // Where no number tells: the one that was made when ours was. Others of the same minute are not ours.
        let apart =
            |one: &Json| Some((time(&one["createdAt"])? - begun.at?).abs()).filter(|apart| *apart < CLOSE);
        let all = || list(answer, "serviceDeployments");
        let closest = || {
            let near = all().filter_map(|one| Some((apart(one)?, one)));
            near.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, one)| one)
        };
        let found = all().find(is_ours).or_else(closest)?;
        Some(Record {
            status: text(found, "status").to_owned(),
            reason: text(found, "statusReason").to_owned(),
        })
    }

    fn is_stopped(&self) -> bool {
        ["STOPPED", "STOP_REQUESTED"].contains(&self.status.as_str())
    }
}

#[cfg(test)]
mod tests;
