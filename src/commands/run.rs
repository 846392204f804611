//! Run a one-off task of an environment.

use clap_complete::engine::ArgValueCandidates;

use super::{Global, target};
use crate::config::Environment;
use crate::config::model::{Task, TaskRunner};
use crate::config::unready::{self, Unready};
use crate::context::Ctx;
use crate::exec::Channel;
use crate::failure::{Failure, Kind};
use crate::steps::docker::task;
use crate::text::{list, nearest, plural};
use crate::ui::event::Level;
use crate::ui::prompt;
use crate::work::{Facts, StepCx};

/// Run a one-off task of an environment
///
/// The container gets the variables of the environment file; when that is not there, those of `.env` in the folder of
/// the task, with a warning. The folder of the environment file is mounted read-only. What it prints is masked; its exit
/// code is passed on. Ctrl-C stops the container.
#[derive(Debug, clap::Args)]
#[command(override_usage = "infractl run [OPTIONS] [ENV] [TASK] [-- <COMMAND>...]")]
pub struct RunArgs {
    /// Environment [default: as for every verb], and name of the task [default: the only one, else a picker]
    #[arg(value_name = "[ENV] TASK", num_args = 0..=2, add = ArgValueCandidates::new(target::environments))]
    words: Vec<String>,
    /// Use `.env` in the folder of the task, also when there is an environment file
    #[arg(long, conflicts_with = "stop")]
    local: bool,
    /// Stop the containers of the task that run, and start none
    #[arg(long)]
    stop: bool,
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
    check_runner(&env, &name, task)?;
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
            crate::ui::event::Event::Line { name: name.clone(), level: Level::Normal, text: text.to_owned() },
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
    let is_ours = |name: &&String| env.tasks[*name].runner == Some(TaskRunner::Docker);
    let names: Vec<String> = env.tasks.keys().filter(is_ours).cloned().collect();
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(Kind::Usage, format!("`{}` has no task that runs here", env.name))
            .help("add `[tasks.NAME]` with `runner = \"docker\"` and `image` or `service`")),
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

/// The runner of a task, or why this infractl cannot run it.
fn check_runner(env: &Environment, name: &str, task: &Task) -> Result<(), Failure> {
    match task.runner.unwrap_or_default() {
        TaskRunner::Docker => Ok(()),
        TaskRunner::Ecs => Err(match unready::word("runner ecs", &format!("tasks.{name}")) {
            Some(Unready { why, help }) => {
                match env.document.key_problem(None, &["tasks", name, "runner"], &why, &help) {
                    Some(problem) => Failure::problems(Kind::Config, vec![problem]),
                    None => Failure::new(Kind::Config, why).help(help),
                }
            }
            None => Failure::new(Kind::Bug, "no reason is known why this task does not run"),
        }),
    }
}
