//! Tasks and services of ECS.

pub(crate) mod check;
pub(crate) mod foreseen;
mod service;
mod script;
pub(crate) mod run;
mod end;
mod follow;
mod log;
mod begin;
pub(crate) mod register;
mod find;
mod following;
mod record;
mod images;
pub(crate) mod wanted;

use crate::config::Environment;
use crate::config::model::{Ecs, Task};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

impl StepKind for Ecs {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if let Some(task) = self.task().and_then(|name| env.tasks.get(name)) {
            for template in wanted::templates(task) {
                see(Mention::Public(template));
            }
            if let Some(file) = &task.definition_file {
                see(Mention::File(&file.0));
            }
        }
        let own = self
            .command
            .iter()
            .flatten()
            .chain([&self.service, &self.cluster, &self.region].into_iter().flatten());
        own.for_each(|argument| see(Mention::Public(&argument.0)));
        // Who asks AWS may be among the secrets.
        see(Mention::Program);
        see(Mention::Starts("aws"));
    }

    fn effect(&self) -> Option<Effect> {
        // What a task does only the project knows.
        self.run.is_none().then_some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(done(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        if self.service.is_some() {
            return service::described(step, self, self.of_service(step)?);
        }
        let (name, task) = self.found(step)?;
        run::described(step, &self.asked(name, task, &[]))
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        if self.service.is_some() {
            return service::script(step, script, self, self.of_service(step)?);
        }
        let (name, task) = self.found(step)?;
        script.task(step, self, &self.asked(name, task, &[]))
    }
}

impl Ecs {
    fn task(&self) -> Option<&str> {
        self.run.as_ref().or(self.register.as_ref()).or(self.task.as_ref()).map(|task| task.0.as_str())
    }

    /// The task that the step is about.
    fn found<'a>(&self, step: &StepCx<'a>) -> Result<(&'a str, &'a Task), Failure> {
        let name = self.task().unwrap_or_default();
        let found = step.env.tasks.get_key_value(name);
        found.map(|(name, task)| (name.as_str(), task)).ok_or_else(|| {
            let names = list(step.env.tasks.keys(), "and");
            Failure::new(Kind::Config, format!("`{}` has no task `{name}`", step.env.name))
                .help(format!("declare it: `[tasks.{name}]`; its tasks are {names}"))
        })
    }

    /// The task whose definition the service gets.
    fn of_service<'a>(&self, step: &StepCx<'a>) -> Result<Option<(&'a str, &'a Task)>, Failure> {
        self.task.is_some().then(|| self.found(step)).transpose()
    }

    fn asked<'a>(&self, name: &'a str, task: &'a Task, args: &'a [String]) -> wanted::Asked<'a> {
        wanted::Asked { name, task, args, command: self.command.clone().unwrap_or_default() }
    }
}

/// Does it. The text says in a few words what came of it.
async fn done(step: &mut StepCx<'_>, ecs: &Ecs) -> Result<String, Failure> {
    if ecs.service.is_some() {
        let task = ecs.of_service(step)?;
        return service::run(step, ecs, task).await;
    }
    let (name, task) = ecs.found(step)?;
    let asked = ecs.asked(name, task, &[]);
    if ecs.register.is_some() {
        return register::run(step, &asked).await;
    }
    let outcome = {
        let heard = step.frame.ear.clone();
        let (ui, env, step_name, lines) =
            (step.cx.ui.clone(), step.env.name.clone(), step.name.to_owned(), step.frame.heard.clone());
        let line = move |text: &str| {
            if let Some(ear) = &heard {
                ear.hear(crate::exec::Channel::Out, text);
            }
            if let Some(lines) = &lines {
                lines.push(text);
            }
            if heard.as_ref().is_some_and(|ear| ear.holds_back) {
                return;
            }
            ui.line(Some(&env), &step_name, crate::ui::event::Level::Normal, text);
        };
        run::run(step, &asked, &run::How { detach: ecs.detach, attach: None }, &line).await?
    };
    match outcome {
        run::Outcome::Detached(text) | run::Outcome::Done(text) => Ok(text),
        run::Outcome::Code(_, failure) => Err(failure),
    }
}
