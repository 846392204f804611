//! Builds, pulls, runs and stops images with the docker program.

mod script;
pub(crate) mod compose_logs;
pub(crate) mod compose;
pub(crate) mod containers;
pub(crate) mod task;
pub(crate) mod task_variables;
pub(crate) mod task_words;
mod volume;
mod absent;
pub(crate) mod compose_program;
pub(crate) mod carry;
pub(crate) mod builds;
mod build;
pub(crate) mod push;
mod behind;
pub(crate) mod login;
pub(crate) mod image;
mod commit;
mod ended;

use crate::config::Environment;
use crate::config::model::{self, Argument, Docker};
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Value};
use crate::failure::{Failure, Kind};
use crate::steps::docker::compose::variables;
use crate::steps::meet::meet;
use crate::tools::docker as tool;
use crate::tools::ssh::remote_shell::shell_words;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{StepCx, needs};
use builds::Builds;
use ended::{judge, until_stopped};
use volume::absolute;

impl StepKind for Docker {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for template in templates(env, self) {
            see(Mention::Template(template));
        }
        let image = self.build.as_ref().and_then(|name| env.images.get(&name.0));
        for secret in image.iter().flat_map(|image| &image.secrets) {
            see(Mention::Secret(&secret.0));
        }
        if self.push.is_some() || self.login.is_some() {
            login::visit(env, see);
        }
        see(Mention::Sparing);
        see(Mention::Starts("docker"));
    }

    fn effect(&self) -> Option<Effect> {
        if self.run.is_some() {
            // What is in the image only the project knows.
            return None;
        }
        Some(if self.push.is_some() || self.stop.is_some() { Effect::Changes } else { Effect::Writes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.docker(step, self, &marked(step, self))
    }
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, docker: &Docker) -> Result<String, Failure> {
    let wanted = needs::Needs::of(step.env, docker, step.frame.secrets.as_deref());
    meet(step, &wanted).await?;
    if let Some(image) = &docker.build {
        return builds::run(step, &Builds { images: vec![image.0.clone()], platform: None }).await;
    }
    if let Some(image) = &docker.push {
        return push::run(step, &image.0).await;
    }
    let known = Known::of(step);
    if docker.login.is_some() {
        return login::run(step, &known).await;
    }
    if let Some(image) = &docker.pull {
        let image = known.argument(step, &image.0)?;
        let done = step.run(&tool::pull(&image)).await?;
        return judge(step, &done, &format!("`docker pull` of `{image}`")).map(|()| image);
    }
    if let Some(container) = &docker.stop {
        return stop(step, &known.argument(step, &container.0)?).await;
    }
    let (run, env) = container(step, docker, &known)?;
    let mut cmd = tool::run(&run).dir(&step.env.root);
    cmd.env.extend(env);
    let result = until_stopped(step, &run.name, step.run(&cmd)).await;
    let ended = matches!(&result, Ok(done) if !done.interrupted);
    if !ended {
        // Whoever started it was ended; the container may go on.
        let _ = step.cx.runner.run(&tool::remove(&run.name).even_if_interrupted(), &|_, _| ()).await;
    }
    judge(step, &result?, &format!("`docker run` of `{}`", run.image))?;
    Ok(if run.detach { format!("container {}", run.name) } else { String::new() })
}

/// The commands, as a dry run shows them.
pub(crate) fn describe(step: &mut StepCx<'_>, docker: &Docker) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, docker);
    if docker.push.is_some() || docker.login.is_some() {
        return push::lines(step, docker, &known, ToString::to_string);
    }
    Ok(commands(step, docker, &known)?.iter().map(ToString::to_string).collect())
}

/// The commands, in order.
pub(crate) fn commands(step: &StepCx<'_>, docker: &Docker, known: &Known) -> Result<Vec<Cmd>, Failure> {
    if let Some(image) = &docker.build {
        return build::command(step, &image.0, known, None).map(|cmd| vec![cmd]);
    }
    if let Some(image) = &docker.pull {
        return Ok(vec![tool::pull(&known.argument(step, &image.0)?)]);
    }
    if let Some(name) = &docker.stop {
        let name = known.argument(step, &name.0)?;
        return Ok(vec![tool::stop(&name), tool::remove(&name)]);
    }
    let (run, env) = container(step, docker, known)?;
    let mut cmd = tool::run(&run);
    cmd.env.extend(env);
    Ok(vec![cmd])
}

/// Every template of a step.
pub(crate) fn templates<'a>(env: &'a Environment, docker: &'a Docker) -> Vec<&'a Template> {
    let one = [&docker.pull, &docker.run, &docker.stop, &docker.name, &docker.network];
    let arguments = one.into_iter().flatten().chain(&docker.ports).chain(&docker.volumes);
    let mut all: Vec<&Template> = arguments.map(|argument| &argument.0).chain(docker.env.values()).collect();
    match &docker.command {
        Some(model::Invocation::Shell(line)) => all.push(&line.0),
        Some(model::Invocation::Argv(words)) => all.extend(words.iter().map(|word| &word.0)),
        None => {}
    }
    let image = docker.build.as_ref().or(docker.push.as_ref());
    if let Some(image) = image.and_then(|name| env.images.get(&name.0)) {
        all.extend(build::templates(image));
    }
    if image.is_some() || docker.login.is_some() {
        all.extend(login::templates(env));
    }
    all
}

/// The container of the step, and its variables.
fn container(
    step: &StepCx<'_>,
    docker: &Docker,
    known: &Known,
) -> Result<(tool::NewContainer, Vec<(String, Value)>), Failure> {
    let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
        argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
    };
    let many = |arguments: &[Argument]| -> Result<Vec<String>, Failure> {
        arguments.iter().map(|argument| known.argument(step, &argument.0)).collect()
    };
    let Some(image) = one(&docker.run)? else {
        return Err(Failure::new(Kind::Config, format!("`{}` says nothing to do", step.name))
            .help("write one of `build`, `pull`, `run`, `stop`"));
    };
    let mut env = match &docker.env_file {
        Some(file) => task_variables::file(step, &file.0)?,
        None => Vec::new(),
    };
    env.extend(variables(step, known, &docker.env)?);
    task_variables::check_names(&env)?;
    step.env.check_absent(None, env.iter().map(|(name, _)| name.as_str()), &format!("`{}`", step.name))?;
    let command = match &docker.command {
        Some(model::Invocation::Shell(line)) => {
            shell_words(&known.argument(step, &line.0)?).map(str::to_owned).into()
        }
        Some(model::Invocation::Argv(words)) => many(words)?,
        None => Vec::new(),
    };
    let volumes = many(&docker.volumes)?.iter().map(|volume| absolute(&step.env.root, volume)).collect();
    let mut names: Vec<String> = env.iter().map(|(name, _)| name.clone()).collect();
    names.dedup();
    let run = tool::NewContainer {
        image,
        name: one(&docker.name)?.unwrap_or_else(|| task::container_name(step, "step")),
        command,
        ports: many(&docker.ports)?,
        volumes,
        network: one(&docker.network)?,
        variables: names,
        labels: Vec::new(),
        detach: docker.detach,
    };
    Ok((run, env))
}

async fn stop(step: &mut StepCx<'_>, name: &str) -> Result<String, Failure> {
    let done = step.run(&tool::stop(name)).await?;
    if done.code != 0 && done.tail.contains("No such container") {
        return Ok(format!("{name} was not there"));
    }
    judge(step, &done, &format!("`docker stop` of `{name}`"))?;
    let done = step.run(&tool::remove(name)).await?;
    judge(step, &done, &format!("`docker rm` of `{name}`")).map(|()| format!("{name} stopped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_found_wherever_docker_is_started() {
        let all =
            ["./data:/app/data", "../../shared:/app/shared:ro", "/abs:/x", "named:/x", "a/b:/x", "/only"];
        let all = all.map(|volume| absolute(std::path::Path::new("/p/data/docker"), volume));
        insta::assert_snapshot!(all.join("\n"), @r"
        /p/data/docker/data:/app/data
        /p/shared:/app/shared:ro
        /abs:/x
        named:/x
        /p/data/docker/a/b:/x
        /only
        ");
    }
}
