//! Follows a deployment by its id: what the service says, tasks that end, and the time.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::crash;
use crate::config::model::Diagnosis;
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::service::Place;
use crate::text::duration;
use crate::tools::aws::service::{Begun, Crashes, Deployment, Record, Service, State, revision};
use crate::tools::aws::task;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// How long a deployment may take when the step does not say.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// An answer of AWS may be so much older than what was done, and its way back begin so much later.
const LATE: Duration = Duration::from_secs(60);
/// Its tasks have to run for so long: AWS also calls a deployment completed whose programs die after a moment.
const STEADY: Duration = Duration::from_secs(5);
/// Tasks that ended are looked for at every so many looks at the service.
const TASKS: u32 = 3;
/// Most tasks that AWS describes at once.
const AT_ONCE: usize = 100;

/// How it ended.
pub(super) enum End {
    /// Well: a few words.
    Done(String),
    /// Badly, and our revision is still what the service is to run.
    Bad(Failure),
    /// Badly, and something else has taken its place.
    Over(Failure),
}

/// A deployment that is followed.
pub(super) struct Watch<'a> {
    pub begun: Begun,
    place: &'a Place,
    /// What the project knows of its crashes.
    rules: &'a [Diagnosis],
    /// Events that were told, or were there before.
    told: BTreeSet<String>,
    crashes: Crashes,
    /// Tasks that were looked at.
    known: BTreeSet<String>,
    /// AWS tells of its list of deployments: not everywhere, and not to everybody.
    has_records: bool,
    /// All of it runs, as far as was seen, since then.
    whole: Option<Instant>,
    since: Instant,
    until: Instant,
    limit: Duration,
}

/// How soon it is looked at again.
fn every(since: Duration) -> Duration {
    Duration::from_secs(match since.as_secs() {
        0..60 => 1,
        60..300 => 3,
        _ => 10,
    })
}

impl<'a> Watch<'a> {
    /// `before` is the service as it was.
    pub(super) fn new(
        step: &StepCx<'_>,
        place: &'a Place,
        rules: &'a [Diagnosis],
        begun: Begun,
        before: &Service,
    ) -> Watch<'a> {
        let since = Instant::now();
        let (until, limit) = match step.frame.limit {
            Some(until) => (until, step.frame.timeout),
            None => (since + TIMEOUT, TIMEOUT),
        };
        let told = before.events().into_iter().map(|(id, _)| id.to_owned()).collect();
        Watch {
            begun,
            place,
            rules,
            told,
            since,
            until,
            limit,
            crashes: Crashes::default(),
            known: BTreeSet::new(),
            has_records: true,
            whole: None,
        }
    }

    pub(super) async fn follow(&mut self, step: &StepCx<'_>) -> Result<End, Failure> {
        let mut failing: Option<Instant> = None;
        let mut last = String::new();
        for number in 1.. {
            let service = self.place.look(step).await.map_err(|failure| Watch::left(step, failure))?;
            self.tell(step, &service);
            self.begun.is_seen |= service.deployment(&self.begun.id).is_some() || self.since.elapsed() > LATE;
            let mut state = service.state(&self.begun, None);
            let is_open = matches!(state, State::Going(_) | State::Unseen);
            if number % TASKS == 0 || !is_open {
                let record = self.record(step).await;
                state = service.state(&self.begun, record.as_ref());
                self.look_at_tasks(step).await.map_err(|failure| Watch::left(step, failure))?;
            }
            let is_steady = self.is_steady(&service);
            match state {
                State::Done(words) if is_steady => return Ok(End::Done(words)),
                State::Back(reason) => return Ok(End::Over(self.went_back(step, &service, &reason).await)),
                State::Replaced => return Ok(End::Over(self.replaced(&service))),
                State::Failed(reason) => {
                    let since = *failing.get_or_insert_with(Instant::now);
                    if !service.goes_back() || since.elapsed() > LATE {
                        return Ok(End::Bad(self.explained(step, Failure::new(Kind::Failed, reason)).await));
                    }
                }
                State::Going(words) | State::Done(words) => {
                    last = format!(": {words}");
                    step.progress(words);
                }
                State::Unseen => {}
            }
            if self.crashes.is_enough() && !self.is_counted(&service) {
                let words = self.crashes.words().unwrap_or_default();
                let text = format!("its tasks end the same way again and again: {words}");
                return Ok(End::Bad(self.explained(step, Failure::new(Kind::Failed, text)).await));
            }
            if Instant::now() >= self.until {
                let text = format!("it took longer than {}{last}", duration(self.limit));
                let late = self.explained(step, Failure::new(Kind::Failed, text)).await;
                return Ok(End::Bad(late.help("give the step a longer `timeout`, if that was expected")));
            }
            let length =
                every(self.since.elapsed()).min(self.until.saturating_duration_since(Instant::now()));
            if !pause(length, &step.cx.interrupts).await {
                let text = format!("the deployment {} goes on, and nobody follows it", self.begun.id);
                return Err(Watch::left(step, step.interrupted(text)));
            }
        }
        Err(Failure::new(Kind::Bug, "a deployment was followed without end"))
    }

    /// The circuit breaker of AWS counts these crashes, and gives its own verdict.
    fn is_counted(&self, service: &Service) -> bool {
        let ours = service.deployment(&self.begun.id);
        service.has_breaker() && ours.is_some_and(|ours| ours.state() == "IN_PROGRESS" && ours.failed() > 0)
    }

    /// All of our deployment has run for a moment, as far as was seen.
    fn is_steady(&mut self, service: &Service) -> bool {
        if !service.deployment(&self.begun.id).is_some_and(Deployment::has_all) {
            self.whole = None;
            return false;
        }
        let since = *self.whole.get_or_insert_with(Instant::now);
        service.desired() == 0 || since.elapsed() >= STEADY
    }

    /// Says what the service has said since, once.
    fn tell(&mut self, step: &StepCx<'_>, service: &Service) {
        for (id, message) in service.events() {
            if self.told.insert(id.to_owned()) {
                step.say(message);
            }
        }
    }

    async fn record(&mut self, step: &StepCx<'_>) -> Option<Record> {
        if !self.has_records {
            return None;
        }
        let body = json!({ "cluster": self.place.cluster, "service": self.place.name });
        match self.place.reader.ask(step, &ECS, "ListServiceDeployments", &body).await {
            Ok(answer) => Record::of(&answer, &self.begun),
            Err(wrong) => {
                // Who may not list them follows the deployment all the same.
                self.has_records = !matches!(&wrong, Wrong::Refused(refusal) if !refusal.is_passing());
                None
            }
        }
    }

    /// Looks at the tasks of our deployment that have stopped since the last time.
    async fn look_at_tasks(&mut self, step: &StepCx<'_>) -> Result<(), Failure> {
        let stopped = self.stopped(step).await;
        let failed = "the tasks of the service could not be looked at";
        let new: Vec<String> = match stopped {
            Ok(all) => all.into_iter().filter(|arn| !self.known.contains(arn)).collect(),
            // Who may not list tasks can deploy all the same.
            Err(Wrong::Refused(refusal)) if !refusal.is_passing() => return Ok(()),
            Err(wrong) => return Err(wrong.failure(failed)),
        };
        for some in new.chunks(AT_ONCE) {
            let body = json!({ "cluster": self.place.cluster, "tasks": some });
            let answer = self.place.reader.ask(step, &ECS, "DescribeTasks", &body).await;
            let (tasks, _) = task::read(&answer.map_err(|wrong| wrong.failure(failed))?);
            for task in tasks.into_iter().filter(task::Task::is_over) {
                self.known.insert(task.arn().to_owned());
                if task.json()["startedBy"] == self.begun.id.as_str() {
                    self.crashes.add(task);
                    self.whole = None;
                }
            }
        }
        Ok(())
    }

    /// ARNs of all tasks of the service that have stopped.
    async fn stopped(&self, step: &StepCx<'_>) -> Result<Vec<String>, Wrong> {
        let Place { reader, cluster, name } = self.place;
        let mut body = json!({ "cluster": cluster, "serviceName": name, "desiredStatus": "STOPPED" });
        let mut all = Vec::new();
        loop {
            let answer = reader.ask(step, &ECS, "ListTasks", &body).await?;
            let arns = answer["taskArns"].as_array().into_iter().flatten();
            all.extend(arns.filter_map(|arn| arn.as_str().map(str::to_owned)));
            match answer.get("nextToken").filter(|token| token.is_string()) {
                Some(token) => body["nextToken"] = token.clone(),
                None => return Ok(all),
            }
        }
    }

    /// With what the end of the last task means.
    async fn explained(&self, step: &StepCx<'_>, failure: Failure) -> Failure {
        match self.crashes.last() {
            Some(task) => crash::explained(step, self.place, self.rules, task, failure).await,
            None => failure,
        }
    }

    async fn went_back(&self, step: &StepCx<'_>, service: &Service, reason: &str) -> Failure {
        let failure = self.explained(step, Failure::new(Kind::Failed, reason.to_owned())).await;
        failure.context(format!(
            "AWS went back: {} was not deployed to the service `{}`, which {} now",
            revision(&self.begun.definition),
            self.place.name,
            runs(service)
        ))
    }

    fn replaced(&self, service: &Service) -> Failure {
        let text = format!("another deployment has taken its place: the service {} now", runs(service));
        Failure::new(Kind::Failed, text)
            .context(self.failed())
            .help("find out who deploys it as well; the events of the service and CloudTrail name them")
    }

    /// What has failed.
    pub(super) fn failed(&self) -> String {
        format!("{} was not deployed to the service `{}`", revision(&self.begun.definition), self.place.name)
    }

    /// The failure of whoever leaves a deployment that goes on.
    fn left(step: &StepCx<'_>, failure: Failure) -> Failure {
        let env = &step.env.name;
        failure.help(format!(
            "look at it again: `infractl {} {env}` follows a deployment that goes on",
            step.frame.verb
        ))
    }
}

fn runs(service: &Service) -> String {
    let now = service.primary().map(|now| revision(now.definition()));
    now.map_or_else(|| "runs nothing".to_owned(), |now| format!("runs {now}"))
}
