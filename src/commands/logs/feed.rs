//! Where the lines come from: a program, here or by ssh, or CloudWatch.

use std::time::Duration;

use super::args::{LogsArgs, OnText};
use super::cloud::{self, Cloud};
use super::find::Source;
use crate::config::model::TaskRunner;
use crate::exec::{Channel, Cmd, RunError};
use crate::failure::{Failure, Kind};
use crate::hosts::connection;
use crate::hosts::host::Machine;
use crate::steps::docker::compose_logs;
use crate::steps::docker::compose_program::{ask, placed};
use crate::steps::docker::task;
use crate::text::{last_line, plain};
use crate::tools::docker as tool;
use crate::tools::ssh::remote_shell;
use crate::work::StepCx;

/// One log.
pub(super) struct Feed {
    /// What stands before its lines when there are several.
    pub(super) label: String,
    from: From,
}

enum From {
    Program { cmd: Box<Cmd>, at: Option<Box<Machine>> },
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
                let done = ask(step, None, list).await?;
                let text =
                    done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default();
                let ids: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
                all.extend(of_containers(step, None, &name, &ids, args).await?);
            }
            Source::Task(_, task) => {
                all.extend(of_cloud(cloud::of_task(step, &name, task, args).await?, &name));
            }
            Source::Service(ecs, _) => {
                all.extend(of_cloud(cloud::of_service(step, &name, ecs, args).await?, &name));
            }
            Source::Container(_) => {
                all.extend(of_containers(step, None, &name, std::slice::from_ref(&name), args).await?);
            }
            Source::Compose { compose, service, at } => {
                let ids = compose_logs::containers(step, at.as_deref(), compose, service).await?;
                all.extend(of_containers(step, at.as_deref(), &name, &ids, args).await?);
            }
            Source::Host(machine) => {
                let cmd = connection::on(step, machine, on_host(args)).await?;
                let at = Some(machine.clone());
                all.push(Feed { label: name, from: From::Program { cmd: Box::new(cmd), at } });
            }
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

async fn of_containers(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    name: &str,
    ids: &[String],
    args: &LogsArgs,
) -> Result<Vec<Feed>, Failure> {
    let mut all = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let label = if ids.len() > 1 { format!("{name}-{}", number + 1) } else { name.to_owned() };
        let cmd = placed(step, at, tool::logs(id, args.follow, args.back())).await?;
        all.push(Feed { label, from: From::Program { cmd: Box::new(cmd), at: at.cloned().map(Box::new) } });
    }
    Ok(all)
}

/// What reads the log of a machine, there.
fn on_host(args: &LogsArgs) -> Cmd {
    let seconds = args.back().as_ref().map_or(0, Duration::as_secs);
    if let Some(container) = &args.container {
        return tool::logs(container, args.follow, args.back());
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
    /// Reads it to its end. The failure of a program has its exit code.
    pub(super) async fn read(
        &self,
        step: &StepCx<'_>,
        args: &LogsArgs,
        line: OnText<'_>,
    ) -> Result<(), Failure> {
        let (cmd, at) = match &self.from {
            From::Cloud(cloud) => return cloud.read(step, args, line).await,
            From::Program { cmd, at } => (cmd, at),
        };
        let hear = |channel: Channel, text: &str| {
            // docker gives the two outputs of a container as its own.
            if channel == Channel::Out || is_docker(cmd, args) {
                line(text);
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
        if let Some(lost) = at.as_ref().and_then(|machine| connection::lost(step, machine, &done)) {
            return Err(lost);
        }
        if done.code == 0 {
            return Ok(());
        }
        let kind = u8::try_from(done.code).map_or(Kind::Failed, Kind::Child);
        let failure = Failure::new(kind, last_line(&plain(&remote_shell::said(&done.tail))).to_owned())
            .context(format!("the log of `{}` was not read to its end", self.label));
        let has_no_journal = done.code == 127 && at.is_some();
        Err(if has_no_journal {
            failure.help("name a file with `--file PATH`, or a container with `--container NAME`")
        } else {
            failure
        })
    }
}

/// Its lines on standard error are of the log.
fn is_docker(cmd: &Cmd, args: &LogsArgs) -> bool {
    cmd.program == "docker"
        || args.container.is_some()
        || cmd.args.last().is_some_and(|line| line.contains("docker logs"))
}
