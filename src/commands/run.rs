//! Run a one-off task of an environment.

use clap_complete::engine::ArgValueCandidates;

use super::{Global, target};
use crate::config::Environment;
use crate::config::model::{Task, TaskRunner};
use crate::context::Ctx;
use crate::exec::Channel;
use crate::failure::{Failure, Kind};
use crate::pipeline::engine::ticking;
use crate::steps::confirm::Asks;
use crate::steps::docker::task;
use crate::steps::ecs::foreseen::opened;
use crate::steps::ecs::register::compared;
use crate::steps::ecs::run::{How, Outcome, described, run as run_in_ecs};
use crate::steps::ecs::wanted;
use crate::text::{list, nearest, plural};
use crate::ui::event::{self, Event, Level};
use crate::ui::prompt;
use crate::work::{Facts, StepCx};

/// Run a one-off task of an environment
///
/// What it prints is masked; its exit code is passed on. In docker (`runner = "docker"`) the container gets the variables of
/// the environment file; when that is not there, those of `.env` in the folder of the task, with a warning. The folder of
/// the environment file is mounted read-only. Ctrl-C stops the container. In ECS the task definition is registered when it
/// has changed, the task is started once and followed to its end; Ctrl-C asks whether to stop it.
#[derive(Debug, clap::Args)]
#[command(override_usage = "infractl run [OPTIONS] [ENV] [TASK] [-- <COMMAND>...]")]
pub struct RunArgs {
    /// Environment [default: as for every verb], and name of the task [default: the only one, else a picker]
    #[arg(value_name = "[ENV] TASK", num_args = 0..=2, add = ArgValueCandidates::new(target::environments))]
    words: Vec<String>,
    /// Use `.env` in the folder of the task, also when there is an environment file (docker)
    #[arg(long, conflicts_with = "stop")]
    local: bool,
    /// Stop the containers of the task that run, and start none (docker)
    #[arg(long)]
    stop: bool,
    /// Start it, and do not wait for its end (ecs)
    #[arg(long, conflicts_with_all = ["stop", "attach"])]
    detach: bool,
    /// Start none: follow this one, or the last that a run from here has left (ecs)
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["stop", "command"])]
    attach: Option<String>,
    /// Command instead of that of the task, after `--`
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "stop")]
    command: Vec<String>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &RunArgs) -> Result<(), Failure> {
    let (env, name) = wanted(cx, &args.words)?;
    let name = match name {
        Some(name) => name,
        None => only(cx, &env)?,
    };
    let Some(task) = env.tasks.get(&name) else { return Err(unknown(&env, &name)) };
    let is_of_ecs = task.runner.unwrap_or_default() == TaskRunner::Ecs;
    if is_of_ecs {
        return Box::pin(in_ecs(cx, global, args, &env, (&name, task))).await;
    }
    if args.detach || args.attach.is_some() {
        let text = format!("`--detach` and `--attach` are for tasks of ECS, and `{name}` runs in docker");
        return Err(Failure::new(Kind::Usage, text).help("leave it out"));
    }
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, &env, &name, &[], &mut facts);
    if args.stop {
        if global.dry_run {
            return cx.ui.data(format!("# stop the containers of task {name}\n").as_bytes());
        }
        let count = task::stop(&mut step, &name).await?;
        cx.ui.note(format!("{} of `{name}` stopped", plural(count, "container")));
        return Ok(());
    }
    let asked = task::Asked { name: &name, task, local: args.local, args: &args.command };
    if global.dry_run {
        return cx.ui.data(format!("{}\n", task::describe(&step, &asked)?).as_bytes());
    }
    let line = |channel: Channel, text: &str| match channel {
        // A pipe that is closed is noticed at the end.
        Channel::Out => drop(cx.ui.data(format!("{text}\n").as_bytes())),
        Channel::Err => cx.ui.event(
            Some(&env.name),
            Event::Line { name: name.clone(), level: Level::Normal, text: text.to_owned() },
        ),
    };
    let code = task::run(&mut step, &asked, &line).await?;
    match u8::try_from(code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::new(
            Kind::Child(code),
            format!("task `{name}` of `{}` ended with exit code {code}", env.name),
        )),
        Err(_) => Err(Failure::new(Kind::Failed, format!("task `{name}` ended with exit code {code}"))),
    }
}

/// The environment, and the task if one is named: a single word may be either.
fn wanted(cx: &Ctx, words: &[String]) -> Result<(Environment, Option<String>), Failure> {
    let load = |environment: Option<String>| target::Target { environment }.environment(cx);
    match words {
        [environment, task, ..] => Ok((load(Some(environment.clone()))?, Some(task.clone()))),
        [one] if target::project(cx)?.environments.contains(one) => Ok((load(Some(one.clone()))?, None)),
        [one] => match load(None) {
            Ok(env) if env.tasks.contains_key(one) => Ok((env, Some(one.clone()))),
            // Neither a task nor an environment: the one who says so knows what is near.
            Ok(env) => Err(unknown(&env, one)),
            Err(_) => load(Some(one.clone())).map(|env| (env, None)),
        },
        [] => Ok((load(None)?, None)),
    }
}

/// The only task that can be run here, or the one that is picked.
fn only(cx: &Ctx, env: &Environment) -> Result<String, Failure> {
    let names: Vec<String> = env.tasks.keys().cloned().collect();
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(Kind::Usage, format!("`{}` has no task", env.name))
            .help("add `[tasks.NAME]`, with `definition-file` for ECS, or `runner = \"docker\"` and `image` or `service`")),
        _ if cx.ui.mode.can_ask => prompt::pick(&cx.ui, "Which task", &names),
        names => Err(Failure::new(Kind::Usage, "which task? None was given")
            .help(format!("name one of {}", list(names, "or")))),
    }
}

fn unknown(env: &Environment, name: &str) -> Failure {
    let names: Vec<&String> = env.tasks.keys().collect();
    let failure = Failure::new(Kind::Usage, format!("`{}` has no task `{name}`", env.name));
    match (nearest(name, &names), names.as_slice()) {
        (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
        (None, []) => failure.help(format!("declare it: `[tasks.{name}]`")),
        (None, names) => failure.help(format!("its tasks are {}", list(names, "and"))),
    }
}

/// A task of ECS.
async fn in_ecs(
    cx: &Ctx,
    global: &Global,
    args: &RunArgs,
    env: &Environment,
    (name, task): (&str, &Task),
) -> Result<(), Failure> {
    if args.stop || args.local {
        let text = format!("`--stop` and `--local` are for tasks in docker, and `{name}` runs in ECS");
        return Err(Failure::new(Kind::Usage, text)
            .help(format!("stop it by Ctrl-C: `infractl run {} {name} --attach`", env.name)));
    }
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, name, &[], &mut facts);
    "run".clone_into(&mut step.frame.verb);
    step.frame.is_dry = global.dry_run;
    let asked = wanted::Asked { name, task, args: &args.command, command: Vec::new() };
    if global.dry_run {
        let lines = described(&mut step, &asked)?;
        cx.ui.data(format!("{}\n", lines.join("\n")).as_bytes())?;
        step.frame.is_dry = false;
        opened(&mut step).await?;
        let differences = compared(&mut step, &asked).await?;
        let text = differences.iter().map(|line| format!("# {line}\n")).collect::<Vec<_>>().concat();
        return cx.ui.page(&cx.masks.mask(&text));
    }
    if args.attach.is_none() {
        let question = format!("`run` of `{name}` on `{}`", env.name);
        match target::must_ask(cx, global, env, "run")? {
            Some(Asks::Name) => {
                prompt::confirm_name(&cx.ui, &format!("{question}, which is protected"), &env.name)?;
            }
            Some(Asks::Yes) if !prompt::yes(&cx.ui, &format!("{question}?"))? => {
                return Err(Failure::new(Kind::Declined, "declined; nothing was done"));
            }
            _ => {}
        }
    }
    let how = How { detach: args.detach, attach: args.attach.clone() };
    let line = |text: &str| cx.ui.line(Some(&env.name), name, Level::Report, text);
    let begun = std::time::Instant::now();
    let tell = |event| cx.ui.event(Some(&env.name), event);
    tell(Event::RunStarted { verb: "run".to_owned(), steps: 1 });
    tell(Event::StepStarted { number: 1, name: name.to_owned() });
    let result = ticking(cx, async {
        Box::pin(opened(&mut step)).await?;
        Box::pin(run_in_ecs(&mut step, &asked, &how, &line)).await
    })
    .await;
    let (outcome, summary) = match &result {
        Ok(Outcome::Detached(text) | Outcome::Done(text)) => (event::Outcome::Done, text.clone()),
        Err(failure) if matches!(failure.kind, Kind::Interrupted | Kind::Terminated) => {
            (event::Outcome::Interrupted, String::new())
        }
        Ok(Outcome::Code(..)) | Err(_) => (event::Outcome::Failed, String::new()),
    };
    tell(Event::StepEnded { number: 1, name: name.to_owned(), outcome, summary, took: begun.elapsed() });
    tell(Event::RunEnded { verb: "run".to_owned(), outcome, took: begun.elapsed() });
    match result? {
        Outcome::Detached(_) | Outcome::Done(_) => Ok(()),
        Outcome::Code(code, failure) => {
            Err(Failure { kind: u8::try_from(code).map_or(Kind::Failed, Kind::Child), ..failure })
        }
    }
}
