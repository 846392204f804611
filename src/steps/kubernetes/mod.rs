//! Objects of Kubernetes: put there, made of folders, secret, removed, compared.

pub(crate) mod check;
mod script;
mod delete;
mod apply;
mod manifests;
mod calls;

use self::calls::server_side;
use crate::config::Environment;
use crate::config::model::Kubernetes;
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::text::list;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{relative, shown_in};

impl StepKind for Kubernetes {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let mut template = |one: &Template| see(Mention::Template(one));
        let own = [&self.secret, &self.namespace, &self.r#type];
        own.into_iter()
            .flatten()
            .chain(&self.delete)
            .chain(self.labels.values())
            .for_each(|one| template(&one.0));
        self.data.values().for_each(template);
        self.apply.iter().chain(&self.kustomize).for_each(|file| see(Mention::File(&file.0)));
        see(Mention::Sparing);
        see(Mention::Starts("kubectl"));
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            if self.delete.is_empty() { apply::run(step, self).await } else { delete::run(step, self).await }
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script::lines(step, self, script)
    }
}

/// What a dry run says.
fn describe(step: &StepCx<'_>, kubernetes: &Kubernetes) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, kubernetes);
    if !kubernetes.delete.is_empty() {
        let cmds = delete::commands(step, &known, kubernetes)?;
        return Ok(cmds.iter().map(shown_in).collect());
    }
    let apply = server_side(step, &known, kubernetes, "apply")?;
    if let Some(secret) = &kubernetes.secret {
        let name = known.argument(step, &secret.0)?;
        let keys = list(kubernetes.data.keys(), "and");
        return Ok(vec![format!("{} -f -  # Secret {name} with {keys}", shown_in(&apply))]);
    }
    if let Some(folder) = &kubernetes.kustomize {
        let folder = shell_words::quote(&relative(step, &folder.0)).into_owned();
        return Ok(vec![format!("kubectl kustomize {folder} | {} -f -", shown_in(&apply))]);
    }
    let files =
        kubernetes.apply.iter().map(|file| format!("-f {}", shell_words::quote(&relative(step, &file.0))));
    let files: Vec<String> = files.collect();
    let filled = if kubernetes.template { "  # with its names filled in" } else { "" };
    Ok(vec![format!("{} {}{filled}", shown_in(&apply), files.join(" "))])
}
