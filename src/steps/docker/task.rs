//! One-off tasks in a container of this machine: an image or a compose service, with the environment file.

use std::path::PathBuf;

use crate::config::model::{Argument, Task};
use crate::exec::{Channel, Cmd, Done, RunError, Value};
use crate::failure::{Failure, Kind};
use crate::steps::docker::compose_program::{missing, program};
use crate::steps::docker::task_variables::variables;
use crate::steps::docker::volume::absolute;
use crate::steps::docker::{absent, image, task_words};
use crate::steps::meet::meet;
use crate::tools::docker as tool;
use crate::tools::docker::compose::{self, Program, Project};
use crate::work::child;
use crate::work::values::Known;
use crate::work::{StepCx, needs, relative};

/// How long a task may take when it does not say.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60 * 60);
/// Where the folder of the environment file is mounted when the task does not say.
const SHARED: &str = "/app/shared";
/// Containers of tasks are known by this label.
const LABEL: &str = "infractl.task";

/// What is asked of a task.
pub(crate) struct Asked<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the configuration says of it.
    pub task: &'a Task,
    /// With the `.env` of its folder, whatever environment file there is.
    pub local: bool,
    /// Command instead of that of the task; its own if empty.
    pub args: &'a [String],
}

/// Runs it to its end; `line` gets what it prints, masked. Its exit code.
pub(crate) async fn run(
    step: &mut StepCx<'_>,
    asked: &Asked<'_>,
    line: &(dyn Fn(Channel, &str) + Send + Sync),
) -> Result<i32, Failure> {
    docker_answers(step).await?;
    let dir = dir(step, asked.task);
    if !dir.is_dir() {
        let message = format!("there is no folder `{}`", relative(step, &dir));
        return Err(
            Failure::new(Kind::Config, message).help(format!("correct `dir` of `[tasks.{}]`", asked.name))
        );
    }
    let wanted = needs::Needs::of_templates(step.env, &task_words::templates(asked.task));
    meet(step, &wanted).await?;
    let env = variables(step, asked, &Known::of(step))?;
    let program = match &asked.task.service {
        Some(service) => {
            let program = program(step, None).await?;
            let known = Known::of(step);
            let service = known.argument(step, &service.0)?;
            let files = task_words::many(step, &known, &asked.task.files)?;
            let project = Project { files, services: vec![service], ..Project::default() };
            let question = compose::resolved(program, &project).map(|mut cmd| {
                cmd.env.extend(env.iter().cloned());
                equipped(step, cmd.dir(&dir))
            });
            absent::check(step, None, Some(asked.name), question).await?;
            Some(program)
        }
        None => None,
    };
    let image = image(step, asked).await?;
    let known = Known::of(step);
    let (name, mut cmd) = command(step, asked, &known, image, program, &env)?;
    cmd.env.extend(env);
    let timeout = asked.task.timeout.map_or(TIMEOUT, |period| period.0);
    let cmd = cmd.timeout(Some(timeout));
    let failed_by = asked.task.fails_on.as_ref().and_then(|pattern| regex::Regex::new(&pattern.0).ok());
    let bad = std::sync::Mutex::new(None);
    let hear = |channel: Channel, text: &str| {
        if failed_by.as_ref().is_some_and(|pattern| pattern.is_match(text))
            && let Ok(mut bad) = bad.lock()
        {
            bad.get_or_insert_with(|| text.to_owned());
        }
        line(channel, text);
    };
    let result =
        crate::steps::docker::ended::until_stopped(step, &name, step.cx.runner.run(&cmd, &hear)).await;
    if !matches!(&result, Ok(done) if !done.interrupted) {
        // Whoever started it was ended; the container may go on.
        let _ = step.cx.runner.run(&tool::remove(&name).even_if_interrupted(), &|_, _| ()).await;
    }
    let done = match result {
        Err(RunError::TimedOut { .. }) => {
            let message =
                format!("`{}` took longer than {} and was ended", asked.name, crate::text::duration(timeout));
            return Err(Failure::new(Kind::Failed, message)
                .help("give the task a longer `timeout`, if that was expected"));
        }
        other => other?,
    };
    judge(step, asked, &done, bad.into_inner().ok().flatten())
}

/// The command, as a dry run shows it: secrets by their names.
pub(crate) fn describe(step: &StepCx<'_>, asked: &Asked<'_>) -> Result<String, Failure> {
    let wanted = needs::Needs::of_templates(step.env, &task_words::templates(asked.task));
    let known = Known::named(step, wanted);
    let env = variables(step, asked, &known)?;
    let image = match &asked.task.image {
        Some(image) => Some(known.argument(step, &image.0)?),
        None => None,
    };
    let program = asked.task.service.as_ref().map(|_| Program::Plugin);
    let (_, mut cmd) = command(step, asked, &known, image, program, &env)?;
    cmd.env.retain(|name, _| !name.starts_with("INFRACTL_"));
    cmd.env.extend(env);
    Ok(crate::work::shown_in(&cmd))
}

/// Stops what runs of it. How many containers there were.
pub(crate) async fn stop(step: &mut StepCx<'_>, name: &str) -> Result<usize, Failure> {
    docker_answers(step).await?;
    let label = label(step, name);
    let done = step.cx.runner.run(&tool::with_label(&label), &|_, _| ()).await?;
    crate::steps::docker::ended::judge(step, &done, "`docker ps`")?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let all: Vec<&str> = text.split_whitespace().collect();
    for container in &all {
        let done = step.run(&tool::stop(container)).await?;
        if !done.tail.contains("No such container") {
            crate::steps::docker::ended::judge(step, &done, &format!("`docker stop` of `{container}`"))?;
        }
    }
    Ok(all.len())
}

/// Whether the docker that runs tasks is there and its engine answers.
async fn docker_answers(step: &mut StepCx<'_>) -> Result<(), Failure> {
    let done = match step.cx.runner.run(&tool::engine(), &|_, _| ()).await {
        Err(RunError::NotFound { .. }) => return Err(missing("on this machine")),
        other => other?,
    };
    crate::steps::docker::ended::judge(step, &done, "`docker version`")
}

/// The image of a task: one of `[images]` with the first of its tags, or what is written there.
async fn image(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<Option<String>, Failure> {
    let Some(image) = &asked.task.image else { return Ok(None) };
    let name = Known::of(step).argument(step, &image.0)?;
    if !step.env.images.contains_key(&name) {
        return Ok(Some(name));
    }
    image::runnable(step, &name).await
}

fn command(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    known: &Known,
    image: Option<String>,
    program: Option<Program>,
    env: &[(String, Value)],
) -> Result<(String, Cmd), Failure> {
    let task = asked.task;
    let many = |arguments: &[Argument]| task_words::many(step, known, arguments);
    let dir = dir(step, task);
    let mut volumes: Vec<String> = many(&task.volumes)?.iter().map(|volume| absolute(&dir, volume)).collect();
    let shared = step.env.env_file.path.parent().unwrap_or(&step.env.root);
    if shared.is_dir() && shared != step.env.root {
        let there = match &task.shared {
            Some(there) => known.argument(step, &there.0)?,
            None => SHARED.to_owned(),
        };
        volumes.push(format!("{}:{there}:ro", shared.display()));
    }
    let mut names: Vec<String> = env.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    let name = container_name(step, asked.name);
    let words =
        if asked.args.is_empty() { task_words::words(step, known, task)? } else { asked.args.to_vec() };
    let labels = vec![label(step, asked.name)];
    let service = task.service.as_ref().map(|service| known.argument(step, &service.0)).transpose()?;
    let cmd = match (image, service, program) {
        (Some(_), Some(_), _) => {
            return Err(Failure::new(
                Kind::Config,
                format!("task `{}` has an image and a service", asked.name),
            )
            .help("remove one of `image` and `service`"));
        }
        (None, Some(service), Some(program)) => {
            let project = Project { files: many(&task.files)?, ..Project::default() };
            let run = compose::OneOff {
                service,
                name: name.clone(),
                command: words,
                volumes,
                variables: names,
                labels,
            };
            compose::run(program, &project, &run)
        }
        (Some(image), None, _) => {
            let network =
                task.network.as_ref().map(|network| known.argument(step, &network.0)).transpose()?;
            let run = tool::NewContainer {
                image,
                name: name.clone(),
                command: words,
                volumes,
                network,
                variables: names,
                labels,
                ..tool::NewContainer::default()
            };
            tool::run(&run)
        }
        _ => {
            return Err(Failure::new(Kind::Config, format!("task `{}` says nothing to run", asked.name))
                .help(format!("add `image` or `service` to `[tasks.{}]`", asked.name)));
        }
    };
    let cmd = cmd.dir(dir);
    Ok((name, if program.is_some() { equipped(step, cmd) } else { cmd }))
}

/// A call of compose with what it may name in its files.
fn equipped(step: &StepCx<'_>, cmd: Cmd) -> Cmd {
    child::variables(step).into_iter().fold(cmd, |cmd, (name, value)| cmd.env(name, value))
}

/// Folder of a task.
pub(crate) fn dir(step: &StepCx<'_>, task: &Task) -> PathBuf {
    task.dir.as_ref().map_or_else(|| step.env.root.clone(), |dir| dir.0.clone())
}

/// A name that no other container has.
pub(crate) fn container_name(step: &StepCx<'_>, what: &str) -> String {
    let text = format!("{}-{}-{what}-{}", step.env.project, step.env.name, std::process::id());
    let clean = text.chars().map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' });
    clean.collect::<String>().trim_start_matches(['-', '.', '_']).to_owned()
}

/// The label of its containers.
pub(crate) fn label(step: &StepCx<'_>, name: &str) -> String {
    format!("{LABEL}={}/{}/{name}", step.env.project, step.env.name)
}

/// The exit code, or why there is none that is the task's own.
fn judge(step: &StepCx<'_>, asked: &Asked<'_>, done: &Done, bad: Option<String>) -> Result<i32, Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` was stopped", asked.name)));
    }
    let dockers_own = done.tail.lines().any(|line| line.starts_with("docker: "));
    if [125, 126, 127].contains(&done.code) && dockers_own {
        return crate::steps::docker::ended::judge(step, done, &format!("`{}`", asked.name)).map(|()| 0);
    }
    if asked.task.service.is_some()
        && done.code != 0
        && let Some((what, help)) = compose::advice_of_run(done.code, &done.tail)
    {
        let said = done.tail.lines().last().unwrap_or_default().trim().to_owned();
        return Err(Failure::new(Kind::Failed, said).context(what).help(help));
    }
    match bad {
        Some(line) if done.code == 0 => Err(Failure::new(Kind::Failed, line)
            .context(format!("`{}` ended with 0, but printed what `fails-on` names", asked.name))),
        _ => Ok(done.code),
    }
}
