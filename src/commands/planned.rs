//! What a run over one environment will do: planned once, asked about where that is wanted, run.

use super::part::Part;
use super::{Global, target};
use crate::config::Environment;
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::Pipeline;
use crate::pipeline::engine::{self, Options, Stopped};
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{self, Verb};
use crate::pipeline::select::{Selection, select};
use crate::pipeline::{resume, script};
use crate::work::child;

/// What a run over one environment will do; made once.
#[derive(Debug)]
pub(crate) struct Planned {
    verb: Verb,
    /// All of it.
    pub whole: Pipeline,
    /// The part that was asked for.
    pub selected: Pipeline,
    selection: Selection,
}

impl Planned {
    /// What it does to the environment.
    pub(crate) fn effect(&self) -> Effect {
        self.selected.effect()
    }

    /// It ends with taking something down.
    pub(crate) fn takes_down(&self) -> bool {
        self.selected.takes_down()
    }
}

/// Plans a verb as the project has it.
pub(crate) fn planned(
    cx: &Ctx,
    env: &Environment,
    verb: &Verb,
    part: &Part,
    options: &Options,
) -> Result<Planned, Failure> {
    let whole = plan::pipeline(env, verb);
    let selection =
        if part.steps.resume { resume::rest(cx, env, &whole, options)? } else { part.steps.selection() };
    let selected = select(env, &whole, &selection)?;
    Ok(Planned { verb: verb.clone(), whole, selected, selection })
}

/// Runs what was planned: asks first where a protected environment wants that.
pub(crate) async fn go(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    planned: &Planned,
    part: &Part,
    extra: &[String],
) -> Result<Ended, Failure> {
    let Planned { verb, whole, selected, selection } = planned;
    let options = target::options(global, extra);
    if child::is_within(cx.vars.get(child::WITHIN), &env.name, verb.name()) && selection.is_all() {
        let message = format!(
            "`{}` of `{}` would do itself without end: one of its steps started it",
            verb.name(),
            env.name
        );
        return Err(
            Failure::new(Kind::Config, message).help("remove that step, or name the steps it should do")
        );
    }
    let guards = planned.effect() >= Effect::Changes;
    let ask = if part.print {
        guards && env.protected && global.confirm.is_none()
    } else {
        !global.dry_run && guards && target::must_ask(cx, env, verb.name(), global.confirm.as_deref())?
    };
    let with_question;
    let selected = if ask {
        with_question = plan::asking(env, selected.clone());
        &with_question
    } else {
        selected
    };
    if part.print {
        let text = script::print(cx, env, selected, &options)?;
        return cx.ui.data(text.as_bytes()).map(|()| Ended::default());
    }
    if options.dry_run {
        return Box::pin(engine::run(cx, env, selected, &options)).await.map(|_| Ended::default());
    }
    match Box::pin(engine::run_to_step(cx, env, selected, &options)).await {
        Ok(facts) => {
            resume::forget(env, &whole.verb)?;
            let is_check = matches!(verb, Verb::Playbooks { name, .. } if name == "check");
            Ok(Ended { digest: facts.digest, difference: is_check && !facts.differences.is_empty() })
        }
        Err(Stopped { failure, step }) => {
            let can_go_on = !matches!(failure.kind, Kind::Declined | Kind::Difference) && whole.count() > 1;
            if let Some(step) = step.filter(|_| can_go_on) {
                let kept = resume::remember(cx, env, whole, selection, &options, &step);
                if let Err(reason) = kept {
                    cx.ui.warn(format!("this run cannot be resumed: {:#}", reason.error));
                }
            }
            let is_own = matches!(verb, Verb::Named { .. } | Verb::Playbooks { .. })
                || env.pipelines.contains_key(verb.name());
            let goes_on = is_own && selected.count() > 1;
            if !goes_on || failure.kind != Kind::Failed {
                return Err(failure);
            }
            let again = format!("infractl {} {} --resume", verb.name(), env.name);
            Err(failure.help(format!("mend it, then go on there: `{again}`")))
        }
    }
}

/// Runs what was planned: for verbs that do nothing more.
pub(crate) fn runs<'a>(
    cx: &'a Ctx,
    part: &'a Part,
    extra: &'a [String],
) -> impl AsyncFn(&Global, &Environment, Planned) -> Result<Ended, Failure> + 'a {
    async move |global: &Global, env: &Environment, planned: Planned| {
        go(cx, global, env, &planned, part, extra).await
    }
}
