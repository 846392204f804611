//! `docker compose`, here or on a host.

use crate::config::Environment;
use crate::config::model::{Argument, Compose, Variables};
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Value};
use crate::failure::{Failure, Kind};
use crate::hosts::host::{self, Machine};
use crate::hosts::{connection, login};
use crate::steps::docker::absent;
use crate::steps::docker::compose_program::{ask, placed, program};
use crate::steps::docker::containers::{self, Trouble};
use crate::tools::docker::compose::{self as tool, Program, Project, Verb};
use crate::work::child;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::Script;
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative, shown_in};

impl StepKind for Compose {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if let Some(host) = &self.host {
            see(Mention::Host(&host.0));
        } else {
            see(Mention::Starts("docker"));
        }
        for template in templates(self) {
            see(Mention::Template(template));
        }
        see(Mention::Sparing);
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.compose(step, self, &marked(step, self))
    }
}

/// Does it, on each machine of the host.
pub(crate) async fn run(step: &mut StepCx<'_>, compose: &Compose) -> Result<String, Failure> {
    let known = Known::of(step);
    let wanted = Wanted::of(step, compose, &known)?;
    let Some(host) = &compose.host else { return once(step, None, &wanted).await };
    let machines = host::machines(step, &known, &host.0)?;
    let mut all = Vec::new();
    for machine in &machines {
        let text = once(step, Some(machine), &wanted).await?;
        all.push(if machines.len() == 1 { text } else { format!("{}: {text}", machine.name) });
    }
    all.retain(|text| !text.is_empty());
    Ok(all.join("; "))
}

/// The commands, as a dry run shows them.
pub(crate) fn describe(step: &mut StepCx<'_>, compose: &Compose) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, compose);
    let wanted = Wanted::of(step, compose, &known)?;
    let machines = match &compose.host {
        Some(host) => host::machines(step, &known, &host.0)?.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let mut lines = Vec::new();
    for machine in &machines {
        for cmd in tool::commands(Program::Plugin, &wanted.project, wanted.verb) {
            let mut cmd = wanted.equipped(step, machine.is_some(), cmd);
            cmd.env.retain(|name, _| compose.env.contains_key(name) || !name.starts_with("INFRACTL_"));
            lines.push(if let Some(machine) = machine {
                let has_secrets = cmd.env.values().any(|value| matches!(value, Value::Secret(_)));
                let reads = if has_secrets { " < SECRETS" } else { "" };
                format!("{}{reads}", connection::by(&login::shown(step.env, machine), cmd))
            } else {
                cmd.dir = cmd.dir.filter(|dir| *dir != step.env.root);
                shown_in(&cmd)
            });
        }
    }
    if compose.wait {
        lines.push("# wait until its services are healthy".to_owned());
    }
    Ok(lines)
}

/// The commands that compose 2 gets on this machine.
pub(crate) fn commands(step: &StepCx<'_>, compose: &Compose, known: &Known) -> Result<Vec<Cmd>, Failure> {
    let wanted = Wanted::of(step, compose, known)?;
    let all = tool::commands(Program::Plugin, &wanted.project, wanted.verb);
    Ok(all.into_iter().map(|cmd| wanted.equipped(step, false, cmd)).collect())
}

/// What the step says, rendered.
pub(crate) struct Wanted {
    pub(super) project: Project,
    verb: Verb,
    dir: Option<String>,
    env: Vec<(String, Value)>,
    wait: bool,
}

impl Wanted {
    pub(super) fn of(step: &StepCx<'_>, compose: &Compose, known: &Known) -> Result<Wanted, Failure> {
        let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
            argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
        };
        let many = |arguments: &[Argument]| -> Result<Vec<String>, Failure> {
            arguments.iter().map(|argument| known.argument(step, &argument.0)).collect()
        };
        let Compose { remove_orphans, volumes, pull, .. } = *compose;
        let verbs = [
            (compose.up, Verb::Up { pull, remove_orphans }),
            (compose.down, Verb::Down { remove_orphans, volumes }),
            (compose.restart, Verb::Restart),
            (compose.stop, Verb::Stop),
            (compose.build, Verb::Build),
        ];
        let Some((_, verb)) = verbs.into_iter().find(|(given, _)| *given == Some(true)) else {
            return Err(Failure::new(Kind::Config, format!("`{}` says nothing to do", step.name))
                .help("write one of `up`, `down`, `restart`, `stop`, `build` with `true`"));
        };
        Ok(Wanted {
            project: Project {
                files: many(&compose.files)?,
                name: one(&compose.project)?,
                env_file: one(&compose.env_file)?,
                profiles: many(&compose.profiles)?,
                services: many(&compose.services)?,
            },
            verb,
            dir: one(&compose.dir)?,
            env: variables(step, known, &compose.env)?,
            wait: compose.wait,
        })
    }

    /// The command with its folder and its variables.
    pub(super) fn equipped(&self, step: &StepCx<'_>, is_remote: bool, cmd: Cmd) -> Cmd {
        let mut cmd = match (&self.dir, is_remote) {
            (Some(dir), true) => cmd.dir(dir),
            (None, true) => cmd,
            (dir, false) => cmd.dir(step.env.root.join(dir.as_deref().unwrap_or_default())),
        };
        if !is_remote {
            for (name, value) in child::variables(step) {
                cmd = cmd.env(name, value);
            }
        }
        cmd.env.extend(self.env.iter().cloned());
        cmd
    }

    /// `compose up` of `dev` on `backend`.
    fn title(&self, step: &StepCx<'_>, at: Option<&Machine>) -> String {
        let on = at.map_or_else(String::new, |machine| format!(" on {}", machine.name));
        format!("`compose {}` of `{}`{on}", self.verb.name(), step.env.name)
    }
}

/// The variables of a step about containers: secrets that it names, and those it declares.
pub(crate) fn variables(
    step: &StepCx<'_>,
    known: &Known,
    declared: &Variables,
) -> Result<Vec<(String, Value)>, Failure> {
    let mut all = Vec::new();
    if step.frame.secrets.is_some() {
        all.extend(step.secrets().map(|(name, value)| (name.to_owned(), Value::Secret(value.clone()))));
    }
    for (name, template) in declared {
        all.push((name.clone(), values::input_value(known.render(step, template)?)));
    }
    Ok(all)
}

/// Every template of a step.
pub(crate) fn templates(compose: &Compose) -> Vec<&Template> {
    let one = [&compose.dir, &compose.project, &compose.env_file];
    let many = [&compose.files, &compose.profiles, &compose.services];
    let arguments = one.into_iter().flatten().chain(many.into_iter().flatten());
    arguments.map(|argument| &argument.0).chain(compose.env.values()).collect()
}

async fn once(step: &mut StepCx<'_>, at: Option<&Machine>, wanted: &Wanted) -> Result<String, Failure> {
    let title = wanted.title(step, at);
    if let (Some(dir), None) = (&wanted.dir, at) {
        let dir = step.env.root.join(dir);
        if !dir.is_dir() {
            let message = format!("there is no folder `{}`", relative(step, &dir));
            return Err(Failure::new(Kind::Config, message).context(title).help("correct `dir`"));
        }
    }
    let program = program(step, at).await?;
    if let Some(why) = tool::refusal(program, &wanted.project, wanted.verb) {
        return Err(Failure::new(Kind::Tool, why).context(title));
    }
    if matches!(wanted.verb, Verb::Up { .. }) {
        let question = tool::resolved(program, &wanted.project);
        let question = question.map(|cmd| wanted.equipped(step, at.is_some(), cmd));
        absent::check(step, at, None, question).await?;
    }
    let list = list(step, at, wanted, program).await?;
    for cmd in tool::commands(program, &wanted.project, wanted.verb) {
        let cmd = placed(step, at, wanted.equipped(step, at.is_some(), cmd)).await?;
        let result = step.run(&cmd).await;
        let late = result.is_err() && step.left().is_some_and(|left| left.is_zero());
        let done = match result {
            Err(failure) if !late => return Err(failure),
            other => other,
        };
        if let (Some(machine), Ok(done)) = (at, &done)
            && let Some(lost) = connection::lost(step, machine, done)
        {
            return Err(lost);
        }
        let (code, tail) = match &done {
            Ok(done) if done.interrupted => return Err(step.interrupted(format!("{title} was stopped"))),
            Ok(done) if done.code == 0 => continue,
            Ok(done) => (Some(done.code), done.tail.clone()),
            Err(_) => (None, String::new()),
        };
        return Err(failed(step, at, &list, title, code, &tail).await);
    }
    if !matches!(wanted.verb, Verb::Up { .. }) || !wanted.wait {
        return Ok(String::new());
    }
    containers::healthy(step, at, &list, &title).await
}

/// The command that lists the containers of its services. Compose 2 would list those of services that are gone too.
async fn list(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    wanted: &Wanted,
    program: Program,
) -> Result<Cmd, Failure> {
    let mut project = wanted.project.clone();
    if project.services.is_empty() && matches!(wanted.verb, Verb::Up { .. }) {
        let services = wanted.equipped(step, at.is_some(), tool::services(program, &project));
        let done = ask(step, at, services).await?.filter(|done| done.code == 0);
        let text = done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default();
        project.services = text.split_whitespace().map(str::to_owned).collect();
    }
    Ok(wanted.equipped(step, at.is_some(), tool::containers(program, &project)))
}

/// Why a call failed: what compose said, and how its containers stand.
async fn failed(
    step: &mut StepCx<'_>,
    at: Option<&Machine>,
    list: &Cmd,
    title: String,
    code: Option<i32>,
    tail: &str,
) -> Failure {
    let heading = match code {
        Some(code) => format!("{title} ended with exit code {code}"),
        None => format!("{title} took longer than {}", crate::text::duration(step.frame.timeout)),
    };
    let advice = code.and_then(|code| tool::advice(code, tail));
    let which = if code.is_none() { Trouble::NotYet } else { Trouble::Failed };
    let trouble = if advice.is_none() { containers::trouble(step, at, list, which).await } else { None };
    let said = Some(crate::text::last_line(tail)).filter(|line| !line.is_empty());
    let failure = match (advice, trouble, said) {
        (Some((what, help)), _, Some(said)) => Failure::new(Kind::Failed, said).context(what).help(help),
        (Some((what, help)), _, None) => Failure::new(Kind::Failed, what).help(help),
        (None, Some(trouble), Some(said)) => Failure::new(Kind::Failed, trouble).context(said),
        (None, Some(trouble), None) => Failure::new(Kind::Failed, trouble),
        (None, None, Some(said)) => Failure::new(Kind::Failed, said),
        (None, None, None) => Failure::new(Kind::Failed, heading.as_str()),
    };
    let failure = if failure.error.to_string() == heading { failure } else { failure.context(heading) };
    if code.is_none() {
        failure.help("give the step a longer `timeout`, if that was expected")
    } else {
        failure
    }
}
