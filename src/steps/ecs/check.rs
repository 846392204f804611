//! What a run of the tasks would register, and nothing is registered.

use super::register::compared;
use super::service;
use super::wanted::Asked;
use crate::config::Environment;
use crate::config::model::{Ecs, Task, TaskName, TaskRunner};
use crate::config::step::{Action, Step};
use crate::config::template::Name;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::text::plural;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};

/// Compares the definitions of all tasks with what AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definitions;

/// The tasks of ECS whose definition is a file of the project.
pub(crate) fn of(env: &Environment) -> impl Iterator<Item = (&String, &Task)> {
    let is_one =
        |task: &Task| task.runner.unwrap_or_default() == TaskRunner::Ecs && task.definition_file.is_some();
    env.tasks.iter().filter(move |(_, task)| is_one(task))
}

/// The steps that deploy the definition of a task, one of each service, wherever they are called.
fn deploying<'a>(env: &'a Environment, task: &str) -> Vec<&'a Ecs> {
    let mut found: Vec<&Ecs> = Vec::new();
    for steps in env.pipelines.values() {
        services(steps, &mut |ecs| {
            let is_known = |other: &&Ecs| {
                (&other.service, &other.cluster, &other.region) == (&ecs.service, &ecs.cluster, &ecs.region)
            };
            let is_ours = ecs.task.as_ref().is_some_and(|name| name.0 == task);
            if is_ours && !found.iter().any(is_known) {
                found.push(ecs);
            }
        });
    }
    found
}

/// The steps about services whose values are all given: not those of a pipeline that only other steps call.
fn services<'a>(steps: &'a [Step], see: &mut dyn FnMut(&'a Ecs)) {
    for step in steps {
        match &step.action {
            Action::Ecs(ecs) => {
                let own = [&ecs.service, &ecs.cluster, &ecs.region].into_iter().flatten();
                let is_open = own.flat_map(|own| own.0.names()).any(|name| matches!(name, Name::With(_)));
                if ecs.service.is_some() && !is_open {
                    see(ecs);
                }
            }
            Action::Do(_, Some(inside)) => services(inside, see),
            _ => {}
        }
    }
}

impl StepKind for Definitions {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for (name, _) in of(env) {
            for ecs in deploying(env, name) {
                ecs.visit(env, see);
            }
            Ecs { register: Some(TaskName(name.clone())), ..Ecs::default() }.visit(env, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let (mut count, env) = (0, step.env);
            for (name, task) in of(env) {
                let all = deploying(env, name);
                let mut differences = Vec::new();
                for ecs in &all {
                    let of = ecs.service.as_ref().filter(|_| all.len() > 1);
                    let of = of.map_or_else(|| name.clone(), |service| format!("{name} of {}", service.0));
                    match service::compared(step, ecs, (name, task)).await {
                        Ok(lines) => differences.extend(lines.into_iter().map(|line| (of.clone(), line))),
                        // One that is not there yet does not hide the others.
                        Err(failure) if all.len() > 1 => {
                            step.cx.ui.warn(format!("not compared: {:#}", failure.error));
                        }
                        Err(failure) => return Err(failure),
                    }
                }
                if all.is_empty() {
                    let asked = Asked { name, task, args: &[], command: Vec::new() };
                    let lines = compared(step, &asked).await?;
                    differences.extend(lines.into_iter().map(|line| (name.clone(), line)));
                }
                count += differences.len();
                for (of, line) in differences {
                    step.report(format!("{of}: {line}"));
                    step.facts.differences.push(line);
                }
            }
            Ok(if count == 0 { "unchanged".to_owned() } else { plural(count, "difference") })
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(of(step.env)
            .map(|(name, _)| format!("compare the definition of {name} with what AWS has"))
            .collect())
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}
