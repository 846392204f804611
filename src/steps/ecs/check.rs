//! What a run of the tasks would register, and nothing is registered.

use super::register::compared;
use super::service;
use super::wanted::Asked;
use crate::config::Environment;
use crate::config::model::{Ecs, Task, TaskName, TaskRunner};
use crate::config::step::Action;
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

/// The step that deploys the definition of a task to a service, if one does.
fn deployed<'a>(env: &'a Environment, task: &str) -> Option<&'a Ecs> {
    env.pipelines.values().flatten().find_map(|step| match &step.action {
        Action::Ecs(ecs) if ecs.task.as_ref().is_some_and(|name| name.0 == task) => Some(ecs),
        _ => None,
    })
}

impl StepKind for Definitions {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for (name, _) in of(env) {
            if let Some(ecs) = deployed(env, name) {
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
                let differences = match deployed(env, name) {
                    Some(ecs) => service::compared(step, ecs, (name, task)).await?,
                    None => compared(step, &Asked { name, task, args: &[], command: Vec::new() }).await?,
                };
                count += differences.len();
                for line in &differences {
                    step.report(format!("{name}: {line}"));
                }
                step.facts.differences.extend(differences);
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
