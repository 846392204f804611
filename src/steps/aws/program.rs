//! The `aws` program: everything that changes something, and what the reader cannot ask itself.

use std::time::Duration;

use serde_json::Value as Json;

use crate::disk::{self, PrivateDir};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::net::aws::{Refusal, Service, Wrong};
use crate::text::last_line;
use crate::tools::aws;
use crate::work::{StepCx, child};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Lets the program do something; what it answers. The input goes by a private file: arguments can be read by everybody.
pub(crate) async fn change(
    step: &StepCx<'_>,
    service: &Service,
    region: &str,
    operation: &str,
    input: &Json,
) -> Result<Json, Wrong> {
    sent(step, service, region, operation, input, None).await
}

/// The same, and the program does not try again by itself: for what is done twice when it is asked twice.
pub(crate) async fn change_once(
    step: &StepCx<'_>,
    service: &Service,
    region: &str,
    operation: &str,
    input: &Json,
) -> Result<Json, Wrong> {
    sent(step, service, region, operation, input, Some(1)).await
}

async fn sent(
    step: &StepCx<'_>,
    service: &Service,
    region: &str,
    operation: &str,
    input: &Json,
    tries: Option<u8>,
) -> Result<Json, Wrong> {
    let folder = PrivateDir::new().map_err(|error| Wrong::Failed(error.into()))?;
    let file = folder.path().join("input.json");
    disk::write(&file, input.to_string().as_bytes(), 0o600).map_err(|error| Wrong::Failed(error.into()))?;
    let word = aws::word(operation);
    let given = format!("file://{}", file.display());
    let mut cmd = aws::program(region, &[service.word, &word, "--no-paginate", "--cli-input-json", &given]);
    if let Some(tries) = tries {
        cmd = cmd.env("AWS_MAX_ATTEMPTS", tries.to_string());
    }
    answer(step, cmd).await
}

/// Starts it and reads its answer, also for somebody who has asked to stop: they want to know.
async fn answer(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Json, Wrong> {
    for (name, value) in aws::MANNERS {
        let is_set = step.cx.vars.get(name).is_some() && name.starts_with("AWS_M");
        if !is_set && !cmd.env.contains_key(name) {
            cmd = cmd.env(name, value);
        }
    }
    let said = child::answer(step, cmd.even_if_interrupted(), LIMIT).await.map_err(Wrong::Failed)?;
    match said {
        Ok(stdout) if stdout.iter().all(u8::is_ascii_whitespace) => Ok(Json::Object(serde_json::Map::new())),
        Ok(stdout) => serde_json::from_slice(&stdout).map_err(|error| {
            Wrong::Failed(Failure::new(Kind::Failed, format!("the answer of `aws` is not JSON: {error}")))
        }),
        Err(tail) => Err(why(step, &tail)),
    }
}

fn why(step: &StepCx<'_>, tail: &str) -> Wrong {
    if let Some(failure) = aws::who(tail, super::reader::profile(step).as_deref()) {
        return Wrong::Failed(failure);
    }
    match Refusal::printed(tail) {
        Some(refusal) => Wrong::Refused(refusal),
        None => Wrong::Failed(Failure::new(Kind::Failed, last_line(tail))),
    }
}
