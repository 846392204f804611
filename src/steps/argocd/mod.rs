//! Lets Argo CD look, synchronise and get healthy, with everything that it makes: through its Applications in the API.

mod round;

use std::time::Duration;

use tokio::time::Instant;

use self::round::{Ended, Round};
use crate::config::Environment;
use crate::config::model::{ArgoCd, ArgoWait, Refresh};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::steps::kubectl::cluster;
use crate::text::duration;
use crate::tools::kubernetes::argocd::Wish;
use crate::tools::kubernetes::refusals::Refusal;
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::schedule::{longer, pause};
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

/// Between two looks: at first, and at most. What is there already is over at once.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// How long it is waited for when the step has no limit.
const LIMIT: Duration = Duration::from_secs(600);
/// So many looks in a row may bring nothing: half a minute.
const UNSEEN: u32 = 20;

impl StepKind for ArgoCd {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let all = [Some(&self.app), self.namespace.as_ref(), self.revision.as_ref()];
        all.into_iter().flatten().for_each(|one| see(Mention::Template(&one.0)));
        see(Mention::Sparing);
        see(Mention::Starts("kubectl"));
    }

    fn effect(&self) -> Option<Effect> {
        Some(if self.sync { Effect::Changes } else { Effect::Reads })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

fn describe(step: &StepCx<'_>, argocd: &ArgoCd) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, argocd);
    let (namespace, app) = names(step, &known, argocd)?;
    let cluster = cluster(step)?;
    let children = if argocd.children { " and what it makes" } else { "" };
    let mut lines = Vec::new();
    if argocd.refresh != Refresh::None {
        lines.push(format!(
            "# ask Argo CD in {} to look again at {app}{children} (namespace {namespace})",
            cluster.context
        ));
    }
    if argocd.sync {
        lines.push(format!("# start a synchronisation of {app}{children} where one is needed"));
    }
    let at = argocd.revision.as_ref().map(|revision| known.argument(step, &revision.0)).transpose()?;
    let at = at.map_or(String::new(), |revision| format!(" at {revision}"));
    match argocd.wait {
        ArgoWait::Healthy => {
            lines.push(format!("# wait until {app}{children} is synchronised{at} and healthy"));
        }
        ArgoWait::Synced => lines.push(format!("# wait until {app}{children} is synchronised{at}")),
        ArgoWait::None => {}
    }
    Ok(lines)
}

fn names(step: &StepCx<'_>, known: &Known, argocd: &ArgoCd) -> Result<(String, String), Failure> {
    let namespace = argocd.namespace.as_ref().map(|one| known.argument(step, &one.0)).transpose()?;
    Ok((namespace.unwrap_or_else(|| "argocd".to_owned()), known.argument(step, &argocd.app.0)?))
}

async fn run(step: &mut StepCx<'_>, argocd: &ArgoCd) -> Result<String, Failure> {
    let known = Known::of(step);
    let revision = argocd.revision.as_ref().map(|one| known.argument(step, &one.0)).transpose()?;
    let wish =
        Wish { refresh: argocd.refresh, sync: argocd.sync, wait: argocd.wait, revision, mark: mark(step) };
    let mut round = Round::new(names(step, &known, argocd)?, wish, argocd.prune, argocd.children);
    let begun = Instant::now();
    let limit = step.left().unwrap_or(LIMIT);
    let (mut unseen, mut last, mut every) = (0, None, PAUSES.0);
    let late = |text: &str| format!("after {}: {text}", duration(begun.elapsed()));
    loop {
        match round.look(step).await {
            Ok(None) => {
                round.shown(step);
                return Ok(round.summary());
            }
            Ok(Some(text)) => {
                unseen = 0;
                step.progress(text.clone());
                step.line(Level::Detail, &text);
                if begun.elapsed() + every >= limit {
                    round.shown(step);
                    return Err(round.failure(&late(&text)));
                }
                last = Some(text);
            }
            Err(Ended::Failed(text)) => {
                round.shown(step);
                return Err(round.failure(&text));
            }
            Err(Ended::Unseen(lost)) => {
                unseen += 1;
                if step.cx.interrupts.is_pressed() {
                    return Err(step.interrupted(format!("stopped waiting for `{}`", round.root.1)));
                }
                let is_over = unseen >= UNSEEN || begun.elapsed() + every >= limit;
                // Argo CD may be on its way, its kinds too.
                let is_passing = lost.is_passing || lost.refusal == Some(Refusal::UnknownKind);
                let is_late = step.left().is_some_and(|left| left.is_zero());
                if let Some(text) = last.as_ref().filter(|_| is_late) {
                    round.shown(step);
                    return Err(round.failure(&late(text)));
                }
                if is_over || !is_passing {
                    return Err(lost.failure.context(format!("`{}` cannot be seen", round.root.1)));
                }
                step.progress(format!("{:#}", lost.failure.error));
            }
        }
        if !pause(every, &step.cx.interrupts).await {
            let rest = if round.wish.sync { ": a synchronisation that was started goes on" } else { "" };
            return Err(step.interrupted(format!("stopped waiting for `{}`{rest}", round.root.1)));
        }
        every = longer(every, PAUSES.1);
    }
}

/// What tells our operations from those of others, and from those of an earlier run.
fn mark(step: &StepCx<'_>) -> String {
    format!("{}-{}-{}", step.env.name, std::process::id(), (step.cx.now)().as_millisecond())
}
