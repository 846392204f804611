//! The way back to the revision that was good before.

use std::time::Duration;

use tokio::time::Instant;

use super::follow::{End, Watch};
use super::update::update;
use crate::failure::{Failure, Kind};
use crate::steps::aws::service::Place;
use crate::steps::ecs::register::{register, revision};
use crate::text::duration;
use crate::tools::aws::definition::Definition;
use crate::tools::aws::service::revision as named;
use crate::work::StepCx;

/// How long it may take, whatever the limit of the step was.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The revision that was good before, if that is another one.
fn previous<'a>(watch: &'a Watch<'_>) -> Option<&'a str> {
    watch.begun.previous.as_deref().filter(|previous| *previous != watch.begun.definition)
}

/// Puts it back. The failure says what has failed, and what runs now.
pub(super) async fn put_back(
    step: &mut StepCx<'_>,
    place: &Place,
    watch: &Watch<'_>,
    failure: Failure,
) -> Failure {
    let Some(previous) = previous(watch) else {
        return failure.context(format!("{}, and there is no other revision to put back", watch.failed()));
    };
    (step.frame.limit, step.frame.timeout) = (Some(Instant::now() + LIMIT), LIMIT);
    step.say(&format!("putting back {}", named(previous)));
    match deployed(step, place, previous).await {
        Ok(name) => failure.context(format!("{}; {name} was put back and runs", watch.failed())),
        Err(other) if matches!(other.kind, Kind::Interrupted | Kind::Terminated) => {
            let words = format!("{}; {} is being put back", watch.failed(), named(previous));
            let wait = aws(place, "wait services-stable", "--services");
            let failure = failure.context(format!("{words}, and nobody follows that"));
            let failure = failure.help(format!("wait until it is steady: `{wait}`"));
            Failure { kind: other.kind, ..failure }
        }
        Err(other) => put_back_by_hand(place, watch, failure).context(format!(
            "{} was not put back ({:#})",
            named(previous),
            other.error
        )),
    }
}

/// Deploys the revision that was good; what it is called now.
async fn deployed(step: &StepCx<'_>, place: &Place, previous: &str) -> Result<String, Failure> {
    let definition = active(step, place, previous).await?;
    let before = place.look(step).await?;
    let begun = update(step, place, &before, definition, None, false).await?;
    let name = named(&begun.definition).to_owned();
    match Watch::new(step, place, &[], begun, &before).follow(step).await? {
        End::Done(_) => Ok(name),
        End::Bad(failure) | End::Over(failure) => Err(failure),
    }
}

/// A revision that can be deployed: somebody may have taken this one out of use, then its content is registered again.
async fn active(step: &StepCx<'_>, place: &Place, arn: &str) -> Result<String, Failure> {
    let Some(found) = revision(step, &place.reader, arn).await? else { return Ok(arn.to_owned()) };
    if found.definition()["status"] != "INACTIVE" {
        return Ok(arn.to_owned());
    }
    let (definition, _) = Definition::of(found.definition().clone()).map_err(|error| {
        Failure::new(Kind::Failed, format!("{} is not in use any more, and {error}", found.name))
    })?;
    let anew = register(step, &place.reader, &definition).await?;
    step.say(&format!("{} is not in use any more: registered again as {}", found.name, anew.name));
    Ok(anew.definition()["taskDefinitionArn"].as_str().unwrap_or(&anew.name).to_owned())
}

/// The failure with the way back as one would go it by hand, or let the step go it.
pub(super) fn by_hand(place: &Place, watch: &Watch<'_>, failure: Failure) -> Failure {
    let failure = put_back_by_hand(place, watch, failure);
    if previous(watch).is_none() {
        return failure;
    }
    failure.help(format!("let the step do that, within {}: `rollback = true`", duration(LIMIT)))
}

fn put_back_by_hand(place: &Place, watch: &Watch<'_>, failure: Failure) -> Failure {
    let failure = failure.context(watch.failed());
    let Some(previous) = previous(watch) else { return failure };
    let update = aws(place, "update-service", "--service");
    failure.help(format!("put back {0}: `{update} --task-definition {0}`", named(previous)))
}

/// A call of the program about the service.
fn aws(place: &Place, verb: &str, flag: &str) -> String {
    let Place { reader, cluster, name } = place;
    format!("aws ecs {verb} --region {} --cluster {cluster} {flag} {name}", reader.region())
}
