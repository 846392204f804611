//! Where the lines come from: a program, here or by ssh, or CloudWatch.

use std::time::Duration;

use super::args::{LogsArgs, OnNamed};
use super::cloud::{self, Cloud};
use super::containers::Containers;
use super::ended::judge;
use super::find::Source;
use crate::config::model::TaskRunner;
use crate::exec::{Channel, Cmd, RunError};
use crate::failure::Failure;
use crate::hosts::connection;
use crate::hosts::host::Machine;
use crate::steps::docker::compose_logs::{self, words};
use crate::steps::docker::compose_program::placed;
use crate::steps::docker::task;
use crate::tools::docker as tool;
use crate::work::StepCx;

/// One log, or those of several containers.
pub(super) struct Feed {
    /// What stands before its lines when there are several.
    label: String,
    from: From,
}

enum From {
    Program { cmd: Box<Cmd>, at: Option<Box<Machine>> },
    Containers(Box<Containers>),
    Cloud(Box<Cloud>),
}

/// The logs of these sources.
pub(super) async fn feeds(
    step: &mut StepCx<'_>,
    sources: &[Source<'_>],
    args: &LogsArgs,
) -> Result<Vec<Feed>, Failure> {
    let mut all = Vec::new();
    for source in sources {
        let name = source.name().to_owned();
        match source {
            Source::Task(_, task) if task.runner.unwrap_or_default() == TaskRunner::Docker => {
                let list = tool::with_label(&task::label(step, &name));
                all.extend(of_containers(step, None, &name, list, args).await?);
            }
            Source::Task(_, task) => {
                all.extend(of_cloud(cloud::of_task(step, &name, task, args).await?, &name));
            }
            Source::Service(ecs, _) => {
                all.extend(of_cloud(cloud::of_service(step, &name, ecs, args).await?, &name));
            }
            // Of one that is not there docker says so itself.
            Source::Container(_) if !args.follow => {
                let cmd = tool::logs(&name, args.back());
                all.push(Feed { label: name, from: From::Program { cmd: Box::new(cmd), at: None } });
            }
            Source::Container(_) => {
                all.extend(of_containers(step, None, &name, tool::named(&name), args).await?);
            }
            Source::Compose { compose, service, at } => {
                let list = compose_logs::list(step, at.as_deref(), compose, service).await?;
                all.extend(of_containers(step, at.as_deref(), &name, list, args).await?);
            }
            Source::Host(machine) => match &args.container {
                Some(container) if args.follow => {
                    let list = tool::named(container);
                    all.extend(of_containers(step, Some(machine), &name, list, args).await?);
                }
                _ => {
                    let cmd = connection::on(step, machine, on_host(args)).await?;
                    let at = Some(machine.clone());
                    all.push(Feed { label: name, from: From::Program { cmd: Box::new(cmd), at } });
                }
            },
        }
    }
    Ok(all)
}

fn of_cloud(all: Vec<Cloud>, name: &str) -> Vec<Feed> {
    let has_many = all.len() > 1;
    let label = |one: &Cloud| {
        if has_many { format!("{name}/{}", one.container()) } else { name.to_owned() }
    };
    all.into_iter().map(|one| Feed { label: label(&one), from: From::Cloud(Box::new(one)) }).collect()
}

/// The containers that `list` lists.
async fn of_containers(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    name: &str,
    list: Cmd,
    args: &LogsArgs,
) -> Result<Vec<Feed>, Failure> {
    if args.follow {
        let containers = Containers::of(step, at, name, list).await?;
        return Ok(vec![Feed { label: name.to_owned(), from: From::Containers(Box::new(containers)) }]);
    }
    let ids = words(step, at, list).await?;
    let mut all = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let label = if ids.len() > 1 { format!("{name}-{}", number + 1) } else { name.to_owned() };
        let cmd = placed(step, at, tool::logs(id, args.back())).await?;
        all.push(Feed { label, from: From::Program { cmd: Box::new(cmd), at: at.cloned().map(Box::new) } });
    }
    Ok(all)
}

/// What reads the log of a machine, there.
fn on_host(args: &LogsArgs) -> Cmd {
    let seconds = args.back().as_ref().map_or(0, Duration::as_secs);
    if let Some(container) = &args.container {
        return tool::logs(container, args.back());
    }
    if let Some(file) = &args.file {
        // A file has no times: its last lines, and what comes.
        let cmd = Cmd::new("tail").args(["-n", "1000"]);
        let cmd = if args.follow { cmd.arg("-F") } else { cmd };
        return cmd.args(["--", file]);
    }
    let mut cmd = Cmd::new("journalctl").args(["--no-pager", "--output=short-iso", "--lines=all"]);
    cmd = cmd.arg(format!("--since=-{seconds}s"));
    if let Some(unit) = &args.unit {
        cmd = cmd.arg(format!("--unit={unit}"));
    }
    if args.follow { cmd.arg("--follow") } else { cmd }
}

impl Feed {
    /// How many logs it is.
    pub(super) fn count(&self) -> usize {
        match &self.from {
            From::Containers(containers) => containers.count(),
            From::Program { .. } | From::Cloud(_) => 1,
        }
    }

    /// Reads it to its end. The failure of a program has its exit code.
    pub(super) async fn read(
        &self,
        step: &StepCx<'_>,
        args: &LogsArgs,
        line: OnNamed<'_>,
    ) -> Result<(), Failure> {
        let own = |text: &str| line(&self.label, text);
        let (cmd, at) = match &self.from {
            From::Cloud(cloud) => return cloud.read(step, args, &own).await,
            From::Containers(containers) => return containers.read(step, args, line).await,
            From::Program { cmd, at } => (cmd, at),
        };
        let hear = |channel: Channel, text: &str| {
            // docker gives the two outputs of a container as its own.
            if channel == Channel::Out || is_docker(cmd, args) {
                own(text);
            }
        };
        let done = match step.run_channels(cmd, &hear).await {
            Err(RunError::Cancelled { .. }) if args.follow => return Ok(()),
            other => other.map_err(|error| step.unanswered(error))?,
        };
        if done.interrupted {
            let stopped = || Err(step.interrupted("the log was not read to its end"));
            return if args.follow { Ok(()) } else { stopped() };
        }
        judge(step, at.as_deref(), &done, &self.label)
    }
}

/// Its lines on standard error are of the log.
fn is_docker(cmd: &Cmd, args: &LogsArgs) -> bool {
    cmd.program == "docker"
        || args.container.is_some()
        || cmd.args.last().is_some_and(|line| line.contains("docker logs"))
}
