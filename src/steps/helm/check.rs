//! What a run of the steps `helm` would change, and nothing is changed.

use crate::config::Environment;
use crate::config::model::Helm;
use crate::config::step::{Action, Step};
use crate::config::template::Name;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::text::plural;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::{Script, no_script};

use super::foreseen::differences;

/// Compares the releases of all pipelines with what the cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases;

/// The steps that install a release, one of each, whose names are all given.
pub(crate) fn of(env: &Environment) -> Vec<&Helm> {
    let mut found: Vec<&Helm> = Vec::new();
    for steps in env.pipelines.values() {
        collect(steps, &mut found);
    }
    found
}

fn collect<'a>(steps: &'a [Step], found: &mut Vec<&'a Helm>) {
    for step in steps {
        match &step.action {
            Action::Helm(helm) => {
                let is_open = super::arguments(helm)
                    .any(|argument| argument.0.names().any(|name| matches!(name, Name::With(_))));
                let is_known = found
                    .iter()
                    .any(|other| (&other.release, &other.namespace) == (&helm.release, &helm.namespace));
                if helm.release.is_some() && !is_open && !is_known {
                    found.push(helm);
                }
            }
            Action::Do(_, Some(inside)) => collect(inside, found),
            _ => {}
        }
    }
}

impl StepKind for Releases {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for helm in of(env) {
            helm.visit(env, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let (mut count, env) = (0, step.env);
            for helm in of(env) {
                meet(step, &Needs::of(env, helm, None)).await?;
                let name = helm.release.as_ref().map(|name| name.0.to_string()).unwrap_or_default();
                for line in differences(step, helm).await? {
                    count += 1;
                    step.report(format!("{name}: {line}"));
                    step.facts.differences.push(line);
                }
            }
            Ok(if count == 0 { "unchanged".to_owned() } else { plural(count, "difference") })
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let names = of(step.env).into_iter().filter_map(|helm| helm.release.as_ref());
        Ok(names.map(|name| format!("# compare the release {} with what the cluster has", name.0)).collect())
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}
