//! What can be gone back to.

use crate::commands::deployments::images;
use crate::commands::table::{shown, table, when};
use crate::config::Environment;
use crate::context::Ctx;
use crate::deployments::{Deployment, Standing, back};
use crate::failure::Failure;
use crate::steps::docker::carry;
use crate::work::{Facts, StepCx};

/// What can be gone back to, and why not to the rest.
pub(super) async fn show(cx: &Ctx, env: &Environment, standing: &Standing) -> Result<(), Failure> {
    let mut seen: Vec<&Deployment> = Vec::new();
    for deployment in standing.deployments.iter().rev().filter(|deployment| deployment.is_done()) {
        if !seen.iter().any(|known| known.is_same_as(deployment)) {
            seen.push(deployment);
        }
    }
    if seen.is_empty() {
        cx.ui.note(format!("`{}` has nothing to go back to: no deployment of it ended well", env.name));
        return Ok(());
    }
    let mut table =
        table(["release", "number", "when", "who", "verified", "snapshot", "images", "can go back"]);
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "rollback", &[], &mut facts);
    for deployment in seen {
        table.add_row([
            deployment.name.clone(),
            deployment.number.to_string(),
            when(deployment.began),
            format!("{}@{}", deployment.by, deployment.host),
            if deployment.verified.is_some() { "yes" } else { "no" }.to_owned(),
            deployment.snapshot.clone().unwrap_or_else(|| "none".to_owned()),
            images(deployment),
            can(&mut step, standing, deployment).await,
        ]);
    }
    cx.ui.page(&shown(&table))
}

/// Yes, or why not.
async fn can(step: &mut StepCx<'_>, standing: &Standing, deployment: &Deployment) -> String {
    if standing.last().is_some_and(|last| last.is_done() && last.is_same_as(deployment)) {
        return "it runs".to_owned();
    }
    if deployment.dirty {
        return "no: files were in no commit".to_owned();
    }
    match Box::pin(carry::gone(step, &deployment.images)).await {
        Err(failure) => format!("unknown: {:#}", failure.error),
        Ok(gone) if !gone.is_empty() => format!("no: {}", gone.join("; ")),
        Ok(_) if deployment.is_left => "yes, but it was left once".to_owned(),
        Ok(_) => match back::schemas(standing, deployment).as_slice() {
            [] => "yes".to_owned(),
            schemas => format!("with --accept-schema: {} changed it", schemas.join(", ")),
        },
    }
}
