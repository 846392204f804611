//! Logs of tasks and services of ECS, from CloudWatch.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::args::{LogsArgs, OnText};
use crate::config::model::{Argument, Ecs, Task};
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, LOGS, Wrong};
use crate::steps::aws::Reader;
use crate::tools::aws::events::{Cursor, Streams, streams};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(2);
/// The same when nothing has come for a minute: AWS limits how often an account asks.
const SLOWLY: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_secs(60);
/// After so long without a group it is said once.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many looks without news end the log of a task that is over.
const LOOKS: u32 = 2;

/// The log of one container of a task or a service.
pub(super) struct Cloud {
    reader: Reader,
    /// Of the task: its log may be in another region.
    of_task: Reader,
    streams: Streams,
    cluster: String,
}

impl Cloud {
    pub(super) fn container(&self) -> &str {
        &self.streams.container
    }

    /// Reads it: what is there, or until somebody or the end of its task stops it.
    pub(super) async fn read(
        &self,
        step: &StepCx<'_>,
        args: &LogsArgs,
        line: OnText<'_>,
    ) -> Result<(), Failure> {
        let now = (step.cx.now)().as_millisecond();
        let back = args.back().map_or(now, |back| i64::try_from(back.as_millis()).unwrap_or(now));
        let mut cursor = Cursor::from(now.saturating_sub(back).max(0));
        let (begun, mut news, mut is_told) = (Instant::now(), Instant::now(), false);
        let mut quiet = 0;
        loop {
            // Asked before the log is: what it says until then is read.
            let is_over = match &args.task {
                Some(task) if args.follow => self.is_over(step, task).await?,
                _ => false,
            };
            let mut is_news = false;
            loop {
                let question = cursor.question(&self.streams);
                let answer = match self.reader.ask(step, &LOGS, "FilterLogEvents", &question).await {
                    Ok(answer) => answer,
                    Err(wrong) if args.follow && wrong.is_passing() => break,
                    Err(Wrong::Refused(refusal)) if refusal.code == "ResourceNotFoundException" => {
                        if !args.follow {
                            return Err(self.missing());
                        }
                        if begun.elapsed() > PATIENCE && !is_told {
                            is_told = true;
                            step.cx
                                .ui
                                .note(format!("no log group `{}` yet; it is waited for", self.streams.group));
                        }
                        break;
                    }
                    Err(wrong) => {
                        let what = format!("the log group `{}` could not be read", self.streams.group);
                        return Err(wrong.failure(&what));
                    }
                };
                let (lines, is_more) = cursor.take(&self.streams, &answer);
                is_news |= !lines.is_empty();
                lines.iter().flat_map(|text| text.lines()).for_each(line);
                if !is_more {
                    break;
                }
                if step.cx.interrupts.is_pressed() {
                    return self.stopped(step, args);
                }
            }
            quiet = if is_news { 0 } else { quiet + 1 };
            if is_news {
                news = Instant::now();
            }
            if !args.follow || is_over && quiet >= LOOKS {
                return Ok(());
            }
            let every = if news.elapsed() > QUIET { SLOWLY } else { EVERY };
            if !pause(every, &step.cx.interrupts).await {
                return self.stopped(step, args);
            }
        }
    }

    #[expect(clippy::unused_self, reason = "said of one log")]
    fn stopped(&self, step: &StepCx<'_>, args: &LogsArgs) -> Result<(), Failure> {
        if args.follow { Ok(()) } else { Err(step.interrupted("the log was not read to its end")) }
    }

    fn missing(&self) -> Failure {
        let group = &self.streams.group;
        Failure::new(Kind::Failed, format!("there is no log group `{group}` in {}", self.reader.region()))
            .help("wait for it with `--follow`, if its task has not begun")
            .help(format!("make it: `aws logs create-log-group --log-group-name {group}`"))
    }

    /// Whether the task is over, or AWS does not know it any more.
    async fn is_over(&self, step: &StepCx<'_>, task: &str) -> Result<bool, Failure> {
        let body = json!({ "cluster": self.cluster, "tasks": [task] });
        match self.of_task.ask(step, &ECS, "DescribeTasks", &body).await {
            Ok(answer) => {
                let status = answer["tasks"][0]["lastStatus"].as_str();
                Ok(status.is_none_or(|status| status == "STOPPED"))
            }
            Err(wrong) if wrong.is_passing() => Ok(false),
            Err(wrong) => Err(wrong.failure(&format!("the task `{task}` could not be looked at"))),
        }
    }
}

/// The logs of a task of `[tasks]`: of all its runs, or of one.
pub(super) async fn of_task(
    step: &StepCx<'_>,
    name: &str,
    task: &Task,
    args: &LogsArgs,
) -> Result<Vec<Cloud>, Failure> {
    let known = Known::of(step);
    let one =
        |argument: &Option<Argument>| argument.as_ref().map(|text| known.argument(step, &text.0)).transpose();
    let reader = Reader::of(step, one(&task.region)?)?;
    let of_file = || -> Result<Option<String>, Failure> {
        let Some(file) = &task.definition_file else { return Ok(None) };
        let text = disk::read_text(&file.0)?;
        let file: Json = serde_json::from_str(&text).unwrap_or_default();
        let inner = file.get("taskDefinition").unwrap_or(&file);
        Ok(inner["family"].as_str().map(str::to_owned))
    };
    let family = match one(&task.definition)? {
        Some(family) => family,
        None => of_file()?.unwrap_or_else(|| name.to_owned()),
    };
    let cluster = one(&task.cluster)?.unwrap_or_else(|| "default".to_owned());
    let group = one(&task.log_group)?;
    logs(step, &reader, (&family, &cluster, group.as_deref()), args).await
}

/// The logs of a service.
pub(super) async fn of_service(
    step: &StepCx<'_>,
    name: &str,
    ecs: &Ecs,
    args: &LogsArgs,
) -> Result<Vec<Cloud>, Failure> {
    let known = Known::of(step);
    let one =
        |argument: &Option<Argument>| argument.as_ref().map(|text| known.argument(step, &text.0)).transpose();
    let reader = Reader::of(step, one(&ecs.region)?)?;
    let cluster = one(&ecs.cluster)?.unwrap_or_else(|| "default".to_owned());
    let body = json!({ "cluster": cluster, "services": [name] });
    let answer = reader.ask(step, &ECS, "DescribeServices", &body).await;
    let answer =
        answer.map_err(|wrong| wrong.failure(&format!("the service `{name}` could not be looked at")))?;
    let Some(definition) = answer["services"][0]["taskDefinition"].as_str() else {
        return Err(Failure::new(
            Kind::Failed,
            format!("AWS has no service `{name}` in the cluster `{cluster}`"),
        )
        .help("check the name, the cluster and the region"));
    };
    logs(step, &reader, (definition, &cluster, None), args).await
}

async fn logs(
    step: &StepCx<'_>,
    reader: &Reader,
    (definition, cluster, group): (&str, &str, Option<&str>),
    args: &LogsArgs,
) -> Result<Vec<Cloud>, Failure> {
    let body = json!({ "taskDefinition": definition });
    let answer = reader.ask(step, &ECS, "DescribeTaskDefinition", &body).await;
    let what = format!("the task definition `{definition}` could not be looked at");
    let answer = answer.map_err(|wrong| wrong.failure(&what))?;
    let id = args.task.as_deref().map(|task| task.rsplit('/').next().unwrap_or(task));
    let (here, elsewhere) = streams(&answer["taskDefinition"], id, group);
    for (container, driver) in elsewhere {
        let text = format!("the log of `{container}` is not in CloudWatch: driver `{driver}`");
        step.line(Level::Normal, text);
    }
    let cloud = |streams: Streams| {
        let region = streams.region.clone().unwrap_or_else(|| reader.region().to_owned());
        let (reader, of_task) = (reader.in_region(&region), reader.in_region(reader.region()));
        Cloud { reader, of_task, streams, cluster: cluster.to_owned() }
    };
    Ok(here.into_iter().map(cloud).collect())
}
