//! Whether a task of ECS has ended, or a service is steady.

use serde_json::json;

use super::{Answer, Probed};
use crate::config::Environment;
use crate::config::model::{Argument, Task, TaskRunner};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::Reader;
use crate::steps::aws::service::Place;
use crate::tools::aws::service::newest;
use crate::tools::aws::task::{self, Ended};
use crate::work::StepCx;
use crate::work::kind::Mention;
use crate::work::values::Known;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Ecs {
    place: Place,
    /// Family of a task of `[tasks]`; none for a service.
    family: Option<String>,
    /// Its main container, if it is named.
    container: Option<String>,
}

/// Tells what the task that a wait names refers to.
pub(super) fn visit(env: &Environment, name: &Argument, see: &mut dyn FnMut(Mention<'_>)) {
    let Some(task) = env.tasks.get(&name.0.to_string()) else { return };
    let all = [&task.cluster, &task.region, &task.definition, &task.container];
    all.into_iter().flatten().for_each(|one| see(Mention::Public(&one.0)));
    if let Some(file) = &task.definition_file {
        see(Mention::File(&file.0));
    }
}

/// The task of `[tasks]` that a wait names, if it is none of docker.
fn of_ecs<'a>(step: &StepCx<'a>, name: &str) -> Option<&'a Task> {
    step.env.tasks.get(name).filter(|task| task.runner.unwrap_or_default() == TaskRunner::Ecs)
}

impl Ecs {
    /// With these values.
    pub(super) fn of(
        step: &StepCx<'_>,
        known: &Known,
        name: &Argument,
        cluster: Option<&Argument>,
        region: Option<&Argument>,
    ) -> Result<Ecs, Failure> {
        let name = known.argument(step, &name.0)?;
        let task = of_ecs(step, &name);
        let one = |own: Option<&Argument>, of_task: Option<&Argument>| {
            own.or(of_task).map(|argument| known.argument(step, &argument.0)).transpose()
        };
        let cluster = one(cluster, task.and_then(|task| task.cluster.as_ref()))?;
        let region = one(region, task.and_then(|task| task.region.as_ref()))?;
        let family = match task {
            Some(task) => Some(family(step, known, &name, task)?),
            None => None,
        };
        let cluster = cluster.unwrap_or_else(|| "default".to_owned());
        let container = one(None, task.and_then(|task| task.container.as_ref()))?;
        Ok(Ecs { place: Place { reader: Reader::of(step, region)?, cluster, name }, family, container })
    }

    /// One try.
    pub(super) async fn probe(&self, step: &StepCx<'_>) -> Probed {
        let found = match &self.family {
            Some(family) => self.ended(step, family).await,
            None => self.steady(step).await,
        };
        found.unwrap_or_else(|wrong| {
            let is_final = matches!(&wrong, Wrong::Refused(_) | Wrong::Failed(_)) && !wrong.is_passing();
            let failure = self.place.unseen(wrong);
            let answer = Answer { check: failure.help, ..Answer::new(format!("{:#}", failure.error), "") };
            if is_final { Probed::Never(answer.last()) } else { Probed::Unknown(answer) }
        })
    }

    async fn steady(&self, step: &StepCx<'_>) -> Result<Probed, Wrong> {
        let Some(service) = self.place.asked(step).await? else {
            let missing = self.place.missing();
            let answer = Answer { check: missing.help, ..Answer::new(format!("{:#}", missing.error), "") };
            return Ok(Probed::Never(answer.last()));
        };
        let Place { reader, cluster, name } = &self.place;
        let check = format!(
            "look at its events: `aws ecs describe-services --region {} --cluster {cluster} --services {name}`",
            reader.region()
        );
        Ok(match service.steady() {
            Ok(words) if service.desired() == 0 => Probed::Done(words),
            Ok(words) => Probed::Good(words),
            Err((words, true)) => Probed::Never(Answer::new(words, check).last()),
            Err((words, false)) => Probed::NotYet(Answer::new(words, check)),
        })
    }

    /// Whether none of its tasks goes on, and the last one ended well.
    async fn ended(&self, step: &StepCx<'_>, family: &str) -> Result<Probed, Wrong> {
        let Place { reader, cluster, name } = &self.place;
        let mut arns = Vec::new();
        for status in ["RUNNING", "STOPPED"] {
            let body = json!({ "cluster": cluster, "family": family, "desiredStatus": status });
            let answer = reader.ask(step, &ECS, "ListTasks", &body).await?;
            arns.extend(answer["taskArns"].as_array().cloned().unwrap_or_default());
        }
        let none = Answer::new(
            format!("AWS knows no task of {family} in the cluster `{cluster}`"),
            format!(
                "start it: `infractl run {} {name}`; AWS forgets a task an hour after its end",
                step.env.name
            ),
        );
        arns.truncate(100);
        if arns.is_empty() {
            return Ok(Probed::NotYet(none));
        }
        let body = json!({ "cluster": cluster, "tasks": arns });
        let (tasks, _) = task::read(&reader.ask(step, &ECS, "DescribeTasks", &body).await?);
        let check = format!("look at its log: `infractl run {} {name} --attach ID`", step.env.name);
        if let Some(going) = tasks.iter().find(|task| !task.is_over()) {
            let text = format!("task {} is {}", going.id(), going.status().to_lowercase());
            return Ok(Probed::NotYet(Answer::new(text, check)));
        }
        let Some(last) = newest(&tasks) else { return Ok(Probed::NotYet(none)) };
        let body = json!({ "taskDefinition": last.definition() });
        let answer = reader.ask(step, &ECS, "DescribeTaskDefinition", &body).await?;
        let definition = &answer["taskDefinition"];
        let main = task::main(definition, self.container.as_deref()).unwrap_or_default();
        let words = match last.ended(&main, &task::essential(definition)) {
            Ended::Code(0) => return Ok(Probed::Done(format!("task {} has ended with 0", last.id()))),
            Ended::Code(code) => format!("exit code {code}"),
            Ended::Badly(reason) => reason,
        };
        Ok(Probed::Never(Answer::new(format!("task {} failed: {words}", last.id()), check).last()))
    }

    /// It is a task: what has ended stays so.
    pub(super) fn ends(&self) -> bool {
        self.family.is_some()
    }

    /// What is waited for, for people.
    pub(super) fn what(&self) -> String {
        match &self.family {
            Some(_) => format!("task `{}` to end", self.place.name),
            None => format!("the service `{}` to be steady", self.place.name),
        }
    }

    /// The program that prints the name of the service when it is steady; none for a task.
    pub(super) fn steady_by_program(&self) -> Option<Cmd> {
        let Place { reader, cluster, name } = &self.place;
        let query = "services[?length(deployments)==`1` && runningCount==desiredCount \
                     && deployments[0].rolloutState=='COMPLETED'].serviceName";
        let words = ["--cluster", cluster, "--services", name, "--query", query, "--output", "text"];
        let cmd = Cmd::new("aws").args(["ecs", "describe-services", "--region", reader.region()]).args(words);
        self.family.is_none().then_some(cmd)
    }
}

/// What its tasks are called in AWS.
fn family(step: &StepCx<'_>, known: &Known, name: &str, task: &Task) -> Result<String, Failure> {
    if let Some(family) = &task.definition {
        return known.argument(step, &family.0);
    }
    let Some(file) = &task.definition_file else { return Ok(name.to_owned()) };
    let text = crate::disk::read_text(&file.0)?;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let of_file =
        [&json["family"], &json["taskDefinition"]["family"]].into_iter().find_map(|one| one.as_str());
    Ok(of_file.unwrap_or(name).to_owned())
}
