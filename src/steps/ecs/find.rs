//! Finds a task again: by its id, or by what it was started with.

use serde_json::json;

use super::record;
use crate::failure::Failure;
use crate::net::aws::ECS;
use crate::steps::aws::Reader;
use crate::steps::aws::service::{is_no_cluster, no_cluster};
use crate::tools::aws::task::{self, Task};
use crate::work::StepCx;

/// A task that was started, if AWS still knows it.
pub(super) async fn again(
    step: &StepCx<'_>,
    reader: &Reader,
    started: &record::Started,
) -> Result<Option<Task>, Failure> {
    let arn = match &started.arn {
        Some(arn) => Some(arn.clone()),
        None => by_token(step, reader, started).await?,
    };
    match arn {
        Some(arn) => described_task(step, reader, &started.cluster, &arn).await,
        None => Ok(None),
    }
}

/// The ARN of the task that was started under this token.
async fn by_token(
    step: &StepCx<'_>,
    reader: &Reader,
    started: &record::Started,
) -> Result<Option<String>, Failure> {
    for status in ["RUNNING", "STOPPED"] {
        let body =
            json!({ "cluster": started.cluster, "startedBy": started.started_by, "desiredStatus": status });
        let answer = match reader.ask(step, &ECS, "ListTasks", &body).await {
            Ok(answer) => answer,
            // Some refuse a status beside it.
            Err(wrong) if wrong.code() == "InvalidParameterException" => continue,
            Err(wrong) => {
                let failed = format!("the task that was started at {} could not be looked for", started.at);
                return Err(wrong.failure(&failed));
            }
        };
        if let Some(arn) = answer["taskArns"][0].as_str() {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}

/// A task by its id, if AWS knows it.
pub(super) async fn described_task(
    step: &StepCx<'_>,
    reader: &Reader,
    cluster: &str,
    id: &str,
) -> Result<Option<Task>, Failure> {
    let body = json!({ "cluster": cluster, "tasks": [id] });
    let answer = reader.ask(step, &ECS, "DescribeTasks", &body).await;
    let answer = answer.map_err(|wrong| match is_no_cluster(&wrong) {
        true => no_cluster(reader, cluster),
        false => wrong.failure(&format!("the task `{id}` could not be looked at")),
    })?;
    Ok(task::read(&answer).0.into_iter().next())
}

/// Fails where the cluster is not: in another region or account nothing is to be registered.
pub(super) async fn cluster_is_there(
    step: &StepCx<'_>,
    reader: &Reader,
    cluster: &str,
) -> Result<(), Failure> {
    let body = json!({ "cluster": cluster, "maxResults": 1 });
    match reader.ask(step, &ECS, "ListTasks", &body).await {
        Err(wrong) if is_no_cluster(&wrong) => Err(no_cluster(reader, cluster)),
        // Whatever else is wrong is said by who needs more than this.
        _ => Ok(()),
    }
}
