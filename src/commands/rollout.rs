//! What happens when a deployment fails, as `[rollout]` says.

use super::part::Part;
use super::planned::{self, Planned};
use super::{Global, deployments, rollback};
use crate::config::Environment;
use crate::config::model::OnFailed;
use crate::context::Ctx;
use crate::deployments::record::What;
use crate::deployments::{Deployment, Standing, store};
use crate::failure::{Failure, Kind};
use crate::history::{self, State};
use crate::pipeline::many::Ended;
use crate::work::{Facts, StepCx};

/// Runs what was planned, and does what `[rollout]` says when it fails.
pub(super) async fn go(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    planned: &Planned,
    part: &Part,
    extra: &[String],
) -> Result<Ended, Failure> {
    match planned::go(cx, global, env, planned, part, extra).await {
        Err(failure) if failure.kind == Kind::Failed => Err(failed(cx, global, env, failure).await),
        ended => ended,
    }
}

/// The same for verbs that do nothing more.
pub(super) fn runs<'a>(
    cx: &'a Ctx,
    part: &'a Part,
    extra: &'a [String],
) -> impl AsyncFn(&Global, &Environment, Planned) -> Result<Ended, Failure> + 'a {
    async move |global: &Global, env: &Environment, planned: Planned| {
        go(cx, global, env, &planned, part, extra).await
    }
}

/// The failure, with what was done because of it. Nothing is done for one before anything was changed.
async fn failed(cx: &Ctx, global: &Global, env: &Environment, failure: Failure) -> Failure {
    let on_failure = env.rollout.on_failure.unwrap_or_default();
    if on_failure == OnFailed::Stop {
        return failure;
    }
    let Ok(records) = deployments::records(cx, env).await else { return failure };
    let standing = records.standing;
    let Some(deployment) = of_this_run(cx, &standing) else { return failure };
    if on_failure == OnFailed::Freeze {
        let why = format!("`{}` of {} failed: {:#}", deployment.verb, deployment.name, failure.error);
        let why = cx.masks.mask(&why).into_owned();
        return match record(cx, env, What::Frozen { deployment: deployment.number, why }).await {
            Ok(_) => failure
                .help(format!("look at `{}`: it is frozen, nothing is deployed there any more", env.name))
                .help(format!("allow deployments again with `infractl unlock {} --thaw`", env.name)),
            Err(lost) => {
                failure.help(format!("freeze `{}` by hand: that failed too: {:#}", env.name, lost.error))
            }
        };
    }
    cx.ui.warn(format!("`{}` of `{}` failed: {:#}", deployment.verb, env.name, failure.error));
    match Box::pin(rollback::after_failure(cx, global, env, &standing)).await {
        Ok(release) => failure.help(format!("look why; `{}` runs {release} again", env.name)),
        Err(why) => failure.help(format!("look at `{}`: it did not go back: {why}", env.name)),
    }
}

/// The deployment that this run began, and that failed.
fn of_this_run<'a>(cx: &Ctx, standing: &'a Standing) -> Option<&'a Deployment> {
    let run = cx.run.get().copied();
    let is_its = |last: &&Deployment| {
        last.outcome == State::Failed && last.run == run && last.host == history::host() && run.is_some()
    };
    standing.last().filter(is_its)
}

/// Adds a record.
pub(super) async fn record(cx: &Ctx, env: &Environment, what: What) -> Result<u64, Failure> {
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "record", &[], &mut facts);
    Box::pin(store::add(&mut step, what)).await
}
