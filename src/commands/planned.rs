//! What a run over one environment will do: planned once, asked about where that is wanted, run.

use std::sync::Arc;

use super::part::Part;
use super::{Global, target};
use crate::config::Environment;
use crate::config::model::OnFailed;
use crate::config::verbs::{self, Effect};
use crate::context::Ctx;
use crate::deployments::run::Meant;
use crate::failure::{Failure, Kind};
use crate::pipeline::Pipeline;
use crate::pipeline::engine::{self, Options, Stopped};
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{self, Verb};
use crate::pipeline::select::{Selection, paths, select};
use crate::pipeline::supply::{self, Supplied};
use crate::pipeline::{Step, What, deploys, recorded, resume, script, window};
use crate::steps::confirm::Asks;
use crate::text::list;
use crate::work::{SavedPlan, child};

/// What a run over one environment will do; made once.
#[derive(Debug)]
pub(crate) struct Planned {
    verb: Verb,
    /// All of it.
    pub whole: Pipeline,
    /// The part that was asked for.
    pub selected: Pipeline,
    selection: Selection,
    /// What was given after `--`, and the like.
    pub options: Options,
    /// The plan of terraform that was asked about; it is the one that is applied.
    pub kept: Option<Arc<SavedPlan>>,
}

impl Planned {
    /// What it does to the environment.
    pub(crate) fn effect(&self) -> Effect {
        self.selected.effect()
    }

    /// A plan that was saved is carried out.
    pub(crate) fn applies_saved_plan(&self) -> bool {
        self.whole.applies_saved_plan()
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
    let Supplied { pipeline: selected, values, at } = supply::supplied(env, &whole, selected, &selection)?;
    if !values.is_empty() {
        let names: Vec<&String> = values.keys().collect();
        cx.ui.note(format!("{}: as of the run at {at}", list(&names, "and")));
    }
    let is_part = !selection.only.is_empty() || !selection.skip.is_empty() || !options.extra.is_empty();
    let turn = deploys::turn(env, &selected, is_part);
    let outside_window = in_window(cx, env, &selected, part, options)?;
    let way = deploys::way(&selected, is_part);
    let meant = Some(Meant { turn, way, outside_window, ..deploys::meant(env, verb.name(), &selection) });
    let options = Options { values, meant, ..options.clone() };
    Ok(Planned { verb: verb.clone(), whole, selected, selection, options, kept: None })
}

/// An error when the environment may not be changed now; what is said of it when there is a reason to do it all the same.
fn in_window(
    cx: &Ctx,
    env: &Environment,
    selected: &Pipeline,
    part: &Part,
    options: &Options,
) -> Result<Option<String>, Failure> {
    // What began inside may end outside.
    let goes_on = child::is_on(cx.vars.get(child::WITHIN), &env.name);
    if selected.effect() < Effect::Changes
        || verbs::find(&selected.verb).is_some_and(|verb| verb.is_always)
        || goes_on
    {
        return Ok(None);
    }
    let Some(why) = env.window.as_ref().and_then(|hours| window::closed(hours, (cx.now)())) else {
        return Ok(None);
    };
    let name = &env.name;
    match &options.outside_window {
        Some(reason) => Ok(Some(format!("{why}; changed all the same: {}", cx.masks.mask(reason)))),
        None if options.dry_run || part.print => {
            cx.ui.note(format!("`{name}` cannot be changed now: {why}"));
            Ok(None)
        }
        None => Err(Failure::new(Kind::Declined, format!("`{name}` may not be changed now: {why}"))
            .help("wait for it, or pass `--outside-window \"REASON\"`, which is kept in the history")
            .help("read `infractl help ttl`, on windows")),
    }
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
    let Planned { verb, whole, selected, selection, .. } = planned;
    let values = planned.options.values.clone();
    let meant = planned.options.meant.clone();
    let mut options = Options { plan: planned.kept.clone(), values, meant, ..target::options(global, extra) };
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
    let asks = if part.print {
        (guards && env.protected && global.confirm.is_none()).then_some(Asks::Name)
    } else if global.dry_run || !guards {
        None
    } else {
        target::must_ask(cx, global, env, verb.name())?
    };
    let with_question;
    let selected = if let Some(asks) = asks {
        with_question = plan::asking(env, selected.clone(), asks);
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
    if captures(&whole.steps) {
        // A run that is killed can be resumed as well: its values are kept.
        options.begun = Some(resume::follow(cx, env, whole, selection, &options));
        if selection.is_all() {
            recorded::forget(env, &whole.verb)?;
        }
    }
    match Box::pin(engine::run_to_step(cx, env, selected, &options)).await {
        Ok(facts) => {
            resume::forget(env, &whole.verb)?;
            let is_preview = matches!(verb, Verb::Plan { .. })
                || matches!(verb, Verb::Playbooks { name, .. } if name == "check");
            Ok(Ended { digest: facts.digest, difference: is_preview && !facts.differences.is_empty() })
        }
        Err(Stopped { failure, step }) => {
            let is_over = matches!(failure.kind, Kind::Declined | Kind::Difference | Kind::Child(_));
            // After that it is not where it stopped any more.
            let is_left = env.rollout.on_failure.unwrap_or_default() != OnFailed::Stop
                && planned.options.meant.as_ref().is_some_and(|meant| meant.deploys);
            let is_whole = matches!(verb, Verb::Tf { .. } | Verb::Given { .. });
            let can_go_on = !is_over && !is_left && !is_whole && whole.count() > 1;
            let step = step.map(|step| step_of(whole, selected, step));
            if !can_go_on && options.begun.is_some() {
                resume::forget(env, &whole.verb)?;
            }
            if let Some(step) = step.as_ref().filter(|_| can_go_on) {
                let kept = resume::remember(cx, env, whole, selection, &options, step);
                if let Err(reason) = kept {
                    cx.ui.warn(format!("this run cannot be resumed: {:#}", reason.error));
                }
            }
            let is_own = matches!(verb, Verb::Named { .. } | Verb::Images { .. } | Verb::Playbooks { .. })
                || env.pipelines.contains_key(verb.name());
            let goes_on = is_own && !is_left && selected.count() > 1;
            Err(match step {
                Some(step) if goes_on => ways_on(failure, &again(verb, env, extra), &step),
                _ => failure,
            })
        }
    }
}

/// A value is taken of what a step said.
fn captures(steps: &[Step]) -> bool {
    let inside = |step: &Step| matches!(&step.what, What::Steps(steps) if captures(steps));
    steps.iter().any(|step| !step.rules.capture.is_empty() || inside(step))
}

/// The step of the pipeline that a step of the run belongs to: a question belongs to what comes after it.
fn step_of(whole: &Pipeline, asked: &Pipeline, step: String) -> String {
    let joined = |pipeline: &Pipeline| paths(pipeline).into_iter().map(|path| path.join("/"));
    let known: Vec<String> = joined(whole).collect();
    joined(asked).skip_while(|path| *path != step).find(|path| known.contains(path)).unwrap_or(step)
}

/// The verb as it was typed, with the place of its flags.
fn again(verb: &Verb, env: &Environment, extra: &[String]) -> impl Fn(&str) -> String {
    let words = if extra.is_empty() { String::new() } else { format!(" -- {}", shell_words::join(extra)) };
    let begin = format!("infractl {} {}", verb.name(), env.name);
    move |flag: &str| format!("`{begin} {flag}{words}`")
}

/// What to do when a part of a pipeline has failed. A run that is another one afterwards cannot be resumed.
fn ways_on(failure: Failure, again: &dyn Fn(&str) -> String, step: &str) -> Failure {
    let from = again(&format!("--from {}", shell_words::quote(step)));
    match failure.kind {
        Kind::Failed => {
            failure.help(format!("mend it, then go on there: {}", again("--resume"))).help(format!(
                "run {from} instead, if mending changes the configuration, the root module or the commit"
            ))
        }
        Kind::Config => failure.help(format!("mend it, then go on there: {from}")),
        _ => failure,
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
