//! A release of helm: installed or brought up to date, compared, repaired, looked at, removed.

mod script;
pub(crate) mod check;
pub(crate) mod foreseen;
mod run;
mod removed;
mod repair;
mod failed;
mod standing;
mod call;

use crate::config::Environment;
use crate::config::model::{Argument, Helm};
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::steps::docker::login;
use crate::tools::helm::{self as tool, Major};
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{StepCx, shown_in};

use self::call::Call;

impl StepKind for Helm {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Starts("helm"));
        if self.waits() && self.release.is_some() {
            see(Mention::Starts("kubectl"));
        }
        for argument in arguments(self) {
            see(Mention::Template(&argument.0));
        }
        for template in self.set.values().flat_map(|input| Template::inside(&input.0)) {
            see(Mention::Template(&template));
        }
        for file in &self.values {
            see(Mention::File(&file.0));
        }
        if self.login {
            login::visit(env, see);
            for template in login::templates(env) {
                see(Mention::Template(template));
            }
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(if self.uninstall.is_some() { Effect::Destroys } else { Effect::Changes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            match &self.uninstall {
                Some(release) => removed::run(step, self, release).await,
                None => run::run(step, self).await,
            }
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let known = Known::shown(step, self);
        let call = Call::new(step, self, &known)?;
        if self.uninstall.is_some() {
            let cmd = tool::uninstall(&call.place, Major::Three, &call.release, call.timeout);
            return Ok(vec![shown(step, cmd), "# nothing to do when there is no such release".to_owned()]);
        }
        let wanted = call.wanted(step, self, &known)?;
        let mut cmd = tool::upgrade(&call.place, Major::Three, &wanted);
        cmd.input = crate::exec::Input::None;
        let mut lines = Vec::new();
        let reads = wanted.set.as_ref().map_or("", |_| " < SET");
        lines.push(format!("{}{reads}", shown(step, cmd)));
        if !self.set.is_empty() {
            let json = serde_json::to_string(
                &self
                    .set
                    .iter()
                    .map(|(name, input)| (name, &input.0))
                    .collect::<std::collections::BTreeMap<_, _>>(),
            );
            lines.push(format!("# SET is {}", json.unwrap_or_default()));
        }
        if self.waits() {
            lines.push("# look at its pods until all are ready".to_owned());
        }
        if self.rollback_on_failure {
            lines.push("# go back to what was deployed before when that fails".to_owned());
        }
        Ok(lines)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.helm(step, self)
    }
}

/// A command for people: without the variables that every call of helm has.
fn shown(step: &StepCx<'_>, mut cmd: crate::exec::Cmd) -> String {
    cmd.env.clear();
    cmd.dir = cmd.dir.filter(|dir| *dir != step.env.root);
    shown_in(&cmd)
}

/// Every text that becomes an argument.
fn arguments(helm: &Helm) -> impl Iterator<Item = &Argument> {
    let all = [&helm.release, &helm.uninstall, &helm.chart, &helm.repo, &helm.version, &helm.namespace];
    all.into_iter().flatten()
}
