//! What the steps of the environment would change in the cluster, and nothing is changed.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::calls::server_side;
use super::manifests;
use crate::config::Environment;
use crate::config::model::Kubernetes;
use crate::config::step::{Action, OnFailure, Step};
use crate::config::template::Name;
use crate::config::verbs::Effect;
use crate::exec::{BoxFuture, Io};
use crate::failure::Failure;
use crate::steps::kubectl::refused;
use crate::text::plural;
use crate::tools::kubernetes::manifests::{Ordered, joined};
use crate::tools::kubernetes::refusals::Refusal;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

/// Compares the objects of all steps with those of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objects;

/// The steps that put objects there, each once, in the order of the file; not those that only other pipelines fill in.
pub(crate) fn of(env: &Environment) -> Vec<(&str, &Kubernetes)> {
    let mut found = Vec::new();
    if env.cluster.is_some() {
        let mut seen = BTreeSet::new();
        env.pipelines.values().for_each(|steps| collect(steps, &mut seen, &mut found));
    }
    found
}

fn collect<'a>(steps: &'a [Step], seen: &mut BTreeSet<String>, found: &mut Vec<(&'a str, &'a Kubernetes)>) {
    for step in steps {
        match &step.action {
            Action::Kubernetes(one) if one.delete.is_empty() => {
                let mut is_open = false;
                let own = [&one.secret, &one.namespace, &one.r#type].into_iter().flatten().map(|own| &own.0);
                for template in own.chain(one.labels.values().map(|label| &label.0)).chain(one.data.values())
                {
                    is_open |= template.names().any(|name| matches!(name, Name::With(_)));
                }
                if !is_open && seen.insert(format!("{one:?}")) {
                    found.push((step.name.as_str(), one));
                }
            }
            Action::Do(_, Some(inside)) => collect(inside, seen, found),
            _ => {}
        }
        if let OnFailure::Steps(inside) = &step.on_failure {
            collect(inside, seen, found);
        }
    }
}

impl StepKind for Objects {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for (_, one) in of(env) {
            one.visit(env, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let (env, mut count) = (step.env, 0);
            for (name, one) in of(env) {
                if differs(step, one).await? {
                    count += 1;
                    step.facts.differences.push(format!("{name} would change objects of the cluster"));
                }
            }
            Ok(if count == 0 {
                "unchanged".to_owned()
            } else {
                format!("{} with differences", plural(count, "step"))
            })
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(of(step.env)
            .into_iter()
            .map(|(name, _)| format!("# compare {name}: kubectl diff --server-side"))
            .collect())
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

/// Whether a step would change something; what it is is shown.
async fn differs(step: &mut StepCx<'_>, one: &Kubernetes) -> Result<bool, Failure> {
    let texts = manifests::texts(step, one).await?;
    let all = Ordered::of(texts.iter().map(ExposeSecret::expose_secret));
    let known = Known::of(step);
    let mut differs = false;
    for rank in all.ranks() {
        let cmd = server_side(step, &known, one, "diff")?.args(["-f", "-"]).input(joined(rank).into());
        let done = step.run(&cmd.io(Io::Stream)).await?;
        if done.interrupted {
            return Err(step.interrupted(format!("`{}` was stopped", step.name)));
        }
        match done.code {
            0 => {}
            1 => differs = true,
            // What it belongs to is not there yet either.
            _ if matches!(Refusal::of(&done.tail), Some(Refusal::UnknownKind | Refusal::NoNamespace)) => {
                step.say("not there yet, nor what it belongs to");
                differs = true;
            }
            _ => return Err(refused(&done)),
        }
    }
    Ok(differs)
}
