//! What the end of one task of a service means, with the last lines of its log.

use serde_json::{Value as Json, json};

use crate::config::model::Diagnosis;
use crate::failure::Failure;
use crate::net::aws::LOGS;
use crate::steps::aws::service::Place;
use crate::steps::aws::why;
use crate::steps::ecs::register::revision;
use crate::text::plain;
use crate::tools::aws::stopped::Stopped;
use crate::tools::aws::stream::streams;
use crate::tools::aws::task::Task;
use crate::work::StepCx;

/// Last lines that are looked at, of each container.
const LINES: u32 = 100;

/// A failure with what it means; `rules` are those of the project for this task.
pub(super) async fn explained(
    step: &StepCx<'_>,
    place: &Place,
    rules: &[Diagnosis],
    task: &Task,
    failure: Failure,
) -> Failure {
    // Whatever cannot be read is left out: the failure is said all the same.
    let revision = revision(step, &place.reader, task.definition()).await.ok().flatten();
    let definition = revision.as_ref().map_or(&Json::Null, |revision| revision.definition());
    let mut lines = Vec::new();
    for stream in streams(definition, task.id()).0 {
        let body = json!({ "logGroupName": stream.group, "logStreamName": stream.name, "limit": LINES });
        let reader = place.reader.in_region(stream.region.as_deref().unwrap_or(place.reader.region()));
        let Ok(answer) = reader.ask(step, &LOGS, "GetLogEvents", &body).await else { continue };
        let events = answer["events"].as_array().into_iter().flatten();
        lines.extend(
            events.filter_map(|event| event["message"].as_str()).map(|text| plain(text).into_owned()),
        );
    }
    why(step, rules, &Stopped::of(task.json(), definition, &lines), failure)
}
