//! Deploys a revision, once, and knows which deployment is ours.

use std::time::Duration;

use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::steps::aws::change_once;
use crate::steps::aws::service::Place;
use crate::tools::aws::service::{Begun, Deployment, Service, revision};
use crate::work::StepCx;
use crate::work::schedule::pause;

/// How often AWS is asked when it is busy.
const TRIES: u32 = 5;

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
    for attempt in 1.. {
        // When the program asked again by itself after an answer that was lost, there would be two deployments.
        let wrong = match change_once(step, &ECS, place.reader.region(), "UpdateService", &input).await {
            Ok(answer) => {
                let after = Service::updated(&answer);
                let ours = after.as_ref().and_then(Service::primary);
                let none = || Failure::new(Kind::Failed, "AWS names no deployment in its answer");
                return Ok(Begun::of(ours.ok_or_else(|| none().context(failed))?, definition, previous));
            }
            Err(wrong) => wrong,
        };
        if is_refusal(&wrong) {
            return Err(wrong.failure(&failed));
        }
        // The answer may be lost, and the deployment there all the same.
        let goes_on = pause(Duration::from_secs(1 << attempt.min(4)) / 2, &step.cx.interrupts).await;
        let Ok(after) = place.look(step).await else {
            let name = &place.name;
            return Err(wrong.failure(&format!(
                "nobody knows whether the service `{name}` was deployed: the same step looks again"
            )));
        };
        let is_ours =
            |one: &Deployment<'_>| one.definition() == definition && before.deployment(one.id()).is_none();
        if let Some(ours) = after.primary().filter(is_ours) {
            return Ok(Begun { is_seen: true, ..Begun::of(ours, definition, previous) });
        }
        if !wrong.is_passing() || !goes_on || attempt >= TRIES {
            return Err(wrong.failure(&failed));
        }
    }
    Err(Failure::new(Kind::Bug, "AWS was asked without end"))
}

/// Nothing was done, and nothing will be.
fn is_refusal(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::Refused(_)) && !wrong.is_passing()
}
