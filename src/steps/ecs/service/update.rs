//! Deploys a revision, once, and knows which deployment is ours.

use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::change;
use crate::steps::aws::service::Place;
use crate::tools::aws::service::{Begun, Service, revision};
use crate::work::StepCx;

/// Lets the service run a revision; how many tasks it has is left as it is.
pub(super) async fn update(
    step: &StepCx<'_>,
    place: &Place,
    before: &Service,
    definition: String,
    previous: Option<String>,
    is_forced: bool,
) -> Result<Begun, Failure> {
    step.progress(format!("deploying {}", revision(&definition)));
    let mut input = json!({ "cluster": place.cluster, "service": place.name, "taskDefinition": definition });
    if is_forced {
        input["forceNewDeployment"] = true.into();
    }
    let failed = format!("the service `{}` was not deployed", place.name);
    let after = match change(step, &ECS, place.reader.region(), "UpdateService", &input).await {
        Ok(answer) => Service::updated(&answer),
        // The answer may be lost, and the deployment there all the same.
        Err(wrong) => return found(step, place, before, definition, previous, wrong, &failed).await,
    };
    let id = after.as_ref().and_then(Service::primary).map(|ours| ours.id().to_owned());
    let id = id
        .ok_or_else(|| Failure::new(Kind::Failed, "AWS names no deployment in its answer").context(failed))?;
    Ok(Begun { id, definition, previous, is_seen: false })
}

/// A deployment that was not there before, of what was asked for.
async fn found(
    step: &StepCx<'_>,
    place: &Place,
    before: &Service,
    definition: String,
    previous: Option<String>,
    wrong: Wrong,
    failed: &str,
) -> Result<Begun, Failure> {
    if wrong.is_passing()
        && let Ok(after) = place.look(step).await
        && let Some(ours) = after.primary()
        && ours.definition() == definition
        && before.deployment(ours.id()).is_none()
    {
        return Ok(Begun { id: ours.id().to_owned(), definition, previous, is_seen: true });
    }
    Err(wrong.failure(failed))
}
